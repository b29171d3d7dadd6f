"""The vault takes over what cannot be restored, and unwinds it; collateral is sold to the fund (R-J, R-C6)."""

from __future__ import annotations

from functools import cmp_to_key

from flows.journal import events as ev
from flows.rules.backstop.caps import takeover_lots
from flows.rules.backstop.takeover import taken_share, takeover_quote
from flows.rules.backstop.unwind import unwind_limit_ticks, unwind_slice_lots
from flows.rules.breaker.permissions import HARD_ORDERS
from flows.rules.breaker.permissions import VAULT as VAULT_ALLOWED
from flows.rules.breaker.reopen import budget_share_ppm
from flows.rules.collateral.sale import sale_gain_ppm, sale_proceeds, sells_before, units_to_raise
from flows.rules.collateral.value import asset_value
from flows.rules.exact import PPM
from flows.rules.margin.maintenance import tier_of
from flows.rules.oracle.status import HALTED
from flows.verify.opinion import auction, sales
from flows.verify.opinion.holdings import VAULT, Account, Order
from flows.verify.opinion.state import State


def take_over(state: State, account: Account) -> bool:
    """Hand the vault what it can carry, at the mark, with the equity behind it. Whether the account is empty now."""
    value = state.value(account)
    allowed = [m for m in sorted(account.positions) if state.markets[m].permissions() & VAULT_ALLOWED]
    if len(allowed) < len(account.positions) or value.equity_low_quanta < 0:
        return False
    taken_any = False
    capital = state.value(
        state.accounts[VAULT]
    ).equity_quanta  # what comes with the lots is not there yet (R-J3)
    while account.positions:
        value = state.value(account)
        left = [m for m in sorted(account.positions) if room(state, account, m, capital) > 0]
        if not left:
            break
        first = sales.best(
            [sales.sale_of(state, account, m, value.equity_quanta, value.maintenance_quanta) for m in left]
        )
        lots = min(abs(first.lots), room(state, account, first.market, capital))
        last = lots == abs(first.lots) and len(account.positions) == 1
        if not taken_any:
            state.evidence(account, value)
            auction.withdraw_all(state, account, auction.TAKEN_OVER)
            taken_any = True
        share = value.equity_low_quanta
        if not last:
            share = taken_share(
                value.equity_low_quanta,
                value.maintenance_by_market[first.market],
                value.maintenance_quanta,
                lots,
                abs(first.lots),
            )
        hand_over(state, account, first.market, lots, 0 if last else share, last)
    return taken_any and not account.positions


def room(state: State, account: Account, market: int, capital: int) -> int:
    """Lots of a position that the vault's caps admit now, of the capital that it began with (R-J3)."""
    vault = state.accounts[VAULT]
    value = state.value(vault)
    held = state.markets[market]
    of, pool = held.parameters, state.parameters
    own = abs(vault.lots(market)) * held.mark_ticks * of.lot_tick_quanta
    return takeover_lots(
        account.lots(market),
        held.mark_ticks,
        of.lot_tick_quanta,
        vault.lots(market),
        capital,
        value.maintenance_quanta,
        value.initial_quanta - value.initial_by_market.get(market, 0),
        value.notional_quanta - own,
        of.tier_floor_quanta,
        of.tier_initial_ppm,
        of.tier_initial_amount_quanta,
        of.leverage,
        pool.vault_leverage_ppm,
        pool.vault_market_share_ppm,
    )


def hand_over(state: State, account: Account, market: int, lots: int, share: int, last: bool) -> None:
    """Move lots to the vault at the mark less their share of equity; with the last ones goes all that is left."""
    held = state.markets[market]
    vault = state.accounts[VAULT]
    signed = lots if account.lots(market) > 0 else -lots
    quote = takeover_quote(signed, held.mark_ticks, held.parameters.lot_tick_quanta, share)
    if vault.lots(market) == 0:
        state.vault_started_ns[market] = state.time_ns
    state.emit(
        ev.TAKEOVER,
        1002,
        account=account.row,
        counter_account=VAULT,
        market=market,
        lots=-signed,
        quanta=quote,
        fee_quanta=share,
        code=int(last),
        **state.marks(market),
    )
    realized = state.trade(account, market, -signed, -quote)
    state.position_event(account, market, counter_account=VAULT, lots=-signed, quanta=realized)
    realized = state.trade(vault, market, signed, quote)
    state.position_event(vault, market, counter_account=account.row, lots=signed, quanta=realized)
    if last:
        give_all(state, account, vault)


def give_all(state: State, account: Account, to: Account) -> None:
    """Balance and collateral in kind of an account without positions go to another."""
    for asset, units in enumerate(account.units):
        if units:
            move_collateral(state, account, to, asset, units)
    if account.balance_quanta:
        move_collateral(state, account, to, 0, account.balance_quanta)


