from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.breaker import band
from flows.rules.breaker.band import (
    LIMIT,
    MANUAL,
    NORMAL,
    PAUSE,
    START,
    Z_PPM,
    State,
    band_ppm,
    band_step,
    five_minute_sigma_ppm,
    is_at_band,
    mean_trade_subticks,
    takes_reference,
)
from tests.tables import table

S = 1_000_000_000
WIDTH = 50_000
compiled = njit(band_step)


@pytest.mark.parametrize(
    ("daily", "sigma", "why"),
    table("""
    40_000   2_358   four_percent_a_day
         0       0   none
         1       1   up
        17       2   the_variance_rounds_up
       288      17   up_from_16_97
"""),
)
def test_five_minute_sigma(daily: str, sigma: str, why: str) -> None:
    assert five_minute_sigma_ppm(int(daily)) == int(sigma)


@given(st.integers(0, 2**31 - 1))
def test_five_minute_sigma_is_never_understated(daily: int) -> None:
    exact = daily / sqrt(288)
    assert -1e-6 * exact <= five_minute_sigma_ppm(daily) - exact <= 2


@pytest.mark.parametrize(
    ("sigma", "z", "width", "why"),
    table("""
     1_200   10_000_000    30_000   rulebook_R-P2_example_floored
     3_000   10_000_000    30_000   just_the_floor
     3_001   10_000_000    30_010   just_over_the_floor
    10_000   10_000_000   100_000   just_the_ceiling
    10_001   10_000_000   100_000   over_the_ceiling
    33_333    1_000_001    33_334   up
"""),
)
def test_band(sigma: str, z: str, width: str, why: str) -> None:
    assert band_ppm(int(sigma), int(z)) == int(width)
    assert Z_PPM == 10_000_000


@pytest.mark.parametrize(
    ("total", "trades", "mean", "why"),
    table("""
      0   0       0   no_trade
    200   2  100_000  whole
      1   3     333   down
      2   3     667   up
      1   16     62   half_to_even
      7   1   7_000   one_trade
"""),
)
def test_mean_trade(total: str, trades: str, mean: str, why: str) -> None:
    assert mean_trade_subticks(int(total), int(trades)) == int(mean)


@pytest.mark.parametrize(
    ("price", "at_band", "why"),
    table("""
    1_050   yes   at_the_upper_edge
    1_049   no    inside_it
      950   yes   at_the_lower_edge
      951   no    inside_that
    2_000   yes   beyond
        1   yes   far_below
        0   no    no_price
"""),
)
def test_is_at_band(price: str, at_band: str, why: str) -> None:
    assert is_at_band(int(price), 1_000, WIDTH) is (at_band == "yes")


def test_an_edge_between_prices_belongs_to_the_next() -> None:
    assert is_at_band(1_052, 1_001, WIDTH)
    assert not is_at_band(1_051, 1_001, WIDTH)


@pytest.mark.parametrize(
    ("reference", "since", "mean", "time", "taken", "why"),
    table("""
    1_000   0   1_010   30_000_000_000   yes   a_percent_away_and_30_s_old
    1_000   0   1_010   29_999_999_999   no    a_nanosecond_too_young
    1_000   0   1_009   30_000_000_000   no    too_near
    1_000   0     990   30_000_000_000   yes   a_percent_below
    1_000   5     990   30_000_000_004   no    too_young_by_its_own_start
        0   0   1_000                0   yes   the_first
        0   0       0   30_000_000_000   no    no_mean_no_first
    1_000   0       0   30_000_000_000   no    no_mean
"""),
)
def test_takes_reference(reference: str, since: str, mean: str, time: str, taken: str, why: str) -> None:
    assert takes_reference(int(reference), int(since), int(mean), int(time)) is (taken == "yes")


def state(phase: int = NORMAL, limit_since: int = 0, until: int = 0, ext: int = 0, doubled: int = 0) -> State:
    return (phase, 1_000, 10 * S, WIDTH, 10 * S, limit_since, until, ext, doubled, 3 * S)


def step(
    before: State, time: int, clock: bool, trade: int, mark: int, mean: int = 0, width: int = 70_000
) -> State:
    after = band_step(before, time, clock, trade, mark, mean, width)
    assert compiled(np.array(before, np.int64), time, clock, trade, mark, mean, width) == after
    return after


