"""The stage's one compiled call: a run of records in, the states that they make out."""

from __future__ import annotations

from flows.journal.compiled import kernel, part
from flows.pricing.book import judge_book, take_depth
from flows.pricing.breakers import step_breakers
from flows.pricing.columns import feed, market, stage, work
from flows.pricing.funding import step_funding
from flows.pricing.index import flag_sources, price_feed, take_quote
from flows.pricing.mark import average, price_market, step_twap
from flows.pricing.publish import Output, publish_asset, publish_market
from flows.pricing.records import (
    CLOCK,
    DEPTH,
    KIND,
    ORIGIN_OFFSET,
    PARTITION,
    QUOTE,
    ROW,
    SOURCE_SLOT,
    TIME_NS,
    TOPIC,
    Levels,
    Records,
)
from flows.pricing.state import State
from flows.pricing.tape import end_seconds, take_trade
from flows.pricing.volatility import sample_volatility
from flows.rules.scale.time import pool_time


@kernel
def run(s: State, records: Records, levels: Levels, out: Output) -> int:
    """Apply records in their order; how many rows of ``out`` were written."""
    s.work[work.OUT] = 0
    for place in range(len(records)):
        record = records[place]
        s.work[work.RECORD] = place
        s.work[work.TOPIC], s.work[work.PARTITION] = record[TOPIC], record[PARTITION]
        s.work[work.ORIGIN_OFFSET] = record[ORIGIN_OFFSET]
        s.stage[stage.POOL_NS] = pool_time(s.stage[stage.POOL_NS], record[TIME_NS])
        if record[KIND] == QUOTE:
            _apply_quote(s, out, record)
        elif record[KIND] == CLOCK:
            _apply_clock(s, out, record[TIME_NS])
        else:
            row = record[ROW]
            is_depth = record[KIND] == DEPTH
            if take_depth(s, row, record, levels) if is_depth else take_trade(s, row, record):
                _reprice(s, out, row)
    return int(s.work[work.OUT])


@part
def _apply_quote(s: State, out: Output, quote: Records) -> None:
    """Let a quote move its feed, and the feed what it prices."""
    row = quote[ROW]
    if take_quote(s, row, quote[SOURCE_SLOT], quote) and price_feed(s, row, False):
        publish_asset(s, out, row, False)
        each = s.feeds[row, feed.FIRST_MARKET]
        while each >= 0:
            _reprice(s, out, each)
            each = s.markets[each, market.NEXT_MARKET]


@part
def _reprice(s: State, out: Output, row: int) -> None:
    """Price a market anew between clocks, and show its breakers what came of it."""
    price_market(s, row, False)
    step_breakers(s, row, False)
    publish_market(s, out, row, 0, 0, False)


@part
def _apply_clock(s: State, out: Output, time_ns: int) -> None:
    """Move the time: what is old ages out, what ends ends, and all that changed is said. A known second is no news."""
    if time_ns <= s.stage[stage.CLOCK_NS]:
        return
    s.stage[stage.FORMER_CLOCK_NS], s.stage[stage.CLOCK_NS] = s.stage[stage.CLOCK_NS], time_ns
    for row in range(len(s.feeds)):
        price_feed(s, row, True)
        flag_sources(s, row)
        sample_volatility(s, row)
        publish_asset(s, out, row, True)
    for row in range(len(s.markets)):
        judge_book(s, row)
        end_seconds(s, row)
        average(s, row)
        price_market(s, row, True)
        step_twap(s, row)
        step_breakers(s, row, True)
        flags, rate_ppb = step_funding(s, row)
        publish_market(s, out, row, flags, rate_ppb, True)
