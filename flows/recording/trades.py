"""Trades of each market: recorded ticks as they are, or derived from bars so that they add up to them.

A derived trade stands for all that was traded since the one before. Each bar has trades at its open, both extremes and
its close, so trades give back the bar's four prices exactly, and its volume (times the venue's share) to a lot a trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.recording.lines import to_units
from flows.recording.seeds import dice
from flows.recording.series import base_volume
from flows.rules.scale.time import SECOND_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flows.recording.manifest import Market
    from flows.recording.series import PriceFiles
    from flows.registry.parameters import MarketParameters

    Column = NDArray[np.int64]

MATCH_NS: Final = 500_000_000
"""Derived trades happen in the middle of their second."""

PUBLISH_NS: Final = 2_000_000
"""From a derived trade or snapshot to its sending: 2 ms, an assumption."""


@dataclass(frozen=True, slots=True)
class Trades:
    """Trades of one market, in the order of sending."""

    market: int  # place in the recording's markets
    time_ns: Column
    sent_ns: Column
    price_ticks: Column
    lots: Column
    buys: Column  # 1: the taker bought


def market_trades(files: PriceFiles, place: int, parameters: MarketParameters) -> Trades:
    """All trades of one market."""
    market = files.recording.markets[place]
    if market.trades:
        return _recorded(files, place, market, parameters)
    return _derived(files, place, market, parameters)


def _recorded(files: PriceFiles, place: int, market: Market, parameters: MarketParameters) -> Trades:
    """Ticks, those of one moment, price and side as one; before the ticks begin, the bars' own trades."""
    recording = files.recording
    series = recording.a_series(market.trades)
    columns = files.columns(series, market.asset)
    start = recording.start_s * SECOND_NS
    keep = (columns["ts_ns"] >= start) & (columns["ts_ns"] < recording.end_s * SECOND_NS)
    columns = {name: column[keep] for name, column in columns.items()}
    price, time_ns, buys = columns["price_e10"], columns["ts_ns"], columns["buys"]
    sent_ns = np.maximum.accumulate(time_ns + columns.get("lag_us", np.zeros_like(time_ns)) * 1_000)
    volume = base_volume(series, columns) * market.share_ppm / 1_000_000
    fresh = (np.diff(price) != 0) | (np.diff(time_ns) != 0) | (np.diff(buys) != 0)
    first = np.flatnonzero(np.concatenate([[True], fresh]))
    last = np.concatenate([first[1:], [len(price)]]) - 1
    volume = np.add.reduceat(volume, first)
    lots = np.maximum(np.rint(volume * parameters.lot_scale), 1).astype(np.int64)
    ticks = to_units(price[first], parameters.tick_scale)
    found = Trades(place, time_ns[first], sent_ns[last], ticks, lots, buys[first])
    if len(found.time_ns) and found.time_ns[0] - start > 60 * SECOND_NS:
        until = int(found.time_ns[0]) // SECOND_NS
        return _joined(_derived(files, place, market, parameters, until), found)
    return found


def _joined(early: Trades, late: Trades) -> Trades:
    names = ("time_ns", "sent_ns", "price_ticks", "lots", "buys")
    return Trades(
        early.market, *(np.concatenate([getattr(early, name), getattr(late, name)]) for name in names)
    )


def _derived(
    files: PriceFiles, place: int, market: Market, parameters: MarketParameters, until_s: int | None = None
) -> Trades:
    """Trades at chosen seconds of the path; the bar's volume is split among them at random."""
    recording = files.recording
    series = recording.a_series(market.series)
    columns = files.columns(series, market.asset)
    seconds = files.seconds(series, market.asset)
    rng = dice(recording.seed, market.id, "trades")
    end_s = recording.end_s if until_s is None else until_s
    inside = (columns["ts_ns"] >= recording.start_s * SECOND_NS) & (columns["ts_ns"] < end_s * SECOND_NS)
    starts = columns["ts_ns"][inside] // SECOND_NS
    volumes = base_volume(series, columns)[inside] * market.share_ppm / 1_000_000
    second, price, lots = [], [], []
    for start, volume in zip(starts.tolist(), volumes.tolist(), strict=True):
        begin = int(np.searchsorted(seconds.second, start))
        path = seconds.value_e10[begin : begin + series.interval_s]
        chosen = _chosen(path, market.trade_every_s, rng)
        second.append(start + chosen)
        price.append(path[chosen])
        lots.append(_split(round(volume * parameters.lot_scale), len(chosen), rng))
    if not second:
        second, price, lots = ([np.zeros(0, np.int64)] for _ in range(3))
    times = np.concatenate(second) * SECOND_NS + MATCH_NS
    ticks = to_units(np.concatenate(price), parameters.tick_scale)
    return Trades(place, times, times + PUBLISH_NS, ticks, np.concatenate(lots), _takers(ticks, rng))


def _chosen(path: Column, every_s: int, rng: np.random.Generator) -> Column:
    """Seconds of a bar that get a trade: one in each ``every_s`` at random, and open, high, low, close."""
    slots = np.arange(0, len(path), every_s)
    drawn = np.minimum(slots + rng.integers(0, every_s, len(slots)), len(path) - 1)
    must = [0, int(path.argmax()), int(path.argmin()), len(path) - 1]
    return np.unique(np.concatenate([drawn, must]))


def _split(total_lots: int, count: int, rng: np.random.Generator) -> Column:
    """Split a volume at random; each trade has at least a lot, else the sum is exact."""
    weights = np.cumsum(rng.standard_exponential(count))
    edges = np.rint(weights / weights[-1] * total_lots).astype(np.int64)
    parts: Column = np.maximum(np.diff(edges, prepend=0), 1)
    return parts


def _takers(ticks: Column, rng: np.random.Generator) -> Column:
    """The tick rule: who lifts the price bought; a trade at the last price may be either's."""
    move = np.sign(np.diff(ticks, prepend=ticks[:1]))
    coin = rng.integers(0, 2, len(ticks))
    return np.where(move > 0, 1, np.where(move < 0, 0, coin))
