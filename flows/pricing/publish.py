"""What the stage says: rows of the journal, each where its cause stood among the records.

A market-state is published at once where mark or index moved by a tick, the status or a breaker changed, or funding is
due; for all else (depth, volume, volatility, which quotes) at the next clock. An asset-state is published at once where
an end of its interval moved by more than the setting or the status changed, and at a clock where the last is a minute
old.
"""

from __future__ import annotations

from typing import NamedTuple

from flows.journal.compiled import part
from flows.journal.entries import (
    ASSET_STATE,
    FLAG_BREAKER,
    FLAG_MOVED,
    FLAG_STATUS,
    KIND,
    MARKET_STATE,
    NUMBER,
    ORIGIN_OFFSET,
    PARTITION,
    PAYLOAD,
    QUOTE_SLOTS,
    SOURCE,
    TIME_NS,
    TOPIC,
    WIDTH,
    AssetState,
    MarketState,
)
from flows.pricing.book import best_ask, best_bid
from flows.pricing.breakers import states
from flows.pricing.columns import feed, market, setting, slot, stage, work
from flows.pricing.state import DISTANCES, NANO_A_QUANTUM, SUBTICKS, Ints64, State
from flows.rules.breaker.band import BAND, OPENED, PHASE, REFERENCE, UNTIL
from flows.rules.exact import div_ceil, mul_ppm_floor
from flows.rules.oracle.admission import is_jump
from flows.rules.oracle.status import HALTED

# Kernels know no classes: the places they write to, by the names of the journal.
MARKET, STATUS, BREAKERS, FLAGS = (
    MarketState.MARKET,
    MarketState.STATUS,
    MarketState.BREAKERS,
    MarketState.FLAGS,
)
MARK_TICKS, INDEX_TICKS = MarketState.MARK_TICKS, MarketState.INDEX_TICKS
INDEX_LOW_TICKS, INDEX_HIGH_TICKS = MarketState.INDEX_LOW_TICKS, MarketState.INDEX_HIGH_TICKS
MARK_LOW_TICKS, MARK_HIGH_TICKS = MarketState.MARK_LOW_TICKS, MarketState.MARK_HIGH_TICKS
BID_TICKS, ASK_TICKS, LAST_TICKS = MarketState.BID_TICKS, MarketState.ASK_TICKS, MarketState.LAST_TICKS
VOLUME_60S_LOTS, DEPTH_LOTS = MarketState.VOLUME_60S_LOTS, MarketState.BID_DEPTH_LOTS
SIGMA_PPM, FUNDING_RATE_PPB = MarketState.SIGMA_PPM, MarketState.FUNDING_RATE_PPB
TWAP_TICKS, QUOTE_NUMBER = MarketState.TWAP_TICKS, MarketState.QUOTE_NUMBER
BAND_LOW_TICKS, BAND_HIGH_TICKS = MarketState.BAND_LOW_TICKS, MarketState.BAND_HIGH_TICKS
OPENED_NS = MarketState.OPENED_NS
ASSET, ASSET_STATUS, ASSET_SIGMA_PPM = AssetState.ASSET, AssetState.STATUS, AssetState.SIGMA_PPM
LOW_QUANTA, HIGH_QUANTA, ASSET_QUOTE_NUMBER = (
    AssetState.LOW_QUANTA,
    AssetState.HIGH_QUANTA,
    AssetState.QUOTE_NUMBER,
)


class Output(NamedTuple):
    """Where a run writes: rows of the journal, and for each the record it follows."""

    rows: Ints64
    after: Ints64


@part
def publish_market(s: State, out: Output, row: int, flags: int, rate_ppb: int, is_clock: bool) -> None:
    """Publish a market's state if something about it calls for that; ``flags`` say what of funding is due."""
    m, former = s.markets[row], s.published[row]
    if m[market.INDEX_SUBTICKS] == 0:
        return
    bits, phase, until = states(s, row), m[market.BAND + PHASE], m[market.BAND + UNTIL]
    if m[market.MARK_TICKS] != former[MARK_TICKS] or m[market.INDEX_TICKS] != former[INDEX_TICKS]:
        flags |= FLAG_MOVED
    if m[market.STATUS] != former[STATUS]:
        flags |= FLAG_STATUS
    # "Moved": a pause that is extended, or left to a human, is the same bit as before.
    if bits != m[market.BREAKERS] or phase != m[market.PHASE] or until != m[market.UNTIL]:
        flags |= FLAG_BREAKER
    if flags == 0 and not is_clock:
        return
    made = _begin(s, out, MARKET_STATE)
    _write_market(s, made, row, bits)
    made[FLAGS], made[FUNDING_RATE_PPB] = flags, rate_ppb
    if flags == 0 and not _differs(made, former):
        return
    m[market.BREAKERS], m[market.PHASE], m[market.UNTIL] = bits, phase, until
    for column in range(WIDTH):
        former[column] = made[column]
    _end(s, out)


