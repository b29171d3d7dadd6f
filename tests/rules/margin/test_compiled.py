"""Chapters D and E compiled give what they give in plain Python, up to the registered bound."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from flows.rules.exact import Ints
from flows.rules.margin import (
    bands,
    bankruptcy,
    equity,
    health,
    initial,
    limits,
    liquidation_price,
    maintenance,
)

Answers = tuple[int, ...]
M = 1_000_000
FLOOR = (0, 50_000 * M, 600_000 * M, 3_000_000 * M)
RATE = (4_000, 5_000, 6_500, 10_000)
AMOUNT = maintenance.tier_amounts(FLOOR, RATE)
LEVERAGE = (125, 100, 75, 50)
LEVEL = (1_250_000, 1_000_000, 800_000, 666_667)
TUPLES = FLOOR, RATE, AMOUNT, LEVERAGE
COLUMNS = tuple(np.array(column) for column in TUPLES)


def required(notional: int, leverage: int, floors: Ints, rates: Ints, amounts: Ints, most: Ints) -> Answers:
    margin = maintenance.maintenance_margin(notional, floors, rates, amounts)
    return (
        maintenance.tier_of(notional, floors),
        margin,
        maintenance.maintenance_margin_over(notional, floors, rates, amounts, M),
        maintenance.tiers_rise(floors, rates),
        initial.initial_margin(notional, floors, rates, amounts, leverage),
        initial.bracket_initial_margin(notional, floors, most, leverage),
        initial.leverage_fits(leverage, 50),
        initial.missing_quanta(notional, margin),
        initial.initial_leaves_room(rates, amounts, 450),
        limits.only_reduces(leverage, -50),
        limits.within_bracket_limit(leverage, -50, 100, 100, notional),
        limits.within_open_interest(leverage, -50, 100, 120),
        limits.largest_change_lots(1, leverage, 100, 100, notional, 70, 100, 120),
    )


def owned(balance: int, amount: int, loss: int, margin: int, levels: Ints) -> Answers:
    return (
        equity.equity_maintenance(balance, amount, -loss),
        equity.equity_initial(balance, amount, -loss, amount, 900_000),
        equity.equity_withdrawal(balance, amount, -loss),
        equity.equity_low(balance, amount, -loss),
        health.is_liquidatable(balance, margin),
        health.state(balance, amount - loss, margin, levels),
        health.health_ppm(balance, margin),
        health.margin_ratio_ppm(balance, margin),
        health.leverage_ppm(balance, amount),
        bankruptcy.equity_share(balance, margin // 2, margin + 1),
        bankruptcy.bankruptcy_ticks(7, amount, balance, 100),
        bankruptcy.bankruptcy_ticks(-7, amount, balance, 100),
        bankruptcy.bankruptcy_quote(-7, 600_000, 100, balance),
    )


def priced(lots: int, mark: int, held: int, floors: Ints, rates: Ints, amounts: Ints, most: Ints) -> Answers:
    level, rate, gross = LEVEL[0], rates[len(rates) - 1], abs(lots) * mark * 100
    below = bands.slack_below_quanta(held, gross, level, 3)
    above = bands.slack_above_quanta(held, gross, level, 3)
    return (
        liquidation_price.excess_quanta(mark + 1, lots, mark, 100, held, 5, floors, rates, amounts),
        liquidation_price.liquidation_ticks(lots, mark, 100, held, 5, floors, rates, amounts, 10**8),
        bands.bands_hold(rate, level),
        bands.safe_fall_ticks(mark, below, gross),
        bands.safe_rise_ticks(mark, below, gross, level, rate),
        bands.idle_rise_ticks(mark, above, gross),
        bands.idle_fall_ticks(mark, above, gross, level, rate),
    )


compiled_required = njit(required)
compiled_owned = njit(owned)
compiled_priced = njit(priced)
quick = settings(max_examples=100, deadline=None)
amounts_held = st.integers(0, 2**60)


@quick
@given(st.integers(0, 2**61), st.integers(1, 150))
def test_required(notional: int, leverage: int) -> None:
    assert compiled_required(notional, leverage, *COLUMNS) == required(notional, leverage, *TUPLES)


@quick
@given(st.integers(-(2**60), 2**60), amounts_held, amounts_held, amounts_held)
def test_owned(balance: int, amount: int, loss: int, margin: int) -> None:
    account = balance, amount, loss, margin
    assert compiled_owned(*account, np.array(LEVEL)) == owned(*account, LEVEL)


@quick
@given(st.integers(-(10**7), 10**7), st.integers(1, 10**8), st.integers(-(2**60), 2**60))
def test_priced(lots: int, mark: int, held: int) -> None:
    assert compiled_priced(lots, mark, held, *COLUMNS) == priced(lots, mark, held, *TUPLES)
