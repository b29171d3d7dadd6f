"""Chapter H compiled is chapter H in plain Python, up to the bounds of registration (R-A2)."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.liquidation.choice import closes_first
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss, relief_quanta, worst_price_ticks
from flows.rules.liquidation.penalty import effective_penalty_ppm, penalty_quanta, penalty_split
from flows.rules.liquidation.preparation import next_step
from flows.rules.liquidation.restore import reaches_target, restore_lots
from flows.rules.liquidation.slice import passing_slice_lots, slice_lots
from flows.rules.liquidation.slippage import RING_PPM

FLOOR = (0, 10**12, 10**16)
RATE = (10_000, 25_000, 400_000)
AMOUNT = (0, 15 * 10**9, 15 * 10**9 + 375 * 10**13)
TIERS = tuple(np.array(column) for column in (FLOOR, RATE, AMOUNT))
RINGS = np.array(RING_PPM)


def sizes(
    lots: int, price: int, equity: int, other: int, slippage: int, floor: Any, rate: Any, amount: Any
) -> tuple[int, ...]:
    k = restore_lots(lots, price, 100, equity, other, floor, rate, amount, 1_100_000, slippage, 5_000)
    return (
        k,
        int(
            reaches_target(
                k, lots, price, 100, equity, other, floor, rate, amount, 1_100_000, slippage, 5_000
            )
        ),
        slice_lots(lots, k, price * 100, 100_000, 1_000_000_000, 100_000_000, other),
    )


def steps(
    lots: int,
    closed: int,
    price: int,
    equity: int,
    has_depth: bool,
    floor: Any,
    rate: Any,
    amount: Any,
    ring: Any,
    depth: Any,
) -> tuple[int, ...]:
    relief = relief_quanta(lots, closed, price, 100, floor, rate, amount)
    margin = relief_quanta(lots, abs(lots), price, 100, floor, rate, amount)
    loss_max = largest_loss(equity, margin, relief)
    rate_ppm = effective_penalty_ppm(5_000, 1_000, cost_cap_ppm(loss_max, closed * price * 100))
    penalty = penalty_quanta(closed * price * 100, rate_ppm, loss_max, closed)
    liquidator, insurance, venue = penalty_split(penalty, 500_000, 300_000, 200_000)
    passing = passing_slice_lots(
        closed,
        lots,
        price,
        100,
        equity,
        margin,
        floor,
        rate,
        amount,
        has_depth,
        ring,
        depth,
        10**15,
        40_000,
        10**6,
    )
    worst = worst_price_ticks(lots, closed, price, 100, loss_max, 5_000)
    step = next_step(closed % 4, has_depth, has_depth, not has_depth, has_depth)
    return relief, loss_max, rate_ppm, penalty, liquidator, insurance, venue, passing, worst, step


sizes_compiled: Any = njit(sizes)
steps_compiled: Any = njit(steps)
first_compiled: Any = njit(closes_first)

# 10^9 lots x 10^6 ticks x 100 quanta are 10^17, and an account's equity is of that size at most.
held = st.integers(1, 10**9)
side = st.sampled_from((-1, 1))
ticks = st.integers(1, 10**6)
money = st.integers(-(10**17), 10**17)


@given(side, held, ticks, money, st.integers(0, 10**17), st.integers(0, 999_999))
def test_sizes(side: int, held: int, price: int, equity: int, other: int, slippage: int) -> None:
    facts = (side * held, price, equity, other, slippage)
    assert sizes_compiled(*facts, *TIERS) == sizes(*facts, FLOOR, RATE, AMOUNT)


@given(side, held, held, ticks, money, st.booleans(), st.lists(held, min_size=6, max_size=6))
def test_steps(
    side: int, held: int, closed: int, price: int, equity: int, has_depth: bool, rings: list[int]
) -> None:
    depth = tuple(sorted(rings))
    facts = (side * held, min(held, closed), price, equity, has_depth)
    expected = steps(*facts, FLOOR, RATE, AMOUNT, RING_PPM, depth)
    assert steps_compiled(*facts, *TIERS, RINGS, np.array(depth)) == expected


amount = st.integers(0, 2**62)


@given(*[amount] * 8)
def test_choice(a: int, b: int, c: int, d: int, e: int, f: int, g: int, h: int) -> None:
    assert first_compiled(a, b, c, d, e, f, g, h) == closes_first(a, b, c, d, e, f, g, h)
