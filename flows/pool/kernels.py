"""The hot loop: one compiled call runs entries until one of them needs Python, and says why it stopped."""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.compiled import bare, inlined
from flows.pool.bands import reband, refresh, wake, wake_holders
from flows.pool.bookkeeping import credit, is_sound, open_account, trade_side, write, write_marks
from flows.pool.layout import (
    ACCOUNTS,
    ASK_DEPTH,
    AWAITS,
    BAND_HIGH,
    BAND_LOW,
    BID_DEPTH,
    BREAKERS,
    CONVERT_FLOOR,
    CONVERT_SHARE,
    EVENT_INDEX,
    EVENTS,
    FEES,
    FLAGS,
    FUNDING_CARRY,
    FUNDING_SUM,
    INDEX_TICKS,
    MAKER_REBATE,
    MARK,
    MARK_OFFSET,
    MARKETS,
    MODE,
    MODE_AUTO,
    MODE_FULL,
    MOVED,
    NEXT_DUE,
    OFFSET,
    OPEN_LOTS,
    OPENED,
    OUTAGE,
    PASSED,
    PASSES,
    SIGMA,
    STATUS,
    TAKER_FEE,
    TICKS,
    TIME,
    UNIT_QUANTA,
    UNSWEPT,
    VALID_INDEX,
    VOLUME_LOTS,
    WATCHED,
    WOKEN,
    ZONE_MASK,
    Columns,
)
from flows.pool.orders import judge_order
from flows.pool.valuation import HALTED, Valuation, stand, value, zone
from flows.rules.collateral.interest import conversion_due_quanta
from flows.rules.funding.payment import per_lot
from flows.rules.loss.gate import OUTAGE_NS, is_outage
from flows.rules.orders.check import ACCEPT
from flows.rules.position.fee import maker_rebate, taker_fee
from flows.rules.position.zero_sum import fill_sides

# The compiler reads constants of modules, not of classes.
ASSET_ASSET = en.AssetState.ASSET
ASSET_LOW_QUANTA = en.AssetState.LOW_QUANTA
ASSET_SIGMA_PPM = en.AssetState.SIGMA_PPM
ASSET_STATUS = en.AssetState.STATUS
DEPOSIT_ACCOUNT = en.Deposit.ACCOUNT
DEPOSIT_AMOUNT_UNITS = en.Deposit.AMOUNT_UNITS
DEPOSIT_ASSET = en.Deposit.ASSET
DEPOSIT_ISOLATED_MARKET = en.Deposit.ISOLATED_MARKET
DEPOSIT_OPENS = en.Deposit.OPENS
DEPOSIT_OWNER = en.Deposit.OWNER
FILL_BUYER = en.Fill.BUYER
FILL_LOTS = en.Fill.LOTS
FILL_MARKET = en.Fill.MARKET
FILL_ORDER_OFFSET = en.Fill.ORDER_OFFSET
FILL_PRICE_TICKS = en.Fill.PRICE_TICKS
FILL_SELLER = en.Fill.SELLER
FILL_TAKER = en.Fill.TAKER
STATE_ASK_DEPTH_LOTS = en.MarketState.ASK_DEPTH_LOTS
STATE_BAND_HIGH_TICKS = en.MarketState.BAND_HIGH_TICKS
STATE_BAND_LOW_TICKS = en.MarketState.BAND_LOW_TICKS
STATE_BID_DEPTH_LOTS = en.MarketState.BID_DEPTH_LOTS
STATE_BREAKERS = en.MarketState.BREAKERS
STATE_FLAGS = en.MarketState.FLAGS
STATE_FUNDING_RATE_PPB = en.MarketState.FUNDING_RATE_PPB
STATE_INDEX_TICKS = en.MarketState.INDEX_TICKS
STATE_MARKET = en.MarketState.MARKET
STATE_MARK_TICKS = en.MarketState.MARK_TICKS
STATE_OPENED_NS = en.MarketState.OPENED_NS
STATE_SIGMA_PPM = en.MarketState.SIGMA_PPM
STATE_STATUS = en.MarketState.STATUS
STATE_VOLUME_60S_LOTS = en.MarketState.VOLUME_60S_LOTS
CHECK_ACCOUNT = en.OrderCheck.ACCOUNT
CHECK_LOTS = en.OrderCheck.LOTS
CHECK_MARKET = en.OrderCheck.MARKET
CHECK_PRICE_TICKS = en.OrderCheck.PRICE_TICKS
CHECK_REDUCE_ONLY = en.OrderCheck.REDUCE_ONLY

