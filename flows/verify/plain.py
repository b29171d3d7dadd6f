"""The pool in plain Python, built only from rules: the auditor's second opinion and the tests' reference.

    entry -> book it -> who moved -> by risk: call, soft slice, partial, vault, waterfall -> events

It revalues every account at every price and knows no columns, no bands, no compiler. Given the same journal it gives the
same events, in the same order, as `flows.pool`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.entries import Rows
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.command import states_in_force
from flows.rules.call.levels import SOFT
from flows.rules.exact import PPM, div_ceil
from flows.rules.funding.payment import per_lot
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss, relief_quanta
from flows.rules.liquidation.penalty import effective_penalty_ppm, penalty_quanta, penalty_split
from flows.rules.margin.limits import only_reduces
from flows.rules.oracle.status import HALTED
from flows.rules.position.fee import maker_rebate, taker_fee
from flows.rules.position.zero_sum import fill_sides
from flows.verify.opinion import auction, commands, ladder, requests, timers
from flows.verify.opinion.holdings import VAULT, Account, Order
from flows.verify.opinion.state import State

NONE_SKIPPED: Final[Mapping[int, int]] = {}
NO_TEXTS: Final[Mapping[int, str]] = {}


class PlainPool:
    """One pool's state machine."""

    def __init__(self, parameters: PoolParameters, skips: Mapping[int, int] = NONE_SKIPPED) -> None:
        """Ready for entry 0, genesis. ``skips``: entries to pass over, and the skip that names each."""
        self.state = State(parameters)
        self.skips = skips

    def apply(self, row: list[int], text: str = "") -> list[list[int]]:
        """One entry, as a list of its columns, with its text; the events that follow from it."""
        state = self.state
        offset = state.offset + 1
        if offset in self.skips:
            state.begin(offset, state.time_ns)
            pass_over(state, row, self.skips[offset])
            return state.events
        state.begin(offset, row[en.TIME_NS])
        if row[en.KIND] == en.COMMAND:
            commands.take(state, row, text)
        else:
            BOOK[row[en.KIND]](state, row)
        ladder.settle(state)
        return state.events

    def run(self, rows: Rows, texts: Mapping[int, str] = NO_TEXTS) -> list[list[int]]:
        """Entries in order, their texts by place; all their events."""
        events: list[list[int]] = []
        for place, row in enumerate(rows.tolist()):
            events.extend(self.apply(row, texts.get(place, "")))
        return events


def pass_over(state: State, row: list[int], skip_offset: int) -> None:
    """An entry that a signed skip names does nothing, but an account that it opens is open, and empty."""
    open_named(state, row)
    state.passed[state.offset] = skip_offset
    state.emit(
        ev.ENTRY_SKIPPED, commands.RULE, code=row[en.KIND], reference_offset=skip_offset, reference_index=0
    )


# --- genesis and collateral -------------------------------------------------------------------------------------------
def genesis(state: State, _row: list[int]) -> None:
    """The vault and the fund open with the venue's capital."""
    of = state.parameters
    open_account(state, VAULT, VAULT, -1, -1)
    credit(state, state.accounts[VAULT], 0, of.vault_opening_quanta, 1001)
    state.deposited_quanta += of.fund_opening_quanta + sum(each.fund_opening_quanta for each in of.markets)
    state.fund(of.fund_opening_quanta, ev.FUND_OPENING, 1101)
    for market, each in enumerate(of.markets):
        state.fund(each.fund_opening_quanta, ev.FUND_OPENING, 1101, market)


def open_account(state: State, row: int, owner: int, isolated_market: int, parent: int) -> Account:
    """Accounts are numbered in the order of their opening."""
    assert row == len(state.accounts), "intake numbers accounts without a gap"
    account = Account(row, owner, isolated_market, parent)
    account.units = [0] * len(state.assets)
    state.accounts.append(account)
    state.emit(ev.ACCOUNT_OPENED, 202, account=row, counter_account=owner, market=isolated_market)
    return account