@part
def _differs(made: Ints64, former: Ints64) -> bool:
    """Whether a state says anything that the last did not; what was said of a funding instant is said once."""
    for column in range(PAYLOAD, WIDTH):  # noqa: SIM110 - the compiler knows no generator expressions
        if made[column] != former[column] and column not in (FLAGS, FUNDING_RATE_PPB):
            return True
    return False


@part
def _write_market(s: State, made: Ints64, row: int, bits: int) -> None:
    """Write what is in force of a market into a row."""
    m = s.markets[row]
    made[MARKET], made[STATUS], made[BREAKERS] = row, m[market.STATUS], bits
    made[MARK_TICKS], made[INDEX_TICKS] = m[market.MARK_TICKS], m[market.INDEX_TICKS]
    made[MARK_LOW_TICKS], made[MARK_HIGH_TICKS] = m[market.MARK_TICKS], m[market.MARK_TICKS]
    made[INDEX_LOW_TICKS], made[INDEX_HIGH_TICKS] = m[market.INDEX_LOW_TICKS], m[market.INDEX_HIGH_TICKS]
    if m[market.BOOK_COUNTS] == 1:
        made[BID_TICKS], made[ASK_TICKS] = best_bid(s, row), best_ask(s, row)
        for place in range(2 * DISTANCES):
            made[DEPTH_LOTS + place] = s.depths[row, place]
    made[LAST_TICKS], made[VOLUME_60S_LOTS] = m[market.LAST_TICKS], m[market.VOLUME_LOTS]
    made[SIGMA_PPM], made[TWAP_TICKS] = s.feeds[m[market.FEED], feed.SIGMA_PPM], m[market.TWAP_TICKS]
    made[OPENED_NS] = m[market.BAND + OPENED]
    reference = m[market.BAND + REFERENCE]
    width = mul_ppm_floor(reference, m[market.BAND + BAND])
    if width > 0:
        made[BAND_LOW_TICKS] = div_ceil(reference - width, SUBTICKS)
        made[BAND_HIGH_TICKS] = (reference + width) // SUBTICKS
    for place in range(QUOTE_SLOTS):
        made[QUOTE_NUMBER + place] = s.slots[m[market.FEED], place, slot.INDEX_NUMBER]


@part
def publish_asset(s: State, out: Output, row: int, is_clock: bool) -> None:
    """Publish the state of the collateral asset that a feed prices, if something about it calls for that."""
    f, clock_ns = s.feeds[row], s.stage[stage.CLOCK_NS]
    if f[feed.ASSET] < 0 or f[feed.INDEX_NANO] == 0:
        return
    status, low, high = f[feed.STATUS], f[feed.LOW_NANO], f[feed.HIGH_NANO]
    if high > f[feed.ASSET_NANO_MOST]:
        # R-A2: a price beyond the asset's bound halts it, and the last interval within it stands.
        status, low, high = HALTED, f[feed.PUBLISHED_LOW_NANO], f[feed.PUBLISHED_HIGH_NANO]
    if high == 0:
        return
    is_old = is_clock and clock_ns - f[feed.PUBLISHED_NS] >= s.settings[setting.ASSET_INTERVAL_NS]
    if f[feed.PUBLISHED_NS] >= 0 and status == f[feed.PUBLISHED_STATUS] and not is_old:
        move_ppm = s.settings[setting.ASSET_MOVE_PPM]
        low_moves = is_jump(low, f[feed.PUBLISHED_LOW_NANO], move_ppm)
        if not low_moves and not is_jump(high, f[feed.PUBLISHED_HIGH_NANO], move_ppm):
            return
    made = _begin(s, out, ASSET_STATE)
    made[ASSET], made[ASSET_STATUS], made[ASSET_SIGMA_PPM] = f[feed.ASSET], status, f[feed.SIGMA_PPM]
    made[LOW_QUANTA] = low // NANO_A_QUANTUM
    made[HIGH_QUANTA] = div_ceil(high, NANO_A_QUANTUM)
    for place in range(QUOTE_SLOTS):
        made[ASSET_QUOTE_NUMBER + place] = s.slots[row, place, slot.INDEX_NUMBER]
    f[feed.PUBLISHED_NS], f[feed.PUBLISHED_STATUS] = clock_ns, status
    f[feed.PUBLISHED_LOW_NANO], f[feed.PUBLISHED_HIGH_NANO] = low, high
    _end(s, out)


@part
def _begin(s: State, out: Output, kind: int) -> Ints64:
    """Make the next row, with the header of what the system itself says because of the record at work."""
    made: Ints64 = out.rows[s.work[work.OUT]]
    for column in range(WIDTH):
        made[column] = 0
    made[KIND], made[TIME_NS], made[TOPIC] = kind, s.stage[stage.POOL_NS], s.work[work.TOPIC]
    made[PARTITION], made[ORIGIN_OFFSET] = s.work[work.PARTITION], s.work[work.ORIGIN_OFFSET]
    made[SOURCE], made[NUMBER] = -1, s.stage[stage.STATES]
    return made


@part
def _end(s: State, out: Output) -> None:
    """Keep the row that was begun."""
    out.after[s.work[work.OUT]] = s.work[work.RECORD]
    s.work[work.OUT] += 1
    s.stage[stage.STATES] += 1
