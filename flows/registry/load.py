"""The one door from a venue's file to checked integers: `load(path)` gives a `Venue`, or one readable line."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.registry.assets import asset_parameters, settlement_parameters
from flows.registry.checks import check_pool
from flows.registry.commands import command_parameters
from flows.registry.errors import ConfigurationError
from flows.registry.market_checks import warnings
from flows.registry.market_stage import MarketStageParameters
from flows.registry.markets import Feed, feed, market_parameters, panel_of
from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters
from flows.registry.pools import pool_parameters
from flows.registry.stage import check_market_stage, clamp_ppm, market_stage_parameters
from schemas.config.pools import Pool
from schemas.config.venue import Venue as VenueFile

ORACLE_TOPIC = "oracle-prices"


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue in integers. Pools and their market stages stand in the order of the file."""

    name: str
    version: int
    settlement: str
    quanta_scale: int  # quanta in one whole unit of the settlement asset
    pools: tuple[PoolParameters, ...]
    market_stages: tuple[MarketStageParameters, ...]  # a row a pool
    producers: tuple[str, ...]  # as every pool has them
    producer_topics: tuple[tuple[str, ...], ...]  # topics each producer may send
    warnings: tuple[str, ...]

    def pool(self, pool_id: str) -> PoolParameters:
        """A pool by id; KeyError if there is none."""
        for pool in self.pools:
            if pool.id == pool_id:
                return pool
        raise KeyError(pool_id)

    def pool_of(self, market_id: str) -> PoolParameters | None:
        """The pool a market is in."""
        return next((pool for pool in self.pools if pool.market_row(market_id) >= 0), None)

    def market(self, market_id: str) -> MarketParameters | None:
        """A market by id."""
        pool = self.pool_of(market_id)
        return None if pool is None else pool.markets[pool.market_row(market_id)]

    def market_stage(self, pool_id: str) -> MarketStageParameters:
        """The market stage of a pool; KeyError if there is no such pool."""
        for pool, stage in zip(self.pools, self.market_stages, strict=True):
            if pool.id == pool_id:
                return stage
        raise KeyError(pool_id)


def load(path: Path | str) -> Venue:
    """Read, check and scale a venue's file. ConfigurationError says in one line what is wrong and where."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError("", f"cannot be read: {error.strerror or error}.", str(path)) from None
    except UnicodeDecodeError:
        raise ConfigurationError("", "is not UTF-8 text.", str(path)) from None
    return parse(text, path.name)


def parse(text: str, name: str) -> Venue:
    """As `load`, from text; ``name`` stands for the file in errors."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError("", f"is not TOML: {' '.join(str(error).split())}.", name) from None
    try:
        # Strict models take JSON's arrays; a date, which JSON has not, becomes text and is refused as such.
        file = VenueFile.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise _first_fault(error).in_file(name) from None
    try:
        return build(file)
    except ConfigurationError as error:
        raise error.in_file(name) from None


def build(file: VenueFile) -> Venue:
    """The integers of a file that has the right form."""
    if file.settlement not in file.assets:
        raise ConfigurationError("settlement", f"{file.settlement} is not among the assets.")
    _check_panels(file)
    _check_memberships(file)
    feeds = {name: feed(f"panels.{name}", panel) for name, panel in file.panels.items()}
    pools = tuple(_pool(file, pool_id, pool, feeds) for pool_id, pool in file.pools.items())
    stages = tuple(_market_stage(file, pool) for pool in pools)
    for pool, stage in zip(pools, stages, strict=True):
        check_pool(pool)
        for market in pool.markets:
            check_market_stage(pool.id, market, stage)
    return Venue(
        name=file.name,
        version=file.version,
        settlement=file.settlement,
        quanta_scale=pools[0].assets[0].unit_scale,
        pools=pools,
        market_stages=stages,
        producers=tuple(file.producers),
        producer_topics=tuple(file.producers.values()),
        warnings=tuple(line for pool in pools for market in pool.markets for line in warnings(market)),
    )


