"""Blocks: the journal says where they end, whatever the input was cut into."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.connectors import blocks
from flows.connectors.blocks import Block, BlockCutter
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.entries import Rows

HOUR = 3_600_000_000_000


def journal(kinds: list[int], hours: list[bool]) -> Rows:
    """Entries of these kinds, on a whole hour or a nanosecond past it."""
    rows = en.empty(len(kinds))
    rows[:, en.KIND] = kinds
    rows[:, en.TIME_NS] = [HOUR if whole else HOUR + 1 for whole in hours]
    rows[:, en.NUMBER] = np.arange(len(kinds))
    return rows


def events_at(offsets: list[int]) -> Rows:
    rows = np.zeros((len(offsets), ev.WIDTH), np.int64)
    rows[:, ev.OFFSET] = offsets
    rows[:, ev.INDEX] = np.arange(len(offsets))
    return rows


def picture(cut: list[Block]) -> list[tuple[int, bytes, dict[int, str], bytes]]:
    return [
        (each.first_offset, each.entries.tobytes(), dict(each.texts), each.events.tobytes()) for each in cut
    ]


@pytest.mark.parametrize(
    ("kind", "whole", "ends"),
    [
        pytest.param(en.CLOCK, True, [3, 5], id="a_clock_on_the_hour_is_the_last_of_its_block"),
        pytest.param(en.CLOCK, False, [5], id="a_clock_beside_the_hour_ends_nothing"),
        pytest.param(en.FILL, True, [5], id="only_a_clock_ends_a_block"),
    ],
)
def test_where_a_block_ends(kind: int, whole: bool, ends: list[int]) -> None:
    kinds, hours = [en.FILL] * 5, [False] * 5
    kinds[2], hours[2] = kind, whole
    cutter = BlockCutter("p", HOUR)
    cut = [*cutter.add(journal(kinds, hours), {}, events_at([0, 2, 2, 3])), *cutter.finish()]
    assert [each.end_offset for each in cut] == ends
    assert [len(each.events) for each in cut] == ([3, 1] if len(ends) == 2 else [4])


@pytest.mark.parametrize(("count", "ends"), [(7, [4]), (8, [4, 8]), (9, [4, 8])])
def test_a_block_is_full_after_its_most_entries(
    count: int, ends: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_ENTRIES", 4)
    cutter = BlockCutter("p", HOUR)
    cut = cutter.add(journal([en.FILL] * count, [False] * count), {}, events_at([]))
    assert [each.end_offset for each in cut] == ends
    assert cutter.next_offset == count


def test_a_clock_starts_the_count_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_ENTRIES", 4)
    kinds, hours = [en.FILL, en.CLOCK, *[en.FILL] * 5], [False, True, *[False] * 5]
    cut = BlockCutter("p", HOUR).add(journal(kinds, hours), {}, events_at([]))
    assert [each.end_offset for each in cut] == [2, 6]


@given(
    st.lists(st.tuples(st.sampled_from([en.CLOCK, en.FILL]), st.booleans()), max_size=40),
    st.lists(st.integers(0, 39), max_size=30).map(sorted),
    st.lists(st.integers(0, 40), max_size=6).map(sorted),
    st.integers(0, 5),
)
@settings(max_examples=100)
def test_any_cut_gives_the_same_blocks(
    made: list[tuple[int, bool]], offsets: list[int], cuts: list[int], restart_after: int
) -> None:
    size = len(made)
    entries = journal([kind for kind, _ in made], [whole for _, whole in made])
    events = events_at([offset for offset in offsets if offset < size])
    texts = {place: f"text {place}" for place in range(0, size, 3)}
    most, blocks.BLOCK_ENTRIES = blocks.BLOCK_ENTRIES, 7
    try:
        whole = BlockCutter("p", HOUR)
        expected = picture([*whole.add(entries, texts, events), *whole.finish()])
        found: list[Block] = []
        cutter = BlockCutter("p", HOUR)
        bounds = [0, *[cut for cut in cuts if cut < size], size]
        for step, (start, end) in enumerate(pairwise(bounds)):
            if step == restart_after:  # the journal is read again from the block that was open
                cutter = BlockCutter("p", HOUR, found[-1].end_offset if found else 0)
                start = cutter.next_offset  # noqa: PLW2901
            of = (events[:, ev.OFFSET] >= start) & (events[:, ev.OFFSET] < end)
            within = {place - start: text for place, text in texts.items() if start <= place < end}
            found += cutter.add(entries[start:end], within, events[of])
        found += cutter.finish()
    finally:
        blocks.BLOCK_ENTRIES = most
    assert picture(found) == expected
    assert sum(len(each.entries) for each in found) == size


@pytest.mark.parametrize(
    "offsets",
    [
        pytest.param([1, 0], id="backward"),
        pytest.param([2], id="of_an_entry_not_given"),
    ],
)
def test_events_out_of_order_stop_the_audit(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="events out of order after offset 0"):
        BlockCutter("p", HOUR).add(journal([en.FILL] * 2, [False] * 2), {}, events_at(offsets))


def test_events_of_the_past_stop_the_audit() -> None:
    cutter = BlockCutter("p", HOUR)
    cutter.add(journal([en.FILL] * 2, [False] * 2), {}, events_at([1]))
    with pytest.raises(ValueError, match="events out of order after offset 2"):
        cutter.add(journal([en.FILL], [False]), {}, events_at([1]))


def test_nothing_held_leaves_nothing_to_finish() -> None:
    assert BlockCutter("p", HOUR).finish() == []
