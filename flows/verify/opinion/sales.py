"""Which position is sold, how much of it, and the order that execution gets (R-H1 to R-H5, R-G4, R-G5)."""

from __future__ import annotations

from dataclasses import dataclass

from flows.journal import events as ev
from flows.rules.breaker.permissions import HARD_ORDERS, OFFERS, ORDERS_BEYOND_BAND, SOFT_ORDERS
from flows.rules.breaker.reopen import budget_share_ppm
from flows.rules.call.levels import SOFT
from flows.rules.call.participation import lots_within_budget
from flows.rules.call.slices import soft_allowance_lots, soft_slice_lots
from flows.rules.call.zone import UNDER_HARD
from flows.rules.exact import PPM, mul_ppm_ceil
from flows.rules.liquidation.choice import closes_first
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss, relief_quanta, worst_price_ticks
from flows.rules.liquidation.penalty import effective_penalty_ppm
from flows.rules.liquidation.restore import after_close, restore_lots
from flows.rules.liquidation.slice import passing_slice_lots, slice_lots
from flows.rules.liquidation.slippage import RING_PPM, slippage_ppm
from flows.verify.opinion import auction
from flows.verify.opinion.holdings import Account, Order, Valuation
from flows.verify.opinion.state import State

BUDGET_RING = RING_PPM.index(10_000)
"""Depth within 1 %, which R-G5 compares with the minute's volume."""


@dataclass
class Sale:
    """How closing (part of) a position would go, judged by its first slice."""

    market: int
    lots: int  # held, signed
    passes: bool  # whether a market order for at least one lot passes R-H2
    slippage_ppm: int
    penalty_ppm: int
    relief_quanta: int
    cost_quanta: int
    notional_quanta: int


def sale_of(state: State, account: Account, market: int, equity: int, margin: int) -> Sale:
    """Judge a position by the first slice that the market's depth lets pass."""
    held = state.markets[market]
    of, pool = held.parameters, state.parameters
    lots = account.lots(market)
    lot_quanta = held.mark_ticks * of.lot_tick_quanta
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    first = slice_lots(
        lots, abs(lots), lot_quanta, pool.slice_ppm, pool.slice_least_quanta, pool.dust_quanta, abs(lots)
    )
    passing = passing_lots(state, account, market, first, equity, margin)
    distance = distance_ppm(state, market, passing, lots) if passing > 0 else 0
    judged = passing if passing > 0 else first
    freed = relief_quanta(lots, judged, held.mark_ticks, of.lot_tick_quanta, *tiers)
    closed = judged * lot_quanta
    cap = cost_cap_ppm(largest_loss(equity, margin, freed), closed)
    penalty = effective_penalty_ppm(of.penalty_ppm, distance, cap)
    cost = mul_ppm_ceil(closed, distance + penalty)
    return Sale(market, lots, passing > 0, distance, penalty, freed, cost, abs(lots) * lot_quanta)


def passing_lots(state: State, account: Account, market: int, wanted: int, equity: int, margin: int) -> int:
    """The slice cut down until depth and health let it pass (R-H4)."""
    held = state.markets[market]
    of = held.parameters
    lots = account.lots(market)
    ring = held.ring_lots(lots)
    return passing_slice_lots(
        wanted,
        lots,
        held.mark_ticks,
        of.lot_tick_quanta,
        equity,
        margin,
        of.tier_floor_quanta,
        of.tier_maintenance_ppm,
        of.tier_maintenance_amount_quanta,
        ring[-1] > 0,
        RING_PPM,
        ring,
        of.adv_quanta,
        held.sigma_ppm,
        PPM,
    )


def distance_ppm(state: State, market: int, size: int, lots: int) -> int:
    """Expected distance of the average price of ``size`` lots from the mark, closing ``lots``."""
    held = state.markets[market]
    ring = held.ring_lots(lots)
    lot_quanta = held.mark_ticks * held.parameters.lot_tick_quanta
    return slippage_ppm(
        size, lot_quanta, ring[-1] > 0, RING_PPM, ring, held.parameters.adv_quanta, held.sigma_ppm, PPM
    )


