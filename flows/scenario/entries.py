"""Journal entries of a scenario: rows made from named columns, and what a market says of itself at the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from flows.journal import entries as en
from flows.rules.oracle.status import HALTED, OK

Row = list[int]

TOPICS: Final = {
    en.GENESIS: en.TOPIC_POOL,
    en.CLOCK: en.TOPIC_CLOCK,
    en.DEPOSIT: en.TOPIC_COLLATERAL,
    en.WITHDRAWAL: en.TOPIC_COLLATERAL,
    en.TRANSFER: en.TOPIC_COLLATERAL,
    en.FILL: en.TOPIC_FILLS,
    en.ORDER_CHECK: en.TOPIC_ORDER_CHECKS,
    en.BID: en.TOPIC_BIDS,
    en.MARKET_STATE: en.TOPIC_POOL,
    en.ASSET_STATE: en.TOPIC_POOL,
    en.COMMAND: en.TOPIC_COMMANDS,
}
RINGS: Final = len(en.DEPTH_DISTANCES_PPM)


def entry(kind: int, time_ns: int, **columns: int) -> Row:
    """A row; columns are named as in the kind's class."""
    row = [0] * en.WIDTH
    row[en.KIND], row[en.TIME_NS], row[en.TOPIC], row[en.SOURCE] = kind, time_ns, TOPICS[kind], -1
    for name, value in columns.items():
        row[getattr(en.PAYLOADS[kind], name.upper())] = value
    return row


@dataclass
class Board:
    """What a market would say now. It is calm, deep and open until a scenario says otherwise."""

    market: int
    volume_lots: int  # of the last minute: enough for any budget
    mark_ticks: int = 0  # 0: no price yet
    index_ticks: int = 0
    status: int = OK
    breakers: int = 0
    bid_lots: list[int] = field(
        default_factory=lambda: [0] * RINGS
    )  # none known: then a sale slips by volatility
    ask_lots: list[int] = field(default_factory=lambda: [0] * RINGS)
    sigma_ppm: int = 0
    band_low_ticks: int = 0
    band_high_ticks: int = 0
    opened_ns: int = 0

    def entry(self, time_ns: int, flags: int, rate_ppb: int = 0) -> Row:
        """The market-state."""
        row = entry(
            en.MARKET_STATE,
            time_ns,
            market=self.market,
            status=self.status,
            breakers=self.breakers,
            flags=flags,
            mark_ticks=self.mark_ticks,
            index_ticks=self.index_ticks,
            index_low_ticks=self.index_ticks,
            index_high_ticks=self.index_ticks,
            mark_low_ticks=self.mark_ticks,
            mark_high_ticks=self.mark_ticks,
            volume_60s_lots=self.volume_lots,
            sigma_ppm=self.sigma_ppm,
            funding_rate_ppb=rate_ppb,
            band_low_ticks=self.band_low_ticks,
            band_high_ticks=self.band_high_ticks,
            opened_ns=self.opened_ns,
        )
        bids, asks = en.MarketState.BID_DEPTH_LOTS, en.MarketState.ASK_DEPTH_LOTS
        row[bids : bids + RINGS], row[asks : asks + RINGS] = self.bid_lots, self.ask_lots
        numbers = en.MarketState.QUOTE_NUMBER
        row[numbers : numbers + en.QUOTE_SLOTS] = [-1] * en.QUOTE_SLOTS
        return row

    @property
    def is_halted(self) -> bool:
        """Whether its index is."""
        return self.status == HALTED
