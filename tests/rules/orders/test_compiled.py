"""Chapter F compiled is chapter F in plain Python, up to the bounds of registration (R-A2)."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.orders.check import decide_increase, decide_reduction
from flows.rules.orders.isolated import largest_removable
from flows.rules.orders.size import largest_order_lots, largest_reduction_lots
from flows.rules.orders.withdrawal import decide_withdrawal, largest_withdrawal

FLOOR = (0, 10**12, 10**16)
RATE = (10_000, 25_000, 400_000)
AMOUNT = (0, 15 * 10**9, 15 * 10**9 + 375 * 10**13)


def sizes(
    side: int,
    lots: int,
    equity: int,
    other: int,
    mark: int,
    limit: int,
    most: int,
    floor: Any,
    rate: Any,
    amount: Any,
) -> tuple[int, int]:
    order = largest_order_lots(
        side, lots, equity, other, mark, limit, 100, 500, floor, rate, amount, 25, most
    )
    reduction = largest_reduction_lots(lots, equity, other, mark, limit, 100, 500, floor, rate, amount)
    return order, reduction


def decisions(a: int, b: int, c: int, d: int, e: int, yes: bool, no: bool) -> tuple[int, ...]:
    return (
        decide_increase(a, b, yes, yes, no, yes, yes, no, yes),
        decide_reduction(a, b, no, yes, yes),
        decide_withdrawal(a, b, c, d, e, yes, no, no, yes),
        largest_withdrawal(a, b, c, d, e, 100_000),
        largest_removable(a, b, c, d, e, no, 100_000),
    )


sizes_compiled: Any = njit(sizes)
decisions_compiled: Any = njit(decisions)
TIERS = tuple(np.array(column) for column in (FLOOR, RATE, AMOUNT))

# 10^9 lots x 10^6 ticks x 100 quanta are 10^17, and an account's equity is of that size at most.
lots = st.integers(-(10**9), 10**9)
ticks = st.integers(1, 10**6)
money = st.integers(-(10**17), 10**17)


@given(st.sampled_from((-1, 1)), lots, money, st.integers(0, 10**17), ticks, ticks, st.integers(0, 10**9))
def test_sizes(side: int, held: int, equity: int, other: int, mark: int, limit: int, most: int) -> None:
    facts = (side, held, equity, other, mark, limit, most)
    assert sizes_compiled(*facts, *TIERS) == sizes(*facts, FLOOR, RATE, AMOUNT)


amount = st.integers(0, 2**61)


@given(st.integers(-(2**61), 2**61), amount, amount, amount, amount, st.booleans(), st.booleans())
def test_decisions(a: int, b: int, c: int, d: int, e: int, yes: bool, no: bool) -> None:
    assert decisions_compiled(a, b, c, d, e, yes, no) == decisions(a, b, c, d, e, yes, no)
