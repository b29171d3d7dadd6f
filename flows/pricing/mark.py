"""A market's index and mark (R-O4, O8), and what is averaged of them at clocks: basis, clamp, TWAP (R-O9)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.pricing.book import best_ask, best_bid
from flows.pricing.columns import feed, market, setting, stage
from flows.pricing.index import judge
from flows.pricing.records import Records
from flows.pricing.state import AREA, COVERED_US, PRICE, SUBTICKS, TICK_US, TWAP_ROWS, State
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

AREA_MOST = 1 << 61
"""Beyond this an area is counted from its oldest tick anew, so that it never leaves int64."""


@part
def price_market(s: State, row: int, is_clock: bool) -> None:
    """Take the feed's price as the market's index, judge it, and make the mark.

    While the status is HALTED index and mark stay as they were, R-P4, but for a market that never was better.
    """
    m = s.markets[row]
    f = s.feeds[m[market.FEED]]
    nano, level = f[feed.INDEX_NANO], f[feed.LEVEL]
    if nano == 0:
        return
    raw, index, mark, free = 0, 0, 0, 0
    if nano <= m[market.NANO_MOST]:
        raw = div_half_even(nano * m[market.SUBTICKS_UP], m[market.SUBTICKS_DOWN])
        index = _clamped(m, raw)
        if div_half_even(index, SUBTICKS) > 0:
            mark, free = _mark(s, row, index)
    if index != raw:
        level = max(level, DEGRADED)
    if not 0 < div_half_even(mark, SUBTICKS) <= m[market.TICKS_MOST]:
        level = HALTED  # R-A2: a price that has no place among the market's halts it, nothing saturates
    judge(s, m, market.STATUS, market.CLEAN_SINCE_NS, level, is_clock)
    if m[market.STATUS] < HALTED:
        m[market.OPENED] = 1
    if level < HALTED and (m[market.STATUS] < HALTED or m[market.OPENED] == 0):
        m[market.RAW_SUBTICKS], m[market.INDEX_SUBTICKS] = raw, index
        m[market.MARK_SUBTICKS], m[market.FREE_SUBTICKS] = mark, free
        m[market.MARK_TICKS] = div_half_even(mark, SUBTICKS)
        _take_interval(m, f[feed.LOW_NANO], f[feed.HIGH_NANO])


@part
def _clamped(m: Records, index: int) -> int:
    """The index within its clamp, if the market has one and a mean to hold it to."""
    if m[market.CLAMP_PPM] == 0 or m[market.CLAMP_TIME_MS] == 0:
        return index
    mean = basis_subticks(m[market.CLAMP_SUM], m[market.CLAMP_TIME_MS])
    return clamp_index(index, max(mean, 1), m[market.CLAMP_PPM])[0]


@part
def _take_interval(m: Records, low_nano: int, high_nano: int) -> None:
    """Publish index and interval in ticks: half to even, and outward (R-A1); a clamped index stays inside."""
    ticks = div_half_even(m[market.INDEX_SUBTICKS], SUBTICKS)
    up, down = m[market.SUBTICKS_UP], m[market.SUBTICKS_DOWN] * SUBTICKS
    m[market.INDEX_TICKS] = ticks
    m[market.INDEX_LOW_TICKS] = max(min(low_nano * up // down, ticks), 1)
    m[market.INDEX_HIGH_TICKS] = max(div_ceil(high_nano * up, down), ticks)


@part
def _mark(s: State, row: int, index: int) -> tuple[int, int]:
    """The mark at an index, and the same without its band."""
    m = s.markets[row]
    with_book, book, third = m[market.BOOK_COUNTS] == 1, 0, index
    if with_book:
        book = book_price_subticks(best_bid(s, row), best_ask(s, row), m[market.LAST_TICKS])
    if m[market.RATE_PPB] != 0:
        interval_ns = m[market.FUNDING_INTERVAL_NS]
        left_ns = m[market.INTERVAL_START_NS] + interval_ns - s.stage[stage.CLOCK_NS]
        third = funding_price_subticks(index, m[market.RATE_PPB], left_ns, interval_ns)
    return mark_subticks(index, m[market.BASIS_SUBTICKS], book, third, with_book, m[market.MARK_BAND_PPM])


@part
def average(s: State, row: int) -> None:
    """Add what was in force up to this clock to the basis and to the clamp's mean.

    Neither moves while the index is halted; the basis waits for a book that counts, too.
    """
    m, clock_ns, former_ns = s.markets[row], s.stage[stage.CLOCK_NS], s.stage[stage.FORMER_CLOCK_NS]
    if former_ns == 0 or m[market.INDEX_SUBTICKS] == 0 or m[market.STATUS] == HALTED:
        return
    if m[market.BOOK_COUNTS] == 1:
        sample = (best_bid(s, row) + best_ask(s, row)) * (SUBTICKS // 2) - m[market.INDEX_SUBTICKS]
        half_life_ns = s.settings[setting.BASIS_HALF_LIFE_NS]
        m[market.BASIS_SUM], m[market.BASIS_TIME_MS] = basis_step(
            m[market.BASIS_SUM], m[market.BASIS_TIME_MS], sample, former_ns, clock_ns, half_life_ns
        )
        m[market.BASIS_SUBTICKS] = basis_subticks(m[market.BASIS_SUM], m[market.BASIS_TIME_MS])
    if m[market.CLAMP_PPM] > 0:
        half_life_ns = s.settings[setting.CLAMP_HALF_LIFE_NS]
        m[market.CLAMP_SUM], m[market.CLAMP_TIME_MS] = basis_step(
            m[market.CLAMP_SUM],
            m[market.CLAMP_TIME_MS],
            m[market.RAW_SUBTICKS],
            former_ns,
            clock_ns,
            half_life_ns,
        )


@part
def _make_room(t: Records, start: int, end: int) -> tuple[int, int]:
    """Move the ticks of the window to the front; where clocks come too often for that, it loses its oldest."""
    start = max(start, 1)
    for tick in range(start, end):
        for value in range(TWAP_ROWS):
            t[value, tick - start] = t[value, tick]
    return 0, end - start


@part
def step_twap(s: State, row: int) -> None:
    """Take the index at this clock as a tick, and the mean up to it; a halted index ticks no more."""
    m, t, now_us = s.markets[row], s.twaps[row], s.stage[stage.CLOCK_NS] // 1_000
    start, end = m[market.TWAP_START], m[market.TWAP_END]
    window_us, gap_us = s.settings[setting.TWAP_WINDOW_US], s.settings[setting.TWAP_GAP_US]
    if m[market.INDEX_SUBTICKS] > 0 and m[market.STATUS] < HALTED:
        if end == t.shape[1]:
            start, end = _make_room(t, start, end)
        t[TICK_US, end], t[PRICE, end], t[AREA, end], t[COVERED_US, end] = (
            now_us,
            m[market.INDEX_SUBTICKS],
            0,
            0,
        )
        end += 1
        accumulate(
            t[TICK_US, start:end], t[PRICE, start:end], t[AREA, start:end], t[COVERED_US, start:end],
            end - start - 1, gap_us,
        )  # fmt: skip
        if t[AREA, end - 1] > AREA_MOST:
            counted = t[AREA, start]
            for tick in range(start, end):
                t[AREA, tick] -= counted
    while start + 1 < end and t[TICK_US, start + 1] <= now_us - window_us:
        start += 1
    m[market.TWAP_START], m[market.TWAP_END], m[market.TWAP_TICKS] = start, end, 0
    if start < end:
        valid, twap, _ = twap_subticks(
            t[TICK_US, start:end], t[PRICE, start:end], t[AREA, start:end], t[COVERED_US, start:end],
            now_us, window_us, gap_us,
        )  # fmt: skip
        if valid:
            m[market.TWAP_TICKS] = div_half_even(twap, SUBTICKS)
