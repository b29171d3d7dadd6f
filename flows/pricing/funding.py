"""A market's funding: a premium sample each five seconds, a rate each whole hour (R-N1 to N3)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.journal.entries import FLAG_FUNDING, FLAG_FUNDING_SKIPPED
from flows.pricing.columns import market, setting, stage
from flows.pricing.state import ASK_LOTS, ASK_TICKS, BID_LOTS, BID_TICKS, State
from flows.rules.funding.cap import capped_rate_ppb
from flows.rules.funding.premium import SAMPLE_CROSSED, SAMPLE_NS, premium_sample
from flows.rules.funding.rate import SAMPLES_AN_HOUR, eight_hour_rate_ppb, hourly_rate_ppb, mean_premium_ppb
from flows.rules.oracle.mark import BOOK_AGE_NS
from flows.rules.oracle.status import HALTED


@part
def step_funding(s: State, row: int) -> tuple[int, int]:
    """End an interval at the first clock of the next, then sample: a flag of the journal's, and the rate to pay.

    A sample at the instant itself belongs to the interval that begins. An index that is halted at the instant skips
    it; its samples are not made up for.
    """
    m, clock_ns = s.markets[row], s.stage[stage.CLOCK_NS]
    flag, rate_ppb = 0, 0
    start_ns = clock_ns - clock_ns % m[market.FUNDING_INTERVAL_NS]
    if m[market.LISTED_NS] < 0:
        m[market.LISTED_NS], m[market.INTERVAL_START_NS] = clock_ns, start_ns
    if start_ns > m[market.INTERVAL_START_NS]:
        if m[market.STATUS] == HALTED:
            flag = FLAG_FUNDING_SKIPPED
        else:
            flag, rate_ppb = FLAG_FUNDING, _rate_ppb(s, row)
            m[market.RATE_PPB] = rate_ppb
        m[market.INTERVAL_START_NS] = start_ns
        m[market.PREMIUM_SUM_PPB], m[market.SAMPLES_VALID] = 0, 0
    sample_ns = clock_ns - clock_ns % SAMPLE_NS
    if sample_ns > m[market.SAMPLED_NS]:
        m[market.SAMPLED_NS] = sample_ns
        _sample(s, row)
    return flag, rate_ppb


@part
def _rate_ppb(s: State, row: int) -> int:
    """The rate of the interval that has ended."""
    m = s.markets[row]
    invalid = SAMPLES_AN_HOUR - m[market.SAMPLES_VALID]
    premium_ppb = mean_premium_ppb(m[market.PREMIUM_SUM_PPB], invalid, SAMPLES_AN_HOUR)
    quoted_ppb = eight_hour_rate_ppb(premium_ppb, s.settings[setting.INTEREST_PPB])
    hourly_ppb = hourly_rate_ppb(quoted_ppb, m[market.LISTED_NS], m[market.INTERVAL_START_NS])
    return capped_rate_ppb(hourly_ppb, m[market.FUNDING_CAP_PPB])


@part
def _sample(s: State, row: int) -> None:
    """Take one premium sample; without an index or a fresh book, or with a crossed one, it is invalid."""
    m = s.markets[row]
    is_stale = s.stage[stage.CLOCK_NS] - m[market.BOOK_NS] > BOOK_AGE_NS
    if m[market.BOOK_NS] < 0 or is_stale or m[market.INDEX_TICKS] == 0 or m[market.STATUS] == HALTED:
        return
    bids, asks = m[market.BIDS], m[market.ASKS]
    premium_ppb, kind = premium_sample(
        s.books[row, BID_TICKS, :bids],
        s.books[row, BID_LOTS, :bids],
        s.books[row, ASK_TICKS, :asks],
        s.books[row, ASK_LOTS, :asks],
        m[market.IMPACT_QUANTA],
        m[market.LOT_TICK_QUANTA],
        m[market.INDEX_TICKS],
        m[market.SAMPLE_BOUND_PPB],
    )
    if kind != SAMPLE_CROSSED:
        m[market.PREMIUM_SUM_PPB] += premium_ppb
        m[market.SAMPLES_VALID] += 1
