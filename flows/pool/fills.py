"""Fills that need Python: answers to liquidation and vault orders, and those of watched accounts (R-B1, R-H5)."""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool import auction, bookkeeping, kernels
from flows.pool.case import Order
from flows.pool.layout import MARK, PENALTY, UNIT_QUANTA
from flows.pool.sizing import freed_by
from flows.pool.state import VAULT, PoolState, amounts
from flows.pool.valuation import Valuation
from flows.rules.call.levels import SOFT
from flows.rules.exact import PPM, div_ceil
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss
from flows.rules.liquidation.penalty import effective_penalty_ppm, penalty_quanta, penalty_split
from flows.rules.margin.limits import only_reduces
from flows.rules.position.zero_sum import fill_sides


def fill(state: PoolState, row: list[int]) -> None:
    """A fact with two sides; an answer to a liquidation order carries the penalty instead of the fee."""
    of = en.Fill
    m, lots, price = row[of.MARKET], row[of.LOTS], row[of.PRICE_TICKS]
    buyer, seller = row[of.BUYER], row[of.SELLER]
    order_id = (row[of.ORDER_OFFSET], row[of.ORDER_INDEX])
    state.reserve()
    bought, sold = fill_sides(lots)
    if order_id[0] >= 0:
        for side, other, signed in ((buyer, seller, bought), (seller, buyer, sold)):
            case = state.cases.get(side)
            order = case.order if case else None
            if order is None or (order.offset, order.index) != order_id or order.market != m:
                continue
            if order.lots * signed > 0:
                liquidation_fill(state, side, other, order, signed, price)
                return
        answer_vault(state, m, order_id, (buyer, seller), lots)
    kernels.book_fill(state.c, m, buyer, seller, row[of.TAKER], lots, price)
    for side in (buyer, seller):
        state.touch(side)
        if side in state.parents:
            state.held_lots[side] = True
    auction.clip(state, buyer, m)
    auction.clip(state, seller, m)


def liquidation_fill(state: PoolState, row: int, other: int, order: Order, signed: int, price: int) -> None:
    """The account closes at the price and pays what penalty its health leaves room for (R-H5)."""
    m, of = order.market, state.parameters.markets[order.market]
    v = state.value(row)
    penalty = penalty_of(state, v, m, state.lots(row, m), signed, price)
    state.evidence(row, v)
    state.emit(
        ev.LIQUIDATION_FILL,
        805,
        [
            (ev.ACCOUNT, row),
            (ev.COUNTER_ACCOUNT, other),
            (ev.MARKET, m),
            (ev.LOTS, signed),
            (ev.PRICE_TICKS, price),
            (ev.QUANTA, signed * price * of.lot_tick_quanta),
            (ev.FEE_QUANTA, penalty),
            (ev.REFERENCE_OFFSET, order.offset),
            (ev.REFERENCE_INDEX, order.index),
            *amounts(v),
            *state.marks(m),
        ],
    )
    for side, counter, delta, fee in ((row, other, signed, penalty), (other, row, -signed, 0)):
        bookkeeping.trade_side(state.c, side, counter, m, delta, price, fee)
        state.touch(side)
        if side in state.parents:
            state.held_lots[side] = True
    _, insurance, venue = penalty_split(
        penalty, 0, of.penalty_liquidator_ppm + of.penalty_insurance_ppm, of.penalty_venue_ppm
    )
    for code, share in ((1, insurance), (2, venue)):
        state.emit(ev.PENALTY, 805, [(ev.ACCOUNT, row), (ev.MARKET, m), (ev.QUANTA, share), (ev.CODE, code)])
    state.fund(insurance, ev.FUND_PENALTY, 805, account=row)
    state.fee(venue)
    case = state.case(row)
    case.answered_offset = state.offset
    left = max(0, abs(order.lots) - abs(signed))
    order.lots = left if order.lots > 0 else -left
    if left == 0:
        case.order = None
        if case.level != SOFT:
            case.next_step_ns = 0
            state.at(0, row)
    auction.clip(state, row, m)
    auction.clip(state, other, m)


def penalty_of(state: PoolState, v: Valuation, m: int, lots: int, signed: int, price: int) -> int:
    """What the fill costs beside its price; nothing if it no longer reduces."""
    if not only_reduces(lots, signed):
        return 0
    mark, unit, size = int(state.c.market[m, MARK]), int(state.c.market[m, UNIT_QUANTA]), abs(signed)
    most = largest_loss(v[1], v[5], int(freed_by(state.c, m, lots, size)))
    worse = max(0, (mark - price) if lots > 0 else (price - mark))
    rate = effective_penalty_ppm(
        int(state.c.market[m, PENALTY]), div_ceil(worse * PPM, mark), cost_cap_ppm(most, size * mark * unit)
    )
    return penalty_quanta(size * price * unit, rate, most, size * worse * unit)


def answer_vault(
    state: PoolState, m: int, order_id: tuple[int, int], sides: tuple[int, int], lots: int
) -> None:
    """Take the lots off the vault's order, if the fill answers it."""
    order = state.vault_orders.get(m)
    if order is None or (order.offset, order.index) != order_id or VAULT not in sides:
        return
    left = max(0, abs(order.lots) - lots)
    order.lots = left if order.lots > 0 else -left
    if left == 0:
        del state.vault_orders[m]
