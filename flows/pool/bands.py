"""Wake bands in zone maps: which accounts a price can have moved to another zone (R-E6).

A place keeps two keys, the marks at which its holder wakes; a block of 32 places keeps the highest fall and the lowest
rise among them, a superblock of 32 blocks the same of its blocks. A tick reads superblocks, then the blocks and places of
those it pierces. Maps are only ever too wide: a key that retreats leaves them as they are until the next reading.
"""

from __future__ import annotations

from flows.journal.compiled import bare, inlined
from flows.pool.layout import (
    ACCOUNTS,
    AT_EQUALITY,
    BACKSTOP,
    BLOCK,
    BLOCKS,
    CALL,
    CLEAR,
    FALL,
    FLAGS,
    FLOOR,
    FREE,
    HARD,
    HELD_LOTS,
    HELD_MARKET,
    HELD_PLACE,
    HOLDER,
    LIQUIDATING,
    MARK,
    MARKETS,
    NEVER_FALL,
    NEVER_RISE,
    NEXT,
    NEXT_BLOCK,
    RATE,
    RISE,
    SUPER,
    TARGET,
    UNIT_QUANTA,
    ZONE_MASK,
    Columns,
)
from flows.pool.valuation import stand
from flows.rules.call.zone import (
    CALLED,
    RECOVERING,
    UNDER_BACKSTOP,
    UNDER_CALL,
    UNDER_HARD,
    UNDER_MARGIN,
    UNDER_WATER,
)
from flows.rules.exact import PPM
from flows.rules.margin.bands import (
    idle_fall_ticks,
    idle_rise_ticks,
    safe_fall_ticks,
    safe_rise_ticks,
    slack_above_quanta,
    slack_below_quanta,
)
from flows.rules.margin.maintenance import tier_of

NO_LEVEL = -1


