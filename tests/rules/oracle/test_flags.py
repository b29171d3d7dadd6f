from fractions import Fraction
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.flags import (
    EXCLUDED_NS,
    FLAG_ROUNDS,
    absolute_deviation,
    clamp_index,
    is_flagged,
    next_excluded,
)
from tests.tables import table

compiled_deviation = njit(absolute_deviation)
compiled_flag = njit(is_flagged)
compiled_excluded = njit(next_excluded)


@pytest.mark.parametrize(
    ("prices", "index", "deviation"),
    [
        pytest.param([101], 100, 1, id="one"),
        pytest.param([99, 103], 100, 2, id="two_take_the_mean"),
        pytest.param([99, 104], 100, 2, id="the_mean_rounds_down"),
        pytest.param([90, 101, 103], 100, 3, id="three_take_the_middle"),
        pytest.param([150, 100, 101, 99, 60], 100, 1, id="out_of_order"),
        pytest.param([100, 98, 95, 200], 100, 3, id="four"),
    ],
)
def test_absolute_deviation(prices: list[int], index: int, deviation: int) -> None:
    assert absolute_deviation([*prices, 10**9], len(prices), index, [0] * len(prices)) == deviation


def test_a_deviation_of_nobody_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="source"):
        absolute_deviation([], 0, 100, [])


@pytest.mark.parametrize(
    ("price", "index", "deviation", "flagged", "why"),
    table("""
    1_059_304   1_000_000   10_000   no    four_scaled_deviations
    1_059_305   1_000_000   10_000   yes   one_more
      940_695   1_000_000   10_000   yes   one_more_below
      940_696   1_000_000   10_000   no    four_below
    1_000_800   1_000_000        0   no    four_times_two_basis_points
    1_000_801   1_000_000        0   yes   one_more_on_a_calm_minute
    1_000_801   1_000_000    1_000   no    the_larger_of_the_two_counts
    1_000_000   1_000_000        0   no    at_the_index
"""),
)
def test_is_flagged(price: str, index: str, deviation: str, flagged: str, why: str) -> None:
    assert is_flagged(int(price), int(index), int(deviation)) is (flagged == "yes")


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=8), st.integers(1, 10**12))
def test_at_least_half_stay_unflagged(prices: list[int], index: int) -> None:
    distances = [abs(price - index) for price in prices]
    deviation = absolute_deviation(prices, len(prices), index, [0] * len(prices))
    assert deviation == int(median([Fraction(d) for d in distances]))
    scratch = np.zeros(len(prices), np.int64)
    assert compiled_deviation(np.array(prices, np.int64), len(prices), index, scratch) == deviation
    bound = 4 * max(Fraction(14_826 * deviation, 10_000), Fraction(2 * index, 10_000))
    flags = [is_flagged(price, index, deviation) for price in prices]
    assert flags == [distance > bound for distance in distances]
    assert flags == [compiled_flag(price, index, deviation) for price in prices]
    assert deviation == 0 or 2 * sum(flags) <= len(flags)


NOW = 1_000


@pytest.mark.parametrize(
    ("rounds", "distances", "weights", "until", "worst"),
    [
        pytest.param([3, 0, 0, 0], [5, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], 0, id="a_quarter_may_go"),
        pytest.param(
            [2, 0, 0, 0], [5, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], -1, id="two_rounds_are_not_enough"
        ),
        pytest.param([4, 0, 0, 0], [5, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], 0, id="four_rounds_are"),
        pytest.param([0, 0, 0, 3], [1, 1, 1, 5], [1, 1, 1, 1], [0, 0, 0, 0], 3, id="the_last_row"),
        pytest.param([3, 0, 0], [5, 1, 1], [1, 1, 1], [0, 0, 0], -1, id="a_third_may_not"),
        pytest.param([3, 0, 0, 0], [5, 1, 1, 1], [101, 101, 101, 100], [0] * 4, -1, id="just_over_a_quarter"),
        pytest.param([3, 3, 0, 0], [5, 6, 1, 1], [1, 1, 3, 3], [0] * 4, 1, id="the_worst_first"),
        pytest.param([3, 3, 0, 0], [6, 5, 1, 1], [1, 1, 3, 3], [0] * 4, 0, id="the_worst_first_again"),
        pytest.param([3, 3, 0, 0], [5, 5, 1, 1], [1, 1, 3, 3], [0] * 4, 0, id="equal_the_lower_id"),
        pytest.param([3, 3, 0, 0], [5, 6, 1, 1], [1, 1, 3, 3], [0, NOW, 0, 0], 0, id="then_the_next"),
        pytest.param(
            [3, 3, 0, 0], [5, 6, 1, 1], [2, 1, 3, 3], [0, NOW, 0, 0], -1, id="the_next_does_not_fit"
        ),
        pytest.param([3, 3, 0, 0], [5, 6, 1, 1], [1, 1, 3, 3], [0, NOW - 1, 0, 0], 1, id="an_exclusion_ends"),
        pytest.param(
            [3, 3, 0, 0], [5, 6, 1, 1], [1, 9, 3, 3], [0] * 4, 0, id="the_worst_does_not_fit_the_next_does"
        ),
        pytest.param([3, 3, 3], [5, 6, 7], [1, 1, 10], [NOW, NOW, 0], -1, id="nobody_left"),
    ],
)
def test_next_excluded(
    rounds: list[int], distances: list[int], weights: list[int], until: list[int], worst: int
) -> None:
    columns = [rounds, distances, weights, until]
    assert next_excluded(*columns, len(rounds), NOW) == worst
    assert compiled_excluded(*(np.array(column, np.int64) for column in columns), len(rounds), NOW) == worst
    # Rows behind the count are nobody.
    assert next_excluded(*([*column, 9] for column in columns), len(rounds), NOW) == worst


def test_rounds_and_times() -> None:
    assert FLAG_ROUNDS == 3
    assert EXCLUDED_NS == 60 * 10**9


@pytest.mark.parametrize(
    ("index", "clamped", "binds", "why"),
    table("""
    1_050   1_050   no    at_the_upper_edge
    1_051   1_050   yes   above_it
      950     950   no    at_the_lower_edge
      949     950   yes   below_it
    1_001   1_001   no    inside
"""),
)
def test_clamp_index(index: str, clamped: str, binds: str, why: str) -> None:
    assert clamp_index(int(index), 1_000, 50_000) == (int(clamped), binds == "yes")


def test_the_width_rounds_down_and_needs_an_average() -> None:
    assert clamp_index(200, 19, 100_000) == (20, True)
    assert clamp_index(200, 1, 0) == (1, True)
    with pytest.raises(AssertionError, match="average"):
        clamp_index(5, 0, 50_000)
