"""Requests and their answers: order checks, withdrawals, transfers (R-F). Each is answered by exactly one event."""

from __future__ import annotations

from flows.journal import events as ev
from flows.rules.breaker.permissions import (
    HALTED_WIDTH_PPM,
    NEW_RISK,
    NEW_RISK_BEYOND_BAND,
    NEW_RISK_FULL_LIMITS,
    REDUCE,
    REDUCE_ANY_PRICE,
    WITHDRAW,
    is_within,
)
from flows.rules.call.zone import UNDER_CALL
from flows.rules.margin.limits import (
    largest_change_lots,
    only_reduces,
    within_bracket_limit,
    within_open_interest,
)
from flows.rules.orders.check import (
    ACCEPT,
    HALTED,
    INSUFFICIENT_MARGIN,
    NOT_REDUCING,
    OI_LIMIT,
    POSITION_LIMIT,
    UNKNOWN_ACCOUNT,
    after_order,
    after_reduction,
    decide_increase,
    decide_reduction,
    lowers_health,
)
from flows.rules.orders.isolated import largest_removable
from flows.rules.orders.size import largest_order_lots, largest_reduction_lots
from flows.rules.orders.withdrawal import decide_withdrawal, free_equity, largest_withdrawal
from flows.verify.opinion import backstop
from flows.verify.opinion.holdings import Account, Market, Valuation
from flows.verify.opinion.ladder import amounts
from flows.verify.opinion.state import State


# --- order checks -----------------------------------------------------------------------------------------------------
def check_order(
    state: State, row: int, market: int, delta_lots: int, limit_ticks: int, reduce_only: bool
) -> None:
    """Accept, reduce-only, reject (R-F1); a refusal names the largest size that would pass (R-F2)."""
    columns: dict[str, int] = {}
    if row < 0:
        code, largest = UNKNOWN_ACCOUNT, 0
    elif state.markets[market].mark_ticks == 0:
        code, largest = HALTED, 0
    else:
        account = state.accounts[row]
        value = state.value(account)
        code, largest = decide(state, account, value, market, delta_lots, limit_ticks, reduce_only)
        columns = amounts(value)
        if code != ACCEPT:
            state.evidence(account, value)
    state.emit(
        ev.ORDER_DECISION,
        601,
        account=row,
        market=market,
        lots=delta_lots,
        price_ticks=limit_ticks,
        quanta=largest,
        code=code,
        position_lots=state.open_lots(market),
        **columns,
        **state.marks(market),
    )


def decide(
    state: State,
    account: Account,
    value: Valuation,
    market: int,
    delta_lots: int,
    limit_ticks: int,
    reduce_only: bool,
) -> tuple[int, int]:
    """The code and the largest size, unsigned."""
    lots = account.lots(market)
    if only_reduces(lots, delta_lots):
        return decide_less(state, account, value, market, delta_lots, limit_ticks)
    if reduce_only:
        return NOT_REDUCING, abs(lots) if lots * delta_lots < 0 else 0
    held = state.markets[market]
    of = held.parameters
    allowed = held.permissions()
    limit = of.bracket_limit_quanta if allowed & NEW_RISK_FULL_LIMITS else of.bracket_limit_quanta // 2
    initial_other = value.initial_quanta - value.initial_by_market.get(market, 0)
    tiers = (of.tier_floor_quanta, of.tier_initial_ppm, of.tier_initial_amount_quanta)
    equity, margin = after_order(
        value.equity_initial_quanta,
        initial_other,
        lots,
        delta_lots,
        held.mark_ticks,
        limit_ticks,
        of.lot_tick_quanta,
        of.taker_fee_ppm,
        *tiers,
        of.leverage,
    )
    code = decide_increase(
        equity,
        margin,
        within_bracket_limit(lots, delta_lots, held.mark_ticks, of.lot_tick_quanta, limit)
        and abs(lots + delta_lots) <= of.max_position_lots,
        within_open_interest(lots, delta_lots, state.open_lots(market), of.max_open_interest_lots),
        False,
        bool(allowed & NEW_RISK) and not state.insolvent,
        True,
        account.liquidating,
        inside_band(held, limit_ticks),
    )
    if code == ACCEPT:
        return code, abs(delta_lots)
    side = 1 if delta_lots > 0 else -1
    closing = max(0, -side * lots)
    if code not in (INSUFFICIENT_MARGIN, POSITION_LIMIT, OI_LIMIT):
        return code, closing
    return code, largest_order_lots(
        side,
        lots,
        value.equity_initial_quanta,
        initial_other,
        held.mark_ticks,
        limit_ticks,
        of.lot_tick_quanta,
        of.taker_fee_ppm,
        *tiers,
        of.leverage,
        room_lots(state, market, side, lots, limit),
    )


def inside_band(held: Market, limit_ticks: int) -> bool:
    """Whether an order's limit is inside the price band, where the market's status asks for that."""
    if held.permissions() & NEW_RISK_BEYOND_BAND or held.band_low_ticks == 0:
        return True
    return held.band_low_ticks <= limit_ticks <= held.band_high_ticks


def room_lots(state: State, market: int, side: int, lots: int, limit_quanta: int) -> int:
    """The largest order that the limits on size leave room for, unsigned."""
    held = state.markets[market]
    of = held.parameters
    return largest_change_lots(
        side,
        lots,
        held.mark_ticks,
        of.lot_tick_quanta,
        limit_quanta,
        of.max_position_lots,
        state.open_lots(market),
        of.max_open_interest_lots,
    )


