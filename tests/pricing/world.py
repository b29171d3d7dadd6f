"""A small pool for the market stage, and records written by hand or drawn by Hypothesis."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from flows.journal.entries import TOPIC_CLOCK, TOPIC_DEPTH, TOPIC_ORACLE_PRICES, TOPIC_TRADES, Rows
from flows.pricing import records as record
from flows.pricing.stage import MarketStage
from flows.registry.market_stage import MarketStageParameters
from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
START_NS = 1_743_980_400 * SECOND_NS  # 2025-04-06 23:00 UTC
NANO = record.NANO

SOURCES = ("alpha", "beta", "gamma")
BTC, ETH = 0, 1

SETTINGS = MarketStageParameters(
    quote_confidence_ppm=5_000,
    jump_ppm=500_000,
    clamp_ppm=(0, 0),
    clamp_half_life_ns=300 * SECOND_NS,
    basis_half_life_ns=150 * SECOND_NS,
    twap_window_ns=300 * SECOND_NS,
    twap_gap_ns=30 * SECOND_NS,
    sigma_half_life_ns=HOUR_NS,
    asset_sigma_ppm=40_000,
    interest_ppb=100_000,
    band_sigmas_ppm=10_000_000,
    asset_move_ppm=100,
    asset_interval_ns=60 * SECOND_NS,
)


def asset(name: str, sources: tuple[str, ...] = SOURCES) -> AssetParameters:
    """A collateral asset; only its oracle matters here."""
    return AssetParameters(
        id=name,
        unit_scale=100_000_000,
        maintenance_floor_quanta=(0,),
        maintenance_weight_ppm=(900_000,),
        initial_floor_quanta=(0,),
        initial_weight_ppm=(850_000,),
        sale_cost_ppm=1_000,
        sources=sources,
        source_weights=(3, 2, 2, 2, 2)[: len(sources)],
        heartbeat_ns=(SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS, 3 * SECOND_NS, 3 * SECOND_NS)[: len(sources)],
    )


def market(name: str, index_asset: str, tick_scale: int, sources: tuple[str, ...] = SOURCES) -> MarketParameters:
    """A market of lots of 0.001; at most 5 million ticks."""
    oracle = asset(index_asset, sources)
    return MarketParameters(
        id=name,
        index_asset=index_asset,
        lot_scale=1_000,
        tick_scale=tick_scale,
        lot_tick_quanta=1_000_000 // (1_000 * tick_scale),
        max_price_ticks=5_000_000,
        max_position_lots=1_000_000,
        max_open_interest_lots=10_000_000,
        tier_floor_quanta=(0,),
        tier_maintenance_ppm=(30_000,),
        tier_maintenance_amount_quanta=(0,),
        tier_initial_ppm=(50_000,),
        tier_initial_amount_quanta=(0,),
        bracket_limit_quanta=10**15,
        leverage=20,
        taker_fee_ppm=450,
        maker_rebate_ppm=0,
        penalty_ppm=5_000,
        penalty_liquidator_ppm=500_000,
        penalty_insurance_ppm=500_000,
        penalty_venue_ppm=0,
        impact_notional_quanta=10_000_000_000,
        funding_interval_ns=HOUR_NS,
        funding_cap_ppb=15_000_000,
        mark_band_ppm=50_000,
        sigma_table_ppm=30_000,
        adv_quanta=10**15,
        fund_opening_quanta=0,
        sources=oracle.sources,
        source_weights=oracle.source_weights,
        heartbeat_ns=oracle.heartbeat_ns,
    )


def pool_of(markets: tuple[MarketParameters, ...], assets: tuple[AssetParameters, ...]) -> PoolParameters:
    """A pool whose clearing parameters mean nothing here."""
    nothing: dict[str, Any] = {field.name: 0 for field in fields(PoolParameters)}
    return PoolParameters(**{**nothing, "id": "test", "markets": markets, "assets": assets, "producers": SOURCES})


POOL = pool_of(
    (market("BTC-PERP", "BTC", 10), market("ETH-PERP", "ETH", 100)),
    (asset("USDC"), asset("BTC")),
)


def stage(pool: PoolParameters = POOL, **changes: Any) -> MarketStage:
    """A stage before its first record."""
    return MarketStage(pool, replace(SETTINGS, **changes))


class Script:
    """Records in the order in which they are written."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        self.side: list[tuple[int, int]] = []
        self.numbers: dict[tuple[int, int], int] = {}

    def _add(self, kind: int, topic: int, time_ns: int, columns: dict[int, int]) -> None:
        row = [0] * record.WIDTH
        row[record.KIND], row[record.TOPIC] = kind, topic
        row[record.TIME_NS] = row[record.SENT_NS] = time_ns
        row[record.ORIGIN_OFFSET] = len(self.rows)
        for column, value in columns.items():
            row[column] = value
        self.rows.append(row)

    def clock(self, time_ns: int) -> None:
        """One clock."""
        self._add(record.CLOCK, TOPIC_CLOCK, time_ns, {})

    def quote(self, feed: int, slot: int, time_ns: int, nano: int, confidence: int = 1, number: int = -1) -> None:
        """A quote, by default with the source's next number."""
        if number < 0:
            number = self.numbers.get((feed, slot), -1) + 1
        self.numbers[feed, slot] = max(number, self.numbers.get((feed, slot), -1))
        columns = {
            record.ROW: feed,
            record.SOURCE_SLOT: slot,
            record.NUMBER: number,
            record.PRICE: nano,
            record.CONFIDENCE_NANO: confidence,
        }
        self._add(record.QUOTE, TOPIC_ORACLE_PRICES, time_ns, columns)

    def quotes(self, feed: int, time_ns: int, nano: int, confidence: int = 1, sources: int = 3) -> None:
        """The same quote from every source."""
        for slot in range(sources):
            self.quote(feed, slot, time_ns, nano, confidence)

    def trade(self, market_row: int, time_ns: int, ticks: int, lots: int) -> None:
        """One trade."""
        columns = {record.ROW: market_row, record.PRICE: ticks, record.LOTS: lots}
        self._add(record.TRADE, TOPIC_TRADES, time_ns, columns)

    def depth(
        self, market_row: int, time_ns: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]
    ) -> None:
        """One snapshot."""
        columns = {
            record.ROW: market_row,
            record.LEVEL: len(self.side),
            record.BIDS: len(bids),
            record.ASKS: len(asks),
        }
        self.side += bids + asks
        self._add(record.DEPTH, TOPIC_DEPTH, time_ns, columns)

    @property
    def records(self) -> record.Records:
        """The records so far."""
        return np.array(self.rows, np.int64).reshape(-1, record.WIDTH)

    @property
    def levels(self) -> record.Levels:
        """The levels of all depth records so far."""
        return np.array(self.side, np.int64).reshape(-1, 2)


class Run:
    """A stage with a script: each `play` applies what was written since the last."""

    def __init__(self, pool: PoolParameters = POOL, **changes: Any) -> None:
        self.stage = stage(pool, **changes)
        self.script = Script()
        self.states: list[Rows] = []
        self._played = 0

    def play(self) -> Rows:
        """Apply what is new; the states that it made."""
        made, _ = self.stage.apply(self.script.records[self._played :], self.script.levels)
        self._played = len(self.script.rows)
        self.states.append(made)
        return made