def move_collateral(
    state: State, account: Account, to: Account, asset: int, units: int, rule: int = 1002
) -> None:
    """Units of an asset from one account to another, both sides written down."""
    for side, amount, other in ((account, -units, to), (to, units, account)):
        if asset == 0:
            side.balance_quanta += amount
        else:
            side.units[asset] += amount
        after = side.balance_quanta if asset == 0 else side.units[asset]
        state.emit(
            ev.COLLATERAL,
            rule,
            account=side.row,
            counter_account=other.row,
            market=asset,
            quanta=amount,
            balance_quanta=after,
        )
        state.touch(side.row)


# --- collateral into cash ---------------------------------------------------------------------------------------------
def sell_collateral(state: State, account: Account, due: int) -> None:
    """Sell to the fund, at the low price less its cost, what raises ``due``; the best gain first (R-C6)."""
    for asset in sale_order(state, account):
        if due <= 0:
            return
        of, price = state.parameters.assets[asset], state.assets[asset]
        units = units_to_raise(due, account.units[asset], price.low_quanta, of.unit_scale, of.sale_cost_ppm)
        due -= sell_to_fund(state, account, asset, units, of.sale_cost_ppm)


def sale_order(state: State, account: Account) -> list[int]:
    """Assets whose sale raises equity, largest gain first; a halted price is not sold at."""
    gains: dict[int, int] = {}
    for asset, units in enumerate(account.units):
        of, price = state.parameters.assets[asset], state.assets[asset]
        if not units or price.status == HALTED or price.low_quanta == 0:
            continue
        tier = tier_of(asset_value(units, price.low_quanta, of.unit_scale), of.maintenance_floor_quanta)
        gain = sale_gain_ppm(PPM - of.maintenance_weight_ppm[tier], of.sale_cost_ppm)
        if gain > 0:
            gains[asset] = gain

    def order(one: int, other: int) -> int:
        a, b = state.assets[one].sigma_ppm, state.assets[other].sigma_ppm
        return -1 if sells_before(gains[one], a, one, gains[other], b, other) else 1

    return sorted(gains, key=cmp_to_key(order))


def sell_to_fund(state: State, account: Account, asset: int, units: int, cost_ppm: int) -> int:
    """The general fund buys units for cash above its floor, as far as that goes; the proceeds are returned."""
    of, price = state.parameters.assets[asset], state.assets[asset]
    cash = max(0, state.fund_quanta - state.parameters.fund_floor_quanta)
    if sale_proceeds(units, price.low_quanta, of.unit_scale, cost_ppm) > cash:
        units = most_units(cash, units, price.low_quanta, of.unit_scale, cost_ppm)
    proceeds = sale_proceeds(units, price.low_quanta, of.unit_scale, cost_ppm)
    if proceeds == 0:
        return 0
    state.evidence(account, state.value(account))
    account.units[asset] -= units
    account.balance_quanta += proceeds
    state.fund_units[asset] += units
    state.emit(
        ev.COLLATERAL_SOLD,
        306,
        account=account.row,
        market=asset,
        lots=units,
        quanta=proceeds,
        balance_quanta=account.balance_quanta,
        price_ticks=price.low_quanta,
    )
    state.fund(-proceeds, ev.FUND_COLLATERAL, 306, account=account.row)
    state.touch(account.row)
    return proceeds


def most_units(cash: int, units: int, low: int, scale: int, cost_ppm: int) -> int:
    """The most units that the cash pays for, by bisection: proceeds never fall with units."""
    enough, over = 0, units
    while over - enough > 1:
        middle = (enough + over) // 2
        if sale_proceeds(middle, low, scale, cost_ppm) <= cash:
            enough = middle
        else:
            over = middle
    return enough


# --- unwinding --------------------------------------------------------------------------------------------------------
def unwind(state: State) -> None:
    """At a clock, each step: an order for a part of the vault's inventory in each market (R-J4)."""
    pool = state.parameters
    vault = state.accounts[VAULT]
    if not vault.positions or state.time_ns < state.vault_next_ns:
        return
    state.vault_next_ns = state.time_ns + pool.unwind_step_ns
    for market in sorted(vault.positions):
        held = state.markets[market]
        if market in state.vault_orders:
            continue
        lot_quanta = held.mark_ticks * held.parameters.lot_tick_quanta
        lots = vault.lots(market)
        share = budget_share_ppm(pool.participation_hard_ppm, held.opened_ns, state.time_ns)
        budget = sales.budget_lots(state, market, lots, share)
        size = unwind_slice_lots(
            lots,
            pool.unwind_step_ns,
            pool.unwind_horizon_ns,
            state.time_ns - state.vault_started_ns[market],
            budget,
            not held.permissions() & HARD_ORDERS,
        )
        if size == 0:
            continue
        signed = -size if lots > 0 else size
        lapses = state.time_ns + pool.order_life_ns
        index = state.emit(
            ev.VAULT_ORDER,
            1004,
            account=VAULT,
            market=market,
            lots=signed,
            price_ticks=unwind_limit_ticks(lots, held.mark_ticks, pool.unwind_band_ppm),
            position_lots=lots,
            position_cost_quanta=vault.positions[market].cost_quanta,
            deadline_ns=lapses,
            **state.marks(market),
        )
        state.vault_orders[market] = Order(state.offset, index, market, signed, lapses)
        held.forced.append((state.time_ns, size * lot_quanta))
