"""A market's breakers on prices: the band with its limit state, pause and re-opening, and divergence (R-P1 to P3)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.pricing.book import best_ask, best_bid
from flows.pricing.columns import feed, market, setting, stage
from flows.pricing.state import SUBTICKS, State
from flows.pricing.tape import MEAN_SECONDS
from flows.rules.breaker.band import (
    LIMIT,
    MANUAL,
    OPENED,
    PAUSE,
    PHASE,
    band_ppm,
    band_step,
    five_minute_sigma_ppm,
    mean_trade_subticks,
)
from flows.rules.breaker.divergence import divergence_step
from flows.rules.breaker.permissions import STATE_DIVERGENCE, STATE_LIMIT, STATE_PAUSE
from flows.rules.breaker.reopen import reopen_step
from flows.rules.oracle.status import OK
from flows.rules.scale.time import SECOND_NS


@part
def step_breakers(s: State, row: int, is_clock: bool) -> None:
    """Show the breakers the prices in force; what is due falls on clocks."""
    m, time_ns = s.markets[row], s.stage[stage.CLOCK_NS] if is_clock else s.stage[stage.POOL_NS]
    if m[market.INDEX_SUBTICKS] == 0:
        return
    m[market.DIVERGED], m[market.DIVERGED_SINCE_NS] = divergence_step(
        m[market.DIVERGED] == 1,
        m[market.DIVERGED_SINCE_NS],
        m[market.FREE_SUBTICKS],
        m[market.INDEX_SUBTICKS],
        time_ns,
        is_clock,
    )
    state = m[market.BAND : market.BAND_END]
    last_ns = max(state[OPENED], s.stage[stage.CLOCK_NS] - MEAN_SECONDS * SECOND_NS)
    last = m[market.LAST_TICKS] * SUBTICKS if m[market.LAST_NS] >= last_ns else 0
    mean, width_ppm = 0, 0
    if is_clock:  # nothing else asks for them
        mean = mean_trade_subticks(m[market.MEAN_TICKS_SUM], m[market.MEAN_TRADES])
        sigma_ppm = five_minute_sigma_ppm(s.feeds[m[market.FEED], feed.BAND_SIGMA_PPM])
        width_ppm = band_ppm(sigma_ppm, s.settings[setting.BAND_SIGMAS_PPM])
    stepped = band_step(state, time_ns, is_clock, last, m[market.MARK_SUBTICKS], mean, width_ppm)
    if is_clock and stepped[PHASE] == PAUSE:
        middle = (best_bid(s, row) + best_ask(s, row)) * (SUBTICKS // 2) if m[market.BOOK_COUNTS] == 1 else 0
        is_ok = m[market.STATUS] == OK
        stepped = reopen_step(stepped, time_ns, is_ok, middle, m[market.INDEX_SUBTICKS], width_ppm)
    for place, value in enumerate(stepped):
        state[place] = value


@part
def states(s: State, row: int) -> int:
    """The breakers that hold, as bits of `flows.rules.breaker.permissions`; the oracle's are the status."""
    m = s.markets[row]
    bits, phase = 0, m[market.BAND + PHASE]
    if phase == LIMIT:
        bits |= STATE_LIMIT
    if phase in (PAUSE, MANUAL):
        bits |= STATE_PAUSE
    if m[market.DIVERGED] == 1:
        bits |= STATE_DIVERGENCE
    return bits
