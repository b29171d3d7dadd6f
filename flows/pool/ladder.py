"""The ladder: where an account stands, what that opens and closes, and its next forced step (R-G, R-H6)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from flows.journal import events as ev
from flows.pool import auction, backstop, sales, waterfall
from flows.pool.layout import CALL_OPEN, LIQUIDATING, SIGMA
from flows.pool.sizing import rank
from flows.pool.state import VAULT, PoolState, amounts
from flows.pool.valuation import Valuation
from flows.rules.backstop.trigger import NO_TAKEOVER, takeover_reason
from flows.rules.breaker.permissions import VAULT as VAULT_ALLOWED
from flows.rules.call.cure import cure_quanta, deadline_ns
from flows.rules.call.hysteresis import CALL_EVENT_GAP_NS, is_call_event_due
from flows.rules.call.levels import BACKSTOP, BANKRUPT, CALL, OK, SOFT
from flows.rules.call.zone import (
    CLEAR,
    RECOVERING,
    UNDER_CALL,
    UNDER_HARD,
    UNDER_MARGIN,
    UNDER_WATER,
    level_in,
)
from flows.rules.collateral.interest import conversion_due_quanta
from flows.rules.exact import mul_ppm_ceil
from flows.rules.liquidation.preparation import CANCEL_ORDERS, RESTORED, SELL_POSITIONS, next_step

ROUNDS_MOST = 1_000
"""An entry's consequences come to rest: each round closes lots or spends money, and there are not this many."""


def by_risk(state: PoolState, rows: Iterable[int]) -> list[int]:
    """Accounts by ascending health as they stand now, then by row (R-A5, R-E6)."""
    ranked = np.fromiter(rows, np.int64)
    if len(ranked) > 1:
        rank(state.c, ranked)
    found: list[int] = ranked.tolist()
    return found


def settle(state: PoolState) -> None:
    """Assess what the entry touched, and what that touches, until nothing more moves."""
    for _ in range(ROUNDS_MOST):
        if not state.touched:
            return
        batch, state.touched = by_risk(state, state.touched), {}
        for row in batch:
            release_isolated(state, row)
            convert_if_due(state, row)
            assess(state, row)
    raise AssertionError("an entry's consequences do not come to rest")


def act_on(state: PoolState, moved: list[int]) -> None:
    """Accounts that a price moved: by ascending health, each tested again before its turn."""
    for row in moved:
        state.dirty[row] = True
    for row in by_risk(state, moved):
        assess(state, row)


def assess(state: PoolState, row: int) -> None:
    """Revalue an account; act if its zone has changed."""
    v = state.value(row)
    if state.zone_now(row, v) != state.zone(row):
        move(state, row, v)


# --- moving along -----------------------------------------------------------------------------------------------------
def move(state: PoolState, row: int, v: Valuation) -> None:
    """The account is in a new zone: open, announce, end, begin what that means, then take the first step."""
    zone = state.zone_now(row, v)
    state.set_zone(row, zone)
    if row == VAULT:
        if zone == UNDER_WATER:
            waterfall.resolve(state, row)
        return
    case = state.case(row)
    case.under_hard_ns = (case.under_hard_ns or state.time_ns) if zone >= UNDER_HARD else 0
    if state.call_open(row) and zone == CLEAR:
        clear_call(state, row, v)
    elif not state.call_open(row) and zone >= UNDER_CALL and v[5] > 0:
        open_call(state, row, v)
    if state.call_open(row) and case.announce_due_ns > 0 and zone >= UNDER_MARGIN:
        announce(state, row, v)
    if state.liquidating(row) and zone <= UNDER_CALL:
        end_liquidation(state, row)
    if state.call_open(row) and zone >= UNDER_HARD and not case.window_over:
        end_window(state, row, v, by_level=1)
    if not state.liquidating(row) and zone >= UNDER_MARGIN and v[5] > 0:
        begin_liquidation(state, row, v)
        v = state.value(row)
        if state.zone_now(row, v) != zone:  # selling collateral moved it
            move(state, row, v)
            return
    relevel(state, row, v)
    if case.answered_offset == state.offset and zone != UNDER_WATER:
        case.next_step_ns = state.time_ns  # the next slice waits for the first clock after its answer (R-H4)
        state.at(case.next_step_ns, row)
        return
    step(state, row)


