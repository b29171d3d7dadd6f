"""Zones: both sides of every border, and the level that a zone means."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.call.levels import BACKSTOP, BANKRUPT, CALL, OK, PARTIAL, SOFT
from flows.rules.call.zone import (
    CALLED,
    CLEAR,
    RECOVERING,
    UNDER_BACKSTOP,
    UNDER_CALL,
    UNDER_HARD,
    UNDER_MARGIN,
    UNDER_WATER,
    level_in,
    zone_of,
)
from tests.tables import table

LEVELS = (1_350_000, 1_250_000, 1_100_000, 800_000, 666_667)
NAMES = (
    "clear",
    "called",
    "under_call",
    "recovering",
    "under_margin",
    "under_hard",
    "under_backstop",
    "under_water",
)
LEVEL_NAMES = ("ok", "call", "soft", "partial", "backstop", "bankrupt")
MARGIN = 48_500_750_000
"""R-G1's example: clear 65,476.0125, call 60,625.9375, target 53,350.825, hard 38,800.6, backstop 32,333.849…"""


def test_zones_and_levels_rise_with_severity() -> None:
    assert tuple(range(8)) == (
        CLEAR,
        CALLED,
        UNDER_CALL,
        RECOVERING,
        UNDER_MARGIN,
        UNDER_HARD,
        UNDER_BACKSTOP,
        UNDER_WATER,
    )
    assert tuple(range(6)) == (OK, CALL, SOFT, PARTIAL, BACKSTOP, BANKRUPT)


@pytest.mark.parametrize(
    ("equity", "call", "liquidation", "at_equality", "zone", "why"),
    table("""
      65_476_012_500    -       -        -    clear            far_above_everything
      65_476_012_500    open    -        -    clear            clear_itself_is_cured
      65_476_012_499    open    -        -    called           a_quantum_under_clear_is_not
      65_476_012_499    -       -        -    clear            clear_is_no_border_without_a_call
      60_625_937_500    -       -        -    clear            call_itself_is_safe
      60_625_937_500    open    -        -    called           an_open_call_stays_one_at_the_call_level
      60_625_937_499    -       -        -    under_call       a_quantum_under_call
      60_625_937_499    open    -        -    under_call       a_quantum_under_call_with_the_call_open
      53_350_825_000    open    under_way -   under_call       target_itself_ends_a_liquidation
      53_350_824_999    open    under_way -   recovering       a_quantum_under_target
      53_350_824_999    open    -        -    under_call       target_is_no_border_without_a_liquidation
      48_500_750_000    open    -        -    under_call       equity_at_the_margin_is_safe
      48_500_750_000    open    under_way -   recovering       at_the_margin_a_liquidation_goes_on
      48_500_749_999    open    -        -    under_margin     rulebook_R-E2_a_quantum_under_the_margin
      48_500_749_999    -       under_way -   under_margin     below_the_margin_memory_means_nothing
      48_500_750_000    -       -        yes  under_margin     acting_at_equality
      48_500_750_000    open    under_way yes under_margin     acting_at_equality_a_liquidation_is_not_recovering
      48_500_750_001    open    -        yes  under_call       a_quantum_over_the_margin_acting_at_equality
      48_500_750_001    open    under_way yes recovering       and_with_a_liquidation_under_way
      38_800_600_000    open    under_way -   under_margin     hard_itself_is_above_hard
      38_800_599_999    open    under_way -   under_hard       a_quantum_under_hard
      32_333_849_501    open    under_way -   under_hard       the_backstop_level_rounds_up
      32_333_849_500    open    under_way -   under_backstop   a_quantum_under_backstop
                   0    open    under_way -   under_backstop   nothing_left_is_not_under_water
                  -9    open    under_way -   under_backstop   a_haircut_alone_makes_nobody_bankrupt
    """),
)
def test_zone_of(equity: str, call: str, liquidation: str, at_equality: str, zone: str, why: str) -> None:
    found = zone_of(
        int(equity), 0, MARGIN, call == "open", liquidation == "under_way", *LEVELS, int(at_equality == "yes")
    )
    assert NAMES[found] == zone


