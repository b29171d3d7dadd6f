"""Feeds: the assets whose quotes a pool needs, each aggregated once, whatever it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.journal.entries import QUOTE_SLOTS

if TYPE_CHECKING:
    from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters


@dataclass(frozen=True, slots=True)
class Feed:
    """One asset's oracle: its publishers by slot, and the markets and the collateral asset that it prices."""

    asset: str
    sources: tuple[str, ...]
    weights: tuple[int, ...]
    heartbeat_ns: tuple[int, ...]
    market_rows: tuple[int, ...]
    asset_row: int  # -1 where the asset is no collateral here


def feeds_of(pool: PoolParameters) -> tuple[Feed, ...]:
    """List the feeds of ``pool``, by asset id: a record's row is its feed's place here.

    The settlement asset needs none: its price is 1. An asset has one list of sources; one that is told twice, once
    for its market and once as collateral, must be told alike.
    """
    rows = {each.id: row for row, each in enumerate(pool.assets) if row > 0}
    markets: dict[str, list[int]] = {}
    for row, market in enumerate(pool.markets):
        markets.setdefault(market.index_asset, []).append(row)
    found = []
    for asset in sorted(rows.keys() | markets.keys()):
        tellers: list[AssetParameters | MarketParameters] = [
            pool.markets[row] for row in markets.get(asset, ())
        ]
        if asset in rows:
            tellers.append(pool.assets[rows[asset]])
        oracle = (tellers[0].sources, tellers[0].source_weights, tellers[0].heartbeat_ns)
        for each in tellers[1:]:
            if (each.sources, each.source_weights, each.heartbeat_ns) != oracle:
                raise ValueError(
                    f"pool {pool.id}: {asset} has one list of sources at {tellers[0].id}, another at {each.id}"
                )
        if not 0 < len(oracle[0]) <= QUOTE_SLOTS:
            raise ValueError(
                f"pool {pool.id}: {asset} has {len(oracle[0])} sources; 1 to {QUOTE_SLOTS} are possible"
            )
        found.append(Feed(asset, *oracle, tuple(markets.get(asset, ())), rows.get(asset, -1)))
    return tuple(found)