def relevel(state: PoolState, row: int, v: Valuation) -> None:
    """One event for each move between levels."""
    case = state.case(row)
    zone = state.zone(row)
    level = level_in(zone, state.call_open(row), case.window_over, state.liquidating(row))
    if level == case.level:
        return
    state.evidence(row, v)
    former, case.level = case.level, level
    state.emit(
        ev.LEVEL,
        701,
        [
            (ev.ACCOUNT, row),
            (ev.CODE, level),
            (ev.FORMER_CODE, former),
            (ev.THRESHOLD_QUANTA, border(state, zone, level, v[5])),
            *amounts(v),
        ],
    )


def border(state: PoolState, zone: int, level: int, margin: int) -> int:
    """The amount that the equity was compared with when this level was found."""
    of = state.parameters
    if level == OK:
        return mul_ppm_ceil(margin, of.clear_ppm)
    if level == CALL:
        return mul_ppm_ceil(margin, of.call_ppm)
    if level == BANKRUPT:
        return 0
    if level == BACKSTOP:
        return mul_ppm_ceil(margin, of.backstop_ppm)
    return mul_ppm_ceil(margin, of.hard_ppm) if zone == UNDER_HARD else margin


# --- the call and its window ------------------------------------------------------------------------------------------
def open_call(state: PoolState, row: int, v: Valuation) -> None:
    """A call opens; it is announced at once unless the last was less than a minute ago and nothing got worse."""
    case = state.case(row)
    state.set_flag(row, CALL_OPEN, on=True)
    case.window_over, case.deadline_ns = False, 0
    level = level_in(state.zone(row), True, False, state.liquidating(row))
    if is_call_event_due(level, case.announced_level, state.time_ns, case.announced_ns):
        announce(state, row, v)
    else:
        case.announce_due_ns = case.announced_ns + CALL_EVENT_GAP_NS
        state.at(case.announce_due_ns, row)


def announce(state: PoolState, row: int, v: Valuation) -> None:
    """The margin call: what cures it, and until when (R-G2)."""
    of, case = state.parameters, state.case(row)
    day_move = 0
    for m in state.markets_of(row):
        day_move += mul_ppm_ceil(abs(state.lots(row, m)) * state.lot_quanta(m), int(state.c.market[m, SIGMA]))
    state.evidence(row, v)
    case.announce_due_ns = 0
    case.announced_ns = case.call_time_ns = state.time_ns
    case.announced_level = level_in(state.zone(row), True, case.window_over, state.liquidating(row))
    case.deadline_ns = deadline_ns(
        state.time_ns, v[1], v[5], of.hard_ppm, day_move, of.window_ns, of.window_least_ns
    )
    state.at(case.deadline_ns, row)
    state.emit(
        ev.MARGIN_CALL,
        702,
        [
            (ev.ACCOUNT, row),
            (ev.CODE, case.announced_level),
            (ev.QUANTA, cure_quanta(v[1], v[5], of.clear_ppm)),
            (ev.THRESHOLD_QUANTA, mul_ppm_ceil(v[5], of.call_ppm)),
            (ev.DEADLINE_NS, case.deadline_ns),
            *amounts(v),
        ],
    )


def clear_call(state: PoolState, row: int, v: Valuation) -> None:
    """Equity is back at the clear level: the call and its window are history."""
    case = state.case(row)
    state.evidence(row, v)
    state.set_flag(row, CALL_OPEN, on=False)
    case.window_over = False
    case.deadline_ns = case.announce_due_ns = 0
    state.emit(
        ev.CALL_CLEARED,
        703,
        [
            (ev.ACCOUNT, row),
            (ev.THRESHOLD_QUANTA, mul_ppm_ceil(v[5], state.parameters.clear_ppm)),
            *amounts(v),
        ],
    )


def end_window(state: PoolState, row: int, v: Valuation, by_level: int) -> None:
    """No more time: the deadline has passed (0), or equity fell through the hard level (1)."""
    case = state.case(row)
    state.evidence(row, v)
    case.window_over = True
    level = state.parameters.hard_ppm if by_level else state.parameters.call_ppm
    state.emit(
        ev.WINDOW_OVER,
        701,
        [
            (ev.ACCOUNT, row),
            (ev.CODE, by_level),
            (ev.DEADLINE_NS, case.deadline_ns),
            (ev.THRESHOLD_QUANTA, mul_ppm_ceil(v[5], level)),
            *amounts(v),
        ],
    )


