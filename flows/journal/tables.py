"""What intake looks up of a venue: markets, assets, pools and producers by name, their scales and bounds by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flows.journal.entries import TOPICS
from flows.journal.wire import FORMS, Ints

if TYPE_CHECKING:
    from flows.registry.load import Venue

NOT_THERE: Final = -1


class Measure(NamedTuple):
    """What amounts are measured in: whole units of 1 / scale, at most so many. Columns by market, or by asset held."""

    names: tuple[str, ...]
    unit: str
    scale: Ints
    bound: str
    most: Ints


class Tables:
    """One venue's names and numbers. Markets are numbered through all pools, in the pools' order."""

    def __init__(self, venue: Venue) -> None:
        self.pools = {pool.id: row for row, pool in enumerate(venue.pools)}
        self.parameters = venue.pools
        homes = [
            (pool, row, market)
            for pool, each in enumerate(venue.pools)
            for row, market in enumerate(each.markets)
        ]
        self.markets = {market.id: number for number, (_, _, market) in enumerate(homes)}
        self.market_pool: Ints = np.array([pool for pool, _, _ in homes], np.int64)
        self.market_row: Ints = np.array([row for _, row, _ in homes], np.int64)
        every = [market for _, _, market in homes]
        names = tuple(self.markets)
        ticks, lots = _column(every, "tick_scale"), _column(every, "lot_scale")
        self.price = Measure(names, "tick", ticks, "max_price", _column(every, "max_price_ticks"))
        self.position = Measure(names, "lot", lots, "max_position", _column(every, "max_position_lots"))
        # What the tape and the book show is others' too: it may be as much as all may hold.
        interest = _column(every, "max_open_interest_lots")
        self.book = Measure(names, "lot", lots, "max_open_interest", interest)
        held = [asset for pool in venue.pools for asset in pool.assets]
        units, most = _column(held, "unit_scale"), _column(held, "max_units")
        self.holding = Measure(tuple(asset.id for asset in held), "smallest unit", units, "max_holding", most)
        self.assets = [{asset.id: row for row, asset in enumerate(pool.assets)} for pool in venue.pools]
        counts = [len(pool.assets) for pool in venue.pools]
        self.holding_from: Ints = np.cumsum([0, *counts[:-1]])
        self.producers = {name: row for row, name in enumerate(venue.producers)}
        # Who may send what: the rows of a window of numbers, and nobody else's numbers are kept.
        pairs = [
            (topic, row)
            for topic, name in enumerate(TOPICS)
            if name in FORMS
            for row, topics in enumerate(venue.producer_topics)
            if name in topics
        ]
        self.number_rows = len(pairs)
        self.number_row: Ints = np.full((len(TOPICS), len(venue.producers) + 1), NOT_THERE, np.int64)
        for number, pair in enumerate(pairs):
            self.number_row[pair] = number

    def lookup(self, of: dict[str, int], names: Sequence[str | None]) -> Ints:
        """Numbers of names, `NOT_THERE` for unknown ones."""
        return np.fromiter((of.get(name, NOT_THERE) for name in names), np.int64, len(names))  # type: ignore[arg-type]


def _column(rows: Sequence[object], name: str) -> Ints:
    return np.array([getattr(each, name) for each in rows], np.int64)
