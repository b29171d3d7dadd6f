from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.margin.maintenance import (
    maintenance_margin,
    maintenance_margin_over,
    tier_amounts,
    tier_deductions,
    tier_of,
    tiers_rise,
)
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
M = 1_000_000
FLOOR = (0, 50_000 * M, 600_000 * M, 3_000_000 * M, 12_000_000 * M)
RATE = (4_000, 5_000, 6_500, 10_000, 20_000)
AMOUNT = (0, 50 * M, 950 * M, 11_450 * M, 131_450 * M)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Floors in whole units, rates that do not fall."""
    floors = {0, *draw(st.sets(st.integers(1, 10**6), max_size=4))}
    rates = draw(st.lists(st.integers(1, M), min_size=len(floors), max_size=len(floors)))
    return tuple(floor * M for floor in sorted(floors)), tuple(sorted(rates))


@pytest.mark.parametrize(
    ("notional", "margin", "why"),
    table("""
                         0                 0   nothing_held
                         1                 1   a_requirement_rounds_up
            49_999_999_999       200_000_000   last_quantum_of_tier_one
            50_000_000_000       200_000_000   a_floor_belongs_to_the_tier_above
            50_000_000_001       200_000_001   the_curve_has_no_jump
           600_000_000_000     2_950_000_000   the_second_floor
         1_000_000_000_000     5_550_000_000   rulebook_R-D1_example
         2_999_999_999_999    18_550_000_000   rulebook_R-D1_example_from_below
         3_000_000_000_000    18_550_000_000   rulebook_R-D1_example_at_the_floor
        12_000_000_000_000   108_550_000_000   the_last_floor
        12_000_000_000_050   108_550_000_001   the_last_rate
    """),
)
def test_maintenance_margin(notional: str, margin: str, why: str) -> None:
    assert maintenance_margin(int(notional), FLOOR, RATE, AMOUNT) == int(margin)


def test_a_notional_is_not_negative() -> None:
    with pytest.raises(AssertionError, match="not negative"):
        maintenance_margin(-1, FLOOR, RATE, AMOUNT)
    with pytest.raises(AssertionError, match="not negative"):
        maintenance_margin_over(-1, FLOOR, RATE, AMOUNT, M)


@pytest.mark.parametrize(
    ("notional", "tier"),
    [(0, 0), (FLOOR[1] - 1, 0), (FLOOR[1], 1), (FLOOR[4] - 1, 3), (FLOOR[4], 4), (2**62, 4)],
)
def test_tier_of(notional: int, tier: int) -> None:
    assert tier_of(notional, FLOOR) == tier


def test_amounts_are_what_a_venue_publishes() -> None:
    assert tier_amounts(FLOOR, RATE) == AMOUNT  # rulebook R-D1 example
    # BTCUSDT in 2025-07, in whole dollars, as published.
    floors = tuple(floor * M for floor in (0, 300_000, 800_000, 3_000_000, 12_000_000))
    assert tier_amounts(floors, RATE) == tuple(amount * M for amount in (0, 300, 1_500, 12_000, 132_000))


def test_an_amount_is_no_fraction() -> None:
    with pytest.raises(AssertionError, match="multiples"):
        tier_amounts((0, M + 1), (4_000, 5_001))


@quick
@given(tiers(), st.integers(0, 2 * 10**12))
def test_margin_is_the_area_under_the_rates(
    held: tuple[tuple[int, ...], tuple[int, ...]], notional: int
) -> None:
    floors, rates = held
    assert tiers_rise(floors, rates)
    area = Fraction(0)
    for place, (floor, rate) in enumerate(zip(floors, rates, strict=True)):
        upper = min(notional, floors[place + 1]) if place + 1 < len(floors) else notional
        area += max(0, upper - floor) * Fraction(rate, M)
    margin = maintenance_margin(notional, floors, rates, tier_amounts(floors, rates))
    assert margin == ceil(area) <= notional
    # The same table over another denominator is the same margin.
    over = maintenance_margin_over(notional, floors, rates, tier_deductions(floors, rates), M)
    assert over == margin


@quick
@given(tiers(), st.integers(0, 4), st.integers(-2, 2))
def test_margin_never_falls_across_a_floor(
    held: tuple[tuple[int, ...], tuple[int, ...]], place: int, step: int
) -> None:
    floors, rates = held
    notional = max(0, floors[place % len(floors)] + step)
    amounts = tier_amounts(floors, rates)
    rise = maintenance_margin(notional + 1, floors, rates, amounts) - maintenance_margin(
        notional, floors, rates, amounts
    )
    assert 0 <= rise <= 1


@pytest.mark.parametrize(
    ("notional", "margin", "why"),
    table("""
                     0                0   nothing_held
                     1                1   a_requirement_rounds_up
            30_000_000        1_000_000   a_thirtieth
            40_000_000        1_333_334   a_thirtieth_goes_up_once
        20_000_000_000      666_666_667   the_floor_by_the_rate_above_it
        20_000_000_001      666_666_667   a_thirtieth_has_room
        20_000_000_020      666_666_668   by_a_fifteenth_and_not_a_thirtieth
    """),
)
def test_rates_that_are_no_ppm(notional: str, margin: str, why: str) -> None:
    """15x and 7.5x of maintenance leverage are 1/30 and 1/15: 5 and 10 over 150."""
    floors, rates = (0, 20_000 * M), (5, 10)
    deductions = tier_deductions(floors, rates)
    assert deductions == (0, 100_000 * M)
    assert maintenance_margin_over(int(notional), floors, rates, deductions, 150) == int(margin)


def test_a_published_figure_of_a_rate_that_is_no_ppm() -> None:
    """ETH at Hyperliquid, rulebook R-D1: 2 % to $100M, 1/30 above: a deduction of $1,333,333.33."""
    floors, rates = (0, 100_000_000 * M), (3, 5)
    deductions = tier_deductions(floors, rates)
    assert deductions[1] * 100 // (150 * M) == 133_333_333
    assert maintenance_margin_over(100_000_000 * M, floors, rates, deductions, 150) == 2_000_000 * M


@quick
@given(st.integers(0, 2**62), st.integers(1, 150))
def test_a_margin_over_any_denominator_is_exact(notional: int, rate: int) -> None:
    floors, rates = (0, 7 * M), (rate, 150)
    deductions = tier_deductions(floors, rates)
    tier = int(notional >= 7 * M)
    exactly = Fraction(notional * rates[tier] - deductions[tier], 150)
    assert maintenance_margin_over(notional, floors, rates, deductions, 150) == ceil(exactly)


@pytest.mark.parametrize(
    ("floors", "rates", "fits"),
    [
        (FLOOR, RATE, True),
        ((0,), (M,), True),
        ((0,), (M + 1,), False),
        ((0,), (1,), True),
        ((0,), (0,), False),
        ((), (), False),
        ((0, M), (1,), False),
        ((0,), (1, 2), False),
        ((M,), (1,), False),
        ((0, M), (5, 5), True),
        ((0, M), (5, 4), False),
        ((0, M + 1), (5, 6), False),
        ((0, 2 * M, 2 * M), (5, 6, 7), False),
        ((0, 2 * M, M), (5, 6, 7), False),
        ((0, M, 2 * M), (5, 6, M + 1), False),
        ((0, M, 2 * M), (5, 7, 6), False),
    ],
)
def test_tiers_rise(floors: tuple[int, ...], rates: tuple[int, ...], *, fits: bool) -> None:
    assert tiers_rise(floors, rates) is fits
