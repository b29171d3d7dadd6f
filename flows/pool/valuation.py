"""An account at the present marks: the kernels that read a record and ask the rules."""

from __future__ import annotations

from flows.journal.compiled import bare, inlined
from flows.pool.layout import (
    AMOUNT,
    AT_EQUALITY,
    BACKSTOP,
    BASE,
    CALL,
    CALL_OPEN,
    CHAIN,
    CHAINED_LOTS,
    CHAINED_MARKET,
    CLEAR,
    COST,
    FLAGS,
    FLOOR,
    FUNDING_SUM,
    GAIN_WEIGHT,
    HARD,
    HELD_INITIAL,
    HELD_LOTS,
    HELD_MAINTENANCE,
    HELD_MARKET,
    HELD_PLACE,
    INITIAL,
    INITIAL_AMOUNT,
    LEVERAGE,
    LIQUIDATING,
    MARK,
    MARKET_MASK,
    MARKETS,
    MAX_PRICE,
    NEXT,
    PAID,
    PLACE_SHIFT,
    RATE,
    SLOTS,
    SLOTS_END,
    STATUS,
    TARGET,
    UNIT_QUANTA,
    UNIT_SCALE,
    Columns,
)
from flows.rules.call.zone import zone_of
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value
from flows.rules.margin.equity import equity_initial, equity_low, equity_maintenance, equity_withdrawal
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.liquidation_price import liquidation_ticks
from flows.rules.margin.maintenance import maintenance_margin

HALTED = 2  # flows.rules.oracle.status

Valuation = tuple[int, int, int, int, int, int, int, int, int, int]
"""balance, E_m, E_lo, E_i, E_wd, maintenance, initial margin, notional, credit, rows held: see `flows.pool.layout` V_*."""


@inlined
def gather(c: Columns, row: int) -> int:
    """Positions of an account into the scratch table, by market; how many."""
    count = 0
    for word in range(SLOTS, SLOTS_END, 2):
        lots = c.record[row, word]
        if lots == 0:
            break
        packed = c.record[row, word + 1]
        count = _insert(c, count, packed & MARKET_MASK, lots, packed >> PLACE_SHIFT)
    chained = c.record[row, CHAIN]
    while chained > 0:
        place = chained - 1
        count = _insert(c, count, c.place[place, CHAINED_MARKET], c.place[place, CHAINED_LOTS], place)
        chained = c.place[place, NEXT]
    return count


@inlined
def _insert(c: Columns, count: int, market: int, lots: int, place: int) -> int:
    at = count
    while at > 0 and c.held[at - 1, HELD_MARKET] > market:
        c.held[at, HELD_MARKET] = c.held[at - 1, HELD_MARKET]
        c.held[at, HELD_LOTS] = c.held[at - 1, HELD_LOTS]
        c.held[at, HELD_PLACE] = c.held[at - 1, HELD_PLACE]
        at -= 1
    c.held[at, HELD_MARKET] = market
    c.held[at, HELD_LOTS] = lots
    c.held[at, HELD_PLACE] = place
    return count + 1


@bare
def value(c: Columns, row: int) -> Valuation:
    """Everything R-E1, R-D1 and R-D2 say of an account; `held` then has its positions with their margins."""
    count = gather(c, row)
    balance = c.record[row, BASE]
    unrealized, losses, gains, notional = 0, 0, 0, 0
    maintenance, initial, credit, credit_initial, low = 0, 0, 0, 0, 0
    for at in range(count):
        m, lots, place = c.held[at, HELD_MARKET], c.held[at, HELD_LOTS], c.held[at, HELD_PLACE]
        if m >= c.pool[0, MARKETS]:
            worth = asset_value(lots, c.market[m, MARK], c.market[m, UNIT_SCALE])
            low += worth
            credit += tiered_credit(worth, c.tiers[m, FLOOR], c.tiers[m, RATE])
            if c.market[m, STATUS] != HALTED:
                credit_initial += tiered_credit(worth, c.tiers[m, AMOUNT], c.tiers[m, INITIAL])
            continue
        cost = c.place[place, COST]
        balance += cost - lots * c.market[m, FUNDING_SUM]
        worth = lots * c.market[m, MARK] * c.market[m, UNIT_QUANTA]
        gain = worth - cost
        unrealized += gain
        losses += min(gain, 0)
        gains += max(gain, 0)
        size = abs(worth)
        notional += size
        kept = maintenance_margin(size, c.tiers[m, FLOOR], c.tiers[m, RATE], c.tiers[m, AMOUNT])
        opened = initial_margin(
            size, c.tiers[m, FLOOR], c.tiers[m, INITIAL], c.tiers[m, INITIAL_AMOUNT], c.market[m, LEVERAGE]
        )
        c.held[at, HELD_MAINTENANCE] = kept
        c.held[at, HELD_INITIAL] = opened
        maintenance += kept
        initial += opened
    return (
        balance,
        equity_maintenance(balance, credit, unrealized),
        equity_low(balance, low, unrealized),
        equity_initial(balance, credit_initial, losses, gains, c.pool[0, GAIN_WEIGHT]),
        equity_withdrawal(balance, credit_initial, losses),
        maintenance,
        initial,
        notional,
        credit,
        count,
    )


