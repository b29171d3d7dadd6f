"""Audit over Kafka: a lane's journal and events side by side, and its dead letters, into ClickHouse.

    journal, events -> the same entries of both -> blocks -> clickhouse
    dead-letters -> rows ------------------------------^

How far the entries have come, the database says; where to read on in the lanes, a small file beside the checkpoints.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import structlog

from flows.connectors import clickhouse
from flows.connectors.ask_server import AskServer
from flows.connectors.blocks import Block, BlockCutter
from flows.connectors.checkpoints import Checkpoints
from flows.connectors.engine import Item
from flows.connectors.kafka.inbox import EARLIEST, Inbox
from flows.connectors.placement import pool_of
from flows.connectors.stop import STOP
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.facts import Entered
from flows.journal import events as ev
from flows.journal.arrivals import Arrived
from flows.journal.codec import EntryBatch, about_events, decode_entries, decode_events
from flows.journal.entries import Rows
from flows.journal.terms import Standing
from flows.lanes.every import Every
from flows.lanes.lane import IDLE_S
from flows.lanes.settings import Live
from flows.lanes.watch import Judge, Reading
from flows.rules.scale.time import SECOND_NS

FLOW: Final = "audit"
JOURNAL, EVENTS, LETTERS = 100, 101, 102
NAMES: Final = {JOURNAL: "journal", EVENTS: "events", LETTERS: "dead-letters"}

PLACE_S: Final = 5.0
"""Seconds between two notes of where the lanes are read on."""

log = structlog.get_logger()


class Held:
    """The database, opened by the worker that writes to it first, once a process."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.read_to: dict[str, int] = {}  # by pool, entries that are read with their events
        self.stored_to: dict[str, int] = {}  # and those that the database has

    @cached_property
    def client(self) -> clickhouse.Client:
        """Tables are made if they are missing. Who holds an embedded database answers for it."""
        target = self.live.database or str(self.live.state / clickhouse.FOLDER)
        client = clickhouse.connect(target)
        clickhouse.migrate(client)
        if "//" not in target and self.live.answers != "off":
            server = AskServer(Path(target).absolute(), self.live.answers, self.progress)
            log.info("questions are answered", address=server.address)
        return client

    def progress(self) -> dict[str, Any]:
        """How far it has come."""
        return {"read_to": dict(self.read_to), "stored_to": dict(self.stored_to)}

    @cached_property
    def writer(self) -> clickhouse.Writer:
        """One for all pools."""
        return clickhouse.Writer(self.client)

    def __reduce__(self) -> tuple[type[Held], tuple[Live]]:
        return Held, (self.live,)


@dataclass(frozen=True, slots=True)
class Begin:
    """The first item of a start: the first entry that the database does not have."""

    first_offset: int
    letters: int  # record of dead letters that is read first


@dataclass(frozen=True, slots=True)
class Pair:
    """Some entries and all their events, and where the lanes are read on behind them."""

    batch: EntryBatch
    events: Rows
    place: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letters:
    """Dead letters, cut in any way: a repeat replaces itself."""

    rows: list[clickhouse.DeadLetterRow]
    end: int  # the record behind them


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks that are whole, and where the lanes are read on behind them."""

    blocks: list[Block]
    place: dict[str, Any]


def places_of(live: Live, pool: str) -> Checkpoints:
    """Where it is noted how far the lanes were read."""
    return Checkpoints(live.state, FLOW, pool)


def reader(live: Live, held: Held, key: str, _hint: int | None = None) -> Reader:
    """A source's partition."""
    return Reader(live, held, key)


def writer(live: Live, held: Held, key: str, _hint: object = None) -> Writer:
    """A sink's partition."""
    return Writer(live, held, key)


class LaneGapError(Exception):
    """Events are missing between two records of a lane."""


