"""A small pool for the market stage, and records written by hand or drawn by Hypothesis."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np

from flows.journal import entries as en
from flows.journal.entries import TOPIC_CLOCK, TOPIC_DEPTH, TOPIC_ORACLE_PRICES, TOPIC_TRADES, Rows
from flows.pricing import records as record
from flows.pricing.stage import MarketStage
from flows.registry.market_stage import MarketStageParameters
from flows.registry.parameters import PoolParameters
from tests.worlds import pool

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
START_NS = 1_743_980_400 * SECOND_NS  # 2025-04-06 23:00 UTC
NANO = record.NANO

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


POOL = pool()
"""BTC-PERP and ETH-PERP in ticks of 0.1, three sources of equal weight, heartbeats of 1 s; takes BTC."""


def stage(of: PoolParameters = POOL, **changes: Any) -> MarketStage:
    """A stage before its first record."""
    return MarketStage(of, replace(SETTINGS, **changes))


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

    def quote(
        self, feed: int, slot: int, time_ns: int, nano: int, confidence: int = 1, number: int = -1
    ) -> None:
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

    def __init__(self, of: PoolParameters = POOL, **changes: Any) -> None:
        self.stage = stage(of, **changes)
        self.script = Script()
        self.states: list[Rows] = []
        self._played = 0

    def play(self) -> Rows:
        """Apply what is new; the states that it made."""
        made, _ = self.stage.apply(self.script.records[self._played :], self.script.levels)
        self._played = len(self.script.rows)
        self.states.append(made)
        return made


def markets_of(rows: Rows, market: int) -> Rows:
    """The states of one market."""
    return rows[(rows[:, en.KIND] == en.MARKET_STATE) & (rows[:, en.MarketState.MARKET] == market)]


def assets_of(rows: Rows, asset: int) -> Rows:
    """The states of one collateral asset."""
    return rows[(rows[:, en.KIND] == en.ASSET_STATE) & (rows[:, en.AssetState.ASSET] == asset)]


def say(row: Rows, *names: str) -> tuple[int, ...]:
    """The named columns of a market-state."""
    return tuple(int(row[getattr(en.MarketState, name.upper())]) for name in names)


def opened(of: PoolParameters = POOL, index: int = 60_000, seconds: int = 70, **changes: Any) -> Run:
    """A run whose BTC has been quoted each second for long enough to be ok; the clock stands at START + seconds."""
    run = Run(of, **changes)
    for second in range(seconds + 1):
        run.script.clock(START_NS + second * SECOND_NS)
        run.script.quotes(BTC, START_NS + second * SECOND_NS, index * NANO)
    run.play()
    return run


def random_script(seed: int, length: int) -> Script:
    """Records as a venue could send them: prices wander, sources lie, books vanish, seconds are silent."""
    dice, script, now = random.Random(seed), Script(), START_NS
    price = [60_000 * NANO, 1_500 * NANO]
    script.clock(now)
    for _ in range(length):
        row, kind = dice.randrange(2), dice.random()
        late_ns = dice.choice((0, 0, 1, 500_000_000, 4 * SECOND_NS))
        price[row] += price[row] * dice.randrange(-30, 31) // 10_000
        ticks = price[row] * 10 // NANO
        if kind < 0.25:
            now += SECOND_NS * dice.choice((1, 1, 1, 1, 2, 7, 40))
            script.clock(now)
        elif kind < 0.7:
            told = price[row] * dice.choice((1_000, 1_000, 1_000, 1_001, 1_060, 10_000, 400)) // 1_000
            slot, confidence = dice.randrange(3), told * dice.choice((0, 1, 40, 70)) // 10_000 + 1
            script.quote(row, slot, now - late_ns, told, confidence, dice.choice((-1, -1, -1, 3)))
        elif kind < 0.85:
            script.trade(
                row, now - late_ns, ticks * dice.choice((100, 100, 100, 97)) // 100, dice.randrange(1, 50)
            )
        else:
            bids = [(ticks - 1 - 40 * each, dice.randrange(1, 9_000)) for each in range(dice.randrange(6))]
            asks = [(ticks + 1 + 40 * each, dice.randrange(1, 9_000)) for each in range(dice.randrange(6))]
            script.depth(row, now - late_ns, bids, asks)
    return script
