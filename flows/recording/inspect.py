"""What is in a recording, in figures: each series' extent, prices, volume, depth and longest silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

from flows.recording.files import RecordingError, read_lines, topic_file
from flows.recording.manifest import load
from flows.rules.scale.time import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flows.recording.manifest import Recording

NEAR: Final = 0.01
"""Depth is told within 1 % of the mid."""


@dataclass(slots=True)
class Told:
    """One source's quotes of an asset, or one market's trades or books."""

    lines: int = 0
    opened: float = 0.0
    high: float = 0.0
    low: float = float("inf")
    closed: float = 0.0
    volume: float = 0.0  # settlement asset traded
    longest_silence_s: float = 0.0
    last_ns: int = 0

    def price(self, value: float, sent_ns: int) -> None:
        """Take one price in."""
        if self.lines == 0:
            self.opened, self.last_ns = value, sent_ns
        self.lines += 1
        self.high, self.low, self.closed = max(self.high, value), min(self.low, value), value
        self.longest_silence_s = max(self.longest_silence_s, (sent_ns - self.last_ns) / SECOND_NS)
        self.last_ns = sent_ns


@dataclass(frozen=True, slots=True)
class Book:
    """A market's depth within 1 % of the mid, both sides, in the settlement asset."""

    snapshots: int
    median: float
    least: float
    widest_bps: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """All figures of a recording; keys in the manifest's order."""

    recording: Recording
    sizes: dict[str, int]  # bytes of each file
    quotes: dict[tuple[str, str], Told]  # asset, source
    trades: dict[str, Told]
    books: dict[str, Book]
    skipped: int  # lines that could not be read: `validate` says why


def inspect(folder: Path, progress: Callable[[str], None] = lambda _topic: None) -> Inspection:
    """Read all of a recording; a line that is no message of its topic is counted and passed over."""
    recording = load(folder)
    quotes = {
        (asset, each.id): Told()
        for asset in recording.assets
        for each in recording.sources
        if asset in each.assets
    }
    trades = {each.id: Told() for each in recording.markets}
    depths: dict[str, list[tuple[float, float]]] = {each.id: [] for each in recording.markets}
    sizes, skipped = {}, 0
    takers: dict[str, Callable[[Any], None]] = {
        "oracle-prices": lambda said: quotes[said["asset"], said["source"]].price(
            float(said["price"]), said["sent_ns"]
        ),
        "trades": lambda said: _take_trade(trades[said["market"]], said),
        "depth": lambda said: depths[said["market"]].append(_near(said)),
    }
    for topic, take in takers.items():
        progress(topic)
        path = topic_file(folder, topic)
        for line in read_lines(path):
            try:
                take(orjson.loads(line))
            except (ValueError, KeyError, TypeError, IndexError):
                skipped += 1
        sizes[topic] = path.stat().st_size
    if skipped and not any(each.lines for each in quotes.values()):
        raise RecordingError(f"{folder}: not one line of oracle-prices can be read")
    return Inspection(
        recording, sizes, quotes, trades, {market: _book(seen) for market, seen in depths.items()}, skipped
    )


def _take_trade(told: Told, said: dict[str, Any]) -> None:
    price = float(said["price"])
    told.price(price, said["sent_ns"])
    told.volume += price * float(said["quantity"])


def _near(said: dict[str, Any]) -> tuple[float, float]:
    """Value within 1 % of the mid, and the spread in basis points."""
    bids, asks = said["bids"], said["asks"]
    mid = (float(bids[0][0]) + float(asks[0][0])) / 2
    near = sum(
        float(price) * float(amount)
        for price, amount in (*bids, *asks)
        if abs(float(price) - mid) <= mid * NEAR * 1.000001
    )
    return near, (float(asks[0][0]) - float(bids[0][0])) / mid * 10_000


def _book(seen: list[tuple[float, float]]) -> Book:
    if not seen:
        return Book(0, 0.0, 0.0, 0.0)
    columns = np.array(seen)
    return Book(
        len(seen), float(np.median(columns[:, 0])), float(columns[:, 0].min()), float(columns[:, 1].max())
    )
