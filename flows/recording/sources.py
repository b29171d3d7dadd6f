"""Oracle quotes of every source: recorded ones as they arrived, missing ones derived from the recorded prices.

A quote's price is the last one of a second, its time the end of that second, and it is sent when the recorder got it.
In a second without a trade nothing is sent: silence, outages and lateness come out as they were. A derived source is
the median of the recorded ones at its own heartbeat, silent when they are, plus a constant offset, white noise and a
slow wander, the latter two larger in minutes that move more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.recording.seeds import dice
from flows.recording.series import minute_scale
from flows.rules.scale.time import MILLISECOND_NS, SECOND_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flows.recording.manifest import Lag, Recording, Source
    from flows.recording.series import PriceFiles, Seconds

    Column = NDArray[np.int64]
    Floats = NDArray[np.float64]

BPS: Final = 1e-4
STALE_S: Final = 60
"""A recorded price older than this has no say in the path that derived sources follow."""

_FINEST_E10: Final = 10  # the wire has nine decimals


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes of one source for one asset, in the order of sending."""

    source: int  # place in the recording's sources
    asset: int  # place in the recording's assets
    grid_e10: int  # prices are multiples of it
    time_ns: Column
    sent_ns: Column
    price_e10: Column
    confidence_e10: Column
    superseded: int  # dropped: they arrived after a newer quote of the same source


def asset_quotes(files: PriceFiles, asset: str) -> list[Quotes]:
    """All sources' quotes for one asset."""
    recording = files.recording
    base, alive, recorded_lag = base_path(files, asset)
    scale = np.minimum(minute_scale(base, recording.calm_range_bps[asset]), recording.noise.scale_cap)
    found = []
    for place, source in enumerate(recording.sources):
        if asset not in source.assets:
            continue
        if source.series:
            found.append(_recorded(files, place, asset, base, scale))
        else:
            found.append(_derived(recording, place, asset, (base, alive, scale), recorded_lag))
    return found


def base_path(files: PriceFiles, asset: str) -> tuple[Column, NDArray[np.bool_], list[Seconds]]:
    """Median of the sources with a series at the end of each second, whether one of them spoke then, and their rows."""
    recording = files.recording
    first, last = recording.start_s, recording.end_s
    rows = [
        files.seconds(recording.a_series(source.series), asset)
        for source in recording.sources
        if source.series and asset in source.assets
    ]
    alive = np.zeros(last - first, np.bool_)
    paths = np.empty((len(rows), last - first), np.float64)
    for place, seconds in enumerate(rows):
        inside = seconds.second[(seconds.second >= first) & (seconds.second < last)] - first
        alive[inside] = True
        filled = seconds.filled(first, last, STALE_S)
        paths[place] = np.where(filled > 0, filled, np.nan)
    known = ~np.isnan(paths).all(axis=0)
    median = np.rint(np.nanmedian(paths[:, known], axis=0)).astype(np.int64)
    # Where all are silent the last median stands; before the first price nobody is alive, so nothing is sent.
    base = median[np.maximum(np.cumsum(known) - 1, 0)]
    return base, alive, rows


def _recorded(files: PriceFiles, place: int, asset: str, base: Column, scale: Floats) -> Quotes:
    """Quotes of a source with prices of its own."""
    recording = files.recording
    source = recording.sources[place]
    seconds = files.seconds(recording.a_series(source.series), asset)
    first = recording.start_s
    keep = (seconds.second >= first) & (seconds.second < recording.end_s)
    if seconds.lag_ns is None:  # a bridged path has a price every second: the source's own cadence
        keep &= (seconds.second + 1 - first) % source.heartbeat_s == 0
    second, price = seconds.second[keep], seconds.value_e10[keep]
    time_ns = (second + 1) * SECOND_NS
    recorded = seconds.lag_ns
    lag_ns = (
        _drawn_lag(recording, source, asset, scale[second - first]) if recorded is None else recorded[keep]
    )
    grid = max(int(np.gcd.reduce(price)), _FINEST_E10)
    half_range = (seconds.high_e10[keep] - seconds.low_e10[keep]) / 2
    confidence = _confidence(recording, base, scale[second - first], half_range, price)
    return _in_order(recording, place, asset, grid, (time_ns, time_ns + lag_ns, price, confidence))