# Why `run` stopped at an entry.
DONE = 0  # behind the last one
BY_PYTHON = 1  # nothing of it has been done
MOVED_ON = 2  # its own effect is booked; the accounts in `woken` are to be settled, or acted on
ANSWER = 3  # it is done, and somebody may answer its events
FULL_EVENTS = 4  # no room for more events; nothing of it has been done
UNSOUND = 5  # value is not conserved, or lots do not sum to zero

EVENTS_MOST = 8
"""Events that an entry handled here can have."""

FULL_PASS_SHARE = 16
"""A tick that wakes over 1 in 16 accounts values them all in one pass and leaves their bands for the next tick:
new bands for that many cost several passes. Measured: the two ways break even at about 6 %."""


@bare
def run(c: Columns, entries: en.Rows, start: int, first_offset: int, answering: int) -> tuple[int, int]:
    """Apply entries from place ``start`` on; where and why it stopped."""
    for at in range(start, entries.shape[0]):
        if c.pool[0, EVENTS] + EVENTS_MOST > c.event.shape[0]:
            return at, FULL_EVENTS
        kind = entries[at, en.KIND]
        time = max(c.pool[0, TIME], entries[at, en.TIME_NS])
        if kind == en.CLOCK:
            if time >= c.pool[0, NEXT_DUE] or _is_silence(c, time):
                return at, BY_PYTHON
            c.pool[0, TIME], c.pool[0, OFFSET] = time, first_offset + at
            continue
        stop = BY_PYTHON
        if kind in (en.MARKET_STATE, en.ASSET_STATE):
            begin(c, first_offset + at, time)
            stop = _market_state(c, entries, at) if kind == en.MARKET_STATE else _asset_state(c, entries, at)
        elif kind == en.FILL and _is_plain(c, entries, at):
            begin(c, first_offset + at, time)
            stop = _fill(c, entries, at)
        elif kind == en.DEPOSIT:
            begin(c, first_offset + at, time)
            stop = _deposit(c, entries, at)
        elif kind == en.ORDER_CHECK and entries[at, CHECK_ACCOUNT] >= 0:
            stop = _order_check(c, entries, at, first_offset + at, time, answering)
        if stop == BY_PYTHON:
            return at, stop
        if not is_sound(c):
            return at, UNSOUND
        if stop != DONE:
            return at, stop
    return entries.shape[0], DONE


@inlined
def _is_silence(c: Columns, time: int) -> bool:
    return c.pool[0, TIME] > 0 and is_outage(c.pool[0, TIME], time, OUTAGE_NS)


@inlined
def begin(c: Columns, offset: int, time: int) -> None:
    """The next entry: pool time never runs back (R-A6). After a long silence all markets await a price (R-M2)."""
    if _is_silence(c, time):
        c.pool[0, OUTAGE], c.pool[0, NEXT_DUE] = 1, 0
        for m in range(c.pool[0, MARKETS]):
            c.market[m, AWAITS] = 1
    c.pool[0, OFFSET] = offset
    c.pool[0, TIME] = time
    c.pool[0, EVENT_INDEX] = 0
    c.pool[0, MOVED] = 0


# --- own entries ------------------------------------------------------------------------------------------------------
@bare
def _deposit(c: Columns, entries: en.Rows, at: int) -> int:
    row = entries[at, DEPOSIT_ACCOUNT]
    if entries[at, DEPOSIT_OPENS]:
        open_account(c, row, entries[at, DEPOSIT_OWNER], entries[at, DEPOSIT_ISOLATED_MARKET])
    credit(c, row, entries[at, DEPOSIT_ASSET], entries[at, DEPOSIT_AMOUNT_UNITS], 301)
    return _settle_own(c, row, row)


@inlined
def _is_plain(c: Columns, entries: en.Rows, at: int) -> bool:
    """Whether a fill answers no order and neither side is watched."""
    if entries[at, FILL_ORDER_OFFSET] >= 0:
        return False
    buyer, seller = entries[at, FILL_BUYER], entries[at, FILL_SELLER]
    return not (c.record[buyer, FLAGS] | c.record[seller, FLAGS]) & WATCHED


@bare
def _fill(c: Columns, entries: en.Rows, at: int) -> int:
    buyer, seller = entries[at, FILL_BUYER], entries[at, FILL_SELLER]
    book_fill(
        c,
        entries[at, FILL_MARKET],
        buyer,
        seller,
        entries[at, FILL_TAKER],
        entries[at, FILL_LOTS],
        entries[at, FILL_PRICE_TICKS],
    )
    return _settle_own(c, buyer, seller)


