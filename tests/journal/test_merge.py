"""Places: sent_ns, topic, line; clocks between; and no cut shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal.merge import Lines, Merge, Position
from tests.schemas.messages import raw
from tests.tables import table

SECOND = 1_000_000_000
START = 1_743_980_400 * SECOND
HALF = SECOND // 2
TOPICS = (en.TOPIC_ORACLE_PRICES, en.TOPIC_TRADES, en.TOPIC_FILLS)

Record = tuple[int, int, int, bool]
"""Topic, line (of a clock: its time), sent_ns given to it, whether that is its own."""


def message(topic: int, halves: int) -> bytes:
    """A line sent so many half seconds after the start; one that cannot be read below -9."""
    if halves < -9:
        return b"{"
    sent_ns = START + halves * HALF
    return raw(en.TOPICS[topic], time_ns=sent_ns, sent_ns=sent_ns)


def given_lines(halves: dict[int, list[int]], chunk: int) -> dict[int, Any]:
    def of(topic: int) -> Any:
        lines = [message(topic, each) for each in halves[topic]]

        def read(first: int) -> Iterator[Lines]:
            for start in range(first, len(lines), chunk):
                yield Lines(start, lines[start : start + chunk], {})

        return read

    return {topic: of(topic) for topic in halves}


def merged(merge: Merge) -> Iterator[list[Record]]:
    """Each slice as a list of records by place."""
    for piece in merge:
        found: dict[int, Record] = {}
        for part in piece.parts:
            columns = (part.places.tolist(), part.sent_ns.tolist(), part.in_order.tolist())
            for row, (place, sent_ns, is_own) in enumerate(zip(*columns, strict=True)):
                found[place] = (part.topic, int(part.offsets[row]), sent_ns, is_own)
        for place, time_ns in zip(piece.clock_places.tolist(), piece.clock_ns.tolist(), strict=True):
            found[place] = (en.TOPIC_CLOCK, time_ns, time_ns, True)
        assert sorted(found) == list(range(piece.count))
        yield [found[place] for place in range(piece.count)]


def told(halves: dict[int, list[int]], end_halves: int, offset_ns: int = 0) -> list[Record]:
    """The same from the sentence in the design: one sorted list of everything."""
    records: list[Record] = []
    for topic, each in halves.items():
        last = START + offset_ns
        for line, half in enumerate(each):
            own = START + half * HALF
            in_order = half >= -9 and own >= last and own <= START + end_halves * HALF
            last = own if in_order else last
            records.append((topic, line, last, in_order))
    first = START + (SECOND if offset_ns else 0)
    seconds = range(first, START + end_halves * HALF + 1, SECOND)
    records += [(en.TOPIC_CLOCK, time_ns, time_ns, True) for time_ns in seconds]
    return sorted(records, key=lambda each: (each[2], each[0], each[1]))


halves = st.integers(-12, 14) | st.integers(0, 9)
worlds = st.fixed_dictionaries({topic: st.lists(halves, max_size=9) for topic in TOPICS})
rising = st.fixed_dictionaries(
    {topic: st.lists(st.integers(0, 9), max_size=9).map(sorted) for topic in TOPICS}
)


@given(worlds | rising, st.integers(1, 4), st.integers(1, 12), st.sampled_from([0, 1, HALF]))
@settings(max_examples=100)
def test_the_order_is_that_of_places_however_it_is_cut(
    world: dict[int, list[int]], chunk: int, most: int, offset_ns: int
) -> None:
    merge = Merge(given_lines(world, chunk), START + offset_ns, START + 12 * HALF, most=most)
    slices = list(merged(merge))
    assert [each for piece in slices for each in piece] == told(world, 12, offset_ns)
    assert all(0 < len(piece) <= most for piece in slices)


@given(worlds, st.integers(1, 4), st.integers(1, 9), st.integers(0, 8))
@settings(max_examples=50)
def test_a_merge_goes_on_from_its_position(
    world: dict[int, list[int]], chunk: int, most: int, slices: int
) -> None:
    merge = Merge(given_lines(world, chunk), START, START + 12 * HALF, most=most)
    walk = merged(merge)
    before = [each for _, piece in zip(range(slices), walk, strict=False) for each in piece]
    position: Position = json.loads(json.dumps(merge.position()))
    rest = Merge(given_lines(world, chunk + 1), START, START + 12 * HALF, most=most + 3, position=position)
    assert before + [each for piece in merged(rest) for each in piece] == told(world, 12)


@pytest.mark.parametrize(
    ("halves_sent", "clocks_before", "why"),
    table("""
     0   0   sent_at_the_start_it_comes_before_the_first_clock
     1   1   sent_after_the_start_it_comes_after_it
     2   1   sent_at_a_second_it_comes_before_that_clock
     3   2   sent_after_a_second_it_comes_after_its_clock
    12   6   the_last_clock_is_at_the_end_and_comes_last
    """),
)
def test_a_clock_stands_before_the_first_record_after_its_second(
    halves_sent: str, clocks_before: str, why: str
) -> None:
    world = {en.TOPIC_TRADES: [int(halves_sent)]}
    order = [
        each for piece in merged(Merge(given_lines(world, 1), START, START + 12 * HALF)) for each in piece
    ]
    assert len(order) == 8
    assert [each[0] for each in order].index(en.TOPIC_TRADES) == int(clocks_before)


def test_silent_seconds_have_their_clocks() -> None:
    order = [each for piece in merged(Merge({}, START + 1, START + 3 * SECOND, most=2)) for each in piece]
    assert [each[1] - START for each in order] == [SECOND, 2 * SECOND, 3 * SECOND]


def test_a_run_of_lines_sent_at_once_is_not_held_until_it_ends() -> None:
    pulled = []

    def read(first: int) -> Iterator[Lines]:
        for line in range(first, 1_000):
            pulled.append(line)
            yield Lines(line, [message(en.TOPIC_TRADES, 1)], {})

    merge = Merge({en.TOPIC_TRADES: read}, START, START + SECOND)
    merge.next_slice()
    assert len(pulled) == 1
