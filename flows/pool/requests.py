"""Requests and their answers: order checks that are refused, withdrawals, transfers (R-F)."""

from __future__ import annotations

from flows.journal import events as ev
from flows.pool import backstop, bookkeeping, waterfall
from flows.pool.layout import DEPOSITED, DEPOSITED_UNITS, MARK, OPEN_LOTS, STATUS
from flows.pool.orders import judge_order
from flows.pool.state import PoolState, amounts
from flows.pool.valuation import HALTED as ASSET_HALTED
from flows.rules.breaker.permissions import WITHDRAW
from flows.rules.call.zone import UNDER_CALL
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value
from flows.rules.orders.check import ACCEPT, HALTED, UNKNOWN_ACCOUNT
from flows.rules.orders.isolated import largest_removable
from flows.rules.orders.withdrawal import decide_withdrawal, free_equity, largest_withdrawal


def check_order(state: PoolState, row: int, m: int, delta: int, limit: int, reduce_only: int) -> None:
    """Refuse an order (R-F1) and name the largest size that would pass (R-F2); the kernel has answered the others."""
    columns: list[tuple[int, int]] = []
    if row < 0:
        code, largest = UNKNOWN_ACCOUNT, 0
    elif state.c.market[m, MARK] == 0:
        code, largest = HALTED, 0
    else:
        v = state.value(row)
        code, largest = judge_order(state.c, row, v, m, delta, limit, reduce_only)
        assert code != ACCEPT, "the kernel accepts what may be accepted"
        columns = amounts(v)
        state.evidence(row, v)
    state.emit(
        ev.ORDER_DECISION,
        601,
        [
            (ev.ACCOUNT, row),
            (ev.MARKET, m),
            (ev.LOTS, delta),
            (ev.PRICE_TICKS, limit),
            (ev.QUANTA, largest),
            (ev.CODE, code),
            (ev.POSITION_LOTS, int(state.c.market[m, OPEN_LOTS])),
            *columns,
            *state.marks(m),
        ],
    )


def withdraw(state: PoolState, row: int, asset: int, amount: int) -> None:
    """Pay out what margin, state, gate and cash allow, or refuse and say how much would pass (R-F3)."""
    if answer(state, row, asset, amount, rule=603, counter=-1):
        bookkeeping.credit(state.c, row, asset, -amount, 603)
        state.touch(row)


def transfer(state: PoolState, row: int, to: int, amount: int) -> None:
    """Settlement asset between a cross account and its isolated position, both ways (R-F4)."""
    if answer(state, row, 0, amount, rule=604, counter=to):
        backstop.move_collateral(state, row, to, 0, amount, 604)


def answer(state: PoolState, row: int, asset: int, amount: int, rule: int, counter: int) -> bool:
    """Emit the decision; whether it is yes."""
    of = state.parameters
    v = state.value(row)
    in_call = state.call_open(row) or state.liquidating(row) or state.zone(row) >= UNDER_CALL
    allowed = all(state.allowed(m) & WITHDRAW for m in state.markets_of(row))
    open_ = allowed and not state.gate_closed and not waterfall.awaits_prices(state) and not state.insolvent
    free = free_equity(v[4], v[6], v[7], of.withdrawal_floor_ppm)
    if asset == 0:
        cost, pool, held = amount, int(state.c.pool[0, DEPOSITED]), v[0]
        largest = largest_withdrawal(v[4], v[6], v[7], pool, held, of.withdrawal_floor_ppm)
        if row in state.parents:
            largest = largest_removable(v[3], v[4], v[6], v[7], held, in_call, of.withdrawal_floor_ppm)
            free = min(free, max(0, v[3] - v[6]))
    else:
        m = state.asset_market(asset)
        pool, held = int(state.c.market[m, DEPOSITED_UNITS]), state.lots(row, m)
        cost = asset_cost(state, asset, held, amount)
        largest = largest_units(state, asset, held, min(held, pool), free)
    same = counter == row
    code = decide_withdrawal(amount, cost, free, pool, held, True, same, in_call, open_)
    if in_call or not open_:
        largest = 0
    if code != ACCEPT:
        state.evidence(row, v)
    state.emit(
        ev.COLLATERAL_DECISION,
        rule,
        [
            (ev.ACCOUNT, row),
            (ev.COUNTER_ACCOUNT, counter),
            (ev.MARKET, asset),
            (ev.QUANTA, amount),
            (ev.CODE, code),
            (ev.THRESHOLD_QUANTA, largest),
            *amounts(v),
        ],
    )
    return code == ACCEPT


def asset_cost(state: PoolState, asset: int, held: int, amount: int) -> int:
    """What equity for withdrawals falls by when units leave; a halted price counts nothing there (R-C1)."""
    of, market = state.parameters.assets[asset], state.c.market[state.asset_market(asset)]
    if market[STATUS] == ASSET_HALTED:
        return 0
    counted = [
        tiered_credit(
            asset_value(units, int(market[MARK]), of.unit_scale),
            of.initial_floor_quanta,
            of.initial_weight_ppm,
        )
        for units in (held, max(0, held - amount))
    ]
    return counted[0] - counted[1]


def largest_units(state: PoolState, asset: int, held: int, most: int, free: int) -> int:
    """The most units whose leaving costs no more than is free, by bisection: cost never falls with units."""
    passing, failing = 0, max(0, most) + 1
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if asset_cost(state, asset, held, middle) <= free:
            passing = middle
        else:
            failing = middle
    return passing