@inlined
def stand(c: Columns, row: int) -> tuple[int, int, int, int, int]:
    """Only what a wake needs: E_m, E_lo, maintenance margin, gross value, rows held. Costs need not be read."""
    equity, margin, gross, count = c.record[row, BASE], 0, 0, 0
    low = 0  # what a haircut hides
    for word in range(SLOTS, SLOTS_END, 2):
        lots = c.record[row, word]
        if lots == 0:
            break
        packed = c.record[row, word + 1]
        gain, hidden, kept, size = _one(c, packed & MARKET_MASK, lots)
        c.held[count, HELD_MARKET] = packed & MARKET_MASK
        c.held[count, HELD_LOTS] = lots
        c.held[count, HELD_PLACE] = packed >> PLACE_SHIFT
        equity, low, margin, gross, count = (
            equity + gain,
            low + hidden,
            margin + kept,
            gross + size,
            count + 1,
        )
    chained = c.record[row, CHAIN]
    while chained > 0:
        place = chained - 1
        m, lots = c.place[place, CHAINED_MARKET], c.place[place, CHAINED_LOTS]
        gain, hidden, kept, size = _one(c, m, lots)
        c.held[count, HELD_MARKET] = m
        c.held[count, HELD_LOTS] = lots
        c.held[count, HELD_PLACE] = place
        equity, low, margin, gross, count = (
            equity + gain,
            low + hidden,
            margin + kept,
            gross + size,
            count + 1,
        )
        chained = c.place[place, NEXT]
    return equity, equity + low, margin, gross, count


@inlined
def _one(c: Columns, m: int, lots: int) -> tuple[int, int, int, int]:
    if m >= c.pool[0, MARKETS]:
        worth = asset_value(lots, c.market[m, MARK], c.market[m, UNIT_SCALE])
        credit = tiered_credit(worth, c.tiers[m, FLOOR], c.tiers[m, RATE])
        return credit, worth - credit, 0, worth
    worth = lots * c.market[m, MARK] * c.market[m, UNIT_QUANTA]
    size = abs(worth)
    kept = maintenance_margin(size, c.tiers[m, FLOOR], c.tiers[m, RATE], c.tiers[m, AMOUNT])
    return worth - lots * c.market[m, FUNDING_SUM], 0, kept, size


@inlined
def zone(c: Columns, row: int, equity: int, low: int, margin: int) -> int:
    """The zone that an account is in by these amounts."""
    flags = c.record[row, FLAGS]
    return zone_of(
        equity,
        low,
        margin,
        (flags & CALL_OPEN) != 0,
        (flags & LIQUIDATING) != 0,
        c.pool[0, CLEAR],
        c.pool[0, CALL],
        c.pool[0, TARGET],
        c.pool[0, HARD],
        c.pool[0, BACKSTOP],
        c.pool[0, AT_EQUALITY],
    )


@bare
def balance_of(c: Columns, row: int) -> int:
    """The balance as it is booked: funding owed is not yet taken off."""
    balance: int = c.record[row, BASE]
    count = gather(c, row)
    for at in range(count):
        if c.held[at, HELD_MARKET] < c.pool[0, MARKETS]:
            place = c.held[at, HELD_PLACE]
            balance += c.place[place, COST] - c.held[at, HELD_LOTS] * c.place[place, PAID]
    return balance


@bare
def liquidation_price(c: Columns, v: Valuation, at: int) -> int:
    """First tick at which the engine acts on the account as this position's market moves (R-E4), 0 for none.

    ``v`` is the valuation that has just been made, ``at`` the position's place in ``held``.
    """
    m = c.held[at, HELD_MARKET]
    return liquidation_ticks(
        c.held[at, HELD_LOTS],
        c.market[m, MARK],
        c.market[m, UNIT_QUANTA],
        v[1] - c.pool[0, AT_EQUALITY],  # acting at equality, a margin just met is one quantum short
        v[5] - c.held[at, HELD_MAINTENANCE],
        c.tiers[m, FLOOR],
        c.tiers[m, RATE],
        c.tiers[m, AMOUNT],
        c.market[m, MAX_PRICE],
    )
