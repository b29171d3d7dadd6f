from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.twap import (
    LATENESS_US,
    MAX_GAP_US,
    accumulate,
    is_too_late,
    twap_subticks,
    window_fits,
)
from tests.tables import table

S = 1_000_000
compiled_twap = njit(twap_subticks)
compiled_accumulate = njit(accumulate)
Ticks = list[tuple[int, int]]


def average(ticks: Ticks, end: int, window: int, max_gap: int) -> tuple[bool, int, int]:
    times, prices = [tick[0] for tick in ticks], [tick[1] for tick in ticks]
    area, covered = [0] * len(ticks), [0] * len(ticks)
    accumulate(times, prices, area, covered, 1, max_gap)
    got = twap_subticks(times, prices, area, covered, end, window, max_gap)
    columns = [np.array(column, np.int64) for column in (times, prices, [0] * len(ticks), [0] * len(ticks))]
    compiled_accumulate(*columns, 1, max_gap)
    assert columns[2].tolist() == area
    assert columns[3].tolist() == covered
    assert compiled_twap(*columns, end, window, max_gap) == got
    return got


@pytest.mark.parametrize(
    ("ticks", "end", "window", "gap", "expected"),
    [
        pytest.param(
            [(0, 100_000), (10 * S, 110_000), (25 * S, 90_000)], 60 * S, 60 * S, 35 * S,
            (True, 96_667, 1_000_000), id="rulebook_R-O9_example",
        ),
        pytest.param([(0, 5), (10, 9)], 20, 20, 30, (True, 7, 1_000_000), id="two_halves"),
        pytest.param([(0, 5), (10, 9)], 20, 12, 30, (True, 8, 1_000_000), id="the_boundary_inside_a_segment"),
        pytest.param([(0, 5), (10, 9)], 20, 10, 30, (True, 9, 1_000_000), id="the_boundary_at_a_tick"),
        pytest.param([(0, 5), (10, 9)], 10, 10, 30, (True, 5, 1_000_000), id="the_last_tick_at_the_end"),
        pytest.param([(0, 5), (10, 9)], 8, 8, 30, (True, 5, 1_000_000), id="the_end_before_the_newest_tick"),
        pytest.param([(0, 5), (10, 9)], 30, 5, 30, (True, 9, 1_000_000), id="all_after_the_last_tick"),
        pytest.param([(0, 4), (2, 5)], 4, 4, 30, (True, 4, 1_000_000), id="half_to_even_down"),
        pytest.param([(0, 5), (2, 6)], 4, 4, 30, (True, 6, 1_000_000), id="half_to_even_up"),
        pytest.param([(0, 5), (10, 7), (10, 9)], 20, 20, 30, (True, 7, 1_000_000), id="two_ticks_at_once"),
        pytest.param([(0, 5), (10, 9)], 20, 20, 10, (True, 7, 1_000_000), id="a_gap_as_long_as_allowed"),
        pytest.param([(0, 5), (11, 9)], 20, 20, 10, (False, 0, 450_000), id="a_gap_a_moment_longer"),
        pytest.param([(0, 5), (11, 9)], 21, 20, 10, (True, 9, 500_000), id="half_covered"),
        pytest.param([(0, 5), (11, 9)], 22, 20, 10, (False, 0, 0), id="the_running_gap_counts_too"),
        pytest.param([(0, 5), (11, 9)], 5, 5, 10, (False, 0, 0), id="inside_a_gap"),
        pytest.param([(0, 5), (10, 9)], 20, 30, 30, (True, 7, 666_666), id="before_the_first_tick"),
        pytest.param([(0, 5), (10, 9)], 0, 30, 30, (False, 0, 0), id="nothing_yet"),
        pytest.param([(0, 5)], 3, 6, 30, (True, 5, 500_000), id="one_tick"),
        pytest.param([(0, 5)], 3, 7, 30, (False, 0, 428_571), id="one_tick_too_young"),
    ],
)  # fmt: skip
def test_twap(ticks: Ticks, end: int, window: int, gap: int, expected: tuple[bool, int, int]) -> None:
    assert average(ticks, end, window, gap) == expected