def credit(state: State, account: Account, asset: int, amount: int, rule: int) -> None:
    """A deposit is a fact."""
    if asset == 0:
        account.balance_quanta += amount
        state.deposited_quanta += amount
        after = account.balance_quanta
    else:
        account.units[asset] += amount
        state.deposited_units[asset] += amount
        after = account.units[asset]
    state.emit(ev.COLLATERAL, rule, account=account.row, market=asset, quanta=amount, balance_quanta=after)
    state.touch(account.row)


def deposit(state: State, row: list[int]) -> None:
    """Opens the account if it is its first."""
    open_named(state, row)
    credit(
        state,
        state.accounts[row[en.Deposit.ACCOUNT]],
        row[en.Deposit.ASSET],
        row[en.Deposit.AMOUNT_UNITS],
        301,
    )


def withdrawal(state: State, row: list[int]) -> None:
    """A request."""
    account = state.accounts[row[en.Deposit.ACCOUNT]]
    requests.withdraw(state, account, row[en.Deposit.ASSET], row[en.Deposit.AMOUNT_UNITS])


def transfer(state: State, row: list[int]) -> None:
    """A request; the isolated account it names exists from then on, whatever the answer."""
    open_named(state, row)
    account, to = (state.accounts[row[each]] for each in (en.Transfer.ACCOUNT, en.Transfer.TO_ACCOUNT))
    requests.transfer(state, account, to, row[en.Transfer.AMOUNT_UNITS])


def open_named(state: State, row: list[int]) -> None:
    """The account that a deposit or a transfer opens, still empty."""
    deposit, of = en.Deposit, en.Transfer
    if row[en.KIND] == en.DEPOSIT and row[deposit.OPENS]:
        open_account(state, row[deposit.ACCOUNT], row[deposit.OWNER], row[deposit.ISOLATED_MARKET], -1)
    elif row[en.KIND] == en.TRANSFER and row[of.OPENS]:
        open_account(
            state, row[of.TO_ACCOUNT], row[of.OWNER], row[of.ISOLATED_MARKET], parent=row[of.ACCOUNT]
        )


# --- fills ------------------------------------------------------------------------------------------------------------
def fill(state: State, row: list[int]) -> None:
    """A fact with two sides; an answer to a liquidation order carries the penalty instead of the fee."""
    market, lots, price = row[en.Fill.MARKET], row[en.Fill.LOTS], row[en.Fill.PRICE_TICKS]
    buyer, seller = state.accounts[row[en.Fill.BUYER]], state.accounts[row[en.Fill.SELLER]]
    order_id = (row[en.Fill.ORDER_OFFSET], row[en.Fill.ORDER_INDEX])
    bought, sold = fill_sides(lots)
    if order_id[0] >= 0:
        for side, other, signed in ((buyer, seller, bought), (seller, buyer, sold)):
            order = side.order
            if order is None or (order.offset, order.index) != order_id or order.market != market:
                continue
            if order.lots * signed > 0:
                liquidation_fill(state, side, other, order, signed, price)
                return
        answer_vault(state, market, order_id, buyer, seller, lots)
    of = state.markets[market].parameters
    notional = lots * price * of.lot_tick_quanta
    fee, rebate = taker_fee(notional, of.taker_fee_ppm), maker_rebate(notional, of.maker_rebate_ppm)
    buyer_takes = row[en.Fill.TAKER] == 0
    trade_side(state, buyer, seller, market, bought, price, fee if buyer_takes else -rebate)
    trade_side(state, seller, buyer, market, sold, price, -rebate if buyer_takes else fee)
    state.fees_quanta += fee - rebate
    state.fees_unswept_quanta += fee - rebate
    auction.clip(state, buyer, market)
    auction.clip(state, seller, market)


def trade_side(
    state: State, account: Account, other: Account, market: int, signed: int, price: int, fee: int
) -> None:
    """One side of a fill at a price, with its fee or, negative, its rebate."""
    quote = signed * price * state.markets[market].parameters.lot_tick_quanta
    realized = state.trade(account, market, signed, quote)
    account.balance_quanta -= fee
    state.position_event(
        account,
        market,
        counter_account=other.row,
        lots=signed,
        price_ticks=price,
        quanta=realized,
        fee_quanta=fee,
    )