def best(sales: list[Sale]) -> Sale:
    """The one that goes first (R-H3): those that pass before those that only an offer can close."""
    first = sales[0]
    for sale in sales[1:]:
        if sale.passes != first.passes:
            first = sale if sale.passes else first
        elif closes_first(
            sale.relief_quanta,
            sale.cost_quanta,
            sale.notional_quanta,
            sale.market,
            first.relief_quanta,
            first.cost_quanta,
            first.notional_quanta,
            first.market,
        ):
            first = sale
    return first


def plan(state: State, account: Account, value: Valuation, allowed: int, most: int) -> list[tuple[Sale, int]]:
    """Positions and the lots of each that together restore the target, in the order of R-H3; at most ``most``."""
    target = state.parameters.target_ppm
    equity, margin = value.equity_quanta, value.maintenance_quanta
    left = [market for market in sorted(account.positions) if state.markets[market].permissions() & allowed]
    planned: list[tuple[Sale, int]] = []
    while left and len(planned) < most:
        sale = best([sale_of(state, account, market, equity, margin) for market in left])
        held = state.markets[sale.market]
        of = held.parameters
        other = margin - value.maintenance_by_market[sale.market]
        tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
        lots = restore_lots(
            sale.lots,
            held.mark_ticks,
            of.lot_tick_quanta,
            equity,
            other,
            *tiers,
            target,
            sale.slippage_ppm,
            sale.penalty_ppm,
        )
        if lots == 0:
            break
        planned.append((sale, lots))
        equity, margin = after_close(
            lots,
            sale.lots,
            held.mark_ticks,
            of.lot_tick_quanta,
            equity,
            other,
            *tiers,
            sale.slippage_ppm,
            sale.penalty_ppm,
        )
        left.remove(sale.market)
        if margin == 0 or equity >= mul_ppm_ceil(margin, target):
            break
    return planned


def soft_slice(state: State, account: Account, value: Valuation) -> None:
    """A paced slice while the window runs (R-G4)."""
    if account.order is not None:
        return
    planned = plan(state, account, value, SOFT_ORDERS, 1)
    if not planned:
        return
    sale, restore = planned[0]
    if account.soft_market != sale.market:
        account.soft_market, account.soft_start_lots, account.soft_allowed_lots = (
            sale.market,
            abs(sale.lots),
            0,
        )
    done = max(0, account.soft_start_lots - abs(sale.lots))
    account.soft_allowed_lots = soft_allowance_lots(
        restore + done,
        state.parameters.soft_initial_ppm,
        state.time_ns - account.call_time_ns,
        account.deadline_ns - account.call_time_ns,
        account.soft_allowed_lots,
    )
    shortfall = mul_ppm_ceil(value.maintenance_quanta, state.parameters.target_ppm) - value.equity_quanta
    wanted = soft_slice_lots(
        restore, account.soft_allowed_lots, done, shortfall, state.parameters.soft_full_quanta
    )
    if wanted > 0:
        order(state, account, value, sale, wanted)


def partial_step(state: State, account: Account, value: Valuation) -> None:
    """Offer what restores the account to liquidators, and sell the first slice of it on the market."""
    planned = plan(state, account, value, HARD_ORDERS | OFFERS, len(account.positions))
    for sale, restore in planned:
        if state.markets[sale.market].permissions() & OFFERS:
            auction.offer(state, account, value, sale.market, restore)
    if account.order is not None:
        return
    on_market = [each for each in planned if state.markets[each[0].market].permissions() & HARD_ORDERS]
    for sale, restore in on_market:
        if sale.passes:
            order(state, account, value, sale, restore)
            return
    if on_market:
        be_stuck(state, account, value)