def _market_stage(file: VenueFile, pool: PoolParameters) -> MarketStageParameters:
    clamps = ((market.id, file.markets[market.id].index_clamp) for market in pool.markets)
    return market_stage_parameters(
        file.market_stage, tuple(clamp_ppm(f"markets.{each}.index_clamp", clamp) for each, clamp in clamps)
    )


def _pool(file: VenueFile, pool_id: str, pool: Pool, feeds: dict[str, Feed]) -> PoolParameters:
    settlement = settlement_parameters(file.settlement, file.assets[file.settlement])
    assets: list[AssetParameters] = [settlement]
    for asset_id in pool.collateral:
        if asset_id not in file.assets:
            raise ConfigurationError(f"pools.{pool_id}.collateral", f"{asset_id} is not among the assets.")
        if asset_id == file.settlement:
            raise ConfigurationError(
                f"pools.{pool_id}.collateral", f"{asset_id} is settled in: it is always there."
            )
        panel = panel_of(f"assets.{asset_id}", file.assets[asset_id].panel, feeds)
        assets.append(asset_parameters(asset_id, file.assets[asset_id], panel, settlement.unit_scale))
    markets: list[MarketParameters] = []
    for market_id in pool.markets:
        market = file.markets[market_id]
        if market.index not in file.assets:
            raise ConfigurationError(f"markets.{market_id}.index", f"{market.index} is not among the assets.")
        panel = panel_of(f"assets.{market.index}", file.assets[market.index].panel, feeds)
        markets.append(market_parameters(market_id, market, pool_id, pool, panel, settlement.unit_scale))
    return pool_parameters(
        pool_id,
        pool,
        file.version,
        tuple(assets),
        tuple(markets),
        tuple(file.producers),
        command_parameters(file.name, file.commands),
    )


def _check_panels(file: VenueFile) -> None:
    """Who is in a panel must be a producer of prices, once."""
    for name, panel in file.panels.items():
        seen: list[str] = []
        for row, each in enumerate(panel.sources, 1):
            where = f"panels.{name}.sources[{row}].source"
            if ORACLE_TOPIC not in file.producers.get(each.source, ()):
                raise ConfigurationError(where, f"{each.source} is not a producer of {ORACLE_TOPIC}.")
            if each.source in seen:
                raise ConfigurationError(where, f"{each.source} is there twice.")
            seen.append(each.source)


def _check_memberships(file: VenueFile) -> None:
    """Every market is in exactly one pool."""
    home: dict[str, str] = {}
    for pool_id, pool in file.pools.items():
        for market_id in pool.markets:
            where = f"pools.{pool_id}.markets"
            if market_id not in file.markets:
                raise ConfigurationError(where, f"there is no market {market_id}.")
            if market_id in home:
                raise ConfigurationError(
                    where, f"{market_id} is already in pool {home[market_id]}; a market has one."
                )
            home[market_id] = pool_id
    for market_id in file.markets:
        if market_id not in home:
            raise ConfigurationError(
                f"markets.{market_id}", "it is in no pool; add it to the markets of one."
            )


def _first_fault(error: ValidationError) -> ConfigurationError:
    """The first thing pydantic refused, in words of the file."""
    fault = error.errors(include_url=False)[0]
    return ConfigurationError(_path(fault["loc"]), _words(fault))


def _path(location: tuple[int | str, ...]) -> str:
    """``markets.BTC-PERP.tiers[2].rate``: rows are counted from 1, as people do."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        elif part == "[key]":
            continue
        elif "[" not in part:  # a union's branch is no place in the file
            path += f".{part}" if path else part
    return path


def _words(fault: Any) -> str:
    kind, found = fault["type"], fault["input"]
    if kind == "missing":
        return "missing; every setting is written out, none has a default."
    if kind == "extra_forbidden":
        return "there is no such setting."
    if kind == "string_type" and isinstance(found, int | float):
        return f'{found} is a number; amounts are text in quotes, such as "0.001".'
    if kind == "string_pattern_mismatch":
        return f"{found!r} is not of the form {fault['ctx']['pattern']}."
    if kind == "literal_error":
        return f"{found!r} is not one of {fault['ctx']['expected']}."
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{' '.join(message.split())}{'' if message.endswith('.') else '.'}"