def liquidation_fill(
    state: State, account: Account, other: Account, order: Order, signed: int, price: int
) -> None:
    """The account closes at the price and pays what penalty its health leaves room for (R-H5)."""
    market = order.market
    held = state.markets[market]
    of = held.parameters
    value = state.value(account)
    penalty = penalty_of(state, account, market, signed, price)
    state.evidence(account, value)
    state.emit(
        ev.LIQUIDATION_FILL,
        805,
        account=account.row,
        counter_account=other.row,
        market=market,
        lots=signed,
        price_ticks=price,
        quanta=signed * price * of.lot_tick_quanta,
        fee_quanta=penalty,
        reference_offset=order.offset,
        reference_index=order.index,
        **ladder.amounts(value),
        **state.marks(market),
    )
    trade_side(state, account, other, market, signed, price, penalty)
    trade_side(state, other, account, market, -signed, price, 0)
    _, insurance, venue = penalty_split(
        penalty, 0, of.penalty_liquidator_ppm + of.penalty_insurance_ppm, of.penalty_venue_ppm
    )
    for code, share in ((1, insurance), (2, venue)):
        state.emit(ev.PENALTY, 805, account=account.row, market=market, quanta=share, code=code)
    state.fund(insurance, ev.FUND_PENALTY, 805, account=account.row)
    state.fees_quanta += venue
    account.answered_offset = state.offset
    left = max(0, abs(order.lots) - abs(signed))
    order.lots = left if order.lots > 0 else -left
    if left == 0:
        account.order = None
        if account.level != SOFT:
            account.next_step_ns = 0
    auction.clip(state, account, market)
    auction.clip(state, other, market)


def penalty_of(state: State, account: Account, market: int, signed: int, price: int) -> int:
    """What the fill costs beside its price; nothing if it no longer reduces."""
    held = state.markets[market]
    of = held.parameters
    lots = account.lots(market)
    if not only_reduces(lots, signed):
        return 0
    value = state.value(account)
    size = abs(signed)
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    freed = relief_quanta(lots, size, held.mark_ticks, of.lot_tick_quanta, *tiers)
    most = largest_loss(value.equity_quanta, value.maintenance_quanta, freed)
    worse = max(0, (held.mark_ticks - price) if lots > 0 else (price - held.mark_ticks))
    rate = effective_penalty_ppm(
        of.penalty_ppm,
        div_ceil(worse * PPM, held.mark_ticks),
        cost_cap_ppm(most, size * held.mark_ticks * of.lot_tick_quanta),
    )
    traded, loss = size * price * of.lot_tick_quanta, size * worse * of.lot_tick_quanta
    return penalty_quanta(traded, rate, most, loss)


def answer_vault(
    state: State, market: int, order_id: tuple[int, int], buyer: Account, seller: Account, lots: int
) -> None:
    """Take the lots off the vault's order, if the fill answers it."""
    order = state.vault_orders.get(market)
    if order is None or (order.offset, order.index) != order_id or VAULT not in (buyer.row, seller.row):
        return
    left = max(0, abs(order.lots) - lots)
    order.lots = left if order.lots > 0 else -left
    if left == 0:
        del state.vault_orders[market]


# --- requests and bids ------------------------------------------------------------------------------------------------
def order_check(state: State, row: list[int]) -> None:
    """Answered, and nothing reserved."""
    requests.check_order(
        state,
        row[en.OrderCheck.ACCOUNT],
        row[en.OrderCheck.MARKET],
        row[en.OrderCheck.LOTS],
        row[en.OrderCheck.PRICE_TICKS],
        bool(row[en.OrderCheck.REDUCE_ONLY]),
    )


def bid(state: State, row: list[int]) -> None:
    """A liquidator's bid on an offer."""
    auction.bid(
        state,
        (row[en.Bid.OFFER_OFFSET], row[en.Bid.OFFER_INDEX]),
        row[en.Bid.ACCOUNT],
        row[en.Bid.LOTS],
        row[en.Bid.MINIMUM_BONUS_PPM],
        row[en.Bid.LIMIT_TICKS],
        row[en.TIME_NS],
        row[en.Bid.NAMED],
    )


