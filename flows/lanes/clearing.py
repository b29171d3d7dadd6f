"""Clearing over Kafka: a lane's journal in, its decisions out: whole, and typed for those who act on them.

    journal -> batches that count -> pool -> events
                                         └-> liquidations, adl, margin-calls, order-decisions, ...

The state follows from the journal alone. A start loads a checkpoint that is not ahead of what was published, executes the
journal from there, and passes over what its topics hold already.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
import structlog

from flows.connectors.checkpoints import Checkpoints
from flows.connectors.cloudevents import headers
from flows.connectors.engine import Item
from flows.connectors.kafka.inbox import EARLIEST, Inbox
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.placement import pool_of
from flows.connectors.stop import STOP
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.facts import Facts
from flows.journal import entries as en
from flows.journal.codec import (
    EntryBatch,
    EventBatch,
    about_events,
    decode_entries,
    encode_events,
)
from flows.journal.terms import Standing
from flows.journal.views.views import TOPICS as TYPED
from flows.journal.views.views import View, Views
from flows.lanes.every import Every
from flows.lanes.lane import IDLE_S, OWN, READ_S
from flows.lanes.settings import Live
from flows.lanes.skips import pass_over
from flows.lanes.watch import Judge, Reading
from flows.pool import checkpoint
from flows.pool.driver import Driven, Driver
from flows.pool.pool import Pool, PoolStoppedError
from flows.pool.skips import note_skips
from flows.pool.standing import standing
from flows.rules.scale.time import SECOND_NS
from schemas.catalogue import ARROW, JSON

FLOW: Final = "clearing"
JOURNAL: Final = "journal"
EVENTS: Final = "events"

CHECKPOINT_S: Final = 20.0
CHECKPOINT_ENTRIES: Final = 200_000
"""Seconds and entries between checkpoints, whichever comes first: what a start has to execute at most."""

SHOW_S: Final = 1.0
"""How often gauges are set while what was published is executed again."""

LIQUIDATIONS: Final = "liquidations"

NOW_S: Final = 5.0
PLAYED_S: Final = 86_400.0
"""How far event time may be behind the wall's and still be taken for it; the latter where intake writes it."""

TAIL: Final = 200
"""Records of a topic's end that are looked at: a paused writer that was revived may have repeated some."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Begin:
    """The first item of a start: a checkpoint's state, None for the journal's beginning, and what is published."""

    state: Any
    published: int = 0  # entries whose events are: no news


@dataclass(frozen=True, slots=True)
class Entries:
    """A batch that counts, and how the lane stands behind it."""

    batch: EntryBatch
    standing: dict[str, object]


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a batch came to."""

    first_offset: int
    end_offset: int
    events: en.Rows
    views: Sequence[View]
    time_ns: int  # of the last entry
    is_now: bool = False  # event time is the wall's: what a decision took can be told


def checkpoints_of(live: Live, pool: str) -> Checkpoints:
    """Where a pool's checkpoints lie."""
    return Checkpoints(live.state, FLOW, pool)


def tail(live: Live, topic: str, pool: str) -> list[bytes]:
    """The last records of a pool's lane of a topic."""
    at = (OWN, live.lane(pool))
    inbox = Inbox(live.kafka, f"clearing-{pool}-tail", {at: EARLIEST}, {OWN: topic})
    try:
        end = inbox.end(at)
        low = inbox.positions[at]
    finally:
        inbox.close()
    if low == end:
        return []
    inbox = Inbox(live.kafka, f"clearing-{pool}-tail", {at: max(low, end - TAIL)}, {OWN: topic})
    found: list[bytes] = []
    try:
        while inbox.positions[at] < end:
            inbox.fetch(READ_S)
            found += [each.value for each in inbox.take([at]).get(at, ())]
    finally:
        inbox.close()
    return found


def published(live: Live, pool: str) -> int:
    """One past the last entry whose events are on the topic ``events``."""
    told = map(about_events, tail(live, EVENTS, pool))
    return max((each.end_offset for each in told if each.pool == pool), default=0)


def id_of(value: bytes) -> tuple[int, int]:
    """Journal offset and index of a typed message; before all of them for what is none: somebody else wrote it."""
    try:
        message = orjson.loads(value)
        return int(message["journal_offset"]), int(message["event_index"])
    except (ValueError, KeyError, TypeError):
        return -1, -1


