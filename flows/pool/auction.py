"""Offers to independent liquidators: opened, reduced, withdrawn, bid for, settled (R-I1 to R-I4)."""

from __future__ import annotations

from flows.journal import events as ev
from flows.pool.case import Offer
from flows.pool.layout import BRACKET_LIMIT, MARK, MAX_POSITION, UNIT_QUANTA
from flows.pool.orders import after_transfer
from flows.pool.sizing import bonus_of, freed_by
from flows.pool.state import PoolState
from flows.pool.valuation import Valuation
from flows.rules.breaker.permissions import OFFERS
from flows.rules.exact import mul_ppm_ceil
from flows.rules.liquidation.guard import keeps_health
from flows.rules.offer.bid import UNKNOWN_OFFER, VALID, first_reason, judge_bidder, judge_offer, judge_size
from flows.rules.offer.settlement import settlement, settlement_loss
from flows.rules.offer.terms import expires_ns, is_over, offered_lots

RECOVERED, EXPIRED, USED_UP, TAKEN_OVER = 0, 1, 2, 3
"""Why an offer went."""


def bonus(state: PoolState, v: Valuation, m: int, lots: int, size: int, elapsed_ns: int) -> int:
    """The bonus for ``size`` of a position of ``lots`` at this moment, -1 where the guard leaves none."""
    of = state.parameters
    paid = bonus_of(
        state.c,
        v,
        m,
        lots,
        size,
        elapsed_ns,
        of.offer_insurance_ppm,
        of.offer_venue_ppm,
        of.bonus_reserve_ppm,
        of.bonus_max_ppm,
        of.bonus_base_ppm,
        of.bonus_slope_ppm,
        of.bonus_step_ppm,
        of.bonus_step_ns,
    )
    return int(paid)


def offer(state: PoolState, row: int, v: Valuation, m: int, lots: int, restore: int) -> None:
    """Offer what restores the account, less what an unanswered order is selling; one offer a market."""
    case = state.case(row)
    if m in case.offers:
        return
    ordered = abs(case.order.lots) if case.order is not None and case.order.market == m else 0
    size = offered_lots(restore, ordered)
    if size == 0:
        return
    opening = bonus(state, v, m, lots, size, 0)
    if opening < 0:
        return
    state.evidence(row, v)
    expires = expires_ns(state.time_ns, state.parameters.offer_life_ns)
    signed = -size if lots > 0 else size
    index = state.emit(
        ev.OFFER_OPENED,
        901,
        [
            (ev.ACCOUNT, row),
            (ev.MARKET, m),
            (ev.LOTS, signed),
            (ev.FEE_QUANTA, opening),
            (ev.QUANTA, restore),
            (ev.DEADLINE_NS, expires),
            (ev.EQUITY_QUANTA, v[1]),
            (ev.MAINTENANCE_MARGIN_QUANTA, v[5]),
            (ev.THRESHOLD_QUANTA, mul_ppm_ceil(v[5], state.parameters.target_ppm)),
            *state.marks(m),
        ],
    )
    case.offers[m] = Offer(state.offset, index, m, signed, state.time_ns, expires)
    state.offers[(state.offset, index)] = row
    state.at(expires, row)
    state.watch(row)


def withdraw(state: PoolState, row: int, m: int, code: int) -> None:
    """Take an offer back, or close one that is used up."""
    gone = state.case(row).offers.pop(m)
    del state.offers[(gone.offset, gone.index)]
    state.watch(row)
    state.emit(
        ev.OFFER_WITHDRAWN,
        901,
        [
            (ev.ACCOUNT, row),
            (ev.MARKET, m),
            (ev.LOTS, gone.lots),
            (ev.CODE, code),
            (ev.REFERENCE_OFFSET, gone.offset),
            (ev.REFERENCE_INDEX, gone.index),
        ],
    )


def withdraw_all(state: PoolState, row: int, code: int) -> None:
    """Take back all offers of an account, by market."""
    case = state.cases.get(row)
    for m in sorted(case.offers) if case else ():
        withdraw(state, row, m, code)


def reduce(state: PoolState, row: int, m: int, lots: int) -> None:
    """A slice of a market order, or a bid, is taken out of what is on offer."""
    on_offer = state.case(row).offers.get(m)
    if on_offer is None:
        return
    left = max(0, abs(on_offer.lots) - lots)
    on_offer.lots = left if on_offer.lots > 0 else -left
    if left == 0:
        withdraw(state, row, m, USED_UP)


def expire(state: PoolState, row: int) -> None:
    """At a clock: offers whose time is over go; the account's next step issues the next ones."""
    case = state.case(row)
    for m in sorted(case.offers):
        if is_over(state.time_ns, case.offers[m].expires_ns):
            withdraw(state, row, m, EXPIRED)
            case.next_step_ns = 0


def clip(state: PoolState, row: int, m: int) -> None:
    """An offer never exceeds the position: the owner may have reduced it."""
    case = state.cases.get(row)
    on_offer = case.offers.get(m) if case else None
    if on_offer is None:
        return
    held = state.lots(row, m)
    excess = abs(on_offer.lots) - (abs(held) if (held > 0) != (on_offer.lots > 0) else 0)
    if excess > 0:
        reduce(state, row, m, excess)