@pytest.mark.parametrize(
    ("equity", "low", "margin", "zone", "why"),
    table("""
        10    0   0   clear         without_a_margin_there_is_no_level
       -10    0   0   clear         a_haircut_does_not_matter_then
         0   -1   0   under_water   but_a_debt_does
       100   -1   5   under_water   nothing_goes_before_a_debt
       100    0   5   clear         zero_is_not_below_zero
    """),
)
def test_without_a_margin_and_under_water(equity: str, low: str, margin: str, zone: str, why: str) -> None:
    for call in (False, True):
        for liquidating in (False, True):
            found = zone_of(int(equity), int(low), int(margin), call, liquidating, *LEVELS, 0)
            assert NAMES[found] == zone


@pytest.mark.parametrize(
    ("zone", "call", "window", "liquidation", "level", "why"),
    table("""
      clear            -      -      -           ok         nothing_open
      clear            open   -      -           call       a_call_not_closed_yet
      called           open   -      -           call       between_call_and_clear
      under_call       open   -      -           call       under_call
      under_call       -      -      -           ok         a_call_not_opened_yet
      under_call       open   over   -           call       the_window_over_with_the_margin_met_forces_nothing
      recovering       open   -      under_way   soft       on_the_way_up_in_the_window
      recovering       open   over   under_way   partial    on_the_way_up_after_it
      recovering       open   over   -           call       no_liquidation_to_recover_from
      under_margin     open   -      under_way   soft       under_margin_in_the_window
      under_margin     open   over   under_way   partial    under_margin_after_it
      under_hard       open   -      under_way   partial    hard_ends_the_window
      under_hard       open   over   under_way   partial    under_hard
      under_backstop   open   -      under_way   backstop   under_backstop
      under_backstop   -      -      -           backstop   whatever_is_remembered
      under_water      -      -      -           bankrupt   under_water
      under_water      open   over   under_way   bankrupt   whatever_else_is_remembered
    """),
)
def test_level_in(zone: str, call: str, window: str, liquidation: str, level: str, why: str) -> None:
    found = level_in(NAMES.index(zone), call == "open", window == "over", liquidation == "under_way")
    assert LEVEL_NAMES[found] == level


money = st.integers(-(10**15), 10**15)


@st.composite
def levels(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    """clear > call >= target > 1 > hard > backstop > 0."""
    target = draw(st.integers(1_000_001, 1_999_998))
    call = draw(st.integers(target, 1_999_999))
    clear = draw(st.integers(call + 1, 2_000_000))
    backstop = draw(st.integers(1, 999_998))
    return clear, call, target, draw(st.integers(backstop + 1, 999_999)), backstop


@given(money, st.integers(0, 10**15), levels(), st.booleans(), st.booleans(), st.booleans(), st.data())
def test_a_zone_is_the_worst_border_passed(
    low: int,
    margin: int,
    at: tuple[int, int, int, int, int],
    call: bool,
    liquidating: bool,
    at_equality: bool,
    data: st.DataObject,
) -> None:
    """Against ratios: the borders that mean something to the account, each passed or not."""
    clear, call_level, target, hard, backstop = at
    level = data.draw(st.sampled_from((*at, 1_000_000)))
    near = margin * level // 1_000_000
    equity = data.draw(st.one_of(money, st.integers(near - 2, near + 2)))
    found = zone_of(equity, low, margin, call, liquidating, *at, int(at_equality))
    if low < 0:
        assert found == UNDER_WATER
        return
    if margin == 0:
        assert found == CLEAR
        return
    health = Fraction(equity, margin)
    acts = health < 1 or (at_equality and health == 1)
    borders = (
        (UNDER_BACKSTOP, acts and health < Fraction(backstop, 10**6)),
        (UNDER_HARD, acts and health < Fraction(hard, 10**6)),
        (UNDER_MARGIN, acts),
        (RECOVERING, liquidating and health < Fraction(target, 10**6)),
        (UNDER_CALL, health < Fraction(call_level, 10**6)),
        (CALLED, call and health < Fraction(clear, 10**6)),
    )
    assert found == next((zone for zone, passed in borders if passed), CLEAR)