def decide_less(
    state: State, account: Account, value: Valuation, market: int, delta_lots: int, limit_ticks: int
) -> tuple[int, int]:
    """An order that only reduces: never refused for risk, unless it would lower health or gives the lots away."""
    held = state.markets[market]
    of = held.parameters
    allowed = held.permissions()
    lots = account.lots(market)
    maintenance_other = value.maintenance_quanta - value.maintenance_by_market[market]
    initial_other = value.initial_quanta - value.initial_by_market[market]
    terms = (held.mark_ticks, limit_ticks, of.lot_tick_quanta, of.taker_fee_ppm)
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    equity_initial, initial = after_order(
        value.equity_initial_quanta,
        initial_other,
        lots,
        delta_lots,
        *terms,
        of.tier_floor_quanta,
        of.tier_initial_ppm,
        of.tier_initial_amount_quanta,
        of.leverage,
    )
    equity, margin = after_reduction(value.equity_quanta, maintenance_other, lots, delta_lots, *terms, *tiers)
    falls = lowers_health(value.equity_quanta, value.maintenance_quanta, equity, margin)
    within = bool(allowed & REDUCE_ANY_PRICE) or is_within(
        limit_ticks, held.valid_index_ticks, HALTED_WIDTH_PPM
    )
    code = decide_reduction(equity_initial, initial, falls, bool(allowed & REDUCE), within)
    if code == ACCEPT:
        return code, abs(delta_lots)
    if code != INSUFFICIENT_MARGIN:
        return code, 0
    return code, largest_reduction_lots(lots, value.equity_quanta, maintenance_other, *terms, *tiers)


# --- withdrawals and transfers ----------------------------------------------------------------------------------------
def withdraw(state: State, account: Account, asset: int, amount: int) -> None:
    """Pay out what margin, state, gate and cash allow, or refuse and say how much would pass (R-F3)."""
    if not answer(state, account, asset, amount, rule=603, counter=-1):
        return
    if asset == 0:
        account.balance_quanta -= amount
        state.deposited_quanta -= amount
    else:
        account.units[asset] -= amount
        state.deposited_units[asset] -= amount
    state.emit(
        ev.COLLATERAL,
        603,
        account=account.row,
        market=asset,
        quanta=-amount,
        balance_quanta=account.balance_quanta if asset == 0 else account.units[asset],
    )
    state.touch(account.row)


def transfer(state: State, account: Account, to: Account, amount: int) -> None:
    """Settlement asset between a cross account and its isolated position, both ways (R-F4)."""
    if answer(state, account, 0, amount, rule=604, counter=to.row):
        backstop.move_collateral(state, account, to, 0, amount, 604)


def answer(state: State, account: Account, asset: int, amount: int, rule: int, counter: int) -> bool:
    """Emit the decision; whether it is yes."""
    value = state.value(account)
    of = state.parameters
    in_call = account.call_open or account.liquidating or account.zone >= UNDER_CALL
    allowed = all(state.markets[market].permissions() & WITHDRAW for market in account.positions)
    open_ = allowed and not state.gate_closed and not state.awaiting and not state.insolvent
    free = free_equity(
        value.equity_withdrawal_quanta, value.initial_quanta, value.notional_quanta, of.withdrawal_floor_ppm
    )
    if asset == 0:
        cost, pool, held = amount, state.deposited_quanta, value.balance_quanta
        largest = largest_withdrawal(
            value.equity_withdrawal_quanta,
            value.initial_quanta,
            value.notional_quanta,
            pool,
            held,
            of.withdrawal_floor_ppm,
        )
        if account.parent >= 0:
            largest = largest_removable(
                value.equity_initial_quanta,
                value.equity_withdrawal_quanta,
                value.initial_quanta,
                value.notional_quanta,
                held,
                in_call,
                of.withdrawal_floor_ppm,
            )
            free = min(free, max(0, value.equity_initial_quanta - value.initial_quanta))
    else:
        pool, held = state.deposited_units[asset], account.units[asset]
        cost = asset_cost(state, asset, held, amount)
        largest = largest_units(state, asset, held, min(held, pool), free)
    same = counter == account.row
    code = decide_withdrawal(amount, cost, free, pool, held, True, same, in_call, open_)
    if in_call or not open_:
        largest = 0
    if code != ACCEPT:
        state.evidence(account, value)
    state.emit(
        ev.COLLATERAL_DECISION,
        rule,
        account=account.row,
        counter_account=counter,
        market=asset,
        quanta=amount,
        code=code,
        threshold_quanta=largest,
        **amounts(value),
    )
    return code == ACCEPT


def asset_cost(state: State, asset: int, held: int, amount: int) -> int:
    """What equity for withdrawals falls by when units leave."""
    _, before, _ = state.asset_credit(asset, held)
    _, after, _ = state.asset_credit(asset, max(0, held - amount))
    return before - after


def largest_units(state: State, asset: int, held: int, most: int, free: int) -> int:
    """The most units whose leaving costs no more than is free, by bisection: cost never falls with units."""
    passing, failing = 0, max(0, most) + 1
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if asset_cost(state, asset, held, middle) <= free:
            passing = middle
        else:
            failing = middle
    return passing