# --- bids -------------------------------------------------------------------------------------------------------------
def bid(
    state: PoolState,
    offer_id: tuple[int, int],
    bidder: int,
    lots: int,
    bonus_least_ppm: int,
    limit_ticks: int,
    time_ns: int,
    named: int = 0,
) -> None:
    """Answer a bid: exactly one decision, and the transfer if it is valid (R-I3, R-I4).

    ``named``: the market that the bidder says the offer is in, plus 1, or 0. In another one there is no such offer.
    """
    row = state.offers.get(offer_id, -1)
    code, paid, m = UNKNOWN_OFFER, 0, -1
    if row >= 0:
        found = next(
            each for each in state.case(row).offers.values() if (each.offset, each.index) == offer_id
        )
        m = found.market
        if named in (0, m + 1):
            code, paid = judge(state, row, found, bidder, lots, bonus_least_ppm, limit_ticks, time_ns)
    state.emit(
        ev.BID_DECISION,
        903,
        [
            (ev.ACCOUNT, bidder),
            (ev.COUNTER_ACCOUNT, row),
            (ev.MARKET, m),
            (ev.LOTS, lots),
            (ev.PRICE_TICKS, limit_ticks),
            (ev.FEE_QUANTA, paid),
            (ev.CODE, code),
            (ev.REFERENCE_OFFSET, offer_id[0]),
            (ev.REFERENCE_INDEX, offer_id[1]),
            *(state.marks(m) if m >= 0 else ()),
        ],
    )
    if row >= 0 and code == VALID:
        transfer(state, row, bidder, m, lots, paid, offer_id)


def judge(
    state: PoolState,
    row: int,
    found: Offer,
    bidder: int,
    lots: int,
    bonus_least_ppm: int,
    limit_ticks: int,
    time_ns: int,
) -> tuple[int, int]:
    """The code of R-I3 for a bid on an offer that exists, and the bonus at this moment."""
    of, m = state.parameters, found.market
    lot_quanta = state.lot_quanta(m)
    bid_side = -1 if found.lots > 0 else 1
    offered = abs(found.lots)
    offer_code = judge_offer(True, True, time_ns, found.expires_ns, bid_side, -bid_side)
    size_code = judge_size(lots, offered, max(1, min(offered, of.slice_least_quanta // lot_quanta)))
    if offer_code != VALID or size_code != VALID:
        return first_reason(offer_code, size_code, VALID), 0
    v = state.value(row)
    held = state.lots(row, m)
    paid = max(0, bonus(state, v, m, held, lots, state.time_ns - found.opens_ns))
    signed = lots if held > 0 else -lots
    mark, unit = int(state.c.market[m, MARK]), int(state.c.market[m, UNIT_QUANTA])
    quote, pay, insurance, venue = settlement(
        signed, mark, unit, paid, of.offer_insurance_ppm, of.offer_venue_ppm
    )
    freed = int(freed_by(state.c, m, held, lots))
    healthy = keeps_health(v[1], v[5], settlement_loss(pay, insurance, venue), freed)
    known = bidder >= 0
    funded = known and is_funded(state, bidder, m, signed, quote)
    code = judge_bidder(
        known and state.owner(bidder) == state.owner(row),
        paid,
        bonus_least_ppm,
        bid_side,
        mark,
        limit_ticks,
        known and (state.call_open(bidder) or state.liquidating(bidder)),
        funded,
        healthy,
        bool(state.allowed(m) & OFFERS),
    )
    return first_reason(offer_code, size_code, code), paid


def is_funded(state: PoolState, bidder: int, m: int, delta: int, quote: int) -> bool:
    """Whether the bidder passes R-F1 after the transfer."""
    if state.isolated.get(bidder, m) != m:
        return False
    equity, margin, notional = after_transfer(state.c, state.value(bidder), m, delta, quote)
    market = state.c.market[m]
    fits = notional <= int(market[BRACKET_LIMIT]) and abs(state.lots(bidder, m) + delta) <= int(
        market[MAX_POSITION]
    )
    return equity >= margin and fits


def transfer(
    state: PoolState, row: int, bidder: int, m: int, lots: int, paid_ppm: int, offer_id: tuple[int, int]
) -> None:
    """The lots change hands at the mark less the bonus; insurance and venue get their part (R-I4)."""
    of, case = state.parameters, state.case(row)
    mark, unit = int(state.c.market[m, MARK]), int(state.c.market[m, UNIT_QUANTA])
    signed = lots if state.lots(row, m) > 0 else -lots
    quote, pay, insurance, venue = settlement(
        signed, mark, unit, paid_ppm, of.offer_insurance_ppm, of.offer_venue_ppm
    )
    state.evidence(row, state.value(row))
    state.emit(
        ev.OFFER_FILL,
        904,
        [
            (ev.ACCOUNT, row),
            (ev.COUNTER_ACCOUNT, bidder),
            (ev.MARKET, m),
            (ev.LOTS, -signed),
            (ev.QUANTA, quote),
            (ev.FEE_QUANTA, pay),
            (ev.REFERENCE_OFFSET, offer_id[0]),
            (ev.REFERENCE_INDEX, offer_id[1]),
            *state.marks(m),
        ],
    )
    realized = state.trade(row, m, -signed, -quote)
    state.pay(row, -insurance - venue)
    state.write_position(row, m, bidder, -signed, realized=realized, fee=insurance + venue)
    realized = state.trade(bidder, m, signed, quote)
    state.write_position(bidder, m, row, signed, realized=realized)
    state.fund(insurance, ev.FUND_PENALTY, 904, account=row)
    state.fee(venue)
    case.under_hard_ns = state.time_ns if case.under_hard_ns > 0 else 0
    case.next_step_ns = 0
    state.at(0, row)
    reduce(state, row, m, lots)
    clip(state, bidder, m)
