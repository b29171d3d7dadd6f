"""What is due happens at a clock and at no other entry (R-A6): timers, steps, interest, the vault's unwinding."""

from __future__ import annotations

import heapq

import numpy as np

from flows.journal import events as ev
from flows.pool import auction, backstop, commands, ladder, waterfall
from flows.pool.case import Order
from flows.pool.holders import debtors
from flows.pool.layout import FEES, NEXT_DUE, OUTAGE, UNSWEPT
from flows.pool.state import VAULT, PoolState
from flows.rules.call.zone import UNDER_WATER
from flows.rules.collateral.interest import HOUR_S, interest_charge, interest_rate_ppb, utilization_ppm
from flows.rules.fund.inflow import split_fee
from flows.rules.scale.time import SECOND_NS

HOUR_NS = HOUR_S * SECOND_NS


def clock(state: PoolState) -> None:
    """Everything that is due, in its fixed order; what people ordered comes first."""
    commands.due(state)
    hourly(state)
    rows = due_rows(state)
    for row in rows:
        due(state, row)
    for m in sorted(state.vault_orders):
        order = state.vault_orders[m]
        if state.time_ns >= order.lapses_ns:
            lapse(state, VAULT, order)
            del state.vault_orders[m]
    waterfall.note_outage(state)
    waterfall.open_gate(state)
    active = [row for row in rows if is_active(state, row)]
    for row in ladder.by_risk(state, active):
        v = state.value(row)
        state.dirty[row] = True
        if state.zone_now(row, v) != state.zone(row):
            ladder.move(state, row, v)
        else:
            ladder.step(state, row)
    ladder.settle(state)
    backstop.unwind(state)


def next_due(state: PoolState) -> int:
    """The earliest time at which a clock has something to do."""
    moments = [state.hour_ns + HOUR_NS if state.hour_ns else 0]
    if state.timers:
        moments.append(state.timers[0][0])
    if state.gate_closed:
        moments.append(state.gate_opens_ns)
    if state.c.pool[0, OUTAGE]:
        moments.append(0)
    if state.markets_of(VAULT):
        moments.append(state.vault_next_ns)
    moments.extend(order.lapses_ns for order in state.vault_orders.values())
    moments.extend(order.due_ns for order in state.waiting)
    return min(moments)


def set_next_due(state: PoolState) -> None:
    """Tell the compiled loop which clock to stop at."""
    state.c.pool[0, NEXT_DUE] = next_due(state)


def due_rows(state: PoolState) -> list[int]:
    """Accounts with a timer at or before now, ascending; spent timers are taken off the heap."""
    rows: dict[int, bool] = {}
    while state.timers and state.timers[0][0] <= state.time_ns:
        rows[heapq.heappop(state.timers)[1]] = True
    return sorted(rows)


def is_active(state: PoolState, row: int) -> bool:
    """Whether a forced step of the account is due."""
    if not state.liquidating(row) and state.zone(row) != UNDER_WATER:
        return False
    return state.case(row).next_step_ns <= state.time_ns


def due(state: PoolState, row: int) -> None:
    """An account's timers: its order lapses, offers expire, a call is announced, a window ends."""
    case = state.case(row)
    if case.order is not None and state.time_ns >= case.order.lapses_ns:
        lapse(state, row, case.order)
        case.order = None
        case.next_step_ns = 0
    auction.expire(state, row)
    if not state.call_open(row):
        return
    if 0 < case.announce_due_ns <= state.time_ns:
        ladder.announce(state, row, state.value(row))
    if 0 < case.deadline_ns <= state.time_ns and not case.window_over:
        v = state.value(row)
        ladder.end_window(state, row, v, by_level=0)
        ladder.relevel(state, row, v)
        case.next_step_ns = 0


def lapse(state: PoolState, row: int, order: Order) -> None:
    """What is left of an order that execution did not answer."""
    state.emit(
        ev.LIQUIDATION_LAPSED,
        804,
        [
            (ev.ACCOUNT, row),
            (ev.MARKET, order.market),
            (ev.LOTS, order.lots),
            (ev.REFERENCE_OFFSET, order.offset),
            (ev.REFERENCE_INDEX, order.index),
        ],
    )


# --- each hour --------------------------------------------------------------------------------------------------------
def hourly(state: PoolState) -> None:
    """Interest of all debtors together, and the fund's share of the hour's fees (R-C5, R-K1)."""
    hour = state.time_ns // HOUR_NS
    if state.hour_ns == 0:
        state.hour_ns = hour * HOUR_NS
    elapsed_s = (hour * HOUR_NS - state.hour_ns) // SECOND_NS
    if elapsed_s == 0:
        return
    state.hour_ns = hour * HOUR_NS
    charge_interest(state, elapsed_s)
    share, _ = split_fee(int(state.c.pool[0, UNSWEPT]), state.parameters.fee_to_fund_ppm)
    state.c.pool[0, UNSWEPT] = 0
    if share > 0:
        state.fee(-share)
        state.emit(ev.FEES_SWEPT, 1101, [(ev.QUANTA, share), (ev.BALANCE_QUANTA, int(state.c.pool[0, FEES]))])
        state.fund(share, ev.FUND_FEES, 1101)


def charge_interest(state: PoolState, elapsed_s: int) -> None:
    """Debt pays by utilization; all of it goes to insurance."""
    of = state.parameters
    sums = np.zeros(2, np.int64)
    rows, balances = debtors(state.c, sums)
    if not len(rows):
        return
    utilization = utilization_ppm(int(sums[0]), int(sums[1]))
    rate = interest_rate_ppb(utilization, of.debt_optimal_ppm, of.debt_rate_optimal_ppb, of.debt_rate_max_ppb)
    charged = 0
    for row, balance in zip(rows.tolist(), balances.tolist(), strict=True):
        interest = interest_charge(-balance, rate, elapsed_s)
        state.pay(row, -interest)
        charged += interest
        state.emit(
            ev.INTEREST,
            305,
            [
                (ev.ACCOUNT, row),
                (ev.QUANTA, interest),
                (ev.THRESHOLD_QUANTA, rate),
                (ev.BALANCE_QUANTA, state.balance(row)),
            ],
        )
        state.touch(row)
    state.fund(charged, ev.FUND_INTEREST, 305)
