"""The ladder: where an account stands, what that opens and closes, and its next forced step."""

from __future__ import annotations

from functools import cmp_to_key

from flows.journal import events as ev
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
from flows.rules.exact import mul_ppm_ceil, riskier
from flows.rules.liquidation.preparation import CANCEL_ORDERS, RESTORED, SELL_POSITIONS, next_step
from flows.verify.opinion import auction, backstop, sales, waterfall
from flows.verify.opinion.holdings import VAULT, Account, Valuation
from flows.verify.opinion.state import State

ROUNDS_MOST = 1_000
"""An entry's consequences come to rest: each round closes lots or spends money, and there are not this many."""


# --- the canonical order ----------------------------------------------------------------------------------------------
def by_risk(state: State, rows: list[int]) -> list[int]:
    """Accounts by ascending health as they stand now, then by row (R-A5, R-E6)."""
    values = {row: state.value(state.accounts[row]) for row in rows}

    def order(one: int, other: int) -> int:
        a, b = values[one], values[other]
        first = riskier(
            a.equity_quanta, a.maintenance_quanta, one, b.equity_quanta, b.maintenance_quanta, other
        )
        return -1 if first else 1

    return sorted(values, key=cmp_to_key(order))


def settle(state: State) -> None:
    """Assess what the entry touched, and what that touches, until nothing more moves."""
    for _ in range(ROUNDS_MOST):
        if not state.touched:
            return
        batch, state.touched = by_risk(state, state.touched), []
        for row in batch:
            release_isolated(state, state.accounts[row])
            convert_if_due(state, state.accounts[row])
            assess(state, state.accounts[row])
    raise AssertionError("an entry's consequences do not come to rest")


def assess(state: State, account: Account) -> None:
    """Revalue an account; act if its zone has changed."""
    value = state.value(account)
    if state.zone(account, value) != account.zone:
        move(state, account, value)


def act_on_moved(state: State) -> None:
    """All are valued first, then acted on by ascending health, each tested again before its turn (R-E6)."""
    moved = [each.row for each in state.accounts if state.zone(each, state.value(each)) != each.zone]
    for row in by_risk(state, moved):
        assess(state, state.accounts[row])


# --- moving along -----------------------------------------------------------------------------------------------------
def move(state: State, account: Account, value: Valuation) -> None:
    """The account is in a new zone: open, announce, end, begin what that means, then take the first step."""
    account.zone = zone = state.zone(account, value)
    if account.row == VAULT:
        if zone == UNDER_WATER:
            waterfall.resolve(state, account)
        return
    account.under_hard_ns = (account.under_hard_ns or state.time_ns) if zone >= UNDER_HARD else 0
    if account.call_open and zone == CLEAR:
        clear_call(state, account, value)
    elif not account.call_open and zone >= UNDER_CALL and value.maintenance_quanta > 0:
        open_call(state, account, value)
    if account.call_open and account.announce_due_ns > 0 and zone >= UNDER_MARGIN:
        announce(state, account, value)
    if account.liquidating and zone <= UNDER_CALL:
        end_liquidation(state, account)
    if account.call_open and zone >= UNDER_HARD and not account.window_over:
        end_window(state, account, value, by_level=1)
    if not account.liquidating and zone >= UNDER_MARGIN and value.maintenance_quanta > 0:
        begin_liquidation(state, account, value)
        value = state.value(account)
        if state.zone(account, value) != zone:  # selling collateral moved it
            move(state, account, value)
            return
    relevel(state, account, value)
    account.next_step_ns = state.time_ns
    if account.answered_offset == state.offset and zone != UNDER_WATER:
        return  # the next slice waits for the first clock after its answer (R-H4)
    step(state, account)