class JournalReader:
    """The source's partition of one pool: a checkpoint, then the journal behind it."""

    def __init__(self, live: Live, key: str, _hint: int | None = None) -> None:
        """Nothing is asked of the broker before the first read."""
        self.live, self.key, self.pool = live, key, pool_of(key)
        self.lane = (OWN, live.lane(self.pool))
        self.standing = Standing()
        self.inbox: Inbox | None = None
        self.reading = Reading(FLOW, self.pool)
        self.judge = Judge(FLOW, JOURNAL, self.pool)

    def read(self) -> list[tuple[str, Item]] | None:
        """The next batches; none while nothing comes; None once the process is asked to stop."""
        self.reading.beat()
        if STOP.is_set():
            return None
        if self.inbox is None:
            begin = self._begin()
            self.reading.started()
            return [(self.key, Item(self.pool, begin))]
        self.inbox.fetch(IDLE_S, 64)
        return [(self.key, Item(self.pool, each)) for each in self._batches(self.inbox)]

    def _begin(self) -> Begin:
        known = published(self.live, self.pool)
        found = checkpoints_of(self.live, self.pool).newest(known)
        state = found[1] if found else None
        if state is not None:
            self.standing = Standing.restore(state["standing"])
        self.inbox = Inbox(
            self.live.kafka, f"clearing-{self.pool}-in", {self.lane: self.standing.record}, {OWN: JOURNAL}
        )
        self.judge.news_from = self.inbox.end_seen(self.lane)
        log.info("clearing begun", pool=self.pool, journal_offset=self.standing.length)
        return Begin(state, known)

    def _batches(self, inbox: Inbox) -> Iterator[Entries]:
        taken = inbox.take(most=8)
        self.reading.read(inbox, taken)
        for each in taken.get(self.lane, ()):
            if self.judge.counts(self.standing, each):
                yield Entries(decode_entries(each.value), self.standing.state())

    def snapshot(self) -> int:
        """Journal offset."""
        return self.standing.length

    def close(self) -> None:
        """Let go of the consumer."""
        if self.inbox is not None:
            self.inbox.close()


class Clear:
    """One pool's state machine over its journal."""

    def __init__(self, live: Live, pool: str, _hint: object = None) -> None:
        """Before `Begin` there is nothing."""
        self.live, self.parameters = live, live.pool(pool)
        self.checkpoints = checkpoints_of(live, pool)
        self.due = Every(CHECKPOINT_S)
        self.skips: dict[int, int] = {}
        self.driver = Driver(Pool(self.parameters, skips=self.skips), None)
        self.views = Views(self.parameters)
        self.standing: dict[str, object] = {}
        self.saved = 0
        self.facts = Facts(FLOW, self.parameters)
        self.shown = Every(SHOW_S)
        self.news_from: int | None = 0  # None once it is behind: what was published before is counted
        self.stopped_at = -1

    def apply(self, item: Begin | Entries) -> Iterable[Begin | Cleared]:
        """The events that follow."""
        if isinstance(item, Begin):
            self._load(item.state)
            self.news_from = item.published
            return [item]
        batch = item.batch
        if self.news_from is not None and batch.first_offset >= self.news_from:
            self.news_from = None
            self.facts.seed(**standing(self.driver.pool.state)._asdict())
        driven = self._drive(batch)
        self.views.open_accounts(batch.rows, batch.texts)
        views = self.views.of(driven.events, batch.rows, batch.texts, batch.first_offset)
        self.standing = item.standing
        self._show(batch, driven.events)
        if self.driver.length - self.saved >= CHECKPOINT_ENTRIES or self.due.is_due():
            self._save()
        time_ns = int(batch.rows[-1, en.TIME_NS]) if len(batch.rows) else 0
        return [
            Cleared(
                batch.first_offset, self.driver.length, driven.events, views, time_ns, is_now=self._is_now()
            )
        ]

    def _show(self, batch: EntryBatch, events: en.Rows) -> None:
        """Metrics: news are counted; of what is executed again only where the pool stands is shown, now and then."""
        if self.news_from is None:
            self.facts.add_entries(batch.first_offset, batch.rows)
            self.facts.add_events(events)
            return
        self.facts.stand(self.driver.length)
        if self.shown.is_due():
            self.facts.seed(**standing(self.driver.pool.state)._asdict())

    def _is_now(self) -> bool:
        """A clock far behind the wall is a recording that is played, or was, if nobody says that time is the wall's."""
        return abs(self.facts.clock.skew_s) < (PLAYED_S if self.live.writes_time else NOW_S)

    def may_go_on(self, item: Begin | Entries) -> bool:
        """Whether a skip that came in names the entry that the pool stopped at: another start passes over it."""
        if isinstance(item, Begin):
            return False
        known: dict[int, int] = {}
        note_skips(known, item.batch.rows, item.batch.first_offset)
        return self.stopped_at in known

    def _drive(self, batch: EntryBatch) -> Driven:
        """A batch's decisions; where the pool stops it goes on only if the journal holds a signed skip of the entry."""
        try:
            return self.driver.drive(batch.rows, batch.texts)
        except PoolStoppedError as stop:
            self.stopped_at = stop.offset
            self.driver = pass_over(
                self.live, self.parameters.id, self.checkpoints, stop, self.skips, batch.first_offset
            )
        return self._drive(batch)

    def end(self) -> Iterable[Cleared]:
        """The process stops: the next start goes on from here."""
        if self.driver.length > self.saved:
            self._save()
        self.checkpoints.join()
        return ()

    def snapshot(self) -> int:
        """Journal offset."""
        return self.driver.length

    def _load(self, state: Mapping[str, Any] | None) -> None:
        if state is None:
            return
        pool = Pool(self.parameters, skips=self.skips)
        checkpoint.load(pool.state, state["pool"])
        self.driver = Driver(pool, None, state["length"])
        self.views = Views(self.parameters, state["names"])
        self.standing, self.saved = state["standing"], state["length"]
        self.facts.seed(**standing(pool.state)._asdict())
        self.facts.stand(self.driver.length)

    def _save(self) -> None:
        """A checkpoint, after everything has been counted anew."""
        self.driver.pool.check()
        self.saved = self.driver.length
        self.checkpoints.save_beside(self.saved, self._state)

    def _state(self) -> Mapping[str, Any]:
        return {
            "standing": dict(self.standing),
            "length": self.driver.length,
            "pool": checkpoint.save(self.driver.pool.state),
            "names": list(self.views.names),
        }


