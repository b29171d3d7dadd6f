"""The hot loop: one compiled call runs entries until one of them needs Python, and says why it stopped."""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.compiled import bare, inlined
from flows.pool.bands import refresh
from flows.pool.bookkeeping import credit, is_sound, open_account, trade_side, write, write_marks
from flows.pool.layout import (
    AT_ENTRY,
    AWAITS,
    CLOCK,
    CONVERT_FLOOR,
    CONVERT_SHARE,
    EVENT_INDEX,
    EVENTS,
    FEES,
    FLAGS,
    MAKER_REBATE,
    MARK,
    MARKETS,
    MOVED,
    NEXT_DUE,
    OFFSET,
    OPEN_LOTS,
    OUTAGE,
    TAKER_FEE,
    TIME,
    UNIT_QUANTA,
    UNSWEPT,
    WATCHED,
    ZONE_MASK,
    Columns,
)
from flows.pool.orders import judge_order
from flows.pool.prices import asset_state, market_state
from flows.pool.valuation import Valuation, value, zone
from flows.rules.collateral.interest import conversion_due_quanta
from flows.rules.loss.gate import OUTAGE_NS, is_outage
from flows.rules.orders.check import ACCEPT
from flows.rules.position.fee import maker_rebate, taker_fee
from flows.rules.position.zero_sum import fill_sides

# The compiler reads constants of modules, not of classes.
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


@bare
def run(c: Columns, entries: en.Rows, start: int, first_offset: int, answering: int) -> tuple[int, int]:
    """Apply entries from place ``start`` on; where and why it stopped."""
    for at in range(start, entries.shape[0]):
        if c.pool[0, EVENTS] + EVENTS_MOST > c.event.shape[0]:
            return at, FULL_EVENTS
        c.pool[0, AT_ENTRY] = first_offset + at
        kind = entries[at, en.KIND]
        time = max(c.pool[0, TIME], entries[at, en.TIME_NS])
        if kind == en.CLOCK:
            if time >= c.pool[0, NEXT_DUE] or _is_silence(c, time):
                return at, BY_PYTHON
            c.pool[0, TIME], c.pool[0, OFFSET] = time, first_offset + at
            c.pool[0, CLOCK] = max(c.pool[0, CLOCK], entries[at, en.TIME_NS])
            continue
        stop = BY_PYTHON
        if kind in (en.MARKET_STATE, en.ASSET_STATE):
            begin(c, first_offset + at, time)
            moved = market_state(c, entries, at) if kind == en.MARKET_STATE else asset_state(c, entries, at)
            stop = MOVED_ON if moved > 0 else DONE
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
