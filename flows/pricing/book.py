"""A market's book: its last snapshot, and whether it may speak in the mark (R-O8)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.journal.entries import DEPTH_DISTANCES_PPM
from flows.pricing.columns import market, stage
from flows.pricing.records import ASKS, BIDS, LEVEL, TIME_NS, Levels, Records
from flows.pricing.state import ASK_LOTS, ASK_TICKS, BID_LOTS, BID_TICKS, DISTANCES, State
from flows.rules.exact import PPM
from flows.rules.oracle.mark import book_counts


@part
def take_depth(s: State, row: int, depth: Records, levels: Levels) -> bool:
    """Put a snapshot in the place of the last; one that is older than it comes too late."""
    m = s.markets[row]
    if depth[TIME_NS] < m[market.BOOK_NS]:
        return False
    first, bids, asks = depth[LEVEL], depth[BIDS], depth[ASKS]
    for place in range(bids):
        s.books[row, BID_TICKS, place] = levels[first + place, 0]
        s.books[row, BID_LOTS, place] = levels[first + place, 1]
    for place in range(asks):
        s.books[row, ASK_TICKS, place] = levels[first + bids + place, 0]
        s.books[row, ASK_LOTS, place] = levels[first + bids + place, 1]
    m[market.BOOK_NS], m[market.BIDS], m[market.ASKS] = depth[TIME_NS], bids, asks
    judge_book(s, row)
    _sum_depth(s, row)
    return True


@part
def best_bid(s: State, row: int) -> int:
    """Best bid, 0 for none."""
    return s.books[row, BID_TICKS, 0] if s.markets[row, market.BIDS] > 0 else 0


@part
def best_ask(s: State, row: int) -> int:
    """Best ask, 0 for none."""
    return s.books[row, ASK_TICKS, 0] if s.markets[row, market.ASKS] > 0 else 0


@part
def judge_book(s: State, row: int) -> None:
    """Decide by the clock whether the book counts."""
    m = s.markets[row]
    age_ns = s.stage[stage.CLOCK_NS] - m[market.BOOK_NS]
    m[market.BOOK_COUNTS] = book_counts(best_bid(s, row), best_ask(s, row), age_ns)


@part
def _sum_depth(s: State, row: int) -> None:
    """Sum the lots within each distance of the middle, both sides; distances are inclusive."""
    middle2 = best_bid(s, row) + best_ask(s, row)  # twice the middle
    for place in range(DISTANCES):
        low2, high2 = (
            middle2 * (PPM - DEPTH_DISTANCES_PPM[place]),
            middle2 * (PPM + DEPTH_DISTANCES_PPM[place]),
        )
        lots = 0
        for level in range(s.markets[row, market.BIDS]):
            if 2 * PPM * s.books[row, BID_TICKS, level] >= low2:
                lots += s.books[row, BID_LOTS, level]
        s.depths[row, place] = lots
        lots = 0
        for level in range(s.markets[row, market.ASKS]):
            if 2 * PPM * s.books[row, ASK_TICKS, level] <= high2:
                lots += s.books[row, ASK_LOTS, level]
        s.depths[row, DISTANCES + place] = lots