# --- liquidation ------------------------------------------------------------------------------------------------------
def begin_liquidation(state: PoolState, row: int, v: Valuation) -> None:
    """Before anything is sold: cancel the account's orders, then turn collateral into what is owed (R-H6)."""
    case = state.case(row)
    state.evidence(row, v)
    state.set_flag(row, LIQUIDATING, on=True)
    case.soft_market, case.soft_start_lots, case.soft_allowed_lots = -1, 0, 0
    case.stuck = False
    taken = next_step(0, False, True, False, False)
    while taken not in (RESTORED, SELL_POSITIONS):
        if taken == CANCEL_ORDERS:  # the engine keeps no order book: execution knows whether there are any
            state.emit(ev.ORDERS_CANCELLED, 806, [(ev.ACCOUNT, row), *amounts(v)])
        else:
            backstop.sell_collateral(state, row, -v[0])
        v = state.value(row)
        restored = v[5] == 0 or state.zone_now(row, v) < RECOVERING
        gains = v[0] < 0 and bool(backstop.sale_order(state, dict(state.units_of(row))))
        taken = next_step(taken, restored, True, False, gains)


def end_liquidation(state: PoolState, row: int) -> None:
    """Target reached: offers are withdrawn, nothing more is forced."""
    state.set_flag(row, LIQUIDATING, on=False)
    state.case(row).stuck = False
    auction.withdraw_all(state, row, auction.RECOVERED)


def release_isolated(state: PoolState, row: int) -> None:
    """A closed isolated position gives its margin back to the cross account (R-F4)."""
    parent = state.parents.get(row, -1)
    if parent < 0 or not state.held_lots.get(row) or state.markets_of(row):
        return
    balance = state.balance(row)
    if balance <= 0:
        return
    state.held_lots[row] = False
    backstop.move_collateral(state, row, parent, 0, balance, 604)


def convert_if_due(state: PoolState, row: int) -> None:
    """Debt beyond the limit is paid from the account's own collateral (R-C5, R-C6)."""
    v = state.value(row)
    if row == VAULT or v[0] >= 0 or v[8] == 0:
        return
    of = state.parameters
    due = conversion_due_quanta(-v[0], v[8], of.convert_floor_quanta, of.convert_share_ppm)
    if due > 0:
        backstop.sell_collateral(state, row, due)


def step(state: PoolState, row: int) -> None:
    """The next forced step of an account, if one is due: resolve, take over, offer, sell a slice."""
    zone = state.zone(row)
    if zone != UNDER_WATER and not state.liquidating(row):
        return
    case = state.case(row)
    case.next_step_ns = state.time_ns + state.parameters.pacing_ns
    state.at(case.next_step_ns, row)
    if zone == UNDER_WATER:
        waterfall.resolve(state, row)
        return
    v = state.value(row)
    if goes_to_vault(state, row, v):
        if backstop.take_over(state, row):
            return
        v = state.value(row)
        if v[5] == 0 or state.zone_now(row, v) < UNDER_MARGIN:
            return  # the touched account is assessed again before the entry ends
    if case.level == SOFT:
        sales.soft_slice(state, row, v)
    else:
        sales.partial_step(state, row, v)


def goes_to_vault(state: PoolState, row: int, v: Valuation) -> bool:
    """Whether the backstop is asked: R-J1's reasons, or no slice passes once the window is over (R-H4)."""
    of, case = state.parameters, state.case(row)
    unfilled_ns = state.time_ns - case.under_hard_ns if case.under_hard_ns else 0
    halted = any(not state.allowed(m) & VAULT_ALLOWED for m in state.markets_of(row))
    reason = takeover_reason(
        v[1], v[2], v[5], of.hard_ppm, of.backstop_ppm, unfilled_ns, of.patience_ns, halted
    )
    is_stuck = case.stuck and case.level != SOFT and state.zone(row) >= UNDER_MARGIN
    return reason != NO_TAKEOVER or is_stuck