class EventsWriter:
    """The sink's partition of one pool: each topic goes on behind what it holds."""

    def __init__(self, live: Live, key: str, _hint: object = None) -> None:
        self.live, self.pool = live, pool_of(key)
        self.lane = live.lane(self.pool)
        self.out = Outbox(live.kafka, f"clearing-{self.pool}-out")
        self.published = 0
        self.last: dict[str, tuple[int, int]] = {}  # by typed topic: journal offset and index

    def write(self, items: Sequence[Item]) -> None:
        """Events last: how far they reach is what the next start goes by, so all before them must be there."""
        made = []
        for item in items:
            if isinstance(item.body, Begin):
                self._look()
            else:
                self._views(item.body)
                made.append(item.body)
        if any(each.views for each in made):
            self.out.flush()
        for each in made:
            self._events(each)
        self.out.poll()

    def _look(self) -> None:
        self.published = published(self.live, self.pool)
        for topic in TYPED:
            self.last[topic] = max(map(id_of, tail(self.live, topic, self.pool)), default=(-1, -1))

    def _views(self, made: Cleared) -> None:
        for view in made.views:
            if (view.offset, view.index) <= self.last[view.topic]:
                metrics.output_repeats(FLOW, view.topic).inc()
            else:
                event = f"{self.pool}:{view.offset}:{view.index}"
                told = headers(view.topic, event, self.pool, view.time_ns, JSON)
                is_timed = made.is_now and view.topic == LIQUIDATIONS
                heard = partial(self._heard, view.time_ns) if is_timed else None
                self.out.send(view.topic, self.lane, self.pool, view.value, told, heard)

    def _heard(self, time_ns: int, _offset: int) -> None:
        """A liquidation order is safe: how long after the price that led to it."""
        took_ns = max(0, time.time_ns() - time_ns)
        metrics.quote_to_liquidation(self.pool).observe(took_ns / SECOND_NS)

    def _events(self, made: Cleared) -> None:
        if made.end_offset > self.published:
            first = max(made.first_offset, self.published)
            events = made.events[made.events[:, 0] >= first]
            batch = EventBatch(self.pool, first, made.end_offset, events)
            told = headers(EVENTS, f"{self.pool}:{first}:{made.end_offset}", self.pool, made.time_ns, ARROW)
            self.out.send(EVENTS, self.lane, self.pool, encode_events(batch), told)
            self.published = made.end_offset
        elif made.end_offset > made.first_offset:
            metrics.output_repeats(FLOW, EVENTS).inc()

    def snapshot(self) -> None:
        """The durability barrier: all that was sent is acknowledged."""
        self.out.flush()

    def close(self) -> None:
        """Let go of the producer."""
        self.out.close()