@pytest.mark.parametrize(
    ("before", "time", "clock", "trade", "mark", "after"),
    [
        pytest.param(state(), 20 * S, False, 1_000, 1_000, state(), id="open"),
        pytest.param(state(), 20 * S, False, 1_049, 951, state(), id="inside_both_edges"),
        pytest.param(state(), 20 * S, False, 1_050, 1_000, state(LIMIT, 20 * S), id="a_trade_at_the_band"),
        pytest.param(state(), 20 * S, True, 1_000, 950, state(LIMIT, 20 * S), id="the_mark_at_the_band"),
        pytest.param(state(), 20 * S, False, 0, 0, state(), id="no_prices"),
        pytest.param(state(LIMIT, 20 * S), 30 * S, True, 1_049, 1_000, state(NORMAL, 20 * S), id="back_inside"),
        pytest.param(state(LIMIT, 20 * S), 30 * S, False, 1_049, 950, state(LIMIT, 20 * S), id="one_still_there"),
        pytest.param(state(LIMIT, 20 * S), 35 * S - 1, True, 1_050, 1, state(LIMIT, 20 * S), id="not_yet_15_s"),
        pytest.param(state(LIMIT, 20 * S), 36 * S, False, 1_050, 1, state(LIMIT, 20 * S), id="only_a_clock_pauses"),
        pytest.param(
            state(LIMIT, 20 * S), 35 * S, True, 1_050, 1,
            state(PAUSE, 20 * S, 335 * S, 0, 3_635 * S), id="15_s_at_the_band",
        ),
        pytest.param(
            state(LIMIT, 20 * S), 35 * S, True, 1_049, 1_000, state(NORMAL, 20 * S), id="inside_at_the_last_moment"
        ),
        pytest.param(
            state(LIMIT, 20 * S, 9, 3, 35 * S), 35 * S, True, 1_050, 1,
            state(PAUSE, 20 * S, 635 * S, 0, 3_635 * S), id="the_second_pause_in_an_hour_is_double",
        ),
        pytest.param(
            state(LIMIT, 20 * S, 9, 3, 35 * S - 1), 35 * S, True, 1_050, 1,
            state(PAUSE, 20 * S, 335 * S, 0, 3_635 * S), id="an_hour_and_a_nanosecond_later_it_is_not",
        ),
        pytest.param(state(PAUSE, 1, 2), 36 * S, True, 1_050, 1, state(PAUSE, 1, 2), id="a_pause_only_reopens"),
        pytest.param(state(PAUSE, 1, 2), 36 * S, True, 1_000, 1_000, state(PAUSE, 1, 2), id="even_inside"),
        pytest.param(state(MANUAL, 1, 2), 36 * S, True, 1_000, 1_000, state(MANUAL, 1, 2), id="by_hand"),
    ],
)  # fmt: skip
def test_band_step(before: State, time: int, clock: bool, trade: int, mark: int, after: State) -> None:
    assert step(before, time, clock, trade, mark) == after


def with_reference(reference: int, since: int, width: int, width_since: int, phase: int = NORMAL) -> State:
    return (phase, reference, since, width, width_since, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("before", "time", "clock", "mean", "after"),
    [
        pytest.param(START, S, True, 1_000, with_reference(1_000, S, 70_000, S), id="the_first_mean"),
        pytest.param(START, S, False, 1_000, START, id="only_a_clock_takes_a_mean"),
        pytest.param(START, S, True, 0, with_reference(0, 0, 70_000, S), id="no_mean_yet"),
        pytest.param(
            with_reference(1_000, 0, WIDTH, 0), 40 * S, True, 1_020,
            with_reference(1_020, 40 * S, WIDTH, 0), id="the_reference_follows",
        ),
        pytest.param(
            with_reference(1_000, 0, WIDTH, 0), 40 * S, False, 1_020,
            with_reference(1_000, 0, WIDTH, 0), id="but_not_between_clocks",
        ),
        pytest.param(
            with_reference(1_000, 0, WIDTH, 7), 300 * S + 6, True, 0,
            with_reference(1_000, 0, WIDTH, 7), id="the_width_holds_for_its_window",
        ),
        pytest.param(
            with_reference(1_000, 0, WIDTH, 7), 300 * S + 7, True, 0,
            with_reference(1_000, 0, 70_000, 300 * S + 7), id="then_it_is_taken_anew",
        ),
    ],
)  # fmt: skip
def test_reference_and_width(before: State, time: int, clock: bool, mean: int, after: State) -> None:
    assert step(before, time, clock, 1_000, 1_000, mean) == after


def test_a_limit_state_keeps_reference_and_width() -> None:
    before = (LIMIT, 1_000, 0, WIDTH, 0, 600 * S, 0, 0, 0, 0)
    assert step(before, 601 * S, True, 1_060, 1_000, 1_060) == before


def test_a_new_reference_judges_the_same_clocks_prices() -> None:
    after = step(with_reference(1_000, 0, WIDTH, 0), 40 * S, True, 1_040, 960, 1_040)
    assert after == (LIMIT, 1_040, 40 * S, WIDTH, 0, 40 * S, 0, 0, 0, 0)


def test_before_the_first_mean_nothing_is_at_a_band() -> None:
    assert step(with_reference(0, 0, 70_000, S), 2 * S, False, 5, 5)[band.PHASE] == NORMAL


def test_the_first_reference_comes_with_its_width() -> None:
    assert step(START, S, True, 1_070, 1_000, 1_000) == (LIMIT, 1_000, S, 70_000, S, S, 0, 0, 0, 0)


def test_phases_and_places() -> None:
    assert [NORMAL, LIMIT, PAUSE, MANUAL] == [0, 1, 2, 3]
    assert START == (0,) * 10
    places = (
        band.PHASE, band.REFERENCE, band.REFERENCE_SINCE, band.BAND, band.BAND_SINCE,
        band.LIMIT_SINCE, band.UNTIL, band.EXTENSIONS, band.DOUBLED_UNTIL, band.OPENED,
    )  # fmt: skip
    assert places == tuple(range(10))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(900, 1_100)), max_size=40),
    st.integers(30_000, 100_000),
)
def test_no_pause_without_15_s_at_the_band(history: list[tuple[int, bool, int]], width: int) -> None:
    current: State = (NORMAL, 1_000, 0, width, 0, 0, 0, 0, 0, 0)
    time, inside_at = 0, 0
    for seconds, clock, price in history:
        time += seconds * S
        before = current
        current = band_step(before, time, clock, price, price, 0, width)
        if before[0] == PAUSE:
            assert current == before
            continue
        if abs(Fraction(price, 1_000) - 1) < Fraction(current[3], 10**6):
            assert current[0] == NORMAL
            inside_at = time
        elif current[0] == PAUSE:
            assert clock
            assert time - inside_at >= 15 * S
            assert current[6] == time + 300 * S
        else:
            assert current[0] == LIMIT
            assert not clock or time - current[5] < 15 * S
