"""Columns of a market: its prices in force, book, tape, funding and breakers."""

from flows.rules.breaker.band import START

(
    # parameters
    FEED,
    NEXT_MARKET,  # of the same feed, -1 at the chain's end
    SUBTICKS_UP,  # subticks = nano x UP / DOWN
    SUBTICKS_DOWN,
    NANO_MOST,  # price bound, R-A2
    LOT_TICK_QUANTA,
    TICKS_MOST,
    IMPACT_QUANTA,
    FUNDING_INTERVAL_NS,
    FUNDING_CAP_PPB,
    SAMPLE_BOUND_PPB,
    MARK_BAND_PPM,
    CLAMP_PPM,
    # prices in force, 0 before the first
    RAW_SUBTICKS,  # the index without its clamp
    INDEX_SUBTICKS,
    INDEX_TICKS,
    INDEX_LOW_TICKS,
    INDEX_HIGH_TICKS,
    MARK_SUBTICKS,
    MARK_TICKS,
    FREE_SUBTICKS,  # the mark without its band
    STATUS,
    CLEAN_SINCE_NS,
    OPENED,  # 1 once the status has left HALTED
    TWAP_TICKS,
    # means: sums with decay, as fractions
    BASIS_SUM,
    BASIS_TIME_MS,
    BASIS_SUBTICKS,
    CLAMP_SUM,
    CLAMP_TIME_MS,
    # the book
    BOOK_NS,  # -1 before the first
    BIDS,
    ASKS,
    BOOK_COUNTS,  # 1 while it may speak in the mark
    # the tape
    LAST_TICKS,
    LAST_NS,
    VOLUME_FROM,  # the sums below cover the seconds [FROM, UNTIL)
    MEAN_FROM,
    TAPE_UNTIL,
    VOLUME_LOTS,
    MEAN_TICKS_SUM,
    MEAN_TRADES,
    # TWAP: rows of its ticks
    TWAP_START,
    TWAP_END,
    # funding
    LISTED_NS,  # -1 before the first clock
    INTERVAL_START_NS,
    SAMPLED_NS,  # of the last sample's instant
    PREMIUM_SUM_PPB,
    SAMPLES_VALID,
    RATE_PPB,  # last paid
    # breakers
    DIVERGED,
    DIVERGED_SINCE_NS,
    BAND,  # ten columns: the state of flows.rules.breaker.band
) = range(53)

BAND_END = BAND + len(START)
BREAKERS = BAND_END  # state bits, as published
PHASE = BAND_END + 1  # of the band, as published
UNTIL = BAND_END + 2  # of a pause, as published
WIDTH = BAND_END + 3
