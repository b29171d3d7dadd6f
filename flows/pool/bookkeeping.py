"""Kernels that change an account: open, credit, trade; and those that write an event."""

from __future__ import annotations

from flows.journal import events as ev
from flows.journal.compiled import bare, inlined
from flows.pool.bands import free_place, take_place
from flows.pool.layout import (
    ACCOUNTS,
    BASE,
    CHAIN,
    CHAINED_LOTS,
    CHAINED_MARKET,
    COMPARTMENTS,
    COST,
    DEPOSITED,
    DEPOSITED_UNITS,
    EVENT_INDEX,
    EVENTS,
    FEES,
    FUND,
    FUND_UNITS,
    FUNDING_SUM,
    INDEX_TICKS,
    MARK,
    MARK_OFFSET,
    MARKET_MASK,
    MARKETS,
    NET_LOTS,
    NEXT,
    OFFSET,
    OPEN_LOTS,
    OWNER,
    PAID,
    PLACE_SHIFT,
    ROWS,
    SLOTS,
    SLOTS_END,
    SUM_BASE,
    TIME,
    UNIT_QUANTA,
    VERSION,
    Columns,
)
from flows.pool.valuation import balance_of
from flows.rules.position.fill import apply_quote
from flows.rules.scale.conservation import held_quanta, is_conserved

NOWHERE = -1


# --- events -----------------------------------------------------------------------------------------------------------
@inlined
def write(c: Columns, kind: int, rule: int) -> int:
    """A blank event of this entry; its row in `event`."""
    at: int = c.pool[0, EVENTS]
    c.pool[0, EVENTS] += 1
    c.event[at, :] = 0
    c.event[at, ev.OFFSET] = c.pool[0, OFFSET]
    c.event[at, ev.INDEX] = c.pool[0, EVENT_INDEX]
    c.pool[0, EVENT_INDEX] += 1
    c.event[at, ev.TYPE] = kind
    c.event[at, ev.TIME_NS] = c.pool[0, TIME]
    c.event[at, ev.RULE] = rule
    c.event[at, ev.RULE_VERSION] = 1
    c.event[at, ev.PARAMETERS_VERSION] = c.pool[0, VERSION]
    c.event[at, ev.ACCOUNT] = NOWHERE
    c.event[at, ev.MARKET] = NOWHERE
    c.event[at, ev.COUNTER_ACCOUNT] = NOWHERE
    c.event[at, ev.REFERENCE_OFFSET] = NOWHERE
    c.event[at, ev.REFERENCE_INDEX] = NOWHERE
    c.event[at, ev.MARK_OFFSET] = NOWHERE
    return at


@inlined
def write_marks(c: Columns, at: int, m: int) -> None:
    """The price that an event was decided at."""
    c.event[at, ev.MARK_OFFSET] = c.market[m, MARK_OFFSET]
    c.event[at, ev.MARK_TICKS] = c.market[m, MARK]
    c.event[at, ev.INDEX_TICKS] = c.market[m, INDEX_TICKS]


@bare
def write_position(
    c: Columns, row: int, m: int, counter: int, lots: int, price: int, realized: int, fee: int
) -> None:
    """A position and the balance after a change."""
    at = write(c, ev.POSITION, 201)
    word, place = find(c, row, m)
    c.event[at, ev.ACCOUNT] = row
    c.event[at, ev.MARKET] = m
    c.event[at, ev.COUNTER_ACCOUNT] = counter
    c.event[at, ev.LOTS] = lots
    c.event[at, ev.PRICE_TICKS] = price
    c.event[at, ev.QUANTA] = realized
    c.event[at, ev.FEE_QUANTA] = fee
    c.event[at, ev.BALANCE_QUANTA] = balance_of(c, row)
    if place >= 0:
        c.event[at, ev.POSITION_LOTS] = lots_at(c, row, word, place)
        c.event[at, ev.POSITION_COST_QUANTA] = c.place[place, COST]
    write_marks(c, at, m)


