"""A market's index and mark (R-O4, O8), and what is averaged of them at clocks (the basis, R-O9's TWAP)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.pricing.book import best_ask, best_bid
from flows.pricing.columns import feed, market, setting, stage
from flows.pricing.index import judge
from flows.pricing.state import AREA, COVERED_US, PRICE, SUBTICKS, TICK_US, State
from flows.rules.exact import div_ceil, div_half_even
from flows.rules.oracle.flags import clamp_index
from flows.rules.oracle.mark import (
    basis_step,
    basis_subticks,
    book_price_subticks,
    funding_price_subticks,
    mark_subticks,
)
from flows.rules.oracle.status import DEGRADED, HALTED
from flows.rules.oracle.twap import accumulate, twap_subticks


@part
def price_market(s: State, row: int, is_clock: bool) -> None:
    """Take the feed's price as the market's index, judge it, and make the mark.

    While the status is HALTED index and mark stay as they were, R-P4, but for a market that never was better.
    """
    m = s.markets[row]
    f = s.feeds[m[market.FEED]]
    nano = f[feed.INDEX_NANO]
    if nano == 0:
        return
    level, index, index_ticks = f[feed.LEVEL], 0, 0
    if nano > m[market.NANO_MOST]:
        level = HALTED
    else:
        index = div_half_even(nano * m[market.SUBTICKS_UP], m[market.SUBTICKS_DOWN])
        index, clamped = _clamped(m, index)
        index_ticks = div_half_even(index, SUBTICKS)
        if clamped:
            level = max(level, DEGRADED)
    mark, free = 0, 0
    if index_ticks > 0:
        mark, free = _mark(s, row, index)
    if index_ticks == 0 or not 0 < div_half_even(mark, SUBTICKS) <= m[market.TICKS_MOST]:
        level = HALTED  # R-A2: a price without a place among the market's halts it, nothing saturates
    judge(s, m, market.STATUS, market.CLEAN_SINCE_NS, level, is_clock)
    if m[market.STATUS] < HALTED:
        m[market.OPENED] = 1
    if level < HALTED and m[market.STATUS] < HALTED or m[market.OPENED] == 0 and mark > 0:
        m[market.INDEX_SUBTICKS], m[market.INDEX_TICKS] = index, index_ticks
        _take_interval(m, f[feed.LOW_NANO], f[feed.HIGH_NANO], index_ticks)
        m[market.MARK_SUBTICKS], m[market.FREE_SUBTICKS] = mark, free
        m[market.MARK_TICKS] = div_half_even(mark, SUBTICKS)
