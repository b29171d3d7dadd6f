"""Market over Kafka: a lane's quotes, depth, trades and clocks in, its market-states out, a record a slice.

polled -> slice -> market stage -> states ┬-> market-state
                                          └-> dead-letters, before the record that settles their offsets
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from flows.connectors.placement import pool_of
from flows.connectors.telemetry import metrics
from flows.journal import entries as en
from flows.journal.arrivals import gather
from flows.journal.codec import EntryBatch
from flows.journal.dead_letters import DeadLetter
from flows.journal.terms import Partition
from flows.lanes.every import Every
from flows.lanes.lane import Begin, Lane, LaneReader, Polled
from flows.lanes.settings import Live
from flows.lanes.writer import LaneWriter, Written
from flows.pricing.decode import Router
from flows.pricing.stage import MarketStage

FLOW: Final = "market"
TOPIC: Final = "market-state"
INPUTS: Final = (en.TOPIC_ORACLE_PRICES, en.TOPIC_DEPTH, en.TOPIC_TRADES, en.TOPIC_CLOCK)

CHECKPOINT_S: Final = 10.0
"""Seconds between checkpoints: what a start has to price again at most."""


class NotRepeatedError(Exception):
    """A slice made again gave other states than were published: a bug, and no state to go on from."""


def lane_of(live: Live, pool: str) -> Lane:
    """The lane of ``market-state`` that a pool's prices are."""
    return Lane(live, FLOW, TOPIC, pool, INPUTS, makes_again=True)


def reader(live: Live, key: str, _hint: int | None = None) -> LaneReader:
    """A source's partition."""
    return LaneReader(lane_of(live, pool_of(key)), key)


def writer(live: Live, key: str, _hint: object = None) -> LaneWriter:
    """A sink's partition."""
    return LaneWriter(live, FLOW, TOPIC, key)


class Price:
    """One pool's market stage over what comes in."""

    def __init__(self, live: Live, pool: str, _hint: object = None) -> None:
        """Before `Begin` there is nothing."""
        self.live, self.pool = live, pool
        self.checkpoints = lane_of(live, pool).checkpoints
        self.due = Every(CHECKPOINT_S)
        self.clock_ns = self.count = 0
        self.positions: dict[Partition, int] = {}
        self.standing: dict[str, object] = {}
        self.by: list[object] = []

    def apply(self, item: Begin | Polled) -> Iterable[Begin | Written]:
        """States of a slice, unless they are published already."""
        if isinstance(item, Begin):
            self._begin(item)
            return [item]
        piece = gather(item.arrivals, self.clock_ns)
        routed = self.router.route(piece.slice)[0]
        states, _ = self.stage.apply(routed.records, routed.levels)
        self.clock_ns = piece.clock_ns
        self.positions |= {(each.topic, each.partition): each.end for each in item.ranges}
        self.standing = item.standing
        first, self.count = self.count, self.count + len(states)
        if item.known is not None:
            self._compare(item.known, first, states)
            metrics.output_repeats(FLOW, TOPIC).inc()
            return []
        if self.due.is_due():
            self.checkpoints.save_beside(self._place(), self._state, self.count)
        dead = [letter for _, letter in sorted([*piece.dead, *routed.dead], key=_place)]
        return [Written(first, states, item.ranges, dead)]

    def end(self) -> Iterable[Written]:
        """The process stops: the next start goes on from here."""
        if self.positions:
            self.checkpoints.save(self._place(), self._state(), self.count)
        return ()

    def snapshot(self) -> int:
        """Where it stands."""
        return self._place()

    def _begin(self, item: Begin) -> None:
        pool = self.live.pool(self.pool)
        self.router = Router(self.live.venue, 0, self.live.lane(self.pool))
        self.stage = MarketStage(pool, self.live.venue.market_stage(self.pool))
        if item.state is not None:
            self.router.restore(item.state["numbers"])
            self.stage.restore(item.state["stage"])
            self.clock_ns, self.count = item.state["clock_ns"], item.state["count"]
            self.positions = dict(item.state["positions"])
        else:
            self.count = int(str(item.standing["length"]))
        self.standing, self.by = item.standing, [item.term, item.writer]

    def _compare(self, known: EntryBatch, first: int, states: en.Rows) -> None:
        if known.first_offset != first or not np.array_equal(known.rows, states):
            raise NotRepeatedError(
                f"pool {self.pool}: states {known.first_offset} on, made again from the same records, differ from"
                " those that are published"
            )

    def _place(self) -> int:
        return sum(self.positions.values())

    def _state(self) -> dict[str, Any]:
        return {
            "standing": dict(self.standing),
            "by": self.by,
            "positions": dict(self.positions),
            "numbers": self.router.snapshot(),
            "stage": self.stage.snapshot(),
            "clock_ns": self.clock_ns,
            "count": self.count,
        }


def _place(letter: tuple[int, DeadLetter]) -> int:
    return letter[0]
