"""Offers to independent liquidators: opened, reduced, withdrawn, bid for, settled (R-I1 to R-I4)."""

from __future__ import annotations

from flows.journal import events as ev
from flows.rules.breaker.permissions import OFFERS
from flows.rules.exact import mul_ppm_ceil
from flows.rules.liquidation.guard import cost_cap_ppm, keeps_health, largest_loss, relief_quanta
from flows.rules.offer.bid import (
    UNKNOWN_OFFER,
    VALID,
    first_reason,
    judge_bidder,
    judge_offer,
    judge_size,
)
from flows.rules.offer.bonus import bonus_guard_ppm, bonus_ppm
from flows.rules.offer.settlement import settlement, settlement_loss
from flows.rules.offer.terms import expires_ns, is_over, offered_lots
from flows.verify.opinion.holdings import Account, Offer, Valuation
from flows.verify.opinion.state import State

RECOVERED, EXPIRED, USED_UP, TAKEN_OVER = 0, 1, 2, 3
"""Why an offer went."""


def bonus_of(
    state: State, account: Account, value: Valuation, market: int, lots: int, elapsed_ns: int
) -> int:
    """The bonus of ``lots`` unsigned at this moment (R-I2), or -1 where the guard leaves none."""
    held = state.markets[market]
    of, pool = held.parameters, state.parameters
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    freed = relief_quanta(account.lots(market), lots, held.mark_ticks, of.lot_tick_quanta, *tiers)
    most = largest_loss(value.equity_quanta, value.maintenance_quanta, freed)
    guard = bonus_guard_ppm(
        cost_cap_ppm(most, lots * held.mark_ticks * of.lot_tick_quanta),
        pool.offer_insurance_ppm,
        pool.offer_venue_ppm,
        pool.bonus_reserve_ppm,
    )
    if guard < 0:
        return -1
    return bonus_ppm(
        value.equity_quanta,
        value.maintenance_quanta,
        elapsed_ns,
        guard,
        pool.bonus_max_ppm,
        pool.bonus_base_ppm,
        pool.bonus_slope_ppm,
        pool.bonus_step_ppm,
        pool.bonus_step_ns,
    )


def offer(state: State, account: Account, value: Valuation, market: int, restore: int) -> None:
    """Offer what restores the account, less what an unanswered order is selling; one offer a market."""
    if market in account.offers:
        return
    ordered = abs(account.order.lots) if account.order is not None and account.order.market == market else 0
    lots = offered_lots(restore, ordered)
    if lots == 0:
        return
    bonus = bonus_of(state, account, value, market, lots, 0)
    if bonus < 0:
        return
    state.evidence(account, value)
    expires = expires_ns(state.time_ns, state.parameters.offer_life_ns)
    signed = -lots if account.lots(market) > 0 else lots
    index = state.emit(
        ev.OFFER_OPENED,
        901,
        account=account.row,
        market=market,
        lots=signed,
        fee_quanta=bonus,
        quanta=restore,
        deadline_ns=expires,
        equity_quanta=value.equity_quanta,
        maintenance_margin_quanta=value.maintenance_quanta,
        threshold_quanta=mul_ppm_ceil(value.maintenance_quanta, state.parameters.target_ppm),
        **state.marks(market),
    )
    account.offers[market] = Offer(state.offset, index, market, signed, state.time_ns, expires)
    state.offers[(state.offset, index)] = account.row


def withdraw(state: State, account: Account, market: int, code: int) -> None:
    """Take an offer back, or close one that is used up."""
    gone = account.offers.pop(market)
    del state.offers[(gone.offset, gone.index)]
    state.emit(
        ev.OFFER_WITHDRAWN,
        901,
        account=account.row,
        market=market,
        lots=gone.lots,
        code=code,
        reference_offset=gone.offset,
        reference_index=gone.index,
    )


def withdraw_all(state: State, account: Account, code: int) -> None:
    """Take back all offers of an account, by market."""
    for market in sorted(account.offers):
        withdraw(state, account, market, code)


def reduce(state: State, account: Account, market: int, lots: int) -> None:
    """A slice of a market order, or a bid, is taken out of what is on offer."""
    if market not in account.offers:
        return
    on_offer = account.offers[market]
    left = max(0, abs(on_offer.lots) - lots)
    on_offer.lots = left if on_offer.lots > 0 else -left
    if left == 0:
        withdraw(state, account, market, USED_UP)


def expire(state: State, account: Account) -> None:
    """At a clock: offers whose time is over go; the account's next step issues the next ones."""
    for market in sorted(account.offers):
        if is_over(state.time_ns, account.offers[market].expires_ns):
            withdraw(state, account, market, EXPIRED)
            account.next_step_ns = 0


def clip(state: State, account: Account, market: int) -> None:
    """An offer never exceeds the position: the owner may have reduced it."""
    if market not in account.offers:
        return
    on_offer = account.offers[market]
    held = account.lots(market)
    excess = abs(on_offer.lots) - (abs(held) if (held > 0) != (on_offer.lots > 0) else 0)
    if excess > 0:
        reduce(state, account, market, excess)