@bare
def book_fill(c: Columns, m: int, buyer: int, seller: int, taker: int, lots: int, price: int) -> None:
    """Both sides of an ordinary fill, with fee and rebate."""
    notional = lots * price * c.market[m, UNIT_QUANTA]
    fee = taker_fee(notional, c.market[m, TAKER_FEE])
    rebate = maker_rebate(notional, c.market[m, MAKER_REBATE])
    bought, sold = fill_sides(lots)
    trade_side(c, buyer, seller, m, bought, price, fee if taker == 0 else -rebate)
    trade_side(c, seller, buyer, m, sold, price, -rebate if taker == 0 else fee)
    c.pool[0, FEES] += fee - rebate
    c.pool[0, UNSWEPT] += fee - rebate


@bare
def _settle_own(c: Columns, one: int, other: int) -> int:
    """After an entry of the accounts' own: new bands, unless one of them needs Python; then both are left to it."""
    if needs_python(c, one) or (other != one and needs_python(c, other)):
        c.woken[0], c.woken[1] = one, other
        c.pool[0, MOVED] = 1 if one == other else 2
        return MOVED_ON
    refresh(c, one)
    if other != one:
        refresh(c, other)
    return DONE


@bare
def needs_python(c: Columns, row: int) -> bool:
    """Whether an account that an entry has touched is in a new zone, watched, or due to convert collateral."""
    if c.record[row, FLAGS] & WATCHED:
        return True
    v = value(c, row)
    if zone(c, row, v[1], v[2], v[5]) != c.record[row, FLAGS] & ZONE_MASK:
        return True
    if v[0] >= 0 or v[8] == 0:
        return False
    return conversion_due_quanta(-v[0], v[8], c.pool[0, CONVERT_FLOOR], c.pool[0, CONVERT_SHARE]) > 0


@bare
def _order_check(c: Columns, entries: en.Rows, at: int, offset: int, time: int, answering: int) -> int:
    """An accepted order is answered here; a refusal shows its evidence and is left to Python."""
    m = entries[at, CHECK_MARKET]
    if c.market[m, MARK] == 0:
        return BY_PYTHON
    row = entries[at, CHECK_ACCOUNT]
    v = value(c, row)
    lots, limit = entries[at, CHECK_LOTS], entries[at, CHECK_PRICE_TICKS]
    code, largest = judge_order(c, row, v, m, lots, limit, entries[at, CHECK_REDUCE_ONLY])
    if code != ACCEPT:
        return BY_PYTHON
    begin(c, offset, time)
    write_decision(c, row, m, lots, limit, code, largest, v)
    return ANSWER if answering else DONE


@bare
def write_decision(
    c: Columns, row: int, m: int, lots: int, limit: int, code: int, largest: int, v: Valuation
) -> None:
    """The answer to an order check."""
    at = write(c, ev.ORDER_DECISION, 601)
    c.event[at, ev.ACCOUNT] = row
    c.event[at, ev.MARKET] = m
    c.event[at, ev.LOTS] = lots
    c.event[at, ev.PRICE_TICKS] = limit
    c.event[at, ev.QUANTA] = largest
    c.event[at, ev.CODE] = code
    c.event[at, ev.POSITION_LOTS] = c.market[m, OPEN_LOTS]
    write_amounts(c, at, v)
    write_marks(c, at, m)


@inlined
def write_amounts(c: Columns, at: int, v: Valuation) -> None:
    """An account's amounts in an event about it."""
    c.event[at, ev.EQUITY_QUANTA] = v[1]
    c.event[at, ev.EQUITY_LOW_QUANTA] = v[2]
    c.event[at, ev.MAINTENANCE_MARGIN_QUANTA] = v[5]
    c.event[at, ev.INITIAL_MARGIN_QUANTA] = v[6]
    c.event[at, ev.BALANCE_QUANTA] = v[0]


# --- prices -----------------------------------------------------------------------------------------------------------
@bare
def _market_state(c: Columns, entries: en.Rows, i: int) -> int:
    m = entries[i, STATE_MARKET]
    status, breakers = entries[i, STATE_STATUS], entries[i, STATE_BREAKERS]
    mark, index = entries[i, STATE_MARK_TICKS], entries[i, STATE_INDEX_TICKS]
    if status != c.market[m, STATUS] or breakers != c.market[m, BREAKERS]:
        at = write(c, ev.MARKET_STATUS, 1604)
        c.event[at, ev.MARKET] = m
        c.event[at, ev.CODE], c.event[at, ev.FORMER_CODE] = status, c.market[m, STATUS]
        c.event[at, ev.QUANTA], c.event[at, ev.FEE_QUANTA] = breakers, c.market[m, BREAKERS]
        c.event[at, ev.MARK_OFFSET] = c.pool[0, OFFSET]
        c.event[at, ev.MARK_TICKS], c.event[at, ev.INDEX_TICKS] = mark, index
    former = c.market[m, MARK]
    c.market[m, STATUS], c.market[m, BREAKERS] = status, breakers
    c.market[m, MARK], c.market[m, MARK_OFFSET] = mark, c.pool[0, OFFSET]
    c.market[m, INDEX_TICKS] = index
    if status != HALTED:
        c.market[m, VALID_INDEX] = index
        c.market[m, AWAITS] = 0
    c.market[m, VOLUME_LOTS] = entries[i, STATE_VOLUME_60S_LOTS]
    for ring in range(6):
        c.market[m, BID_DEPTH + ring] = entries[i, STATE_BID_DEPTH_LOTS + ring]
        c.market[m, ASK_DEPTH + ring] = entries[i, STATE_ASK_DEPTH_LOTS + ring]
    c.market[m, SIGMA] = entries[i, STATE_SIGMA_PPM]
    c.market[m, BAND_LOW] = entries[i, STATE_BAND_LOW_TICKS]
    c.market[m, BAND_HIGH] = entries[i, STATE_BAND_HIGH_TICKS]
    c.market[m, OPENED] = entries[i, STATE_OPENED_NS]
    funded = _fund(c, m, entries[i, STATE_FLAGS], entries[i, STATE_FUNDING_RATE_PPB])
    return _tick(c, m, former, funded)


