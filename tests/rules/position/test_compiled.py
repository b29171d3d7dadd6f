"""Chapter B compiled gives what chapter B gives in plain Python, up to the registered bound."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from flows.rules.exact import Ints
from flows.rules.position import fee, fill, zero_sum


def filled(lots: int, cost: int, delta: int, quote: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return fill.apply_quote(lots, cost, delta, quote), fill.apply_fill(lots, cost, delta, 100, 1_000)


def charged(notional: int, rate: int, deltas: Ints) -> tuple[int, ...]:
    bought, sold = zero_sum.fill_sides(notional + 1)
    return (
        fee.taker_fee(notional, rate),
        fee.maker_rebate(notional, rate),
        fee.covers_rebate(rate, 450),
        bought,
        sold,
        zero_sum.is_balanced(deltas),
    )


compiled_filled = njit(filled)
compiled_charged = njit(charged)
money = st.integers(-(2**61), 2**61)
lots_held = st.integers(-(2**40), 2**40)


@settings(max_examples=100, deadline=None)
@given(lots_held, money, lots_held.filter(bool), money)
def test_filled(lots: int, cost: int, delta: int, quote: int) -> None:
    assert compiled_filled(lots, cost, delta, quote) == filled(lots, cost, delta, quote)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**61), st.integers(0, 2 * 10**6), st.lists(lots_held, min_size=1, max_size=4))
def test_charged(notional: int, rate: int, deltas: list[int]) -> None:
    assert compiled_charged(notional, rate, np.array(deltas)) == charged(notional, rate, tuple(deltas))