def _derived(
    recording: Recording,
    place: int,
    asset: str,
    path: tuple[Column, NDArray[np.bool_], Floats],
    recorded: list[Seconds],
) -> Quotes:
    """Quotes of a source that is made from the median of the recorded ones."""
    base, alive, scale = path
    source, noise = recording.sources[place], recording.noise
    rng = dice(recording.seed, asset, source.id)
    spoken = np.cumsum(np.concatenate([np.zeros(source.heartbeat_s), alive]))
    at = np.flatnonzero(
        spoken[source.heartbeat_s :] > spoken[: -source.heartbeat_s]
    )  # somebody did since the last beat
    at = at[(at + 1) % source.heartbeat_s == 0]
    offset = rng.standard_normal() * noise.offset_bps
    white = rng.standard_normal(len(at)) * noise.white_bps
    wander = _wander(rng.standard_normal(len(at)), source.heartbeat_s / noise.wander_half_life_s)
    bps = offset + scale[at] * (white + wander * noise.wander_bps)
    grid = _coarse_grid(base)
    price = np.maximum(np.rint(base[at] * (1 + bps * BPS) / grid), 1).astype(np.int64) * grid
    time_ns = (at + 1 + recording.start_s) * SECOND_NS
    if source.lag is not None:
        lag_ns = _drawn_lag(recording, source, asset, scale[at])
    else:
        lag_ns = _borrowed_lag(rng, at + recording.start_s, recorded)
    confidence = _confidence(recording, base, scale[at], np.zeros(len(at)), price)
    sent_ns = np.maximum.accumulate(time_ns + lag_ns) if len(at) else time_ns
    return _in_order(recording, place, asset, grid, (time_ns, sent_ns, price, confidence))


def _in_order(
    recording: Recording, place: int, asset: str, grid: int, columns: tuple[Column, Column, Column, Column]
) -> Quotes:
    """Drop what arrives after a newer quote of the same source, or after the recording's end."""
    time_ns, sent_ns, price, confidence = columns
    later = np.minimum.accumulate(sent_ns[::-1])[::-1]
    newest = sent_ns <= later
    keep = newest & (sent_ns < recording.end_s * SECOND_NS)
    confidence = np.maximum(confidence // grid * grid, grid) if grid >= _FINEST_E10 else confidence
    kept = (time_ns[keep], sent_ns[keep], price[keep], confidence[keep])
    return Quotes(place, recording.assets.index(asset), grid, *kept, int((~newest).sum()))


def _wander(shocks: Floats, half_lives: float) -> Floats:
    """AR(1) of unit variance; a step lasts ``half_lives`` of its half-life."""
    keep = 0.5**half_lives
    fresh = (1 - keep * keep) ** 0.5
    value, values = 0.0, []
    for shock in shocks.tolist():
        value = keep * value + fresh * shock
        values.append(value)
    return np.array(values)


def _drawn_lag(recording: Recording, source: Source, asset: str, scale: Floats) -> Column:
    """Lag from the source's distribution, longer in minutes that move more; sent in the order of time."""
    law: Lag | None = source.lag
    if law is None:
        raise ValueError(f"source {source.id}: its prices carry no lag of their own, so it needs a lag law")
    rng = dice(recording.seed, asset, source.id, "lag")
    median_ms = law.median_ms * np.sqrt(np.maximum(scale, 1))
    drawn_ms = np.minimum(median_ms * np.exp(rng.standard_normal(len(scale)) * law.sigma), law.cap_ms)
    grid = np.maximum(np.rint(drawn_ms / law.grid_ms), 1).astype(np.int64)
    return grid * law.grid_ms * MILLISECOND_NS


def _borrowed_lag(rng: np.random.Generator, second: Column, recorded: list[Seconds]) -> Column:
    """Lag drawn from the recorded lags of the same minute."""
    times = np.concatenate([each.second for each in recorded])
    lags = np.concatenate([each.lag_ns for each in recorded if each.lag_ns is not None])
    if len(lags) != len(times):
        raise ValueError("a source without a lag law borrows recorded lags, and a bridged path has none")
    order = np.argsort(times, kind="stable")
    times, lags = times[order], lags[order]
    minute = second // 60 * 60
    start, end = np.searchsorted(times, minute), np.searchsorted(times, minute + 60)
    picked = start + (rng.random(len(second)) * (end - start)).astype(np.int64)
    return lags[np.minimum(picked, len(lags) - 1)]


def _confidence(
    recording: Recording, base: Column, scale: Floats, half_range: Floats, price: Column
) -> Column:
    """Half a quote's interval: a few bps, growing with the root of the minute's movement, or half the second's range.

    In steps of a factor of two and against the first price, so that few values occur; the cap is of the quote's own
    price, as R-O1 refuses a quote that is less sure than that.
    """
    noise = recording.noise
    steps = np.exp2(np.rint(np.log2(np.maximum(scale, 1)) / 2))
    bps = np.minimum(noise.confidence_bps * steps, noise.confidence_cap_bps)
    widest = price * (noise.confidence_cap_bps * BPS)
    wanted = np.maximum(half_range, float(base[0]) * bps * BPS)
    confidence: Column = np.rint(np.minimum(wanted, widest)).astype(np.int64)
    return confidence


def _coarse_grid(base: Column) -> int:
    """Power of ten at or under one basis point of the price."""
    point = max(int(np.median(base)) // 10_000, _FINEST_E10)
    return int(10 ** (len(str(point)) - 1))