@inlined
def _fund(c: Columns, m: int, flags: int, rate: int) -> bool:
    """One integer per lot at a funding instant (R-N4); a halted index skips it, and says so."""
    if flags & en.FLAG_FUNDING_SKIPPED:
        at = write(c, ev.FUNDING, 1404)
        c.event[at, ev.MARKET], c.event[at, ev.CODE] = m, 1
        write_marks(c, at, m)
        return False
    if not flags & en.FLAG_FUNDING:
        return False
    paid, carry = per_lot(
        c.market[m, INDEX_TICKS], c.market[m, UNIT_QUANTA], rate, c.market[m, FUNDING_CARRY]
    )
    c.market[m, FUNDING_CARRY] = carry
    c.market[m, FUNDING_SUM] += paid
    at = write(c, ev.FUNDING, 1404)
    c.event[at, ev.MARKET], c.event[at, ev.QUANTA] = m, paid
    c.event[at, ev.THRESHOLD_QUANTA], c.event[at, ev.BALANCE_QUANTA] = rate, c.market[m, FUNDING_SUM]
    write_marks(c, at, m)
    return paid != 0


@bare
def _asset_state(c: Columns, entries: en.Rows, i: int) -> int:
    m = c.pool[0, MARKETS] + entries[i, ASSET_ASSET]
    former = c.market[m, MARK]
    c.market[m, MARK] = entries[i, ASSET_LOW_QUANTA]
    c.market[m, STATUS] = entries[i, ASSET_STATUS]
    c.market[m, SIGMA] = entries[i, ASSET_SIGMA_PPM]
    return _tick(c, m, former, False)


@inlined
def _tick(c: Columns, m: int, former: int, all_holders: bool) -> int:
    """Find the accounts that this price moved to another zone: they are left in `woken`; all others get new bands."""
    c.pool[0, TICKS] += 1
    if c.pool[0, MODE] == MODE_FULL:
        return _full_pass(c)
    if all_holders or former == 0:
        count = wake_holders(c, m, 0)
    elif former == c.market[m, MARK]:
        return DONE
    else:
        count = wake(c, m, c.market[m, MARK], 0)
    c.pool[0, WOKEN] += count
    one_pass = (
        c.pool[0, MODE] == MODE_AUTO
        and count * FULL_PASS_SHARE > c.pool[0, ACCOUNTS]
        and count > 64
        and not all_holders
        and former != 0
        and c.market[m, PASSED] == 0
    )
    c.market[m, PASSED] = 1 if one_pass else 0
    if one_pass:
        c.pool[0, PASSES] += 1
    moved = 0
    for at in range(count):
        row = c.woken[at]
        c.flag[row] = 0
        equity, low, margin, gross, held = stand(c, row)
        if zone(c, row, equity, low, margin) != c.record[row, FLAGS] & ZONE_MASK:
            c.woken[moved] = row
            moved += 1
        elif not one_pass:
            reband(c, row, equity, low, margin, gross, held)
    c.pool[0, MOVED] = moved
    return MOVED_ON if moved > 0 else DONE


@bare
def _full_pass(c: Columns) -> int:
    """Every account in the order of records, without bands: the reference, and the cheaper way for a great jump."""
    moved = 0
    for row in range(c.pool[0, ACCOUNTS]):
        equity, low, margin, _, _ = stand(c, row)
        if zone(c, row, equity, low, margin) != c.record[row, FLAGS] & ZONE_MASK:
            c.woken[moved] = row
            moved += 1
    c.pool[0, MOVED] = moved
    return MOVED_ON if moved > 0 else DONE
