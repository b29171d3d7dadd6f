"""What arrived on a lane's partitions as one slice: Kafka's records, in an order that can be made again.

    records by partition -> read -> places by (sent_ns, topic, partition, offset, row), clocks last -> slice

Which offsets are in a slice is chance, and written down (`flows.journal.codec.Settled`); their order is not. Late and
early are judged by the clock in force at a record's place, so a slice is the same whenever it is gathered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from flows.journal import entries as en
from flows.journal.bulk import read_bulk, table_of
from flows.journal.dead_letters import DeadLetter, dead_letter
from flows.journal.merge import Part, Slice, rise
from flows.journal.terms import Partition
from flows.journal.wire import SENT_NS, TIME_NS, Ints, Read, read
from flows.rules.scale.time import SECOND_NS
from schemas.bulk import TOPICS
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import Refusal

_SENT: Final = re.compile(rb'"sent_ns": ?([0-9]{1,19})')
_LOOKED: Final = 4_096  # bytes of a record in which its time is looked for
_KEPT: Final = LARGEST_RECORD_BYTES + 1
_NEVER: Final = np.iinfo(np.int64).max


class Arrived(NamedTuple):
    """One record of a partition. ``told_ns``: when a header says that it was sent; else the record itself does.

    ``is_bulk``: a header says that it is many messages (`flows.journal.bulk`).
    """

    offset: int
    value: bytes
    told_ns: int = 0
    is_bulk: bool = False

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
    heard_ns: list[int]  # what every clock said, those that were ignored among them


def gather(arrivals: Arrivals, clock_ns: int, states: Sequence[en.Rows] = ()) -> Gathered:
    """One slice of all that arrived; ``clock_ns``: the last clock before it, 0 before the first.

    ``states``: batches of market-states in their order; each lies at the last time that it tells.
    """
    inputs = [at for at in sorted(arrivals) if at[0] != en.TOPIC_CLOCK]
    drafts = [draft for at in inputs for draft in _drafts(*at, arrivals[at])]
    clock = _Clocks.of(0, arrivals.get((en.TOPIC_CLOCK, 0), ()), clock_ns)
    told = [int(rows[-1, en.TIME_NS]) for rows in states]
    state_ns = np.maximum.accumulate(np.array(told, np.int64))
    times = [*(each.order_ns for each in drafts), state_ns, clock.time_ns]
    order = np.argsort(np.concatenate(times), kind="stable")
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    *of_drafts, of_states, of_clocks = np.split(places, np.cumsum([len(each) for each in times])[:-1])
    parts = [
        draft.placed(at, _in_force(clock.time_ns, of_clocks, at, clock_ns))
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
        clock.heard_ns,
    )


def _in_force(time_ns: Ints, clock_places: Ints, places: Ints, before_ns: int) -> Ints:
    """The clock in force at each place."""
    clocks = np.concatenate([[before_ns], time_ns])
    return clocks[np.searchsorted(clock_places, places)]


@dataclass(frozen=True, slots=True)
class _Draft:
    """Messages of one partition before their places are known: lines, or those of bulk records."""

    part: Part
    order_ns: Ints

    def placed(self, places: Ints, clock_ns: Ints) -> Part:
        """The messages in their places, judged as sent just after the clock in force."""
        return replace(self.part, sent_ns=clock_ns + 1, places=places)


class _Run(NamedTuple):
    """Records of a partition that follow each other and are read alike."""

    offsets: Ints
    lines: Sequence[bytes]
    lengths: Mapping[int, int]
    read: Read
    in_record: Ints | None = None


def _drafts(topic: int, partition: int, arrived: Sequence[Arrived]) -> list[_Draft]:
    """Read the records; a message that says no time goes with its predecessor."""
    runs = [
        run for is_bulk, group in groupby(arrived, _is_bulk) for run in _runs(topic, list(group), is_bulk)
    ]
    own_ns = np.concatenate([np.zeros(0, np.int64), *(run.read.common[:, SENT_NS] for run in runs)])
    order_ns, in_order = np.empty(len(own_ns), np.int64), np.empty(len(own_ns), np.bool_)
    rise(own_ns, 1, _NEVER, 1, order_ns, in_order)
    in_order[:] = True  # between partitions there is no order to keep
    drafts, start = [], 0
    for run in runs:
        end = start + len(run.offsets)
        part = Part(
            topic,
            partition,
            run.offsets,
            run.lines,
            run.lengths,
            run.read,
            order_ns[start:end],
            in_order[start:end],
            order_ns[start:end],
            run.in_record,
        )
        drafts.append(_Draft(part, order_ns[start:end]))
        start = end
    return drafts


def _is_bulk(record: Arrived) -> bool:
    return record.is_bulk


def _runs(topic: int, records: list[Arrived], is_bulk: bool) -> Iterator[_Run]:
    """Lines are one run; bulk records are one between those that cannot be read as a whole."""
    if not is_bulk or en.TOPICS[topic] not in TOPICS:
        yield _lines(topic, records)
        return
    good: list[tuple[int, pa.Table]] = []
    for each in records:
        table = table_of(en.TOPICS[topic], each.value)
        if not isinstance(table, Refusal):
            good.append((each.offset, table))
            continue
        yield from _rows(topic, good)
        good = []
        yield _refused(each, table)
    yield from _rows(topic, good)


def _lines(topic: int, records: Sequence[Arrived]) -> _Run:
    lines = [each.value[:_KEPT] for each in records]
    lengths = {row: len(each.value) for row, each in enumerate(records) if len(each.value) > _KEPT}
    offsets = np.fromiter((each.offset for each in records), np.int64, len(lines))
    return _Run(offsets, lines, lengths, read(en.TOPICS[topic], lines, lengths))


def _rows(topic: int, good: Sequence[tuple[int, pa.Table]]) -> Iterator[_Run]:
    if good:
        counts = [table.num_rows for _, table in good]
        found = read_bulk(en.TOPICS[topic], [table for _, table in good])
        offsets = np.repeat(np.array([offset for offset, _ in good], np.int64), counts)
        in_record = np.concatenate([np.arange(count, dtype=np.int64) for count in counts])
        yield _Run(offsets, found.lines, {}, found.read, in_record)


def _refused(record: Arrived, why: Refusal) -> _Run:
    """A bulk record that is none: one dead letter."""
    line, none = record.value[:_KEPT], np.zeros((0, 2), np.int64)
    empty = np.zeros((1, 3), np.int64)
    found = Read([None], {0: why}, empty, empty[:, :2], empty[:, :2], none, np.zeros(2, np.int64))
    lengths = {0: len(record.value)} if len(record.value) > _KEPT else {}
    return _Run(np.array([record.offset], np.int64), [line], lengths, found)


@dataclass(frozen=True, slots=True)
class _Clocks:
    """The seconds that are news."""

    time_ns: Ints
    offsets: Ints
    dead: list[DeadLetter]
    heard_ns: list[int]

    @classmethod
    def of(cls, partition: int, arrived: Sequence[Arrived], clock_ns: int) -> _Clocks:
        """A second known already is ignored: time never goes back."""
        found = read("clock", [each.value for each in arrived])
        times, offsets, dead, heard = [], [], [], []
        for row, each in enumerate(arrived):
            time_ns, why = int(found.common[row, TIME_NS]), found.refused.get(row)
            if why is None and time_ns % SECOND_NS:
                why = Refusal(Reason.BAD_VALUE, "time_ns", f"{time_ns} is not a whole second")
            if why is not None:
                dead.append(dead_letter(en.TOPIC_CLOCK, partition, each.offset, why, each.value))
                continue
            heard.append(time_ns)
            if time_ns > clock_ns:
                clock_ns = time_ns
                times.append(time_ns)
                offsets.append(each.offset)
        return cls(np.array(times, np.int64), np.array(offsets, np.int64), dead, heard)