class Reader:
    """The source's partition of one pool: entries with their events, and dead letters."""

    def __init__(self, live: Live, held: Held, key: str) -> None:
        """Nothing is asked of broker or database before the first read."""
        self.live, self.held, self.key, self.pool = live, held, key, pool_of(key)
        self.lane = live.lane(self.pool)
        self.standing = Standing()
        self.entries: deque[tuple[EntryBatch, dict[str, object]]] = deque()
        self.events: deque[tuple[Rows, int, int]] = deque()  # rows, the entry behind them, their record
        self.events_end = self.events_record = 0
        self.inbox: Inbox | None = None
        self.reading = Reading(FLOW, self.pool)
        self.judges = {topic: Judge(FLOW, name, self.pool) for topic, name in NAMES.items()}

    def read(self) -> list[tuple[str, Item]] | None:
        """What is whole by now; None once the process is asked to stop."""
        self.reading.beat()
        if STOP.is_set():
            return None
        if self.inbox is None:
            begin = self._begin()
            self.reading.started()
            return [(self.key, Item(self.pool, begin))]
        self.inbox.fetch(IDLE_S, 1_000)
        taken = self.inbox.take()
        self.reading.read(self.inbox, taken)
        for each in taken.get((JOURNAL, self.lane), ()):
            if self.judges[JOURNAL].counts(self.standing, each):
                self.entries.append((decode_entries(each.value), self.standing.state()))
        for each in taken.get((EVENTS, self.lane), ()):
            self._take_events(each.offset, each.value)
        made: list[Pair | Letters] = list(self._pairs())
        if letters := taken.get((LETTERS, self.lane)):
            made.append(Letters(self._rows(letters), letters[-1].offset + 1))
        metrics.backlog(self.pool).set(self.standing.length - self.held.stored_to[self.pool])
        return [(self.key, Item(self.pool, each)) for each in made]

    def _begin(self) -> Begin:
        first = self.held.writer.next_offset(self.pool)
        self.held.read_to[self.pool] = self.held.stored_to[self.pool] = first
        found = places_of(self.live, self.pool).newest(first)
        start = dict.fromkeys(NAMES, EARLIEST)
        if found is not None:
            self.standing = Standing.restore(found[1]["journal"])
            self.events_end = self.standing.length
            start = {
                JOURNAL: self.standing.record,
                EVENTS: found[1]["events"],
                LETTERS: found[1]["letters"],
            }
        at = {(topic, self.lane): offset for topic, offset in start.items()}
        self.inbox = Inbox(self.live.kafka, f"audit-{self.pool}-in", at, NAMES)
        self.events_record = self.inbox.positions[EVENTS, self.lane]
        for topic, judge in self.judges.items():
            judge.news_from = self.inbox.end_seen((topic, self.lane))
        log.info("audit begun", pool=self.pool, journal_offset=first, reads_from=self.standing.length)
        return Begin(first, self.inbox.positions[LETTERS, self.lane])

    def _take_events(self, record: int, value: bytes) -> None:
        """Events of entries that are news; another clearing process may have published the same ones before."""
        about = about_events(value)
        if about.pool != self.pool:
            self.judges[EVENTS].foreign(record)
        if about.pool != self.pool or about.end_offset <= self.events_end:
            return
        batch = decode_events(value)
        if batch.first_offset > self.events_end:
            raise LaneGapError(
                f"pool {self.pool}: record {record} of events begins at entry {batch.first_offset}, "
                f"but they are complete up to {self.events_end}"
            )
        rows = batch.rows[batch.rows[:, ev.OFFSET] >= self.events_end]
        self.events.append((rows, batch.end_offset, record))
        self.events_end = batch.end_offset

    def _pairs(self) -> Iterable[Pair]:
        """Batches of entries whose events are complete, in their order."""
        while (
            self.entries and self.entries[0][0].first_offset + len(self.entries[0][0].rows) <= self.events_end
        ):
            batch, standing = self.entries.popleft()
            end = batch.first_offset + len(batch.rows)
            found: list[Rows] = [np.zeros((0, ev.WIDTH), np.int64)]
            while self.events and self.events[0][1] <= end:
                rows, _, record = self.events.popleft()
                found.append(rows)
                self.events_record = record + 1
            if self.events:
                rows, events_end, record = self.events[0]
                cut = int(np.searchsorted(rows[:, ev.OFFSET], end))
                found.append(rows[:cut])
                self.events[0] = (rows[cut:], events_end, record)
            assert self.inbox is not None, "pairs come of what was read"
            place = {"journal": standing, "events": self.events_record}
            self.held.read_to[self.pool] = end
            yield Pair(batch, np.concatenate(found), place)

    def _rows(self, letters: Sequence[Arrived]) -> list[clickhouse.DeadLetterRow]:
        """Letters as the database keeps them; what is none is passed over."""
        rows = []
        for each in letters:
            if (row := row_of(each.value)) is None:
                self.judges[LETTERS].foreign(each.offset)
            else:
                rows.append(row)
        return rows

    def snapshot(self) -> int:
        """Journal offset."""
        return self.standing.length

    def close(self) -> None:
        """Let go of the consumer."""
        if self.inbox is not None:
            self.inbox.close()


