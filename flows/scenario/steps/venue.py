"""Sentences about pools, their markets and what they take as collateral."""

from __future__ import annotations

from typing import Final

from flows.rules.exact import PPM
from flows.scenario.amounts import rate, units
from flows.scenario.draft import QUANTA, Draft, collateral
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import refuse_open
from flows.scenario.settings import (
    MARKET_COLUMNS,
    NEVER,
    TIER_COLUMNS,
    apply_clauses,
    market_of,
    parts_of_one,
    set_tiers,
)
from flows.scenario.vocabulary import Chapter, Table
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "The venue",
    "A pool is declared first, then its markets and collateral; they are fixed once something happens in it."
    " What is not said is the rulebook's default; a market is calm and deep, trading is free, and there is"
    " neither fund nor vault.",
)

COLLATERAL_COLUMNS: Final = {
    "unit": "its smallest unit; 0.00000001 if left out",
    "above": "value at which the tier begins; 0 if left out",
    "maintenance": "part of the value that counts (R-C2); needed",
    "initial": "part that counts for new risk; as maintenance if left out",
    "sale cost": "taken off when it is sold (R-C6); none if left out",
}


@CHAPTER.action(
    "a pool[ {pool}] settled in {asset}[, {settings}]",
    "a pool settled in USDC, slices of any size, an insurance fund of 10,000, fills at the mark price",
)
def declare_pool(world: World, pool: str | None, asset: str, settings: str | None) -> None:
    """Declare a pool; one alone needs no name. Settings are clauses, parted by commas."""
    draft = Draft(pool or "pool", asset)
    fills = apply_clauses(draft, settings) if settings else NEVER
    world.add_pool(draft, fills)


@CHAPTER.action("the market {market}[ of pool {pool}]", "the market BTC-PERP", MARKET_COLUMNS)
def declare_market(world: World, market: str, pool: str | None, table: Table) -> None:
    """A market of the pool declared last, or of the one named."""
    into = world.declared(pool)
    refuse_open(into)
    if any(each.id == market for other in world.pools.values() for each in other.draft.markets):
        raise ScenarioError(f"there is a market {market} already.")
    into.draft.markets.append(market_of(into.draft, market, table))


@CHAPTER.action("the margin tiers of {market}", "the margin tiers of BTC-PERP", TIER_COLUMNS)
def declare_tiers(world: World, market: str, table: Table) -> None:
    """A margin table of several tiers (R-D1), a row each."""
    pool = world.declaring(market)
    refuse_open(pool)
    set_tiers(pool.draft.markets[pool.market(market)], table)


@CHAPTER.action("the collateral {asset}[ of pool {pool}]", "the collateral BTC", COLLATERAL_COLUMNS)
def declare_collateral(world: World, asset: str, pool: str | None, table: Table) -> None:
    """An asset that the pool takes beside its settlement asset; a row a tier of size."""
    into = world.declared(pool)
    refuse_open(into)
    if "maintenance" not in table.columns:
        raise ScenarioError("collateral needs a column maintenance.")
    first = table.rows[0]
    unit = first.get("unit") or "0.00000001"
    scale = parts_of_one(unit)
    maintenance = tuple(rate(row["maintenance"], PPM) for row in table.rows)
    into.draft.assets.append(
        collateral(
            asset,
            scale,
            tuple(units(row.get("above") or "0", QUANTA, "quanta") for row in table.rows),
            maintenance,
            tuple(
                rate(row["initial"], PPM) if row.get("initial") else weight
                for row, weight in zip(table.rows, maintenance, strict=True)
            ),
            rate(first["sale cost"], PPM) if first.get("sale cost") else 0,
        )
    )
