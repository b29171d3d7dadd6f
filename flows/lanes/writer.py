"""A lane's sink: dead letters, and behind them the record that settles their offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from flows.connectors.cloudevents import headers
from flows.connectors.engine import Item
from flows.connectors.kafka.inbox import SENT
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.placement import pool_of
from flows.connectors.telemetry.facts import count_dead
from flows.journal import entries as en
from flows.journal.codec import EntryBatch, Settled, encode_entries
from flows.journal.dead_letters import DeadLetter
from flows.lanes.lane import Begin
from flows.lanes.settings import Live
from schemas.catalogue import ARROW, JSON

DEAD_LETTERS: Final = "dead-letters"


@dataclass(frozen=True, slots=True)
class Written:
    """One record of a lane before it is one: its rows, the offsets that they settle, and what was refused of those."""

    first: int  # number of the first row
    rows: en.Rows
    settled: tuple[Settled, ...]
    dead: Sequence[DeadLetter] = ()
    texts: Mapping[int, str] = field(default_factory=dict)


class LaneWriter:
    """The sink's partition of one pool: dead letters, and behind them the record that settles their offsets."""

    def __init__(self, live: Live, flow: str, topic: str, key: str) -> None:
        self.live, self.topic, self.pool = live, topic, pool_of(key)
        self.lane = live.lane(self.pool)
        self.out = Outbox(live.kafka, f"{flow}-{self.pool}-out")
        self.begin: Begin | None = None
        self.time_ns = 0  # of the last row

    def write(self, items: Sequence[Item]) -> None:
        """Queue the records, in order."""
        for item in items:
            if isinstance(item.body, Begin):
                self.begin = item.body
                continue
            self.dead_letters(item.body.dead)
            self.batch(item.body)
        self.out.poll()

    def batch(self, made: Written) -> None:
        """One record of the lane, under this start's term."""
        assert self.begin is not None, "a start begins with its claim"
        term, name = self.begin.term, self.begin.writer
        batch = EntryBatch(self.pool, made.first, made.rows, made.texts, term, name, made.settled)
        if len(made.rows):
            self.time_ns = int(made.rows[-1, en.TIME_NS])
        settled = sum(each.end for each in made.settled)  # a batch without rows has an id of its own, too
        told = headers(self.topic, f"{term}:{made.first}:{settled}", self.pool, self.time_ns, ARROW)
        told.append((SENT, str(self.time_ns).encode()))
        self.out.send(self.topic, self.lane, self.pool, encode_entries(batch), told)

    def dead_letters(self, dead: Sequence[DeadLetter]) -> None:
        """Refused records: safe before the record that settles their offsets is sent."""
        count_dead(dead)
        for letter in dead:
            origin = f"{letter.topic}:{letter.partition}:{letter.offset}"
            told = headers(DEAD_LETTERS, origin, self.pool, self.time_ns, JSON)
            self.out.send(DEAD_LETTERS, self.lane, letter.topic, letter.line(), told)
        if dead:
            self.out.flush()

    def snapshot(self) -> None:
        """The durability barrier: all that was sent is acknowledged."""
        self.out.flush()

    def close(self) -> None:
        """Let go of the producer."""
        self.out.close()
