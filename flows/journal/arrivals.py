"""What arrived on a lane's partitions as one slice: Kafka's records, in an order that can be made again.

    records by partition -> read -> places by (sent_ns, topic, partition, offset), clocks last -> slice

Which offsets are in a slice is chance, and written down (`flows.journal.codec.Settled`); their order is not. Late and
early are judged by the clock in force at a record's place, so a slice is the same whenever it is gathered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from flows.journal import entries as en
from flows.journal.dead_letters import DeadLetter, dead_letter
from flows.journal.merge import Part, Slice, rise
from flows.journal.terms import Partition
from flows.journal.wire import SENT_NS, TIME_NS, Ints, read
from flows.rules.scale.time import SECOND_NS
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import Refusal

_SENT: Final = re.compile(rb'"sent_ns": ?([0-9]{1,19})')
_LOOKED: Final = 4_096  # bytes of a record in which its time is looked for
_KEPT: Final = LARGEST_RECORD_BYTES + 1
_NEVER: Final = np.iinfo(np.int64).max


class Arrived(NamedTuple):
    """One record of a partition. ``told_ns``: when a header says that it was sent; else the record itself does."""

    offset: int
    value: bytes
    told_ns: int = 0

    @property
    def sent_ns(self) -> int:
        """When it was sent as far as can be seen without reading it all; 0 where it does not say."""
        if self.told_ns:
            return self.told_ns
        found = _SENT.search(self.value, 0, _LOOKED)
        return int(found[1]) if found else 0


Arrivals = Mapping[Partition, Sequence[Arrived]]
"""Records by partition, each partition's in order and without one left out."""


@dataclass(slots=True)
class Gathered:
    """A slice, the states among it, and the clocks that could not be read."""

    slice: Slice
    states: en.Rows
    state_places: Ints
    dead: list[tuple[int, DeadLetter]]
    clock_ns: int  # the last clock, after the slice


def gather(arrivals: Arrivals, clock_ns: int, states: Sequence[en.Rows] = ()) -> Gathered:
    """One slice of all that arrived; ``clock_ns``: the last clock before it, 0 before the first.

    ``states``: batches of market-states in their order; each lies at the last time that it tells.
    """
    drafts = [_Draft.of(*at, arrivals[at]) for at in sorted(arrivals) if at[0] != en.TOPIC_CLOCK]
    clock = _Clocks.of(0, arrivals.get((en.TOPIC_CLOCK, 0), ()), clock_ns)
    told = [int(rows[-1, en.TIME_NS]) for rows in states]
    state_ns = np.maximum.accumulate(np.array(told, np.int64))
    times = [*(each.order_ns for each in drafts), state_ns, clock.time_ns]
    order = np.argsort(np.concatenate(times), kind="stable")
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    *of_drafts, of_states, of_clocks = np.split(places, np.cumsum([len(each) for each in times])[:-1])
    parts = [
        draft.part(at, _in_force(clock.time_ns, of_clocks, at, clock_ns))
        for draft, at in zip(drafts, of_drafts, strict=True)
        if len(at)
    ]
    first = int(of_clocks[0]) if len(of_clocks) else 0
    return Gathered(
        Slice(tuple(parts), clock.time_ns, of_clocks, clock.offsets),
        np.concatenate([en.empty(0), *states]),
        np.repeat(of_states, [len(rows) for rows in states]),
        [(first, letter) for letter in clock.dead],
        int(clock.time_ns[-1]) if len(clock.time_ns) else clock_ns,
    )


def _in_force(time_ns: Ints, clock_places: Ints, places: Ints, before_ns: int) -> Ints:
    """The clock in force at each place."""
    clocks = np.concatenate([[before_ns], time_ns])
    return clocks[np.searchsorted(clock_places, places)]


@dataclass(frozen=True, slots=True)
class _Draft:
    """Lines of one partition before their places are known."""

    topic: int
    partition: int
    arrived: Sequence[Arrived]
    order_ns: Ints
    made: Part

    @classmethod
    def of(cls, topic: int, partition: int, arrived: Sequence[Arrived]) -> _Draft:
        """Read the lines; a line that says no time goes with its predecessor."""
        lines = [each.value[:_KEPT] for each in arrived]
        lengths = {row: len(each.value) for row, each in enumerate(arrived) if len(each.value) > _KEPT}
        found = read(en.TOPICS[topic], lines, lengths)
        order_ns, in_order = np.empty(len(lines), np.int64), np.empty(len(lines), np.bool_)
        rise(np.ascontiguousarray(found.common[:, SENT_NS]), 1, _NEVER, 1, order_ns, in_order)
        offsets = np.fromiter((each.offset for each in arrived), np.int64, len(lines))
        in_order[:] = True  # between partitions there is no order to keep
        part = Part(topic, partition, offsets, lines, lengths, found, order_ns, in_order, order_ns)
        return cls(topic, partition, arrived, order_ns, part)

    def part(self, places: Ints, clock_ns: Ints) -> Part:
        """The lines in their places, judged as sent just after the clock in force."""
        made = self.made
        return Part(
            self.topic,
            self.partition,
            made.offsets,
            made.lines,
            made.lengths,
            made.read,
            clock_ns + 1,
            made.in_order,
            places,
        )


@dataclass(frozen=True, slots=True)
class _Clocks:
    """The seconds that are news."""

    time_ns: Ints
    offsets: Ints
    dead: list[DeadLetter]

    @classmethod
    def of(cls, partition: int, arrived: Sequence[Arrived], clock_ns: int) -> _Clocks:
        """A second known already is ignored: time never goes back."""
        found = read("clock", [each.value for each in arrived])
        times, offsets, dead = [], [], []
        for row, each in enumerate(arrived):
            time_ns, why = int(found.common[row, TIME_NS]), found.refused.get(row)
            if why is None and time_ns % SECOND_NS:
                why = Refusal(Reason.BAD_VALUE, "time_ns", f"{time_ns} is not a whole second")
            if why is not None:
                dead.append(dead_letter(en.TOPIC_CLOCK, partition, each.offset, why, each.value))
            elif time_ns > clock_ns:
                clock_ns = time_ns
                times.append(time_ns)
                offsets.append(each.offset)
        return cls(np.array(times, np.int64), np.array(offsets, np.int64), dead)
