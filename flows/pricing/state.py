"""The market stage's state: a few arrays, so that one compiled call gets all of it and a snapshot is their bytes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.journal.entries import DEPTH_DISTANCES_PPM, QUOTE_SLOTS
from flows.journal.entries import WIDTH as ENTRY_WIDTH
from flows.pricing.columns import feed, market, setting, slot, stage, work
from flows.pricing.feeds import Feed, feeds_of
from flows.pricing.records import LEVELS_MOST, NANO
from flows.rules.funding.premium import sample_bound_ppb
from flows.rules.oracle.status import HALTED, NOT_CLEAN
from flows.rules.oracle.twap import window_fits

if TYPE_CHECKING:
    from flows.registry.market_stage import MarketStageParameters
    from flows.registry.parameters import MarketParameters, PoolParameters

Ints64 = NDArray[np.int64]

HOUR_NS: Final = 3_600_000_000_000
NANO_A_QUANTUM: Final = 1_000
SUBTICKS: Final = 1_000
"""Subticks in a tick, R-A1."""

BID_TICKS, BID_LOTS, ASK_TICKS, ASK_LOTS, BOOK_ROWS = range(5)
"""Rows of a book."""

DISTANCES: Final = len(DEPTH_DISTANCES_PPM)

SECOND, LOTS, TICKS_SUM, TRADES, TAPE_WIDTH = range(5)
"""Columns of the tape: what was traded in a second of event time."""

TAPE_SECONDS: Final = 512
"""Seconds that the tape remembers: the five minutes of R-P1's mean, and room for what is late or ahead of the clock."""

TICK_US, PRICE, AREA, COVERED_US, TWAP_ROWS = range(5)
"""Rows of a TWAP's ticks, oldest first."""

TWAP_ROOM: Final = 128
"""Ticks beyond a window's that fit before the oldest are moved out."""

PRICES, CONFIDENCES, WEIGHTS, VOTES, VOTE_WEIGHTS, DISTANCE, ROUNDS, UNTIL, PLACES, SCRATCH_ROWS = range(10)
"""Rows of the scratch: what a feed's rules are handed."""


class State(NamedTuple):
    """Everything the stage remembers, and at the end what it works with."""

    stage: Ints64  # columns.stage
    feeds: Ints64  # a row a feed, columns.feed
    slots: Ints64  # a table a feed, a row a source, columns.slot
    sums: NDArray[
        np.float64
    ]  # a row a feed: R-R1's decayed sums, of the published half-life and of five minutes
    markets: Ints64  # a row a market, columns.market
    books: Ints64  # a table a market
    depths: Ints64  # a row a market: cumulative lots at each distance, bids and then asks
    tape: Ints64  # a table a market, a row a second
    twaps: Ints64  # a table a market
    published: Ints64  # a row a market: its state as it was last published
    settings: Ints64  # columns.setting; never changes
    work: Ints64  # columns.work; means nothing between two records, as the next
    scratch: Ints64


KEPT: Final = State._fields[:-3]
"""The arrays of a snapshot."""


