"""Whose batches are the journal: one writer a term, the first claim of a term wins, and no offset is passed over.

    records of a lane, as they lie -> judge -> the batches that count

A record without entries is a claim: its writer takes the next term. A batch of another writer or an older term is
dropped wherever it lies, so a writer that was paused and revived changes nothing. What is no batch of the pool is
nobody's: it is passed over, whoever has put it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from flows.journal.codec import About, about_of

Partition = tuple[int, int]
"""Topic, by its place in `flows.journal.entries.TOPICS`, and partition."""


class JournalGapError(Exception):
    """Entries or inputs are missing between two batches of one writer: the pool stops rather than skip them."""


class Verdict(Enum):
    """What a record of a lane is."""

    COUNTS = "counts"
    CLAIM = "a claim, of whatever term"
    DROPPED = "another writer's, or of an older term"
    FOREIGN = "no batch of this pool"


@dataclass(slots=True)
class Standing:
    """How far a lane has been read: all that the next record is judged by. Entries here are rows of any lane."""

    record: int = 0  # Kafka offset of the next record
    term: int = 0
    writer: str = ""
    length: int = 0  # entries
    settled: dict[Partition, int] = field(default_factory=dict)  # by input: one past the last offset
    is_late: bool = False  # begun where retention has cut the lane: the first batch is believed

    def take(self, batch: About, record: int) -> bool:
        """Whether the batch in the record at this Kafka offset counts; then it is the last. JournalGapError."""
        self.record = record + 1
        if not batch.writer:  # a stranger's
            return False
        if batch.claim:
            if batch.term > self.term:
                self.term, self.writer = batch.term, batch.writer
                # What its writer knew when it claimed: the first batch may say more.
                self.length = batch.first_offset if self.is_late else self.length
            return False
        if self.is_late and batch.term >= self.term:
            # Whoever writes has won its term; of a claim that was read that is not known.
            self.is_late = False
            self.term, self.writer, self.length = batch.term, batch.writer, batch.first_offset
        if batch.term > self.term > 0:
            raise JournalGapError(
                f"pool {batch.pool}: record {record} is of term {batch.term}, whose claim lies before the first record"
                f" that was read; what came before is of term {self.term}"
            )
        if (batch.term, batch.writer) != (self.term, self.writer):
            return False
        if batch.first_offset != self.length:
            raise JournalGapError(
                f"pool {batch.pool}: record {record} of the journal begins at entry {batch.first_offset}, "
                f"but the journal has {self.length}"
            )
        for each in batch.settled:
            end = self.settled.get((each.topic, each.partition), each.first)
            if each.first != end:
                raise JournalGapError(
                    f"pool {batch.pool}: record {record} settles {each.topic}/{each.partition} "
                    f"from {each.first}, but it was settled up to {end}"
                )
            self.settled[each.topic, each.partition] = each.end
        self.length += batch.count
        return True

    def reaches(self, positions: Mapping[Partition, int]) -> bool:
        """Whether all up to these positions is settled."""
        return all(self.settled.get(at, 0) >= end for at, end in positions.items())

    def state(self) -> dict[str, object]:
        """For a checkpoint."""
        settled = [[*partition, end] for partition, end in sorted(self.settled.items())]
        return {
            "record": self.record,
            "term": self.term,
            "writer": self.writer,
            "length": self.length,
            "settled": settled,
            "is_late": self.is_late,
        }

    @classmethod
    def restore(cls, state: Mapping[str, object]) -> Standing:
        """What `state` gave."""
        settled = {(topic, partition): end for topic, partition, end in state["settled"]}  # type: ignore[attr-defined]
        named = {name: state[name] for name in ("record", "term", "writer", "length", "is_late")}
        return cls(**named, settled=settled)  # type: ignore[arg-type]


def judge(standing: Standing, pool: str, record: int, value: bytes) -> Verdict:
    """Judge the record at this Kafka offset of a pool's lane; if it counts it is the last. JournalGapError."""
    about = about_of(value)
    if about.pool != pool or not about.writer:
        standing.record = record + 1
        return Verdict.FOREIGN
    if standing.take(about, record):
        return Verdict.COUNTS
    return Verdict.CLAIM if about.claim else Verdict.DROPPED
