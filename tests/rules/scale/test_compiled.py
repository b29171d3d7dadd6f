"""Chapter A compiled gives what chapter A gives in plain Python."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from flows.rules.exact import Ints
from flows.rules.scale import bounds, conservation, time, unit

Answers = tuple[int, ...]


def scales(lot: int, lot_decimals: int, tick: int, tick_decimals: int) -> Answers:
    smallest = unit.smallest_lot_size(lot_decimals, tick, tick_decimals, 6)
    return (
        unit.is_integer_scale(lot, lot_decimals, tick, tick_decimals, 6),
        smallest,
        unit.lot_tick_quanta(smallest, lot_decimals, tick, tick_decimals, 6),
        unit.notional_quanta(-lot, tick, 100),
        unit.unrealized_quanta(-lot, tick_decimals, tick, 100),
        unit.nearest_ticks(tick),
        unit.low_ticks(tick),
        unit.high_ticks(tick),
    )


def limits(lots: int, price: int, budgets: Ints) -> Answers:
    return (
        bounds.largest_position_lots(price, 100),
        bounds.position_fits(lots, price, 100),
        bounds.open_interest_fits(lots, price, 100, bounds.BOUND),
        bounds.pool_fits(budgets, budgets),
        bounds.deposit_fits(lots, price, lots),
        bounds.rate_fits(price),
        bounds.price_fits(price, lots),
        time.pool_time(lots, price),
        time.is_early(lots, price),
        time.is_late(lots, price, 5),
        time.is_in_window(lots, price, 60),
        time.is_in_time(lots, price),
        time.is_due(lots, price),
        conservation.held_quanta(lots, price, 1, 2, 3, -4),
        conservation.is_conserved(lots, price, 0),
    )


compiled_scales = njit(scales)
compiled_limits = njit(limits)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 9), st.integers(1, 10**6), st.integers(0, 9))
def test_scales(lot: int, lot_decimals: int, tick: int, tick_decimals: int) -> None:
    market = lot, lot_decimals, tick, tick_decimals
    assert compiled_scales(*market) == scales(*market)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**62), st.integers(1, 2**31), st.lists(st.integers(0, 2**62), min_size=1, max_size=4))
def test_limits(lots: int, price: int, budgets: list[int]) -> None:
    assert compiled_limits(lots, price, np.array(budgets)) == limits(lots, price, tuple(budgets))
