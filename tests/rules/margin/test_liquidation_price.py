from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.margin.liquidation_price import excess_quanta, liquidation_ticks
from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from tests.tables import table

M = 1_000_000
FLOOR = (0, 50_000 * M, 600_000 * M, 3_000_000 * M, 12_000_000 * M)
RATE = (4_000, 5_000, 6_500, 10_000, 20_000)
AMOUNT = tier_amounts(FLOOR, RATE)
TIERS = (FLOOR, RATE, AMOUNT)
V = 100
MOST = 10_000_000


@pytest.mark.parametrize(
    ("lots", "price", "excess", "why"),
    table("""
         1_000    552_261     -30_500    rulebook_R-E4_long_acts
         1_000    552_262      69_000    rulebook_R-E4_long_is_safe
        -1_000    647_263      68_500    a_short_is_safe
        -1_000    647_264     -32_000    rulebook_R-E4_short_acts
             0    552_261   5_000_000_000    no_lots_no_change
    """),
)
def test_excess_quanta(lots: str, price: str, excess: str, why: str) -> None:
    equity = 5_000 * M
    assert excess_quanta(int(price), int(lots), 600_000, V, equity, 0, *TIERS) == int(excess)
    assert excess_quanta(int(price), int(lots), 600_000, V, equity + 7, 7, *TIERS) == int(excess)


@pytest.mark.parametrize(
    ("lots", "equity", "other", "most", "price", "why"),
    table("""
         1_000     5_000_000_000             0   10_000_000   552_261   rulebook_R-E4_example_long
        -1_000     5_000_000_000             0   10_000_000   647_264   rulebook_R-E4_example_short
         1_000     6_000_000_000 1_000_000_000   10_000_000   552_261   another_position's_margin_takes_its_part
         1_000    60_000_000_000             0   10_000_000         0   a_long_that_cannot_be_liquidated
         1_000    59_999_900_400             0   10_000_000         0   covered_at_the_lowest_tick
         1_000    59_999_900_399             0   10_000_000         1   only_at_the_lowest_tick
        -1_000     5_000_000_000             0      647_263         0   the_bound_is_before_it
        -1_000     5_000_000_000             0      647_264   647_264   the_bound_is_at_it
             0     5_000_000_000             0   10_000_000         0   no_position
         1_000      -900_000_000             0   10_000_000   611_557   a_long_to_be_liquidated_now
         1_000  -999_000_000_000             0      700_000   700_000   a_long_under_water_at_every_price
        -1_000   -70_000_000_000             0   10_000_000         1   a_short_under_water_at_every_price
    """),
)
def test_liquidation_ticks(lots: str, equity: str, other: str, most: str, price: str, why: str) -> None:
    held = int(lots), 600_000, V, int(equity), int(other)
    assert liquidation_ticks(*held, *TIERS, int(most)) == int(price)


@st.composite
def positions(draw: st.DrawFn) -> tuple[int, int, int, int]:
    lots = draw(st.integers(1, 10**6)) * draw(st.sampled_from([1, -1]))
    mark = draw(st.integers(1, MOST))
    notional = abs(lots) * mark * V
    equity = draw(st.integers(-notional // 10, notional + notional // 4))
    return lots, mark, equity, draw(st.integers(0, notional // 10))


@settings(max_examples=100, deadline=None)
@given(positions())
def test_the_engine_acts_there_and_not_one_tick_before(held: tuple[int, int, int, int]) -> None:
    lots, mark, equity, other = held

    def acts(price: int) -> bool:
        notional = abs(lots) * price * V
        return equity + lots * (price - mark) * V < other + maintenance_margin(notional, *TIERS)

    price = liquidation_ticks(lots, mark, V, equity, other, *TIERS, MOST)
    nearest = 1 if lots > 0 else MOST
    if price == 0:
        assert not acts(nearest)
        return
    assert acts(price)
    before = price + 1 if lots > 0 else price - 1
    assert not 1 <= before <= MOST or not acts(before)
    assert acts((price + nearest) // 2)


@settings(max_examples=100, deadline=None)
@given(positions())
def test_within_a_bracket_it_is_the_closed_form(held: tuple[int, int, int, int]) -> None:
    """Up to the one quantum by which a margin is rounded up, which is less than a lot's tick."""
    lots, mark, equity, other = held
    price = liquidation_ticks(lots, mark, V, equity, other, *TIERS, MOST)
    if not 1 < price < MOST:
        return
    notional = abs(lots) * price * V
    tier = max(k for k in range(len(FLOOR)) if FLOOR[k] <= notional)
    rate, side = Fraction(RATE[tier], M), 1 if lots > 0 else -1
    closed = (other - AMOUNT[tier] - equity + lots * V * mark) / (lots * V * (1 - side * rate))
    assert price in range(floor(closed) - 1, ceil(closed) + 2)


@settings(max_examples=100, deadline=None)
@given(positions(), st.integers(0, 10**12))
def test_more_collateral_moves_it_away(held: tuple[int, int, int, int], more: int) -> None:
    lots, mark, equity, other = held
    before = liquidation_ticks(lots, mark, V, equity, other, *TIERS, MOST)
    after = liquidation_ticks(lots, mark, V, equity + more, other, *TIERS, MOST)
    if lots > 0:
        assert after <= before
    else:
        assert after == 0 or after >= before > 0