def test_an_average_needs_a_tick_and_a_window() -> None:
    with pytest.raises(AssertionError, match="tick"):
        twap_subticks([], [], [], [], 5, 5, 30)
    with pytest.raises(AssertionError, match="window"):
        twap_subticks([0], [5], [0], [0], 5, 0, 30)
    assert twap_subticks([0], [5], [0], [0], 5, 1, 30) == (True, 5, 1_000_000)


def test_ticks_out_of_order_are_our_bug() -> None:
    with pytest.raises(AssertionError, match="order"):
        accumulate([5, 4], [1, 1], [0, 0], [0, 0], 1, 30)


def test_only_rows_from_the_first_on_are_counted_anew() -> None:
    area, covered = [7, 7, 0], [3, 3, 0]
    accumulate([0, 10, 20], [5, 6, 9], area, covered, 2, 30)
    assert (area, covered) == ([7, 7, 67], [3, 3, 13])
    accumulate([0, 10, 20], [5, 6, 9], area, covered, 0, 30)
    assert (area, covered) == ([7, 57, 117], [3, 13, 23])


@pytest.mark.parametrize(
    ("price", "fits", "why"),
    table("""
    4_611_686_018_427_387   yes   the_largest_that_fits
    4_611_686_018_427_388   no    one_more
"""),
)
def test_window_fits(price: str, fits: str, why: str) -> None:
    assert window_fits(int(price), 1_000) is (fits == "yes")
    assert (int(price) * 1_000 <= 2**62) is (fits == "yes")


@pytest.mark.parametrize(
    ("time", "late", "why"),
    table("""
    8_000_000   no    two_seconds_are_in_time
    7_999_999   yes   a_microsecond_more
"""),
)
def test_is_too_late(time: str, late: str, why: str) -> None:
    assert is_too_late(int(time), 10_000_000) is (late == "yes")


def test_the_defaults() -> None:
    assert MAX_GAP_US == 30 * S
    assert LATENESS_US == 2 * S


tick_lists = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 1_000)), min_size=1, max_size=10)


def by_moments(ticks: Ticks, end: int, window: int, max_gap: int) -> list[int]:
    """The price of each moment of the window that has one: the definition, moment by moment."""
    seen = []
    for moment in range(end - window, end):
        before = [tick for tick in ticks if tick[0] <= moment]
        after = [tick[0] for tick in ticks if tick[0] > moment]
        if before and (min(after) if after else end) - before[-1][0] <= max_gap:
            seen.append(before[-1][1])
    return seen


@given(tick_lists, st.integers(-5, 80), st.integers(1, 60), st.integers(0, 15))
def test_twap_is_the_mean_of_its_moments(steps: Ticks, end: int, window: int, max_gap: int) -> None:
    ticks, time = [], 0
    for delta, price in steps:
        time += delta
        ticks.append((time, price))
    seen = by_moments(ticks, end, window, max_gap)
    valid, twap, coverage = average(ticks, end, window, max_gap)
    assert coverage == len(seen) * 10**6 // window
    assert valid == (2 * len(seen) >= window)
    if valid:
        assert twap == round(Fraction(sum(seen), len(seen)))
        assert min(seen) <= twap <= max(seen)


@given(tick_lists, st.integers(0, 10**15), st.integers(0, 10**9), st.integers(1, 60))
def test_neither_a_later_clock_nor_a_higher_price_changes_more_than_itself(
    steps: Ticks, later: int, higher: int, window: int
) -> None:
    ticks, time = [], 0
    for delta, price in steps:
        time += delta
        ticks.append((time, 2 * price))
    valid, twap, coverage = average(ticks, time, window, 30)
    moved = [(tick_time + later, price + 2 * higher) for tick_time, price in ticks]
    expected = twap + 2 * higher if valid else 0
    assert average(moved, time + later, window, 30) == (valid, expected, coverage)


@given(tick_lists, st.integers(1, 60), st.integers(0, 9))
def test_splitting_a_segment_changes_nothing(steps: Ticks, window: int, place: int) -> None:
    ticks, time = [], 0
    for delta, price in steps:
        time += delta
        ticks.append((time, price))
    end = time + 7
    whole = average(ticks, end, window, 100)
    at = min(place, len(ticks) - 1)
    upper = ticks[at + 1][0] if at + 1 < len(ticks) else end
    split = [*ticks[: at + 1], ((ticks[at][0] + upper) // 2, ticks[at][1]), *ticks[at + 1 :]]
    assert average(split, end, window, 100) == whole
