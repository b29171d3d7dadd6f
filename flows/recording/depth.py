"""The book of each market: snapshots of a few price levels a side, thinner the more the market moves.

Level distances are those at which a market-state reports depth. Quantities come from the market's calm depth, a profile
over distance, the minute's thinning, a lean against the minute's direction and seeded noise, and are rounded to two
figures. Levels rest on round prices, at their distance or nearer, as resting orders do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.recording.files import RecordingError
from flows.recording.lines import to_units
from flows.recording.seeds import dice
from flows.recording.series import E10, minute_scale
from flows.recording.sources import STALE_S
from flows.recording.trades import PUBLISH_NS
from flows.rules.scale.time import SECOND_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flows.recording.manifest import Market
    from flows.recording.series import PriceFiles
    from flows.registry.parameters import MarketParameters

    Column = NDArray[np.int64]
    Floats = NDArray[np.float64]

DISTANCES: Final = (0.0002, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05)
"""Of the levels from the mid; the first stands for the best price, whose true distance is the half spread."""

REDRAWN_S: Final = (5, 10, 15, 30, 60, 60, 120)
"""How long a level's noise lasts: far orders rest longer."""


@dataclass(frozen=True, slots=True)
class Books:
    """Snapshots of one market, in order. Lots are 0 where two levels fell on one price: the nearer one has both."""

    market: int
    time_ns: Column
    sent_ns: Column
    price_ticks: tuple[Column, Column]  # bids, asks: snapshots x levels
    lots: tuple[Column, Column]


def market_books(files: PriceFiles, place: int, parameters: MarketParameters) -> Books:
    """All snapshots of one market."""
    recording = files.recording
    market = recording.markets[place]
    first, last = recording.start_s, recording.end_s
    seconds = files.seconds(recording.a_series(market.series), market.asset)
    path = _held(seconds.filled(first, last, last - first + STALE_S))
    every = recording.depth.every_s
    at = np.arange(every - 1, last - first, every)
    at = at[at + 1 < last - first]  # what is sent at the end lies outside
    mid = np.maximum(to_units(path[at], parameters.tick_scale), 2)
    scale = minute_scale(path, recording.calm_range_bps[market.asset])
    thin = _recorded_thinning(files, at) if recording.depth.ratio_series else _thinning(files, scale)[at]
    lean = _lean(path)[at] * recording.depth.lean
    spread = market.half_spread_bps * np.sqrt(np.maximum(scale[at], 1))
    half = np.maximum(np.rint(np.minimum(spread, recording.depth.half_spread_cap_bps) * 1e-4 * mid), 1)
    sides = []
    for side, sign in (("bids", -1), ("asks", 1)):
        weight = thin * (1 - np.maximum(sign * lean, 0))
        lots = _lots(files, market, parameters, path, at, weight, side)
        sides.append(_levels(mid, half.astype(np.int64), sign, lots))
    time_ns = (at + 1 + first) * SECOND_NS
    prices = (sides[0][0], sides[1][0])
    return Books(place, time_ns, time_ns + PUBLISH_NS, prices, (sides[0][1], sides[1][1]))


def _held(path: Column) -> Column:
    """Fill the seconds before the first price with it."""
    known = path > 0
    if not known.any():
        raise RecordingError("a market without a single price in the recording's range has no book")
    first = int(known.argmax())
    return np.where(known, path, path[first])


def _thinning(files: PriceFiles, scale: Floats) -> Floats:
    """Share of the calm depth that stands, by the movement of the minute."""
    law = files.recording.depth
    return np.clip(np.maximum(scale, 1) ** -law.thinning, law.thinnest, 1)


