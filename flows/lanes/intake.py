"""Intake over Kafka: a lane's states, account topics and clocks in, its journal out, a batch a poll.

    polled -> states, items, clocks in one order -> admitted -> journal
                                                 └-> dead-letters

Its memory is the journal: a start reads it back, from a checkpoint on.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson

from flows.connectors.cloudevents import headers
from flows.connectors.kafka.inbox import Inbox
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.placement import pool_of
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.facts import Entered
from flows.journal import entries as en
from flows.journal.admission import Admission, genesis, in_order
from flows.journal.arrivals import Arrived, Gathered, gather
from flows.journal.codec import NoBatchError, decode_entries
from flows.journal.conflate import conflate
from flows.journal.dead_letters import DeadLetter, dead_letter
from flows.journal.terms import Partition, Standing, Verdict
from flows.lanes.every import Every
from flows.lanes.lane import Begin, Known, Lane, LaneReader, Polled
from flows.lanes.settings import Live
from flows.lanes.watch import Judge
from flows.lanes.writer import LaneWriter, Written
from flows.pricing.decode import Router
from flows.rules.scale.time import SECOND_NS
from schemas.catalogue import JSON
from schemas.dead_letter import Reason
from schemas.explain import Refusal

FLOW: Final = "intake"
TOPIC: Final = "journal"
INPUTS: Final = (
    en.TOPIC_MARKET_STATE,
    en.TOPIC_COLLATERAL,
    en.TOPIC_FILLS,
    en.TOPIC_BIDS,
    en.TOPIC_ORDER_CHECKS,
    en.TOPIC_COMMANDS,
    en.TOPIC_CLOCK,
)

CHECKPOINT_S: Final = 30.0
"""Seconds between checkpoints: what a start has to read back of the journal at most."""

CHECKS_A_POLL: Final = 2_000
"""Order checks taken up in one poll: prices, cures and fills that come meanwhile do not wait for more."""

SLICES_A_POLL: Final = 8
"""Slices of `market` in one poll, at most, while intake keeps up: of more, marks that are superseded are left out."""

CHECKS_WAITING: Final = 40_000
"""Order checks that may wait here; of more than that the oldest are shed, with a reason."""

NOBODY: Final = Refusal(Reason.BAD_VALUE, "", "this is no batch of the pool's market-states")
TOO_MANY: Final = Refusal(Reason.SHED, "", "too many order checks wait; it was not looked at, send it again")


def lane_of(live: Live, pool: str) -> Lane:
    """The lane of ``journal`` that a pool's entries are."""
    return Lane(live, FLOW, TOPIC, pool, INPUTS, rereads=(en.TOPIC_MARKET_STATE,))


def reader(live: Live, key: str, _hint: int | None = None) -> IntakeReader:
    """A source's partition."""
    return IntakeReader(lane_of(live, pool_of(key)), key)


def writer(live: Live, key: str, _hint: object = None) -> LaneWriter:
    """A sink's partition."""
    return LaneWriter(live, FLOW, TOPIC, key)


class IntakeReader(LaneReader):
    """What comes in, order checks last; on the first lane, this machine's seconds go out."""

    def __init__(self, lane: Lane, key: str) -> None:
        super().__init__(lane, key)
        self.time = Seconds(lane.live) if lane.live.writes_time and lane.number == 0 else None

    def poll(self) -> Polled | None:
        """Tell the time, and take what has come."""
        if self.time is not None:
            self.time.tell()
        return super().poll()

    def choose(self, inbox: Inbox) -> dict[Partition, list[Arrived]]:
        """Everything but order checks; of these, so many that nothing else has to wait for them."""
        if not self.has_clock:
            return super().choose(inbox)
        checks = self.lane.live.partition(en.TOPIC_ORDER_CHECKS, self.lane.pool)
        others = [at for at in inbox.waiting if at not in (self.lane.own, checks)]
        to_ns = self.read_to_ns(inbox, others)
        surplus = len(inbox.waiting[checks]) - CHECKS_WAITING
        return inbox.take(others, to_ns=to_ns) | inbox.take([checks], CHECKS_A_POLL + max(0, surplus), to_ns)

    def close(self) -> None:
        """Let go of the clients."""
        super().close()
        if self.time is not None:
            self.time.close()


