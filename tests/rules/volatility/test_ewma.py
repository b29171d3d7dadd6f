from math import exp, inf, log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.volatility.ewma import (
    GAP_NS,
    HALF_LIVES_NS,
    SAMPLE_NS,
    SIGMA_MAX_PPM,
    ewma_step,
    half_power,
    log_return,
    sigma_ppm,
    sum_for,
)

S = 1_000_000_000
compiled_power = njit(half_power)
compiled_return = njit(log_return)
compiled_step = njit(ewma_step)
compiled_sigma = njit(sigma_ppm)


@pytest.mark.parametrize(
    ("exponent", "power"),
    [(0.0, 1.0), (1.0, 0.5), (3.0, 0.125), (1_023.0, 2.0**-1_023), (1_024.0, 0.0), (1e9, 0.0)],
)
def test_whole_halvings_are_exact(exponent: float, power: float) -> None:
    assert half_power(exponent) == power


def test_time_does_not_run_back() -> None:
    with pytest.raises(AssertionError, match="back"):
        half_power(-1e-9)


@given(st.floats(0.0, 1_020.0))
def test_half_power_is_the_librarys_to_the_last_digits(exponent: float) -> None:
    assert half_power(exponent) == pytest.approx(2.0**-exponent, rel=1e-15)
    assert compiled_power(exponent) == half_power(exponent)


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_log_return_is_the_librarys_to_the_last_digits(before: int, after: int) -> None:
    assert log_return(before, after) == pytest.approx(log(after / before), rel=1e-14, abs=2e-16)
    assert log_return(after, before) == -log_return(before, after)
    assert compiled_return(before, after) == log_return(before, after)


@given(st.integers(10**8, 10**11), st.integers(-1_000, 1_000))
def test_small_returns_keep_their_digits(before: int, change: int) -> None:
    x = change / before
    assert log_return(before, before + change) == pytest.approx(
        x - x * x / 2 + x**3 / 3, rel=1e-13, abs=1e-300
    )


@pytest.mark.parametrize("prices", [(0, 5), (5, 0), (-1, 5)])
def test_a_price_is_positive(prices: tuple[int, int]) -> None:
    with pytest.raises(AssertionError, match="positive"):
        log_return(*prices)


def test_the_smallest_prices() -> None:
    assert log_return(1, 1) == 0.0
    assert log_return(1, 2) == pytest.approx(log(2), rel=1e-15)
    assert log_return(1, 3) == pytest.approx(log(3), rel=1e-15)


def test_rulebook_r_r1_example() -> None:
    total = ewma_step(1e-6, 0.002, 60 * S, 60 * S, 9.0)
    assert total == pytest.approx(4.5e-6, rel=1e-14)
    assert sigma_ppm(total, 60 * S, 1) == 67_020
    assert compiled_step(1e-6, 0.002, 60 * S, 60 * S, 9.0) == total
    assert compiled_sigma(total, 60 * S, 1) == 67_020


@pytest.mark.parametrize(
    ("delta", "expected"), [(60 * S, 4.5e-6), (60 * S + 1, 9.0), (S, 4e-6 + 1e-6 * exp(-log(2) / 60))]
)
def test_a_gap_starts_anew(delta: int, expected: float) -> None:
    assert ewma_step(1e-6, -0.002, delta, 60 * S, 9.0) == pytest.approx(expected, rel=1e-14)


def test_bounce_is_not_sampled() -> None:
    with pytest.raises(AssertionError, match="bounce"):
        ewma_step(1e-6, 0.002, S - 1, 60 * S, 9.0)


@pytest.mark.parametrize(
    ("total", "ppm"),
    [
        (nan, 77),
        (inf, 77),
        (-inf, 77),
        (0.0, 77),
        (-1e-9, 77),
        (5e-324, 77),
        (1e-30, 1),
        (1e300, 77),
    ],
)
def test_no_number_falls_back(total: float, ppm: int) -> None:
    assert sigma_ppm(total, 300 * S, 77) == ppm
    assert compiled_sigma(total, 300 * S, 77) == ppm


def test_a_thousandfold_a_day_is_the_end() -> None:
    edge = 1e6 * 300 / 86_400 / log(2)
    assert sigma_ppm(edge * 0.999999, 300 * S, 77) == pytest.approx(SIGMA_MAX_PPM, rel=1e-6)
    assert sigma_ppm(edge * 1.000001, 300 * S, 77) == 77


@given(st.integers(1, 10**8), st.sampled_from(HALF_LIVES_NS))
def test_a_volatility_survives_the_way_there_and_back(ppm: int, half_life: int) -> None:
    # Up: the way back may end a hair above the whole ppm.
    assert sigma_ppm(sum_for(ppm, half_life), half_life, 77) - ppm in (0, 1)


def test_sum_for() -> None:
    assert sum_for(1_000_000, 86_400 * S) == pytest.approx(1 / log(2), rel=1e-14)
    assert sum_for(500_000, 300 * S) == pytest.approx(0.25 * 300 / 86_400 / log(2), rel=1e-14)


@given(st.integers(1, 10**11), st.integers(1, 10**11), st.integers(S, 60 * S))
def test_variance_is_never_negative_and_steps_are_the_same_compiled(
    before: int, after: int, delta: int
) -> None:
    total = ewma_step(1e-5, log_return(before, after), delta, HALF_LIVES_NS[0], 0.0)
    assert total >= 0.0
    assert compiled_step(1e-5, log_return(before, after), delta, HALF_LIVES_NS[0], 0.0) == total


def test_a_steady_volatility_is_found() -> None:
    # A return of 1e-4 each second is 1e-4 x sqrt(86,400) a day, whatever the half-life.
    for half_life in HALF_LIVES_NS[:2]:
        total = sum_for(1, half_life)
        for _ in range(15 * half_life // S):
            total = ewma_step(total, 1e-4, S, half_life, 0.0)
        assert sigma_ppm(total, half_life, 77) == pytest.approx(29_394, rel=2e-3)


def test_the_defaults() -> None:
    assert HALF_LIVES_NS == (300 * S, 3_600 * S, 86_400 * S)
    assert SAMPLE_NS == S
    assert GAP_NS == 60 * S
    assert SIGMA_MAX_PPM == 10**9