# --- positions --------------------------------------------------------------------------------------------------------
@inlined
def find(c: Columns, row: int, m: int) -> tuple[int, int]:
    """Word of the record (-1 in the chain) and place of a position, (-1, -1) if there is none."""
    for word in range(SLOTS, SLOTS_END, 2):
        if c.record[row, word] == 0:
            break
        if c.record[row, word + 1] & MARKET_MASK == m:
            return word, c.record[row, word + 1] >> PLACE_SHIFT
    chained = c.record[row, CHAIN]
    while chained > 0:
        if c.place[chained - 1, CHAINED_MARKET] == m:
            return NOWHERE, chained - 1
        chained = c.place[chained - 1, NEXT]
    return NOWHERE, NOWHERE


@inlined
def lots_at(c: Columns, row: int, word: int, place: int) -> int:
    """Lots of a position that `find` found."""
    lots: int = c.record[row, word] if word >= 0 else c.place[place, CHAINED_LOTS]
    return lots


@bare
def lots_of(c: Columns, row: int, m: int) -> int:
    """Signed lots that an account holds in a market; units, in an asset."""
    word, place = find(c, row, m)
    return lots_at(c, row, word, place) if place >= 0 else 0


@bare
def put(c: Columns, row: int, m: int, lots: int) -> int:
    """Set the lots of a position, opening or closing it; its place, -1 once closed."""
    word, place = find(c, row, m)
    if place < 0:
        if lots == 0:
            return NOWHERE
        place = take_place(c, m, row)
        for free in range(SLOTS, SLOTS_END, 2):
            if c.record[row, free] == 0:
                c.record[row, free], c.record[row, free + 1] = lots, m | (place << PLACE_SHIFT)
                return place
        c.place[place, CHAINED_LOTS], c.place[place, CHAINED_MARKET] = lots, m
        c.place[place, NEXT] = c.record[row, CHAIN]
        c.record[row, CHAIN] = place + 1
        return place
    if lots != 0:
        if word >= 0:
            c.record[row, word] = lots
        else:
            c.place[place, CHAINED_LOTS] = lots
        return place
    if word >= 0:
        _close_slot(c, row, word)
    else:
        _unchain(c, row, place)
    free_place(c, m, place)
    return NOWHERE


@bare
def _close_slot(c: Columns, row: int, word: int) -> None:
    """Keep the slots packed: the chain's head, or else the last slot, moves into the gap."""
    chained = c.record[row, CHAIN]
    if chained > 0:
        head = chained - 1
        c.record[row, CHAIN] = c.place[head, NEXT]
        c.record[row, word] = c.place[head, CHAINED_LOTS]
        c.record[row, word + 1] = c.place[head, CHAINED_MARKET] | (head << PLACE_SHIFT)
        c.place[head, NEXT] = 0
        c.place[head, CHAINED_LOTS] = 0
        c.place[head, CHAINED_MARKET] = 0
        return
    last = word
    for other in range(word + 2, SLOTS_END, 2):
        if c.record[row, other] == 0:
            break
        last = other
    c.record[row, word], c.record[row, word + 1] = c.record[row, last], c.record[row, last + 1]
    c.record[row, last], c.record[row, last + 1] = 0, 0


@bare
def _unchain(c: Columns, row: int, place: int) -> None:
    before = NOWHERE
    chained = c.record[row, CHAIN]
    while chained - 1 != place:
        before, chained = chained - 1, c.place[chained - 1, NEXT]
    if before < 0:
        c.record[row, CHAIN] = c.place[place, NEXT]
    else:
        c.place[before, NEXT] = c.place[place, NEXT]