def row_of(value: bytes) -> clickhouse.DeadLetterRow | None:
    """A dead letter as the database keeps it; None for what is no letter: somebody else wrote it."""
    try:
        letter = orjson.loads(value)
        return clickhouse.DeadLetterRow(**letter | {"raw": base64.b64decode(letter["raw"])})
    except (ValueError, KeyError, TypeError):
        return None


class Cut:
    """One pool's blocks, from the first entry on that the database does not have."""

    def __init__(self, live: Live, pool: str, _hint: object = None) -> None:
        """Before `Begin` there is nothing."""
        self.pool, self.block_ns = pool, live.audit_block_s * SECOND_NS
        self.cutter = BlockCutter(pool, self.block_ns)
        self.places: deque[tuple[int, dict[str, Any]]] = deque()

    def apply(self, item: Begin | Pair | Letters) -> Iterable[Begin | Blocks | Letters]:
        """The blocks that are now whole."""
        if isinstance(item, Begin):
            self.cutter = BlockCutter(self.pool, self.block_ns, item.first_offset)
            return [item]
        if isinstance(item, Letters):
            return [item]
        batch = item.batch
        end = batch.first_offset + len(batch.rows)
        known = max(0, self.cutter.next_offset - batch.first_offset)
        self.places.append((end, item.place))
        if known >= len(batch.rows):
            return []
        texts = {place - known: text for place, text in batch.texts.items() if place >= known}
        events = item.events[item.events[:, ev.OFFSET] >= batch.first_offset + known]
        return self._placed(self.cutter.add(batch.rows[known:], texts, events))

    def end(self) -> Iterable[Blocks]:
        """The process stops: what there is goes in as a short block."""
        return self._placed(self.cutter.finish())

    def _placed(self, blocks: list[Block]) -> list[Blocks]:
        if not blocks:
            return []
        place: dict[str, Any] = {}
        while self.places and self.places[0][0] <= blocks[-1].end_offset:
            _, place = self.places.popleft()
        return [Blocks(blocks, place)]

    def snapshot(self) -> int:
        """Journal offset."""
        return self.cutter.next_offset


class Writer:
    """The sink's partition of one pool: safe once inserted."""

    def __init__(self, live: Live, held: Held, key: str) -> None:
        self.held, self.pool = held, pool_of(key)
        self.places = places_of(live, self.pool)
        self.due = Every(PLACE_S)
        self.letters = 0  # as far as they are inserted
        self.entered = Entered(FLOW, live.pool(self.pool))

    def write(self, items: Sequence[Item]) -> None:
        """One insert a table and block; and now and then a note of how far the lanes were read."""
        for item in items:
            if isinstance(item.body, Begin):
                self.letters = item.body.letters
            elif isinstance(item.body, Letters):
                self.held.writer.insert_dead_letters(self.pool, item.body.rows)
                self.letters = item.body.end
            elif isinstance(item.body, Blocks):
                for block in item.body.blocks:
                    self.held.writer.insert_block(
                        self.pool, block.first_offset, block.entries, block.texts, block.events
                    )
                    self.held.stored_to[self.pool] = block.end_offset
                    self.entered.add_entries(block.first_offset, block.entries)
                if item.body.place and self.due.is_due():
                    # Letters that were read with a block's entries may still be on their way here.
                    place = item.body.place | {"letters": self.letters}
                    self.places.save(place["journal"]["length"], place)

    def snapshot(self) -> None:
        """An insert that has returned is safe."""

    def close(self) -> None:
        """The client lives as long as the process."""