def relevel(state: State, account: Account, value: Valuation) -> None:
    """One event for each move between levels."""
    level = level_in(account.zone, account.call_open, account.window_over, account.liquidating)
    if level == account.level:
        return
    state.evidence(account, value)
    former, account.level = account.level, level
    state.emit(
        ev.LEVEL,
        701,
        account=account.row,
        code=level,
        former_code=former,
        threshold_quanta=border(state, account, level, value),
        **amounts(value),
    )


def border(state: State, account: Account, level: int, value: Valuation) -> int:
    """The amount that the equity was compared with when this level was found."""
    of, margin = state.parameters, value.maintenance_quanta
    if level == OK:
        return mul_ppm_ceil(margin, of.clear_ppm)
    if level == CALL:
        return mul_ppm_ceil(margin, of.call_ppm)
    if level == BANKRUPT:
        return 0
    if level == BACKSTOP:
        return mul_ppm_ceil(margin, of.backstop_ppm)
    return mul_ppm_ceil(margin, of.hard_ppm) if account.zone == UNDER_HARD else margin


def amounts(value: Valuation) -> dict[str, int]:
    """The account's amounts, as columns of an event."""
    return {
        "equity_quanta": value.equity_quanta,
        "equity_low_quanta": value.equity_low_quanta,
        "maintenance_margin_quanta": value.maintenance_quanta,
        "initial_margin_quanta": value.initial_quanta,
        "balance_quanta": value.balance_quanta,
    }


# --- the call and its window ------------------------------------------------------------------------------------------
def open_call(state: State, account: Account, value: Valuation) -> None:
    """A call opens; it is announced at once unless the last was less than a minute ago and nothing got worse."""
    account.call_open, account.window_over, account.deadline_ns = True, False, 0
    level = level_in(account.zone, True, False, account.liquidating)
    if is_call_event_due(level, account.announced_level, state.time_ns, account.announced_ns):
        announce(state, account, value)
    else:
        account.announce_due_ns = account.announced_ns + CALL_EVENT_GAP_NS


def announce(state: State, account: Account, value: Valuation) -> None:
    """The margin call: what cures it, and until when (R-G2)."""
    of = state.parameters
    day_move = 0
    for market, position in sorted(account.positions.items()):
        held = state.markets[market]
        notional = abs(position.lots) * held.mark_ticks * held.parameters.lot_tick_quanta
        day_move += mul_ppm_ceil(notional, held.sigma_ppm)
    state.evidence(account, value)
    account.announce_due_ns = 0
    account.announced_ns = account.call_time_ns = state.time_ns
    account.announced_level = level_in(account.zone, True, account.window_over, account.liquidating)
    account.deadline_ns = deadline_ns(
        state.time_ns,
        value.equity_quanta,
        value.maintenance_quanta,
        of.hard_ppm,
        day_move,
        of.window_ns,
        of.window_least_ns,
    )
    state.emit(
        ev.MARGIN_CALL,
        702,
        account=account.row,
        code=account.announced_level,
        quanta=cure_quanta(value.equity_quanta, value.maintenance_quanta, of.clear_ppm),
        threshold_quanta=mul_ppm_ceil(value.maintenance_quanta, of.call_ppm),
        deadline_ns=account.deadline_ns,
        **amounts(value),
    )


def clear_call(state: State, account: Account, value: Valuation) -> None:
    """Equity is back at the clear level: the call and its window are history."""
    state.evidence(account, value)
    account.call_open = account.window_over = False
    account.deadline_ns = account.announce_due_ns = 0
    state.emit(
        ev.CALL_CLEARED,
        703,
        account=account.row,
        threshold_quanta=mul_ppm_ceil(value.maintenance_quanta, state.parameters.clear_ppm),
        **amounts(value),
    )


def end_window(state: State, account: Account, value: Valuation, by_level: int) -> None:
    """No more time: the deadline has passed (0), or equity fell through the hard level (1)."""
    state.evidence(account, value)
    account.window_over = True
    level = state.parameters.hard_ppm if by_level else state.parameters.call_ppm
    state.emit(
        ev.WINDOW_OVER,
        701,
        account=account.row,
        code=by_level,
        deadline_ns=account.deadline_ns,
        threshold_quanta=mul_ppm_ceil(value.maintenance_quanta, level),
        **amounts(value),
    )


