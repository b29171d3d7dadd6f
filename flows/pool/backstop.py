"""The vault takes over what cannot be restored, and unwinds it; collateral is sold to the fund (R-J, R-C6)."""

from __future__ import annotations

from functools import cmp_to_key

import numpy as np

from flows.journal import events as ev
from flows.pool import auction, bookkeeping
from flows.pool.case import Order
from flows.pool.layout import (
    FLOOR,
    FUND_UNITS,
    HELD_INITIAL,
    HELD_LOTS,
    HELD_MAINTENANCE,
    HELD_MARKET,
    INITIAL,
    INITIAL_AMOUNT,
    LEVERAGE,
    MARK,
    OPENED,
    RATE,
    SIGMA,
    STATUS,
    UNIT_QUANTA,
)
from flows.pool.sizing import S_LOTS, S_MARKET, SALE, budget_lots, goes_before, judge_sale
from flows.pool.state import VAULT, PoolState
from flows.pool.valuation import HALTED
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


def take_over(state: PoolState, row: int) -> bool:
    """Hand the vault what it can carry, at the mark, with the equity behind it. Whether the account is empty now."""
    v = state.value(row)
    markets = state.markets_of(row)
    if v[2] < 0 or not all(state.allowed(m) & VAULT_ALLOWED for m in markets):
        return False
    taken_any = False
    capital = state.value(VAULT)[1]  # what comes with the lots is not there yet (R-J3)
    while markets:
        rooms = {m: room(state, state.lots(row, m), m, capital) for m in markets}
        left = [m for m in markets if rooms[m] > 0]
        if not left:
            break
        v = state.value(row)
        margins = {
            int(each[HELD_MARKET]): int(each[HELD_MAINTENANCE]) for each in state.c.held[: v[9]].tolist()
        }
        m, held = first_of(state, row, left, v[1], v[5])
        lots = min(abs(held), rooms[m])
        last = lots == abs(held) and len(markets) == 1
        if not taken_any:
            state.evidence(row, v)
            auction.withdraw_all(state, row, auction.TAKEN_OVER)
            taken_any = True
        share = 0 if last else taken_share(v[2], margins[m], v[5], lots, abs(held))
        hand_over(state, row, m, lots if held > 0 else -lots, share, last)
        markets = state.markets_of(row)
    return taken_any and not markets


def first_of(state: PoolState, row: int, markets: list[int], equity: int, margin: int) -> tuple[int, int]:
    """Market and lots of the position that goes first (R-H3)."""
    best, sale = np.zeros(SALE, np.int64), np.zeros(SALE, np.int64)
    for nth, m in enumerate(markets):
        judge_sale(state.c, m, state.lots(row, m), equity, margin, sale)
        if nth == 0 or goes_before(sale, best):
            best[:] = sale
    return int(best[S_MARKET]), int(best[S_LOTS])


def room(state: PoolState, lots: int, m: int, capital: int) -> int:
    """Lots of a position that the vault's caps admit now, of the capital that it began with (R-J3)."""
    v = state.value(VAULT)
    own_initial, own_lots = 0, 0
    for each in state.c.held[: v[9]].tolist():
        if each[HELD_MARKET] == m:
            own_initial, own_lots = each[HELD_INITIAL], each[HELD_LOTS]
    of, market, tiers = state.parameters, state.c.market[m], state.c.tiers[m]
    mark, unit = int(market[MARK]), int(market[UNIT_QUANTA])
    return takeover_lots(
        lots,
        mark,
        unit,
        own_lots,
        capital,
        v[5],
        v[6] - own_initial,
        v[7] - abs(own_lots) * mark * unit,
        tiers[FLOOR].tolist(),
        tiers[INITIAL].tolist(),
        tiers[INITIAL_AMOUNT].tolist(),
        int(market[LEVERAGE]),
        of.vault_leverage_ppm,
        of.vault_market_share_ppm,
    )


def hand_over(state: PoolState, row: int, m: int, signed: int, share: int, last: bool) -> None:
    """Move lots to the vault at the mark less their share of equity; with the last ones goes all that is left."""
    mark, unit = int(state.c.market[m, MARK]), int(state.c.market[m, UNIT_QUANTA])
    quote = takeover_quote(signed, mark, unit, share)
    if state.lots(VAULT, m) == 0:
        state.vault_started_ns[m] = state.time_ns
    state.emit(
        ev.TAKEOVER,
        1002,
        [
            (ev.ACCOUNT, row),
            (ev.COUNTER_ACCOUNT, VAULT),
            (ev.MARKET, m),
            (ev.LOTS, -signed),
            (ev.QUANTA, quote),
            (ev.FEE_QUANTA, share),
            (ev.CODE, int(last)),
            *state.marks(m),
        ],
    )
    realized = state.trade(row, m, -signed, -quote)
    state.write_position(row, m, VAULT, -signed, realized=realized)
    realized = state.trade(VAULT, m, signed, quote)
    state.write_position(VAULT, m, row, signed, realized=realized)
    if last:
        give_all(state, row, VAULT)


def give_all(state: PoolState, row: int, to: int) -> None:
    """Balance and collateral in kind of an account without positions go to another."""
    for asset, units in state.units_of(row):
        move_collateral(state, row, to, asset, units)
    balance = state.balance(row)
    if balance:
        move_collateral(state, row, to, 0, balance)