def order(state: State, account: Account, value: Valuation, sale: Sale, restore: int) -> None:
    """One liquidation order, as large as pacing, the market's budget and its depth admit."""
    held = state.markets[sale.market]
    of, pool = held.parameters, state.parameters
    lot_quanta = held.mark_ticks * of.lot_tick_quanta
    share = pool.participation_hard_ppm if account.zone >= UNDER_HARD else pool.participation_ppm
    budget = budget_lots(
        state, sale.market, sale.lots, budget_share_ppm(share, held.opened_ns, state.time_ns)
    )
    wanted = slice_lots(
        sale.lots, restore, lot_quanta, pool.slice_ppm, pool.slice_least_quanta, pool.dust_quanta, budget
    )
    if wanted == 0:
        return
    size = passing_lots(state, account, sale.market, wanted, value.equity_quanta, value.maintenance_quanta)
    if size == 0:
        be_stuck(state, account, value)
        return
    limit, penalty = limit_of(state, account, value, sale.market, size)
    account.stuck = False
    state.evidence(account, value)
    signed = -size if sale.lots > 0 else size
    index = state.emit(
        ev.LIQUIDATION_ORDER,
        801,
        account=account.row,
        market=sale.market,
        lots=signed,
        price_ticks=limit,
        code=account.level,
        quanta=restore,
        fee_quanta=penalty,
        equity_quanta=value.equity_quanta,
        equity_low_quanta=value.equity_low_quanta,
        maintenance_margin_quanta=value.maintenance_quanta,
        initial_margin_quanta=value.initial_quanta,
        balance_quanta=value.balance_quanta,
        threshold_quanta=mul_ppm_ceil(value.maintenance_quanta, pool.target_ppm),
        position_lots=sale.lots,
        position_cost_quanta=account.positions[sale.market].cost_quanta,
        deadline_ns=state.time_ns + pool.order_life_ns,
        **state.marks(sale.market),
    )
    account.order = Order(state.offset, index, sale.market, signed, state.time_ns + pool.order_life_ns)
    held.forced.append((state.time_ns, size * lot_quanta))
    auction.reduce(state, account, sale.market, size)


def budget_lots(state: State, market: int, lots: int, share_ppm: int) -> int:
    """Lots that the market's budget for forced volume admits (R-G5)."""
    held = state.markets[market]
    of = held.parameters
    lot_quanta = held.mark_ticks * of.lot_tick_quanta
    most = of.max_open_interest_lots  # a feed may report any size (R-A2)
    return lots_within_budget(
        abs(lots),
        min(held.volume_60s_lots, most) * lot_quanta,
        min(held.ring_lots(lots)[BUDGET_RING], most) * lot_quanta,
        share_ppm,
        held.forced_quanta(state.time_ns),
        lot_quanta,
    )


def limit_of(state: State, account: Account, value: Valuation, market: int, size: int) -> tuple[int, int]:
    """The worst price at which the order may fill, within the price band if one holds, and the penalty foreseen."""
    held = state.markets[market]
    of = held.parameters
    lots = account.lots(market)
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    freed = relief_quanta(lots, size, held.mark_ticks, of.lot_tick_quanta, *tiers)
    most = largest_loss(value.equity_quanta, value.maintenance_quanta, freed)
    cap = cost_cap_ppm(most, size * held.mark_ticks * of.lot_tick_quanta)
    penalty = effective_penalty_ppm(of.penalty_ppm, distance_ppm(state, market, size, lots), cap)
    limit = worst_price_ticks(lots, size, held.mark_ticks, of.lot_tick_quanta, most, penalty)
    if not held.permissions() & ORDERS_BEYOND_BAND and held.band_low_ticks > 0:
        limit = max(limit, held.band_low_ticks) if lots > 0 else min(limit, held.band_high_ticks)
    return limit, penalty


def be_stuck(state: State, account: Account, value: Valuation) -> None:
    """No slice of anything passes: said once, and the next stage has the account."""
    if account.stuck:
        return
    account.stuck = True
    state.evidence(account, value)
    state.emit(
        ev.LIQUIDATION_STUCK,
        804,
        account=account.row,
        code=account.level,
        equity_quanta=value.equity_quanta,
        maintenance_margin_quanta=value.maintenance_quanta,
    )
    assert account.level >= SOFT, "only an account in liquidation is stuck"
