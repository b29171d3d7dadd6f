from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.margin.health import (
    SHOWN_MAX_PPM,
    health_ppm,
    is_liquidatable,
    leverage_ppm,
    margin_ratio_ppm,
    state,
)
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
LEVELS = (1_250_000, 1_000_000, 800_000, 666_667)
MARGIN = 48_500_750_000


@pytest.mark.parametrize(
    ("equity", "margin", "liquidatable", "why"),
    table("""
        48_501    48_501   False   rulebook_R-E2_example_equality_is_safe
        48_500    48_501    True   rulebook_R-E2_example_one_under
            -1         0   False   no_margin_to_keep
            -1         1    True   the_smallest_margin
    """),
)
def test_is_liquidatable(equity: str, margin: str, liquidatable: str, why: str) -> None:
    assert is_liquidatable(int(equity), int(margin)) is (liquidatable == "True")


@pytest.mark.parametrize(
    ("equity", "low", "rung", "why"),
    table("""
        60_625_937_500              0    0   at_the_call_level
        60_625_937_499              0    1   under_the_call_level
        48_500_750_000              0    1   at_the_margin_line
        48_500_749_999              0    2   under_the_margin_line
        38_800_600_000              0    2   at_the_hard_level
        38_800_599_999              0    3   under_the_hard_level
        32_333_849_501              0    3   at_the_backstop
        32_333_849_500              0    4   under_the_backstop
                    -9              0    4   bad_but_covered_without_a_haircut
                    -9             -1    5   bankrupt
        99_999_999_999             -1    5   bankrupt_whatever_the_haircut_says
    """),
)
def test_state(equity: str, low: str, rung: str, why: str) -> None:
    assert state(int(equity), int(low), MARGIN, LEVELS) == int(rung)


@pytest.mark.parametrize(("low", "rung"), [(0, 0), (-1, 5), (7, 0)])
def test_without_a_margin_an_account_is_flat_or_bankrupt(low: int, rung: int) -> None:
    assert state(-5, low, 0, LEVELS) == rung


@quick
@given(st.integers(-(2**61), 2**61), st.integers(0, 2**61), st.integers(0, 10**15))
def test_more_collateral_never_lowers_the_state(equity: int, margin: int, more: int) -> None:
    before, after = (state(e, e, margin, LEVELS) for e in (equity, equity + more))
    assert after <= before
    if margin > 0 and equity >= 0:
        assert before == sum(Fraction(equity, margin) < Fraction(level, 10**6) for level in LEVELS)


@pytest.mark.parametrize(
    ("equity", "margin", "health", "ratio", "why"),
    table("""
         40_000_000_000   48_500_750_000         824_729          1_212_519   rulebook_R-E3_example
         48_500_750_000   48_500_750_000       1_000_000          1_000_000   the_line
                      0              100               0  1_000_000_000_000   no_equity
                     -1              100         -10_000  1_000_000_000_000   less_than_none
                     -1                3        -333_334  1_000_000_000_000   health_goes_down
                    100                0  1_000_000_000_000              0   no_margin
                      0                0  1_000_000_000_000  1_000_000_000_000   nothing_at_all
                     -1                0 -1_000_000_000_000  1_000_000_000_000   a_debt_without_margin
              1_000_000                1  1_000_000_000_000              1   health_is_cut
                999_999                1    999_999_000_000              2   just_not_cut
             -1_000_000                1 -1_000_000_000_000  1_000_000_000_000   health_is_cut_below_too
               -999_999                1   -999_999_000_000  1_000_000_000_000   just_not_cut_below
                      1        1_000_000               1  1_000_000_000_000   the_ratio_is_cut
                      1          999_999               1    999_999_000_000   the_ratio_is_just_not_cut
    """),
)
def test_shown_ratios(equity: str, margin: str, health: str, ratio: str, why: str) -> None:
    assert health_ppm(int(equity), int(margin)) == int(health)
    assert margin_ratio_ppm(int(equity), int(margin)) == int(ratio)
    assert leverage_ppm(int(equity), int(margin)) == int(ratio)


@quick
@given(st.integers(-(10**15), 10**15), st.integers(1, 10**15))
def test_shown_ratios_never_look_better_than_they_are(equity: int, margin: int) -> None:
    health = Fraction(equity * 10**6, margin)
    assert health_ppm(equity, margin) == max(-SHOWN_MAX_PPM, min(SHOWN_MAX_PPM, floor(health)))
    if equity > 0:
        assert margin_ratio_ppm(equity, margin) == min(SHOWN_MAX_PPM, ceil(10**12 / health))
