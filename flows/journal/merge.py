"""One order for many topics: each record has a place (sent_ns, topic, line), and clocks stand between the seconds.

    lines of a topic -> read -> sent_ns made to rise -> merged by place, with clocks -> slices

A line that cannot be read, or that was sent before its predecessor or outside the recording, takes its predecessor's
`sent_ns`: it is refused later on and moves no other. Where a slice ends changes nothing but where the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from flows.journal.compiled import kernel
from flows.journal.entries import TOPIC_CLOCK, TOPICS
from flows.journal.wire import SENT_NS, Ints, Read, read
from flows.rules.scale.time import SECOND_NS

SLICE_RECORDS: Final = 20_000
"""Records and clocks in a slice, at most: a few megabytes, some milliseconds of work a step."""


class Lines(NamedTuple):
    """Lines of one topic that follow each other."""

    first: int  # number of the first one, from 0
    lines: list[bytes]
    lengths: dict[int, int]  # by place in lines: true length of a line that was cut


Source = Callable[[int], Iterator[Lines]]
"""Gives a topic's lines from a line number on."""


class TopicPosition(TypedDict):
    """How far a topic has been read."""

    lines: int
    sent_ns: int  # of the last line


class Position(TypedDict):
    """Where a merge stands between two slices: all that a restart needs."""

    topics: dict[str, TopicPosition]
    clock_ns: int  # the next clock


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of one topic in a slice, a row a line."""

    topic: int
    partition: int
    offsets: Ints  # of each row: Kafka's, or its line's number
    lines: Sequence[bytes]
    lengths: Mapping[int, int]
    read: Read
    sent_ns: Ints  # own one, or the predecessor's
    in_order: NDArray[np.bool_]  # whether it is the own one
    places: Ints  # within the slice
    in_record: Ints | None = None  # of each row, of bulk records: which of the record's messages

    def row(self, row: int) -> int:
        """A line's place in its record: 0 but in a bulk record."""
        return 0 if self.in_record is None else int(self.in_record[row])


@dataclass(frozen=True, slots=True)
class Slice:
    """A run of records in their order, with the clocks between them. Places count from 0 to ``count`` - 1."""

    parts: tuple[Part, ...]
    clock_ns: Ints
    clock_places: Ints
    clock_offsets: Ints  # their origin: Kafka's, or their number from the first one on

    @property
    def count(self) -> int:
        """Lines and clocks."""
        return len(self.clock_ns) + sum(len(part.lines) for part in self.parts)


@kernel
def rise(
    own_ns: Ints, start_ns: int, end_ns: int, last_ns: int, sent_ns: Ints, in_order: NDArray[np.bool_]
) -> None:
    """Fill in each row's `sent_ns` (0 where it could not be read), and whether it is the row's own."""
    for row in range(len(own_ns)):
        in_order[row] = own_ns[row] >= last_ns and start_ns <= own_ns[row] <= end_ns
        if in_order[row]:
            last_ns = own_ns[row]
        sent_ns[row] = last_ns


@dataclass(slots=True)
class _Head:
    """A topic's next lines: read, and waiting for their turn from row ``at`` on."""

    topic: int
    source: Iterator[Lines]
    next_line: int
    last_ns: int  # of the line before ``at``
    is_open: bool = True
    at: int = 0
    chunk: Lines = field(default_factory=lambda: Lines(0, [], {}))
    read: Read | None = None
    sent_ns: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    in_order: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def load(self, start_ns: int, end_ns: int) -> None:
        """Read on if nothing waits; closed once there is nothing more."""
        while self.is_open and self.at == len(self.sent_ns):
            chunk = next(self.source, None)
            if chunk is None:
                self.is_open = False
                return
            self.chunk, self.at = chunk, 0
            self.read = read(TOPICS[self.topic], chunk.lines, chunk.lengths)
            self.sent_ns = np.empty(len(chunk.lines), np.int64)
            self.in_order = np.empty(len(chunk.lines), np.bool_)
            own_ns = self.read.common[:, SENT_NS]
            rise(own_ns, start_ns, end_ns, self.last_ns, self.sent_ns, self.in_order)

    def take(self, count: int, places: Ints) -> Part:
        """Let the next ``count`` rows go."""
        assert self.read is not None, "rows wait only after a load"
        start, end = self.at, self.at + count
        lengths = {row - start: size for row, size in self.chunk.lengths.items() if start <= row < end}
        part = Part(
            self.topic,
            0,
            np.arange(self.chunk.first + start, self.chunk.first + end),
            self.chunk.lines[start:end],
            lengths,
            self.read.cut(start, end),
            self.sent_ns[start:end],
            self.in_order[start:end],
            places,
        )
        self.at, self.next_line, self.last_ns = end, self.next_line + count, int(self.sent_ns[end - 1])
        return part