def bid(
    state: State,
    offer_id: tuple[int, int],
    bidder_row: int,
    lots: int,
    bonus_least_ppm: int,
    limit_ticks: int,
    time_ns: int,
    named: int = 0,
) -> None:
    """Answer a bid: exactly one decision, and the transfer if it is valid (R-I3, R-I4).

    A bidder that names (row plus 1) another market than the offer's has found no offer.
    """
    row = state.offers.get(offer_id, -1)
    account = state.accounts[row] if row >= 0 else None
    code, bonus, market = UNKNOWN_OFFER, 0, -1
    if account is not None:
        found = next(each for each in account.offers.values() if (each.offset, each.index) == offer_id)
        market = found.market
        if named == 0 or named - 1 == market:
            terms = (bidder_row, lots, bonus_least_ppm, limit_ticks, time_ns)
            code, bonus = judge(state, account, found, *terms)
    state.emit(
        ev.BID_DECISION,
        903,
        account=bidder_row,
        counter_account=row,
        market=market,
        lots=lots,
        price_ticks=limit_ticks,
        fee_quanta=bonus,
        code=code,
        reference_offset=offer_id[0],
        reference_index=offer_id[1],
        **(state.marks(market) if market >= 0 else {}),
    )
    if account is not None and code == VALID:
        transfer(state, account, state.accounts[bidder_row], market, lots, bonus, offer_id)


def judge(
    state: State,
    account: Account,
    found: Offer,
    bidder_row: int,
    lots: int,
    bonus_least_ppm: int,
    limit_ticks: int,
    time_ns: int,
) -> tuple[int, int]:
    """The code of R-I3 for a bid on an offer that exists, and the bonus at this moment."""
    held = state.markets[found.market]
    of, pool = held.parameters, state.parameters
    bid_side = -1 if found.lots > 0 else 1
    offered = abs(found.lots)
    offer_code = judge_offer(True, True, time_ns, found.expires_ns, bid_side, -bid_side)
    least = max(1, min(offered, pool.slice_least_quanta // (held.mark_ticks * of.lot_tick_quanta)))
    size_code = judge_size(lots, offered, least)
    if offer_code != VALID or size_code != VALID:
        return first_reason(offer_code, size_code, VALID), 0
    value = state.value(account)
    bonus = max(0, bonus_of(state, account, value, found.market, lots, state.time_ns - found.opens_ns))
    signed = lots if account.lots(found.market) > 0 else -lots
    quote, pay, insurance, venue = settlement(
        signed, held.mark_ticks, of.lot_tick_quanta, bonus, pool.offer_insurance_ppm, pool.offer_venue_ppm
    )
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    freed = relief_quanta(account.lots(found.market), lots, held.mark_ticks, of.lot_tick_quanta, *tiers)
    healthy = keeps_health(
        value.equity_quanta, value.maintenance_quanta, settlement_loss(pay, insurance, venue), freed
    )
    known = bidder_row >= 0
    bidder = state.accounts[bidder_row] if known else account
    funded = known and is_funded(state, bidder, found.market, signed, quote)
    in_call = known and (bidder.call_open or bidder.liquidating)
    code = judge_bidder(
        known and bidder.owner == account.owner,
        bonus,
        bonus_least_ppm,
        bid_side,
        held.mark_ticks,
        limit_ticks,
        in_call,
        funded,
        healthy,
        bool(held.permissions() & OFFERS),
    )
    return first_reason(offer_code, size_code, code), bonus


def is_funded(state: State, bidder: Account, market: int, delta_lots: int, quote_quanta: int) -> bool:
    """Whether the bidder passes R-F1 after the transfer, judged on a copy of it."""
    if bidder.isolated_market not in (-1, market):
        return False
    trial = Account(bidder.row, bidder.owner, bidder.isolated_market, bidder.parent)
    trial.balance_quanta, trial.units = bidder.balance_quanta, bidder.units
    trial.positions = {
        at: type(each)(each.lots, each.cost_quanta, each.paid_quanta) for at, each in bidder.positions.items()
    }
    touched = list(state.touched)
    state.trade(trial, market, delta_lots, quote_quanta)
    state.touched = touched
    value = state.value(trial)
    of = state.markets[market].parameters
    notional = abs(trial.lots(market)) * state.markets[market].mark_ticks * of.lot_tick_quanta
    fits = notional <= of.bracket_limit_quanta and abs(trial.lots(market)) <= of.max_position_lots
    return value.equity_initial_quanta >= value.initial_quanta and fits


def transfer(
    state: State,
    account: Account,
    bidder: Account,
    market: int,
    lots: int,
    bonus: int,
    offer_id: tuple[int, int],
) -> None:
    """The lots change hands at the mark less the bonus; insurance and venue get their part (R-I4)."""
    held = state.markets[market]
    of, pool = held.parameters, state.parameters
    signed = lots if account.lots(market) > 0 else -lots
    quote, pay, insurance, venue = settlement(
        signed, held.mark_ticks, of.lot_tick_quanta, bonus, pool.offer_insurance_ppm, pool.offer_venue_ppm
    )
    state.evidence(account, state.value(account))
    state.emit(
        ev.OFFER_FILL,
        904,
        account=account.row,
        counter_account=bidder.row,
        market=market,
        lots=-signed,
        quanta=quote,
        fee_quanta=pay,
        reference_offset=offer_id[0],
        reference_index=offer_id[1],
        **state.marks(market),
    )
    realized = state.trade(account, market, -signed, -quote)
    account.balance_quanta -= insurance + venue
    state.position_event(
        account,
        market,
        counter_account=bidder.row,
        lots=-signed,
        quanta=realized,
        fee_quanta=insurance + venue,
    )
    realized = state.trade(bidder, market, signed, quote)
    state.position_event(bidder, market, counter_account=account.row, lots=signed, quanta=realized)
    state.fund(insurance, ev.FUND_PENALTY, 904, account=account.row)
    state.fees_quanta += venue
    account.under_hard_ns = state.time_ns if account.under_hard_ns > 0 else 0
    account.next_step_ns = 0
    reduce(state, account, market, lots)
    clip(state, bidder, market)