# --- prices -----------------------------------------------------------------------------------------------------------
def market_state(state: State, row: list[int]) -> None:
    """New marks; funding, if the instant is now; then everybody whose zone changed, by risk."""
    of = en.MarketState
    market = row[of.MARKET]
    held = state.markets[market]
    breakers = states_in_force(row[of.BREAKERS], held.breakers)
    if (held.status, held.breakers) != (row[of.STATUS], breakers):
        state.emit(
            ev.MARKET_STATUS,
            1604,
            market=market,
            code=row[of.STATUS],
            former_code=held.status,
            quanta=breakers,
            fee_quanta=held.breakers,
            mark_offset=state.offset,
            mark_ticks=row[of.MARK_TICKS],
            index_ticks=row[of.INDEX_TICKS],
        )
    held.status, held.breakers = row[of.STATUS], breakers
    held.mark_ticks, held.mark_offset = row[of.MARK_TICKS], state.offset
    held.index_ticks = row[of.INDEX_TICKS]
    if held.status != HALTED:
        held.valid_index_ticks = held.index_ticks
        state.awaiting.pop(market, None)
    held.volume_60s_lots = row[of.VOLUME_60S_LOTS]
    held.bid_depth_lots = tuple(row[of.BID_DEPTH_LOTS : of.BID_DEPTH_LOTS + 6])
    held.ask_depth_lots = tuple(row[of.ASK_DEPTH_LOTS : of.ASK_DEPTH_LOTS + 6])
    held.sigma_ppm = row[of.SIGMA_PPM]
    held.band_low_ticks, held.band_high_ticks = row[of.BAND_LOW_TICKS], row[of.BAND_HIGH_TICKS]
    held.opened_ns = max(held.opened_ns, row[of.OPENED_NS])  # a release opens, too
    fund_positions(state, market, row)
    ladder.act_on_moved(state)


def fund_positions(state: State, market: int, row: list[int]) -> None:
    """One integer per lot at a funding instant (R-N4); a halted index skips it, and says so."""
    held = state.markets[market]
    flags = row[en.MarketState.FLAGS]
    if flags & en.FLAG_FUNDING_SKIPPED:
        state.emit(ev.FUNDING, 1404, market=market, code=1, **state.marks(market))
    elif flags & en.FLAG_FUNDING:
        rate = row[en.MarketState.FUNDING_RATE_PPB]
        paid, held.funding_carry = per_lot(
            held.index_ticks, held.parameters.lot_tick_quanta, rate, held.funding_carry
        )
        held.funding_quanta += paid
        state.emit(
            ev.FUNDING,
            1404,
            market=market,
            quanta=paid,
            threshold_quanta=rate,
            balance_quanta=held.funding_quanta,
            **state.marks(market),
        )


def asset_state(state: State, row: list[int]) -> None:
    """A collateral asset's price interval."""
    of = en.AssetState
    asset = state.assets[row[of.ASSET]]
    asset.low_quanta, asset.high_quanta = row[of.LOW_QUANTA], row[of.HIGH_QUANTA]
    asset.status, asset.sigma_ppm = row[of.STATUS], row[of.SIGMA_PPM]
    ladder.act_on_moved(state)


# --- time -------------------------------------------------------------------------------------------------------------
def clock(state: State, row: list[int]) -> None:
    """Whatever is due."""
    state.clock_ns = max(state.clock_ns, row[en.TIME_NS])
    timers.clock(state)


BOOK = {
    en.GENESIS: genesis,
    en.CLOCK: clock,
    en.DEPOSIT: deposit,
    en.WITHDRAWAL: withdrawal,
    en.TRANSFER: transfer,
    en.FILL: fill,
    en.ORDER_CHECK: order_check,
    en.BID: bid,
    en.MARKET_STATE: market_state,
    en.ASSET_STATE: asset_state,
}