# --- liquidation ------------------------------------------------------------------------------------------------------
def begin_liquidation(state: State, account: Account, value: Valuation) -> None:
    """Before anything is sold: cancel the account's orders, then turn collateral into what is owed (R-H6)."""
    state.evidence(account, value)
    account.liquidating = True
    account.soft_market, account.soft_start_lots, account.soft_allowed_lots = -1, 0, 0
    account.stuck = False
    taken = next_step(0, False, True, False, False)
    while taken not in (RESTORED, SELL_POSITIONS):
        if taken == CANCEL_ORDERS:  # the engine keeps no order book: execution knows whether there are any
            state.emit(ev.ORDERS_CANCELLED, 806, account=account.row, **amounts(value))
        else:
            backstop.sell_collateral(state, account, -value.balance_quanta)
        value = state.value(account)
        restored = value.maintenance_quanta == 0 or state.zone(account, value) < RECOVERING
        gains = value.balance_quanta < 0 and bool(backstop.sale_order(state, account))
        taken = next_step(taken, restored, True, False, gains)


def end_liquidation(state: State, account: Account) -> None:
    """Target reached: offers are withdrawn, nothing more is forced."""
    account.liquidating = account.stuck = False
    auction.withdraw_all(state, account, 0)


def release_isolated(state: State, account: Account) -> None:
    """A closed isolated position gives its margin back to the cross account (R-F4)."""
    if account.parent < 0 or account.positions or not account.held_lots or account.balance_quanta <= 0:
        return
    account.held_lots = False
    parent = state.accounts[account.parent]
    backstop.move_collateral(state, account, parent, 0, account.balance_quanta, 604)


def convert_if_due(state: State, account: Account) -> None:
    """Debt beyond the limit is paid from the account's own collateral (R-C5, R-C6)."""
    value = state.value(account)
    if account.row == VAULT or value.balance_quanta >= 0 or value.credit_quanta == 0:
        return
    of = state.parameters
    due = conversion_due_quanta(
        -value.balance_quanta, value.credit_quanta, of.convert_floor_quanta, of.convert_share_ppm
    )
    if due > 0:
        backstop.sell_collateral(state, account, due)


def step(state: State, account: Account) -> None:
    """The next forced step of an account, if one is due: resolve, take over, offer, sell a slice."""
    if account.zone != UNDER_WATER and not account.liquidating:
        return
    account.next_step_ns = state.time_ns + state.parameters.pacing_ns
    if account.zone == UNDER_WATER:
        waterfall.resolve(state, account)
        return
    value = state.value(account)
    if goes_to_vault(state, account, value):
        if backstop.take_over(state, account):
            return
        value = state.value(account)
        if value.maintenance_quanta == 0 or state.zone(account, value) < UNDER_MARGIN:
            return  # the touched account is assessed again before the entry ends
    if account.level == SOFT:
        sales.soft_slice(state, account, value)
    else:
        sales.partial_step(state, account, value)


def goes_to_vault(state: State, account: Account, value: Valuation) -> bool:
    """Whether the backstop is asked: R-J1's reasons, or no slice passes once the window is over (R-H4)."""
    of = state.parameters
    reason = takeover_reason(
        value.equity_quanta,
        value.equity_low_quanta,
        value.maintenance_quanta,
        of.hard_ppm,
        of.backstop_ppm,
        state.time_ns - account.under_hard_ns if account.under_hard_ns else 0,
        of.patience_ns,
        any(not state.markets[market].permissions() & VAULT_ALLOWED for market in account.positions),
    )
    is_stuck = account.stuck and account.level != SOFT and account.zone >= UNDER_MARGIN
    return reason != NO_TAKEOVER or is_stuck