class Merge:
    """Slices of all topics' records between two instants, with a clock at every whole second of them, ends included."""

    def __init__(
        self,
        sources: Mapping[int, Source],
        start_ns: int,
        end_ns: int,
        most: int = SLICE_RECORDS,
        position: Position | None = None,
    ) -> None:
        """``position`` as an earlier merge of the same sources gave it."""
        assert 0 < start_ns <= end_ns, "time runs forward"
        assert most > 0, "a slice without records would end the merge"
        self.start_ns, self.end_ns, self.most = start_ns, end_ns, most
        self._first_second = -(-start_ns // SECOND_NS)
        self._clock_ns = self._first_second * SECOND_NS if position is None else position["clock_ns"]
        self._heads = []
        for topic in sorted(sources):
            done: TopicPosition = {"lines": 0, "sent_ns": start_ns}
            if position is not None:
                done = position["topics"].get(TOPICS[topic], done)
            self._heads.append(_Head(topic, sources[topic](done["lines"]), done["lines"], done["sent_ns"]))

    def position(self) -> Position:
        """Where the next slice begins."""
        topics: dict[str, Any] = {
            TOPICS[head.topic]: {"lines": head.next_line, "sent_ns": head.last_ns} for head in self._heads
        }
        return {"topics": topics, "clock_ns": self._clock_ns}

    def __iter__(self) -> Iterator[Slice]:
        """All slices that are left."""
        while (piece := self.next_slice()) is not None:
            yield piece

    def next_slice(self) -> Slice | None:
        """The next at most ``most`` records and clocks; None after the last."""
        for head in self._heads:
            head.load(self.start_ns, self.end_ns)
        bound = self._bound()
        waiting = [self._ready(head, bound) for head in self._heads]
        clocks = self._clocks(bound)
        sizes = [len(each) for each in (*waiting, clocks)]
        if sum(sizes) == 0:
            return None
        # Stable, and the topics stand in their order with the clock last: what was sent at once follows it.
        order = np.argsort(np.concatenate([*waiting, clocks]), kind="stable")[: self.most]
        owner = np.repeat(np.arange(len(sizes)), sizes)[order]
        parts = []
        for row, head in enumerate(self._heads):
            places = np.flatnonzero(owner == row)
            if len(places):
                parts.append(head.take(len(places), places))
        places = np.flatnonzero(owner == len(self._heads))
        self._clock_ns += len(places) * SECOND_NS
        clock_ns = clocks[: len(places)]
        return Slice(tuple(parts), clock_ns, places, clock_ns // SECOND_NS - self._first_second)

    def _bound(self) -> tuple[int, int]:
        """The last place that nothing still unread can come before."""
        ends = [(int(head.sent_ns[-1]), head.topic) for head in self._heads if head.is_open]
        return min(ends, default=(self.end_ns, TOPIC_CLOCK))

    def _ready(self, head: _Head, bound: tuple[int, int]) -> Ints:
        """Times of the head's rows up to the bound, at most a slice of them."""
        sent_ns = head.sent_ns[head.at :]
        side = "right" if head.topic <= bound[1] else "left"
        return sent_ns[: min(self.most, int(np.searchsorted(sent_ns, bound[0], side=side)))]  # type: ignore[call-overload]

    def _clocks(self, bound: tuple[int, int]) -> Ints:
        """Clocks up to the bound, at most a slice of them: one at a second follows all that was sent at it."""
        last_ns = bound[0] if bound[1] >= TOPIC_CLOCK else bound[0] - 1
        count = max(0, (last_ns - self._clock_ns) // SECOND_NS + 1)
        return self._clock_ns + SECOND_NS * np.arange(min(count, self.most), dtype=np.int64)
