"""Liquidation orders: a paced slice in the window, offers and slices after it (R-G4, R-G5, R-H)."""

from __future__ import annotations

from flows.journal import events as ev
from flows.pool import auction
from flows.pool.case import Order
from flows.pool.sizing import S_LOTS, S_MARKET, S_PASSES, S_RESTORE, order_size
from flows.pool.state import PoolState, amounts
from flows.pool.valuation import Valuation
from flows.rules.breaker.permissions import HARD_ORDERS, OFFERS, SOFT_ORDERS
from flows.rules.call.slices import soft_allowance_lots, soft_slice_lots
from flows.rules.call.zone import UNDER_HARD
from flows.rules.exact import mul_ppm_ceil


def soft_slice(state: PoolState, row: int, v: Valuation) -> None:
    """A paced slice while the window runs (R-G4)."""
    case, of = state.case(row), state.parameters
    if case.order is not None:
        return
    planned = state.plan(v, SOFT_ORDERS, 1)
    if not planned:
        return
    m, lots, restore = planned[0][S_MARKET], planned[0][S_LOTS], planned[0][S_RESTORE]
    if case.soft_market != m:
        case.soft_market, case.soft_start_lots, case.soft_allowed_lots = m, abs(lots), 0
    done = max(0, case.soft_start_lots - abs(lots))
    case.soft_allowed_lots = soft_allowance_lots(
        restore + done,
        of.soft_initial_ppm,
        state.time_ns - case.call_time_ns,
        case.deadline_ns - case.call_time_ns,
        case.soft_allowed_lots,
    )
    shortfall = mul_ppm_ceil(v[5], of.target_ppm) - v[1]
    wanted = soft_slice_lots(restore, case.soft_allowed_lots, done, shortfall, of.soft_full_quanta)
    if wanted > 0:
        order(state, row, v, m, lots, wanted)


def partial_step(state: PoolState, row: int, v: Valuation) -> None:
    """Offer what restores the account to liquidators, and sell the first slice of it on the market."""
    planned = state.plan(v, HARD_ORDERS | OFFERS, len(state.parameters.markets))
    for sale in planned:
        if state.allowed(sale[S_MARKET]) & OFFERS:
            auction.offer(state, row, v, sale[S_MARKET], sale[S_LOTS], sale[S_RESTORE])
    if state.case(row).order is not None:
        return
    on_market = [sale for sale in planned if state.allowed(sale[S_MARKET]) & HARD_ORDERS]
    for sale in on_market:
        if sale[S_PASSES]:
            order(state, row, v, sale[S_MARKET], sale[S_LOTS], sale[S_RESTORE])
            return
    if on_market:
        be_stuck(state, row, v)


def order(state: PoolState, row: int, v: Valuation, m: int, lots: int, restore: int) -> None:
    """One liquidation order, as large as pacing, the market's budget and its depth admit."""
    case, of = state.case(row), state.parameters
    share = of.participation_hard_ppm if state.zone(row) >= UNDER_HARD else of.participation_ppm
    sized = order_size(state.c, v, m, lots, restore, share, state.forced_quanta(m))
    size, limit, penalty = (int(each) for each in sized)
    if size == 0:
        return
    if size < 0:
        be_stuck(state, row, v)
        return
    case.stuck = False
    state.evidence(row, v)
    signed = -size if lots > 0 else size
    lapses = state.time_ns + of.order_life_ns
    index = state.emit(
        ev.LIQUIDATION_ORDER,
        801,
        [
            (ev.ACCOUNT, row),
            (ev.MARKET, m),
            (ev.LOTS, signed),
            (ev.PRICE_TICKS, limit),
            (ev.CODE, case.level),
            (ev.QUANTA, restore),
            (ev.FEE_QUANTA, penalty),
            *amounts(v),
            (ev.THRESHOLD_QUANTA, mul_ppm_ceil(v[5], of.target_ppm)),
            (ev.POSITION_LOTS, lots),
            (ev.POSITION_COST_QUANTA, state.cost(row, m)),
            (ev.DEADLINE_NS, lapses),
            *state.marks(m),
        ],
    )
    case.order = Order(state.offset, index, m, signed, lapses)
    state.at(lapses, row)
    state.force(m, size * state.lot_quanta(m))
    auction.reduce(state, row, m, size)


def be_stuck(state: PoolState, row: int, v: Valuation) -> None:
    """No slice of anything passes: said once, and the next stage has the account."""
    case = state.case(row)
    if case.stuck:
        return
    case.stuck = True
    state.evidence(row, v)
    state.emit(
        ev.LIQUIDATION_STUCK,
        804,
        [
            (ev.ACCOUNT, row),
            (ev.CODE, case.level),
            (ev.EQUITY_QUANTA, v[1]),
            (ev.MAINTENANCE_MARGIN_QUANTA, v[5]),
        ],
    )