def initial(pool: PoolParameters, settings: MarketStageParameters) -> State:
    """Make the state before the first record."""
    feeds = feeds_of(pool)
    window_s = -(-settings.twap_window_ns // 1_000_000_000)
    markets = len(pool.markets)
    state = State(
        stage=np.zeros(stage.WIDTH, np.int64),
        feeds=np.zeros((len(feeds), feed.WIDTH), np.int64),
        slots=np.zeros((len(feeds), QUOTE_SLOTS, slot.WIDTH), np.int64),
        sums=np.zeros((len(feeds), 2), np.float64),
        markets=np.zeros((markets, market.WIDTH), np.int64),
        books=np.zeros((markets, BOOK_ROWS, LEVELS_MOST), np.int64),
        depths=np.zeros((markets, 2 * DISTANCES), np.int64),
        tape=np.full((markets, TAPE_SECONDS, TAPE_WIDTH), -1, np.int64),
        twaps=np.zeros((markets, TWAP_ROWS, window_s + TWAP_ROOM), np.int64),
        published=np.zeros((markets, ENTRY_WIDTH), np.int64),
        settings=np.zeros(setting.WIDTH, np.int64),
        work=np.zeros(work.WIDTH, np.int64),
        scratch=np.zeros((SCRATCH_ROWS, 3 * QUOTE_SLOTS), np.int64),
    )
    for column in (
        slot.SEEN_NUMBER,
        slot.NUMBER,
        slot.INDEX_NUMBER,
        slot.OUT_UNTIL_NS,
        slot.EXCLUDED_UNTIL_NS,
    ):
        state.slots[:, :, column] = -1
    for table, module in ((state.feeds, feed), (state.markets, market)):
        table[:, module.STATUS] = HALTED
        table[:, module.CLEAN_SINCE_NS] = NOT_CLEAN
    state.feeds[:, feed.LEVEL] = HALTED
    state.feeds[:, feed.PUBLISHED_NS] = -1
    state.markets[:, market.BOOK_NS] = -1
    state.markets[:, market.LISTED_NS] = -1
    state.markets[:, market.DIVERGED_SINCE_NS] = -1
    set_parameters(state, pool, settings, feeds)
    state.feeds[:, feed.SIGMA_PPM] = state.feeds[:, feed.SIGMA_TABLE_PPM]
    state.feeds[:, feed.BAND_SIGMA_PPM] = state.feeds[:, feed.SIGMA_TABLE_PPM]
    return state


def set_parameters(
    state: State, pool: PoolParameters, settings: MarketStageParameters, feeds: tuple[Feed, ...]
) -> None:
    """Write the parameters into their columns."""
    state.settings[:] = (
        settings.quote_confidence_ppm,
        settings.jump_ppm,
        settings.clamp_half_life_ns,
        settings.basis_half_life_ns,
        settings.twap_window_ns // 1_000,
        settings.twap_gap_ns // 1_000,
        settings.sigma_half_life_ns,
        settings.interest_ppb,
        settings.band_sigmas_ppm,
        settings.asset_move_ppm,
        settings.asset_interval_ns,
    )
    for row, each in enumerate(feeds):
        chain = (*each.market_rows, -1)
        table_ppm = pool.markets[chain[0]].sigma_table_ppm if each.market_rows else settings.asset_sigma_ppm
        state.feeds[row, : feed.SIGMA_TABLE_PPM + 1] = (
            len(each.sources),
            sum(each.weights),
            chain[0],
            each.asset_row,
            pool.assets[each.asset_row].max_price_quanta * NANO_A_QUANTUM,
            table_ppm,
        )
        for place, (weight, heartbeat_ns) in enumerate(zip(each.weights, each.heartbeat_ns, strict=True)):
            state.slots[row, place, slot.WEIGHT] = weight
            state.slots[row, place, slot.HEARTBEAT_NS] = heartbeat_ns
        for here, following in pairwise(chain):
            parameters = _market_parameters(pool.markets[here], row, following, settings.clamp_ppm[here])
            state.markets[here, : market.CLAMP_PPM + 1] = parameters
            _check(pool.markets[here], settings)


def _market_parameters(
    of: MarketParameters, feed_row: int, following: int, clamp_ppm: int
) -> tuple[int, ...]:
    """List a market's parameters in the order of their columns."""
    up, down = of.tick_scale * SUBTICKS, NANO
    shared = math.gcd(up, down)
    return (
        feed_row,
        following,
        up // shared,
        down // shared,
        of.max_price_ticks * NANO // of.tick_scale,
        of.lot_tick_quanta,
        of.max_price_ticks,
        of.impact_notional_quanta,
        of.funding_interval_ns,
        of.funding_cap_ppb,
        sample_bound_ppb(of.tier_initial_ppm[0], of.tier_maintenance_ppm[0]),
        of.mark_band_ppm,
        clamp_ppm,
    )


def _check(of: MarketParameters, settings: MarketStageParameters) -> None:
    """Refuse a market whose numbers could leave int64 here, or whose funding these rules do not know."""
    # Over a second or more, since nano x UP = subticks x DOWN, and DOWN is a million at most.
    window_us = max(settings.twap_window_ns // 1_000, 1_000_000)
    if not window_fits(of.max_price_ticks * SUBTICKS, window_us):
        raise ValueError(f"{of.id}: max_price_ticks x twap_window leaves int64; lower one of them")
    if of.funding_interval_ns != HOUR_NS:
        raise ValueError(f"{of.id}: funding_interval is {of.funding_interval_ns} ns; R-N2 pays each hour")