class Seconds:
    """This machine's clock as the topic ``clock``: a message at each whole second. One told already is ignored.

    A second before the last is told, too: nobody goes back by it, and everybody hears that this clock was set back.
    """

    def __init__(self, live: Live) -> None:
        self.out = Outbox(live.kafka, "intake-clock")
        named = [
            name
            for name, topics in zip(live.venue.producers, live.venue.producer_topics, strict=True)
            if "clock" in topics
        ]
        self.source = named[0] if named else "clock"
        self.second = 0

    def tell(self) -> None:
        """The second that has begun, once."""
        second = time.time_ns() // SECOND_NS
        if second == self.second:
            return
        self.second = second
        at_ns = second * SECOND_NS
        message = {"source": self.source, "number": second, "time_ns": at_ns, "sent_ns": at_ns}
        told = headers("clock", str(second), self.source, at_ns, JSON)
        self.out.send("clock", 0, "clock", orjson.dumps(message), told)
        self.out.poll()

    def close(self) -> None:
        """Let go of the producer."""
        self.out.close()


class Admit:
    """One pool's door, and the journal's next offset."""

    def __init__(self, live: Live, pool: str, _hint: object = None) -> None:
        """Before `Begin` there is nothing."""
        self.live, self.pool = live, live.pool(pool)
        self.states = live.partition(en.TOPIC_MARKET_STATE, pool)
        self.checks = live.partition(en.TOPIC_ORDER_CHECKS, pool)
        self.checkpoints = lane_of(live, pool).checkpoints
        self.due = Every(CHECKPOINT_S)
        self.admission = Admission(self.pool)
        self.router = Router(live.venue, 0, live.lane(pool))
        self.prices = Standing(is_late=True)  # of the lane of market-states
        self.clock_ns = self.length = 0
        self.positions: dict[Partition, int] = {}
        self.standing: dict[str, object] = {}
        self.by: list[object] = []
        self.facts = Entered(FLOW, self.pool)
        self.judge = Judge(FLOW, "market-state", pool)

    def apply(self, item: Begin | Known | Polled) -> Iterable[Begin | Written]:
        """Entries of what came in."""
        if isinstance(item, Begin):
            self._begin(item)
            self._resume()
            return [item]
        if isinstance(item, Known):
            self._read_back(item)
            self._resume()
            return []
        made = self._admit(item)
        self.standing = item.standing
        self.positions |= {(each.topic, each.partition): each.end for each in item.ranges}
        if self.due.is_due():
            self.checkpoints.save_beside(self._place(), self._state, self.length)
        return [made]

    def end(self) -> Iterable[Written]:
        """The process stops: the next start goes on from here."""
        if self.positions:
            self.checkpoints.save(self._place(), self._state(), self.length)
        return ()

    def snapshot(self) -> int:
        """Where it stands."""
        return self._place()

    # --- a start ---
    def _begin(self, item: Begin) -> None:
        self.standing, self.by = item.standing, [item.term, item.writer]
        if item.state is None:
            return
        vars(self.admission).update(pickle.loads(item.state["admission"]))  # noqa: S301 - our own, under its hash
        self.router.restore(item.state["numbers"])
        self.prices = Standing.restore(item.state["prices"])
        self.clock_ns, self.length = item.state["clock_ns"], item.state["length"]
        self.positions = dict(item.state["positions"])

    def _read_back(self, item: Known) -> None:
        batch = item.batch
        self.admission.replay(batch.rows, batch.texts)
        self.router.note(batch.rows)
        clocks = batch.rows[batch.rows[:, en.KIND] == en.CLOCK, en.TIME_NS]
        if len(clocks):
            self.clock_ns = int(clocks[-1])
        self.length, self.standing = batch.first_offset + len(batch.rows), item.standing
        self.positions |= {(each.topic, each.partition): each.end for each in batch.settled}

    def _resume(self) -> None:
        """Nothing of this is news."""
        self.facts.stand(self.length)
        self.facts.clock.resume(self.clock_ns)

    # --- what comes ---
    def _admit(self, item: Polled) -> Written:
        arrivals = dict(item.arrivals)
        first = {(each.topic, each.partition): each.first for each in item.ranges}
        states, dead = self._states(arrivals.pop(self.states, []), first[self.states])
        dead += self._shed(arrivals)
        piece = gather(arrivals, self.clock_ns, states)
        for heard_ns in piece.heard_ns:
            self.facts.clock.tick(heard_ns)
        if len(states) > SLICES_A_POLL:
            self._conflate(piece)
        routed = self.router.route(piece.slice)[0]
        refused = [*((0, letter) for letter in dead), *piece.dead, *routed.dead]
        merged = in_order(
            routed.clocks, routed.clock_places, piece.states, piece.state_places, routed.items, refused
        )
        admitted = self.admission.admit(merged)
        self.clock_ns = piece.clock_ns
        rows, texts = admitted.rows, admitted.texts
        if self.length == 0:
            row, text = genesis(self.pool, self.clock_ns)
            rows = np.concatenate([row, rows])
            texts = {place + 1: each for place, each in texts.items()} | {0: text}
        offset, self.length = self.length, self.length + len(rows)
        self.facts.add_entries(offset, rows)
        return Written(offset, rows, item.ranges, admitted.dead, texts)

    def _conflate(self, piece: Gathered) -> None:
        """While the last poll was worked on many slices came in: marks that a later one replaces are left out."""
        left = conflate(
            piece.states, piece.state_places, piece.slice.clock_places, self.admission.open_markets
        )
        piece.states, piece.state_places = left.states, left.places
        metrics.conflated(self.pool.id, "market-state").inc(left.dropped)

    def _states(self, records: Sequence[Arrived], first: int) -> tuple[list[en.Rows], list[DeadLetter]]:
        """States of the lane's writer that are news; records before ``first`` are settled and only say who writes."""
        states, dead = [], []
        self.judge.news_from = max(self.judge.news_from, first)
        for each in records:
            verdict = self.judge.verdict(self.prices, each)
            if each.offset < first or verdict in {Verdict.CLAIM, Verdict.DROPPED}:
                continue
            rows = self._states_of(each) if verdict is Verdict.COUNTS else None
            if rows is None:
                dead.append(
                    dead_letter(en.TOPIC_MARKET_STATE, self.states[1], each.offset, NOBODY, each.value)
                )
            elif len(rows):
                states.append(rows)
        return states, dead

    def _states_of(self, record: Arrived) -> en.Rows | None:
        try:
            rows = decode_entries(record.value).rows
        except NoBatchError:
            return None
        return rows if self._are_states(rows) else None

    def _are_states(self, rows: en.Rows) -> bool:
        kind, of = rows[:, en.KIND], rows[:, en.MarketState.MARKET]
        markets = (kind == en.MARKET_STATE) & (of >= 0) & (of < len(self.pool.markets))
        assets = (kind == en.ASSET_STATE) & (of > 0) & (of < len(self.pool.assets))
        return bool((markets | assets).all())

    def _shed(self, arrivals: dict[Partition, list[Arrived]]) -> list[DeadLetter]:
        """The oldest order checks, where more came than are looked at."""
        checks = arrivals.get(self.checks, [])
        surplus = len(checks) - CHECKS_A_POLL
        if surplus <= 0:
            return []
        metrics.shed(self.pool.id, "order-check").inc(surplus)
        arrivals[self.checks] = checks[surplus:]
        return [
            dead_letter(en.TOPIC_ORDER_CHECKS, self.checks[1], each.offset, TOO_MANY, each.value)
            for each in checks[:surplus]
        ]

    def _place(self) -> int:
        return sum(self.positions.values())

    def _state(self) -> Mapping[str, Any]:
        kept = {name: value for name, value in vars(self.admission).items() if name != "pool"}
        return {
            "standing": dict(self.standing),
            "by": self.by,
            "positions": dict(self.positions),
            "reread": {self.states: self.prices.record},
            "admission": pickle.dumps(kept),
            "numbers": self.router.snapshot(),
            "prices": self.prices.state(),
            "clock_ns": self.clock_ns,
            "length": self.length,
        }
