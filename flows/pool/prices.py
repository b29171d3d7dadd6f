"""What a price does: a market's or an asset's new state, funding, and the accounts that it wakes."""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.compiled import bare, inlined
from flows.pool.bands import reband, wake, wake_holders
from flows.pool.bookkeeping import write, write_marks
from flows.pool.layout import (
    ACCOUNTS,
    ASK_DEPTH,
    AWAITS,
    BAND_HIGH,
    BAND_LOW,
    BEST_ASK,
    BEST_BID,
    BID_DEPTH,
    BREAKERS,
    FLAGS,
    FUNDING_CARRY,
    FUNDING_SUM,
    INDEX_TICKS,
    MARK,
    MARK_OFFSET,
    MARKETS,
    MODE,
    MODE_AUTO,
    MODE_FULL,
    MOVED,
    OFFSET,
    OPENED,
    PASSED,
    PASSES,
    SIGMA,
    STATUS,
    TICKS,
    UNIT_QUANTA,
    VALID_INDEX,
    VOLUME_LOTS,
    WOKEN,
    ZONE_MASK,
    Columns,
)
from flows.pool.valuation import HALTED, stand, zone
from flows.rules.breaker.command import states_in_force
from flows.rules.funding.payment import per_lot

# The compiler reads constants of modules, not of classes.
ASSET_ASSET = en.AssetState.ASSET
ASSET_LOW_QUANTA = en.AssetState.LOW_QUANTA
ASSET_SIGMA_PPM = en.AssetState.SIGMA_PPM
ASSET_STATUS = en.AssetState.STATUS
STATE_ASK_DEPTH_LOTS = en.MarketState.ASK_DEPTH_LOTS
STATE_ASK_TICKS = en.MarketState.ASK_TICKS
STATE_BAND_HIGH_TICKS = en.MarketState.BAND_HIGH_TICKS
STATE_BAND_LOW_TICKS = en.MarketState.BAND_LOW_TICKS
STATE_BID_DEPTH_LOTS = en.MarketState.BID_DEPTH_LOTS
STATE_BID_TICKS = en.MarketState.BID_TICKS
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

FULL_PASS_SHARE = 16
"""A tick that wakes over 1 in 16 accounts values them all in one pass and leaves their bands for the next tick:
new bands for that many cost several passes. Measured: the two ways break even at about 6 %."""


@bare
def market_state(c: Columns, entries: en.Rows, i: int) -> int:
    """A market's new state; how many accounts it moved to another zone, which are then in `woken`."""
    m = entries[i, STATE_MARKET]
    status = entries[i, STATE_STATUS]
    breakers = states_in_force(entries[i, STATE_BREAKERS], c.market[m, BREAKERS])
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
    c.market[m, BEST_BID], c.market[m, BEST_ASK] = entries[i, STATE_BID_TICKS], entries[i, STATE_ASK_TICKS]
    for ring in range(6):
        c.market[m, BID_DEPTH + ring] = entries[i, STATE_BID_DEPTH_LOTS + ring]
        c.market[m, ASK_DEPTH + ring] = entries[i, STATE_ASK_DEPTH_LOTS + ring]
    c.market[m, SIGMA] = entries[i, STATE_SIGMA_PPM]
    c.market[m, BAND_LOW] = entries[i, STATE_BAND_LOW_TICKS]
    c.market[m, BAND_HIGH] = entries[i, STATE_BAND_HIGH_TICKS]
    c.market[m, OPENED] = max(c.market[m, OPENED], entries[i, STATE_OPENED_NS])  # a release opens, too
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
def asset_state(c: Columns, entries: en.Rows, i: int) -> int:
    """The same for a collateral asset."""
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
        return full_pass(c)
    if all_holders or former == 0:
        count = wake_holders(c, m, 0)
    elif former == c.market[m, MARK]:
        return 0
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
    return moved


@bare
def full_pass(c: Columns) -> int:
    """Every account in the order of records, without bands: the reference, and the cheaper way for a great jump."""
    moved = 0
    for row in range(c.pool[0, ACCOUNTS]):
        equity, low, margin, _, _ = stand(c, row)
        if zone(c, row, equity, low, margin) != c.record[row, FLAGS] & ZONE_MASK:
            c.woken[moved] = row
            moved += 1
    c.pool[0, MOVED] = moved
    return moved