def _recorded_thinning(files: PriceFiles, at: Column) -> Floats:
    """Share of the calm depth by the recorded book's ask side within 1 %, minute by minute."""
    recording = files.recording
    law = recording.depth
    columns = files.depth(recording.a_series(law.ratio_series))
    near = columns["pct"] == 1
    minute, depth = columns["ts_ns"][near] // (60 * SECOND_NS), columns["notional_usd_cents"][near]
    until = recording.start if law.ratio_calm_until is None else law.ratio_calm_until
    calm = minute < int(until.timestamp()) // 60
    if not calm.any():
        raise RecordingError(
            f"series {law.ratio_series}: no row before {until}, so its calm depth is unknown"
        )
    wanted = (at + recording.start_s) // 60
    found, back = np.unique(minute, return_inverse=True)
    mean = np.bincount(back, weights=depth) / np.bincount(back)
    ratio = mean / np.median(depth[calm])
    place = np.clip(np.searchsorted(found, wanted, side="right") - 1, 0, len(found) - 1)
    share: Floats = np.clip(ratio[place], law.thinnest, 1)
    return share


def _lean(path: Column) -> Floats:
    """Direction of each second's minute: -1 where it fell by its whole range, 1 where it rose by it."""
    minutes = -(-len(path) // 60)
    padded = np.concatenate([path, np.repeat(path[-1:], minutes * 60 - len(path))]).reshape(minutes, 60)
    span = np.maximum(padded.max(axis=1) - padded.min(axis=1), 1)
    return np.repeat((padded[:, -1] - padded[:, 0]) / span, 60)[: len(path)]


def _lots(
    files: PriceFiles,
    market: Market,
    parameters: MarketParameters,
    path: Column,
    at: Column,
    weight: Floats,
    side: str,
) -> Column:
    """Quantity of each level: its part of the profile, thinned, with noise that lasts as the level does."""
    law = files.recording.depth
    rng = dice(files.recording.seed, market.id, side)
    cumulative = (np.array(DISTANCES) * 100) ** law.profile
    parts = np.diff(cumulative, prepend=0)
    calm_base = market.depth_one_percent / (float(path[0]) / E10)
    lots = np.empty((len(at), len(DISTANCES)), np.int64)
    for level, (part, lasts) in enumerate(zip(parts.tolist(), REDRAWN_S, strict=True)):
        epoch = (at - at[0]) // max(lasts, law.every_s)
        noise = np.exp(rng.standard_normal(int(epoch[-1]) + 1) * law.noise)[epoch]
        lots[:, level] = _two_figures(part * calm_base * parameters.lot_scale * weight * noise)
    return lots


def _two_figures(lots: Floats) -> Column:
    """Round to two significant figures, at least one lot."""
    power = 10 ** np.maximum(np.floor(np.log10(np.maximum(lots, 1))) - 1, 0)
    rounded: Column = np.maximum(np.rint(lots / power) * power, 1).astype(np.int64)
    return rounded


def _levels(mid: Column, half: Column, sign: int, lots: Column) -> tuple[Column, Column]:
    """Prices of one side's levels, strictly ordered; a level that is not beyond the one before joins it."""
    prices = np.empty_like(lots)
    lots = lots.copy()
    prices[:, 0] = np.maximum(mid + sign * half, 1)
    holder = np.zeros(len(mid), np.int64)  # the last level that stands by itself
    rows = np.arange(len(mid))
    reference = int(np.median(mid))
    for level, distance in enumerate(DISTANCES[1:], start=1):
        grid = _round_grid(reference * distance / 8)
        target = mid + sign * np.floor(mid * distance).astype(np.int64)
        inward = target // grid * grid if sign > 0 else -(-target // grid) * grid
        price = np.maximum(inward, 1)
        beyond = sign * (price - prices[rows, holder]) > 0
        prices[:, level] = np.where(beyond, price, 0)
        lots[rows, np.where(beyond, level, holder)] += np.where(beyond, 0, lots[:, level])
        lots[:, level] = np.where(beyond, lots[:, level], 0)
        holder = np.where(beyond, level, holder)
    return prices, lots


def _round_grid(most: float) -> int:
    """Largest of 1, 2, 5, 10, 20, 50 ... ticks that is at most ``most``."""
    power = 1
    while power * 10 <= most:
        power *= 10
    return power * (5 if power * 5 <= most else 2 if power * 2 <= most else 1)