def move_collateral(state: PoolState, row: int, to: int, asset: int, units: int, rule: int = 1002) -> None:
    """Units of an asset from one account to another, both sides written down."""
    for side, amount, other in ((row, -units, to), (to, units, row)):
        if asset == 0:
            state.pay(side, amount)
            after = state.balance(side)
        else:
            state.reserve()
            after = bookkeeping.add_units(state.c, side, asset, amount)
        state.emit(
            ev.COLLATERAL,
            rule,
            [
                (ev.ACCOUNT, side),
                (ev.COUNTER_ACCOUNT, other),
                (ev.MARKET, asset),
                (ev.QUANTA, amount),
                (ev.BALANCE_QUANTA, after),
            ],
        )
        state.touch(side)


# --- collateral into cash ---------------------------------------------------------------------------------------------
def sell_collateral(state: PoolState, row: int, due: int) -> None:
    """Sell to the fund, at the low price less its cost, what raises ``due``; the best gain first (R-C6)."""
    held = dict(state.units_of(row))
    for asset in sale_order(state, held):
        if due <= 0:
            return
        of = state.parameters.assets[asset]
        low = int(state.c.market[state.asset_market(asset), MARK])
        units = units_to_raise(due, held[asset], low, of.unit_scale, of.sale_cost_ppm)
        due -= sell_to_fund(state, row, asset, units, of.sale_cost_ppm)


def sale_order(state: PoolState, held: dict[int, int]) -> list[int]:
    """Assets whose sale raises equity, largest gain first; a halted price is not sold at."""
    gains: dict[int, int] = {}
    sigmas: dict[int, int] = {}
    for asset, units in held.items():
        m = state.asset_market(asset)
        of, low = state.parameters.assets[asset], int(state.c.market[m, MARK])
        if state.c.market[m, STATUS] == HALTED or low == 0:
            continue
        tiers = state.c.tiers[m]
        tier = tier_of(asset_value(units, low, of.unit_scale), tiers[FLOOR].tolist())
        gain = sale_gain_ppm(PPM - int(tiers[RATE, tier]), of.sale_cost_ppm)
        if gain > 0:
            gains[asset], sigmas[asset] = gain, int(state.c.market[m, SIGMA])

    def order(one: int, other: int) -> int:
        return -1 if sells_before(gains[one], sigmas[one], one, gains[other], sigmas[other], other) else 1

    return sorted(gains, key=cmp_to_key(order))


def sell_to_fund(state: PoolState, row: int, asset: int, units: int, cost_ppm: int) -> int:
    """The general fund buys units for cash above its floor, as far as that goes; the proceeds are returned."""
    of, m = state.parameters.assets[asset], state.asset_market(asset)
    low = int(state.c.market[m, MARK])
    cash = max(0, state.fund_quanta - state.parameters.fund_floor_quanta)
    if sale_proceeds(units, low, of.unit_scale, cost_ppm) > cash:
        units = most_units(cash, units, low, of.unit_scale, cost_ppm)
    proceeds = sale_proceeds(units, low, of.unit_scale, cost_ppm)
    if proceeds == 0:
        return 0
    state.evidence(row, state.value(row))
    bookkeeping.add_units(state.c, row, asset, -units)
    state.c.market[m, FUND_UNITS] += units
    state.pay(row, proceeds)
    state.emit(
        ev.COLLATERAL_SOLD,
        306,
        [
            (ev.ACCOUNT, row),
            (ev.MARKET, asset),
            (ev.LOTS, units),
            (ev.QUANTA, proceeds),
            (ev.BALANCE_QUANTA, state.balance(row)),
            (ev.PRICE_TICKS, low),
        ],
    )
    state.fund(-proceeds, ev.FUND_COLLATERAL, 306, account=row)
    state.touch(row)
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
def unwind(state: PoolState) -> None:
    """At a clock, each step: an order for a part of the vault's inventory in each market (R-J4)."""
    of = state.parameters
    markets = state.markets_of(VAULT)
    if not markets or state.time_ns < state.vault_next_ns:
        return
    state.vault_next_ns = state.time_ns + of.unwind_step_ns
    for m in markets:
        if m in state.vault_orders:
            continue
        lots = state.lots(VAULT, m)
        opened = int(state.c.market[m, OPENED])
        share = budget_share_ppm(of.participation_hard_ppm, opened, state.time_ns)
        budget = budget_lots(state.c, m, lots, share, state.forced_quanta(m))
        size = unwind_slice_lots(
            lots,
            of.unwind_step_ns,
            of.unwind_horizon_ns,
            state.time_ns - state.vault_started_ns[m],
            budget,
            not state.allowed(m) & HARD_ORDERS,
        )
        if size == 0:
            continue
        signed = -size if lots > 0 else size
        lapses = state.time_ns + of.order_life_ns
        index = state.emit(
            ev.VAULT_ORDER,
            1004,
            [
                (ev.ACCOUNT, VAULT),
                (ev.MARKET, m),
                (ev.LOTS, signed),
                (ev.PRICE_TICKS, unwind_limit_ticks(lots, int(state.c.market[m, MARK]), of.unwind_band_ppm)),
                (ev.POSITION_LOTS, lots),
                (ev.POSITION_COST_QUANTA, state.cost(VAULT, m)),
                (ev.DEADLINE_NS, lapses),
                *state.marks(m),
            ],
        )
        state.vault_orders[m] = Order(state.offset, index, m, signed, lapses)
        state.force(m, size * state.lot_quanta(m))
