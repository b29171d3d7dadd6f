"""Chapter G compiled is chapter G in plain Python, up to the bounds of registration (R-A2)."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.call.cure import cure_quanta, cure_units, deadline_ns, is_in_time
from flows.rules.call.hysteresis import is_call_event_due, is_call_open, is_liquidating
from flows.rules.call.levels import check_levels, level_of
from flows.rules.call.participation import budget, lots_within_budget
from flows.rules.call.slices import WINDOW_MAX_NS, soft_allowance_lots, soft_slice_lots


def valuation(equity: int, low: int, margin: int, move: int, time: int, flag: bool) -> tuple[int, ...]:
    deadline = deadline_ns(time, equity, margin, 800_000, move, 300_000_000_000, 30_000_000_000)
    return (
        level_of(equity, low, margin, flag, 1_250_000, 800_000, 666_667),
        level_of(equity, low, margin, flag, 1_250_000, 800_000, 666_667, flag),
        int(is_call_open(flag, equity, margin, 1_250_000, 1_350_000)),
        int(is_liquidating(flag, equity, margin, 1_100_000)),
        int(is_call_event_due(1, 2, time, low)),
        cure_quanta(equity, margin, 1_350_000),
        deadline,
        int(is_in_time(time, deadline)),
    )


def amounts(lots: int, done: int, elapsed: int, window: int, volume: int, used: int) -> tuple[int, ...]:
    allowed = soft_allowance_lots(lots, 100_000, elapsed, window, done)
    return (
        allowed,
        soft_slice_lots(lots, allowed, done, volume, 50_000_000),
        budget(volume, used, 100_000, used),
        lots_within_budget(lots, volume, used, 200_000, used, 1 + done),
        check_levels(lots, done, elapsed, volume, used),
    )


def asset(missing: int, held: int, most: int, low: int, floor: Any, weight: Any) -> tuple[bool, int]:
    return cure_units(missing, held, most, low, 100_000_000, floor, weight)


valuation_compiled: Any = njit(valuation)
amounts_compiled: Any = njit(amounts)
asset_compiled: Any = njit(asset)

money = st.integers(-(2**60), 2**60)
amount = st.integers(0, 2**60)


@given(money, money, amount, amount, st.integers(0, 2**62), st.booleans())
def test_valuation(equity: int, low: int, margin: int, move: int, time: int, flag: bool) -> None:
    facts = (equity, low, margin, move, time, flag)
    assert valuation_compiled(*facts) == valuation(*facts)


window = st.integers(0, WINDOW_MAX_NS)


@given(amount, amount, window, window, amount, amount)
def test_amounts(lots: int, done: int, elapsed: int, window: int, volume: int, used: int) -> None:
    facts = (lots, done, elapsed, window, volume, used)
    assert amounts_compiled(*facts) == amounts(*facts)


@given(st.integers(0, 2**50), st.integers(0, 10**14), st.integers(0, 10**14), st.integers(1, 10**12))
def test_asset(missing: int, held: int, most: int, low: int) -> None:
    floor, weight = (0, 10**15), (900_000, 500_000)
    columns = (np.array(floor), np.array(weight))
    facts = (missing, held, most, low)
    assert asset_compiled(*facts, *columns) == asset(*facts, floor, weight)
