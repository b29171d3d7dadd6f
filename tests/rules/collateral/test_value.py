from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.collateral.value import (
    DAY_NS,
    asset_value,
    debt_value,
    widened_high,
    widened_low,
    widening_ppm,
)
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
SAT = 100_000_000
amounts = st.integers(0, 10**15)
prices = st.integers(1, 10**12)


@pytest.mark.parametrize(
    ("units", "low", "high", "asset", "debt", "why"),
    table("""
        250_000_000   59_990_000_000   60_010_000_000   149_975_000_000   -150_025_000_000   rulebook_R-C1_example
                  0   59_990_000_000   60_010_000_000                 0                  0   nothing_held
                  1       99_999_999      100_000_001                 0                 -2   a_hair_off
                  1      100_000_000      100_000_000                 1                 -1   exactly_a_quantum
    """),
)
def test_value(units: str, low: str, high: str, asset: str, debt: str, why: str) -> None:
    assert asset_value(int(units), int(low), SAT) == int(asset)
    assert debt_value(int(units), int(high), SAT) == int(debt)


def test_a_holding_and_a_debt_have_their_sides() -> None:
    for value in (asset_value, debt_value):
        with pytest.raises(AssertionError, match="not negative"):
            value(-1, 100, 100)


@quick
@given(amounts, prices, st.integers(0, 10**9), st.integers(1, 10**18))
def test_both_sides_enclose_the_exact_value(units: int, low: int, width: int, scale: int) -> None:
    exactly = Fraction(units * (2 * low + width), 2 * scale)
    assert asset_value(units, low, scale) == floor(Fraction(units * low, scale)) <= exactly
    assert -debt_value(units, low + width, scale) == ceil(Fraction(units * (low + width), scale)) >= exactly


@pytest.mark.parametrize(
    ("sigma", "age", "ppm", "why"),
    table("""
        40_000    86_400_000_000_000    40_000    a_day_is_one_sigma
        40_000    21_600_000_000_000    20_000    a_quarter_of_a_day_is_half
        40_000                     0         0    no_age_no_widening
        40_000                     1         1    it_goes_up
        40_000    21_600_000_000_001    20_001    under_the_root_too
    """),
)
def test_widening_ppm(sigma: str, age: str, ppm: str, why: str) -> None:
    assert widening_ppm(int(sigma), int(age)) == int(ppm)
    assert DAY_NS == 86_400_000_000_000


def test_a_price_is_not_from_the_future() -> None:
    with pytest.raises(AssertionError, match="future"):
        widening_ppm(40_000, -1)


@pytest.mark.parametrize(
    ("price", "widening", "low", "high", "why"),
    table("""
        1_000_001       20_000      980_000    1_020_002    outward_on_both_sides
        1_000_000            0    1_000_000    1_000_000    not_at_all
        1_000_000    1_000_000            0    2_000_000    all_of_it
        1_000_000    1_000_001            0    2_000_001    no_price_is_negative
    """),
)
def test_widened(price: str, widening: str, low: str, high: str, why: str) -> None:
    assert widened_low(int(price), int(widening)) == int(low)
    assert widened_high(int(price), int(widening)) == int(high)