@bare
def trade(c: Columns, row: int, m: int, delta: int, quote: int) -> int:
    """Change a position for money (R-B1), settling its funding first. The realized gain is returned.

    The base falls by the quote and rises by delta x the funding sum, whatever is realized: rounding moves value between
    cost and balance, never in or out.
    """
    word, place = find(c, row, m)
    lots, cost = 0, 0
    if place >= 0:
        lots, cost = lots_at(c, row, word, place), c.place[place, COST]
    c.market[m, OPEN_LOTS] += max(0, lots + delta) - max(0, lots)
    lots, cost, realized = apply_quote(lots, cost, delta, quote)
    place = put(c, row, m, lots)
    if place >= 0:
        c.place[place, COST] = cost
        c.place[place, PAID] = c.market[m, FUNDING_SUM]
    change = delta * c.market[m, FUNDING_SUM] - quote
    c.record[row, BASE] += change
    c.pool[0, SUM_BASE] += change
    c.market[m, NET_LOTS] += delta
    return realized


@inlined
def pay(c: Columns, row: int, quanta: int) -> None:
    """Money into (or out of) an account's balance."""
    c.record[row, BASE] += quanta
    c.pool[0, SUM_BASE] += quanta


@bare
def add_units(c: Columns, row: int, asset: int, units: int) -> int:
    """Units of a collateral asset into (or out of) an account; what it then holds."""
    m = c.pool[0, MARKETS] + asset
    after = lots_of(c, row, m) + units
    put(c, row, m, after)
    c.market[m, NET_LOTS] += units
    return after


@bare
def trade_side(c: Columns, row: int, counter: int, m: int, signed: int, price: int, fee: int) -> None:
    """One side of a fill at a price, with its fee or, negative, its rebate."""
    realized = trade(c, row, m, signed, signed * price * c.market[m, UNIT_QUANTA])
    pay(c, row, -fee)
    write_position(c, row, m, counter, signed, price, realized, fee)


@bare
def open_account(c: Columns, row: int, owner: int, isolated_market: int) -> None:
    """Accounts are numbered in the order of their opening."""
    assert row == c.pool[0, ACCOUNTS], "intake numbers accounts without a gap"
    c.pool[0, ACCOUNTS] += 1
    c.record[row, :] = 0
    c.record[row, OWNER] = owner
    at = write(c, ev.ACCOUNT_OPENED, 202)
    c.event[at, ev.ACCOUNT] = row
    c.event[at, ev.COUNTER_ACCOUNT] = owner
    c.event[at, ev.MARKET] = isolated_market


@bare
def credit(c: Columns, row: int, asset: int, amount: int, rule: int) -> None:
    """A deposit, or, negative, a withdrawal that was granted."""
    if asset == 0:
        pay(c, row, amount)
        c.pool[0, DEPOSITED] += amount
    else:
        add_units(c, row, asset, amount)
        c.market[c.pool[0, MARKETS] + asset, DEPOSITED_UNITS] += amount
    write_collateral(c, row, NOWHERE, asset, amount, rule)


@bare
def write_collateral(c: Columns, row: int, counter: int, asset: int, amount: int, rule: int) -> None:
    """An asset moved; what the account then holds of it."""
    at = write(c, ev.COLLATERAL, rule)
    c.event[at, ev.ACCOUNT] = row
    c.event[at, ev.COUNTER_ACCOUNT] = counter
    c.event[at, ev.MARKET] = asset
    c.event[at, ev.QUANTA] = amount
    held = balance_of(c, row) if asset == 0 else lots_of(c, row, c.pool[0, MARKETS] + asset)
    c.event[at, ev.BALANCE_QUANTA] = held


@inlined
def is_sound(c: Columns) -> bool:
    """R-A7 and R-B4 by running totals: O(markets)."""
    fund = c.pool[0, FUND] + c.pool[0, COMPARTMENTS]
    # A base is a balance less what its positions cost, and the vault is an account like any other.
    if not is_conserved(
        held_quanta(c.pool[0, SUM_BASE], fund, c.pool[0, FEES], 0, 0, 0), c.pool[0, DEPOSITED], 0
    ):
        return False
    markets = c.pool[0, MARKETS]
    for m in range(markets):
        if c.market[m, NET_LOTS] != 0:
            return False
    for m in range(markets + 1, c.pool[0, ROWS]):
        units = c.market[m, NET_LOTS] + c.market[m, FUND_UNITS]
        if not is_conserved(units, c.market[m, DEPOSITED_UNITS], 0):
            return False
    return True