# --- places -----------------------------------------------------------------------------------------------------------
@bare
def take_place(c: Columns, m: int, row: int) -> int:
    """A free place in a market's segment, which grows by a block where none is left."""
    if c.market[m, FREE] == 0:
        block = c.pool[0, NEXT_BLOCK]
        c.pool[0, NEXT_BLOCK] += 1
        nth = c.market[m, BLOCKS]
        c.market[m, BLOCKS] += 1
        c.block[m, nth] = block
        c.zone[block, FALL], c.zone[block, RISE], c.zone[block, 2] = NEVER_FALL, NEVER_RISE, nth
        if nth % SUPER == 0:
            c.zone2[m, nth // SUPER, FALL], c.zone2[m, nth // SUPER, RISE] = NEVER_FALL, NEVER_RISE
        for fresh in range((block + 1) * BLOCK - 1, block * BLOCK - 1, -1):
            c.key[fresh, FALL], c.key[fresh, RISE] = NEVER_FALL, NEVER_RISE
            c.place[fresh, HOLDER] = -1
            c.place[fresh, NEXT] = c.market[m, FREE]
            c.market[m, FREE] = fresh + 1
    place: int = c.market[m, FREE] - 1
    c.market[m, FREE] = c.place[place, NEXT]
    c.place[place, :] = 0
    c.place[place, HOLDER] = row
    return place


@inlined
def free_place(c: Columns, m: int, place: int) -> None:
    """A closed position's place: nobody wakes by it."""
    c.key[place, FALL], c.key[place, RISE] = NEVER_FALL, NEVER_RISE
    c.place[place, :] = 0
    c.place[place, HOLDER] = -1
    c.place[place, NEXT] = c.market[m, FREE]
    c.market[m, FREE] = place + 1


# --- bands ------------------------------------------------------------------------------------------------------------
@inlined
def levels_around(c: Columns, row: int) -> tuple[int, int]:
    """The levels below and above the zone an account is in, `NO_LEVEL` for none; 0 is E_lo's zero line."""
    zone = c.record[row, FLAGS] & ZONE_MASK
    if zone == UNDER_WATER:
        return NO_LEVEL, 0
    if zone == UNDER_BACKSTOP:
        return 0, c.pool[0, BACKSTOP]
    if zone == UNDER_HARD:
        return c.pool[0, BACKSTOP], c.pool[0, HARD]
    if zone == UNDER_MARGIN:
        return c.pool[0, HARD], PPM
    if zone == RECOVERING:
        return PPM, c.pool[0, TARGET]
    if zone == UNDER_CALL:
        return (c.pool[0, TARGET] if c.record[row, FLAGS] & LIQUIDATING else PPM), c.pool[0, CALL]
    if zone == CALLED:
        return c.pool[0, CALL], c.pool[0, CLEAR]
    return c.pool[0, CALL], NO_LEVEL


@inlined
def reband(c: Columns, row: int, equity: int, low: int, margin: int, gross: int, count: int) -> None:
    """New keys for all positions of an account that `stand` has just read."""
    if count == 0:
        return
    below, above = levels_around(c, row)
    down, up = 0, 0
    if below == 0 or (margin == 0 and below != NO_LEVEL):
        below, down = 0, slack_below_quanta(low, 0, 0, count)
    elif below > 0:
        down = slack_below_quanta(equity, margin, below, count) - c.pool[0, AT_EQUALITY]
    if above == 0:
        up = slack_above_quanta(low, 0, 0, count)
    elif above > 0:
        up = slack_above_quanta(equity, margin, above, count)
    for at in range(count):
        m, lots, place = c.held[at, HELD_MARKET], c.held[at, HELD_LOTS], c.held[at, HELD_PLACE]
        price = c.market[m, MARK]
        fall, rise = NEVER_FALL, NEVER_RISE
        if price > 0:
            rate, rate_up = 0, 0
            if lots < 0 and m < c.pool[0, MARKETS]:
                size = -lots * price * c.market[m, UNIT_QUANTA]
                rate = c.tiers[m, RATE, tier_of(size, c.tiers[m, FLOOR])]
                rate_up = c.tiers[m, RATE, tier_of(2 * size, c.tiers[m, FLOOR])]
            if lots > 0:
                if below != NO_LEVEL:
                    fall = price - safe_fall_ticks(price, down, gross) - 1
                if above != NO_LEVEL:
                    rise = price + idle_rise_ticks(price, up, gross) + 1
            else:
                if below != NO_LEVEL:
                    rise = price + min(price, safe_rise_ticks(price, down, gross, below, rate_up)) + 1
                if above != NO_LEVEL:
                    fall = price - idle_fall_ticks(price, up, gross, above, rate) - 1
        set_key(c, m, place, fall, rise)


@inlined
def set_key(c: Columns, m: int, place: int, fall: int, rise: int) -> None:
    """Write a key and widen the maps above it. A block knows its superblock by its number in the market's segment."""
    c.key[place, FALL], c.key[place, RISE] = fall, rise
    block = place // BLOCK
    c.zone[block, FALL] = max(c.zone[block, FALL], fall)
    c.zone[block, RISE] = min(c.zone[block, RISE], rise)
    superblock = c.zone[block, 2] // SUPER
    c.zone2[m, superblock, FALL] = max(c.zone2[m, superblock, FALL], fall)
    c.zone2[m, superblock, RISE] = min(c.zone2[m, superblock, RISE], rise)


@bare
def wake(c: Columns, m: int, mark: int, count: int) -> int:
    """Append to `woken` the holders whose band this mark has left; each once, by `flag`. The new length."""
    blocks = c.market[m, BLOCKS]
    for s in range((blocks + SUPER - 1) // SUPER):
        if mark > c.zone2[m, s, FALL] and mark < c.zone2[m, s, RISE]:
            continue
        high2, low2 = NEVER_FALL, NEVER_RISE
        for nth in range(s * SUPER, min(blocks, (s + 1) * SUPER)):
            block = c.block[m, nth]
            if mark <= c.zone[block, FALL] or mark >= c.zone[block, RISE]:
                high, low = NEVER_FALL, NEVER_RISE
                for place in range(block * BLOCK, (block + 1) * BLOCK):
                    fall, rise = c.key[place, FALL], c.key[place, RISE]
                    if mark <= fall or mark >= rise:
                        row = c.place[place, HOLDER]
                        if c.flag[row] == 0:
                            c.flag[row] = 1
                            c.woken[count] = row
                            count += 1
                    high, low = max(high, fall), min(low, rise)
                c.zone[block, FALL], c.zone[block, RISE] = high, low
            high2, low2 = max(high2, c.zone[block, FALL]), min(low2, c.zone[block, RISE])
        c.zone2[m, s, FALL], c.zone2[m, s, RISE] = high2, low2
    return count


@bare
def wake_holders(c: Columns, m: int, count: int) -> int:
    """Append all holders of a market: funding moved what every lot of it is worth."""
    for nth in range(c.market[m, BLOCKS]):
        block = c.block[m, nth]
        for place in range(block * BLOCK, (block + 1) * BLOCK):
            row = c.place[place, HOLDER]
            if row >= 0 and c.flag[row] == 0:
                c.flag[row] = 1
                c.woken[count] = row
                count += 1
    return count


@bare
def refresh(c: Columns, row: int) -> None:
    """Stand and reband: after anything of the account's own has changed."""
    equity, low, margin, gross, count = stand(c, row)
    reband(c, row, equity, low, margin, gross, count)


@bare
def refresh_all(c: Columns) -> None:
    """New bands for everybody: what they were made of has changed."""
    for row in range(c.pool[0, ACCOUNTS]):
        refresh(c, row)
