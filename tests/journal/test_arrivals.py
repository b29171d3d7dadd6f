"""Slices of what arrived: an order that can be made again, and judgement by the clock in force at each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal.arrivals import Arrived, Gathered, gather
from flows.journal.items import account_items
from flows.journal.screen import Screen
from flows.journal.tables import Tables
from flows.journal.terms import Partition
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from tests.journal.small import SECOND, START, line, venue
from tests.schemas.messages import example

FILLS, QUOTES, COLLATERAL = en.TOPIC_FILLS, en.TOPIC_ORACLE_PRICES, en.TOPIC_COLLATERAL
CLOCK = (en.TOPIC_CLOCK, 0)


def fill(sent_ms: int, number: int = 1, **changes: Any) -> bytes:
    """A fill of an account of the first pool, sent so many milliseconds after the start."""
    sent_ns = START + sent_ms * 1_000_000
    told = {"market": "ETH-PERP", "price": "1500", "liquidation": None, "time_ns": sent_ns}
    return line(example("fills", number=number, sent_ns=sent_ns, **told | changes))


def second(number: int, **changes: Any) -> bytes:
    """A clock."""
    at_ns = START + number * SECOND
    return line({"source": "clock", "number": number, "time_ns": at_ns, "sent_ns": at_ns} | changes)


def records(*values: bytes, first: int = 0, step: int = 1) -> list[Arrived]:
    """Records of a partition, from an offset on."""
    return [Arrived(first + step * place, value) for place, value in enumerate(values)]


def order(found: Gathered) -> list[str]:
    """The slice from its first place to its last: topic/partition:offset, clocks as their second, states as ``s``."""
    said = {
        int(place): f"{en.TOPICS[part.topic][0]}/{part.partition}:{offset}"
        for part in found.slice.parts
        for place, offset in zip(part.places.tolist(), part.offsets.tolist(), strict=True)
    }
    clocks = zip(found.slice.clock_places.tolist(), found.slice.clock_ns.tolist(), strict=True)
    said |= {place: str((time_ns - START) // SECOND) for place, time_ns in clocks}
    said |= dict.fromkeys(found.state_places.tolist(), "s")
    return [said[place] for place in sorted(said)]


def states(*seconds: float) -> en.Rows:
    """A batch of market-states."""
    rows = en.empty(len(seconds))
    rows[:, en.KIND] = en.MARKET_STATE
    rows[:, en.TIME_NS] = [START + int(each * SECOND) for each in seconds]
    return rows


# ---- order -------------------------------------------------------------------------------------------------------------
def test_records_go_by_the_time_of_sending_across_partitions() -> None:
    found = gather(
        {
            (FILLS, 1): records(fill(5), fill(30), first=100),
            (FILLS, 0): records(fill(20), fill(40)),
            (COLLATERAL, 0): records(line(example("collateral", time_ns=START, sent_ns=START + 10_000_000))),
        },
        START,
    )
    assert order(found) == ["f/1:100", "c/0:0", "f/0:0", "f/1:101", "f/0:1"]
    assert found.slice.count == 5
    assert not found.dead


def test_of_one_moment_topics_then_partitions_then_offsets_then_states_then_the_clock() -> None:
    found = gather(
        {
            CLOCK: records(second(1)),
            (FILLS, 1): records(fill(1_000), fill(1_000)),
            (FILLS, 0): records(fill(1_000)),
            (QUOTES, 0): records(line(example("oracle-prices", time_ns=START, sent_ns=START + SECOND))),
        },
        START,
        [states(0.5, 1)],
    )
    assert order(found) == ["o/0:0", "f/0:0", "f/1:0", "f/1:1", "s", "1"]


def test_a_batch_of_states_lies_together_at_the_last_time_it_tells() -> None:
    found = gather(
        {(FILLS, 0): records(fill(1_500), fill(2_500))}, START, [states(1, 2), states(1), states(3)]
    )
    assert order(found) == ["f/0:0", "s", "s", "f/0:1", "s"]
    assert found.state_places.tolist() == [1, 1, 2, 4], (
        "rows of a batch share its place, and no batch overtakes another"
    )
    assert found.slice.count + 3 == 5
    assert found.states[:, en.TIME_NS].tolist() == [START + each * SECOND for each in (1, 2, 1, 3)]


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        (
            [fill(9), b"{", fill(11)],
            ["f/0:0", "f/0:1", "f/1:0", "f/0:2"],
            "a line without a time goes with its predecessor",
        ),
        ([b"{", b"", fill(11)], ["f/0:0", "f/0:1", "f/1:0", "f/0:2"], "without a predecessor it comes first"),
        (
            [fill(11), fill(3), fill(12)],
            ["f/1:0", "f/0:0", "f/0:1", "f/0:2"],
            "an earlier time does not go back",
        ),
        ([fill(11, price=5)], ["f/0:0", "f/1:0"], "what is refused says no time"),
    ],
)
def test_a_partition_keeps_its_own_order(values: list[bytes], expected: list[str], why: str) -> None:
    found = gather({(FILLS, 0): records(*values), (FILLS, 1): records(fill(10))}, START)
    assert order(found) == expected, why


# ---- clocks ------------------------------------------------------------------------------------------------------------
def test_a_second_counts_once_and_time_never_goes_back() -> None:
    arrived = records(second(3), second(3), second(2), second(5), first=7)
    found = gather({CLOCK: arrived}, START + 2 * SECOND)
    assert order(found) == ["3", "5"]
    assert found.slice.clock_offsets.tolist() == [7, 10]
    assert found.clock_ns == START + 5 * SECOND
    assert not found.dead, "a second that is known is no fault of its sender"
    assert [(each - START) // SECOND for each in found.heard_ns] == [3, 3, 2, 5], "what was ignored was heard"
    again = gather({CLOCK: arrived}, START + 5 * SECOND)
    assert order(again) == []
    assert again.clock_ns == START + 5 * SECOND


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (b"{", Reason.NOT_JSON, ""),
        (second(4, time_ns=START + 4 * SECOND + 1), Reason.BAD_VALUE, "time_ns"),
        (second(4, colour=1), Reason.UNKNOWN_FIELD, "colour"),
        (b" " * (LARGEST_RECORD_BYTES + 1), Reason.TOO_LARGE, ""),
    ],
)
def test_a_clock_that_is_none_is_a_dead_letter(value: bytes, reason: Reason, field: str) -> None:
    found = gather({CLOCK: records(second(3), value, second(5), first=40)}, START)
    assert order(found) == ["3", "5"]
    [(place, letter)] = found.dead
    assert (place, letter.topic, letter.partition, letter.offset) == (0, "clock", 0, 41)
    assert (letter.reason, letter.field, letter.raw_bytes) == (reason, field, len(value))


def faults(found: Gathered) -> list[str]:
    """What is wrong with the fills of a slice, by offset."""
    tables = Tables(venue())
    screen, said = Screen(tables, 0), []
    for part in found.slice.parts:
        items, dead = account_items(part, tables, screen)
        letters = [letter for _, letter in dead] + [
            letter for each in items for letter in each.letters.values()
        ]
        said += [f"{letter.offset} {letter.reason}" for letter in letters]
    return sorted(said)


def test_late_and_early_are_judged_by_the_clock_in_force_where_a_record_lies() -> None:
    def at(sent_s: float, time_s: float, number: int) -> bytes:
        sent_ms = int(sent_s * 1_000)
        return fill(sent_ms, number, time_ns=START + int(time_s * SECOND))

    found = gather(
        {
            CLOCK: records(second(10), second(80_000)),
            (FILLS, 0): records(
                at(9, 9, 1),  # before second 10: 0 is in force, and 9 is more than 2 s ahead of it
                at(9.5, 2, 2),
                at(10.5, 12, 3),  # 10 is in force
                at(11, 12.5, 4),
                at(80_001, 10, 5),  # 80,000 is in force: too far behind it
                at(80_001, 79_999, 6),
            ),
        },
        START,
    )
    assert faults(found) == ["0 early", "3 early", "4 late"]


def test_no_clock_yet_is_a_clock_before_everything() -> None:
    assert faults(gather({(FILLS, 0): records(fill(1))}, 0)) == ["0 early"]


# ---- any way to the same slice -------------------------------------------------------------------------------------------
VALUES = st.one_of(
    st.builds(fill, st.integers(0, 40).map(lambda each: each * 100), st.integers(1, 5)),
    st.sampled_from([b"", b"{", b'{"sent_ns": 5}', fill(9, price="x"), fill(-(10**9))]),
)


@st.composite
def partitions(draw: st.DrawFn) -> dict[Partition, list[Arrived]]:
    """Records of some partitions, clocks among them; offsets may have gaps."""
    told: dict[Partition, list[Arrived]] = {}
    for at in ((FILLS, 0), (FILLS, 1), (COLLATERAL, 0)):
        values = draw(st.lists(VALUES, max_size=6))
        if values:
            told[at] = records(*values, first=draw(st.integers(0, 9)), step=draw(st.integers(1, 2)))
    clocks = draw(st.lists(st.integers(0, 5).map(second) | st.just(b"x"), max_size=5))
    return told | ({CLOCK: records(*clocks)} if clocks else {})


def same(one: Gathered, other: Gathered) -> None:
    """Two slices are the same, whatever it is that a step may look at."""
    assert order(one) == order(other)
    assert (one.dead, one.clock_ns) == (other.dead, other.clock_ns)
    assert np.array_equal(one.states, other.states)
    for mine, theirs in zip(one.slice.parts, other.slice.parts, strict=True):
        for name in ("topic", "partition", "lines", "lengths"):
            assert getattr(mine, name) == getattr(theirs, name)
        for name in ("offsets", "sent_ns", "in_order", "places"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name)), name
        assert mine.read.messages == theirs.read.messages
        assert mine.read.refused == theirs.read.refused


def mixed(told: Mapping[Partition, Sequence[Arrived]], data: st.DataObject) -> dict[Partition, list[Arrived]]:
    """The same records as a consumer might give them: piece by piece, partitions in any order."""
    left = {at: list(each) for at, each in told.items()}
    got: dict[Partition, list[Arrived]] = {}
    while left:
        at = data.draw(st.sampled_from(sorted(left)))
        count = data.draw(st.integers(1, len(left[at])))
        got.setdefault(at, []).extend(left[at][:count])
        left[at] = left[at][count:]
        if not left[at]:
            del left[at]
    return got


@given(told=partitions(), data=st.data())
@settings(max_examples=60)
def test_a_slice_of_the_same_records_is_the_same_whatever_way_they_came(
    told: dict[Partition, list[Arrived]], data: st.DataObject
) -> None:
    made = [states(*sorted(data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=3)))) for _ in range(2)]
    same(gather(told, START, made), gather(mixed(told, data), START, made))


@given(told=partitions())
@settings(max_examples=60)
def test_places_are_dense_and_every_record_has_one(told: dict[Partition, list[Arrived]]) -> None:
    found = gather(told, START)
    assert len(order(found)) == found.slice.count
    places = np.concatenate([found.slice.clock_places, *(part.places for part in found.slice.parts)])
    assert sorted(places.tolist()) == list(range(found.slice.count))
    for part in found.slice.parts:
        assert np.all(np.diff(part.places) > 0), "a partition keeps its own order"
        assert part.offsets.tolist() == [each.offset for each in told[part.topic, part.partition]]
    assert np.all(np.diff(found.slice.clock_ns) > 0)


# ---- when it was sent ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "told_ns", "sent_ns"),
    [
        (b'{"sent_ns": 12}', 0, 12),
        (b'{"sent_ns":12}', 0, 12),
        (b'{"sent_ns":12}', 7, 7),
        (b'{"sent_ns":  12}', 0, 0),
        (b'{"sent_ns": -12}', 0, 0),
        (b'{"sent_ns": "12"}', 0, 0),
        (b"", 0, 0),
        (b" " * 5_000 + b'{"sent_ns": 12}', 0, 0),
    ],
)
def test_when_a_record_was_sent_as_far_as_can_be_seen(value: bytes, told_ns: int, sent_ns: int) -> None:
    assert Arrived(0, value, told_ns).sent_ns == sent_ns
