"""A collateral asset of the venue's file to its integers: units, haircut tiers (R-C2), bounds (R-A2)."""

from __future__ import annotations

from flows.registry.errors import ConfigurationError
from flows.registry.markets import NO_FEED, Feed
from flows.registry.parameters import AssetParameters
from flows.registry.text import parts_of_one, positive, ppm, scaled
from flows.rules.exact import PPM
from schemas.config.assets import Asset


def quanta_scale_of(asset_id: str, asset: Asset) -> int:
    """Quanta in one whole unit of the settlement asset: its smallest unit is the quantum, a power of ten."""
    where = f"assets.{asset_id}.unit"
    if asset.unit is None:
        raise ConfigurationError(where, "missing: the settlement asset's unit is the quantum.")
    scale = parts_of_one(where, asset.unit)
    if str(scale).strip("0") != "1":
        raise ConfigurationError(where, f"{asset.unit} is no power of ten, as a quantum must be.")
    return scale


def settlement_parameters(asset_id: str, asset: Asset) -> AssetParameters:
    """Row 0 of every pool: counted at 1, without haircut, priced by nobody."""
    scale = quanta_scale_of(asset_id, asset)
    for name in ("panel", "collateral"):
        if getattr(asset, name) is not None:
            raise ConfigurationError(
                f"assets.{asset_id}.{name}",
                "not for the settlement asset: it counts in full and needs no price.",
            )
    return AssetParameters(
        id=asset_id,
        unit_scale=scale,
        maintenance_floor_quanta=(0,),
        maintenance_weight_ppm=(PPM,),
        initial_floor_quanta=(0,),
        initial_weight_ppm=(PPM,),
        sale_cost_ppm=0,
        max_units=_max_units(asset_id, asset, scale),
        max_price_quanta=scale,
        sources=NO_FEED.sources,
        source_weights=NO_FEED.weights,
        heartbeat_ns=NO_FEED.heartbeats_ns,
    )


def _max_units(asset_id: str, asset: Asset, scale: int) -> int:
    where = f"assets.{asset_id}.max_holding"
    if asset.max_holding is None:
        raise ConfigurationError(where, "missing: an asset that pools hold needs a bound (R-A2).")
    return positive(where, asset.max_holding, scale, "units")


def asset_parameters(asset_id: str, asset: Asset, panel: Feed, quanta_scale: int) -> AssetParameters:
    """The integers of one collateral asset other than the settlement asset."""
    where = f"assets.{asset_id}"
    if asset.collateral is None:
        raise ConfigurationError(f"{where}.collateral", "missing: a pool takes this asset as collateral.")
    if asset.unit is None:
        raise ConfigurationError(
            f"{where}.unit", "missing: an asset that pools hold needs its smallest unit."
        )
    scale = parts_of_one(f"{where}.unit", asset.unit)
    floors, maintenance, initial = [], [], []
    for row, tier in enumerate(asset.collateral.tiers, 1):
        here = f"{where}.collateral.tiers[{row}]"
        floors.append(scaled(f"{here}.above", tier.above, quanta_scale, "quanta"))
        maintenance.append(ppm(f"{here}.maintenance", tier.maintenance))
        initial.append(ppm(f"{here}.initial", tier.initial))
    return AssetParameters(
        id=asset_id,
        unit_scale=scale,
        maintenance_floor_quanta=tuple(floors),
        maintenance_weight_ppm=tuple(maintenance),
        initial_floor_quanta=tuple(floors),
        initial_weight_ppm=tuple(initial),
        sale_cost_ppm=ppm(f"{where}.collateral.sale_cost", asset.collateral.sale_cost),
        max_units=_max_units(asset_id, asset, scale),
        max_price_quanta=positive(
            f"{where}.collateral.max_price", asset.collateral.max_price, quanta_scale, "quanta"
        ),
        sources=panel.sources,
        source_weights=panel.weights,
        heartbeat_ns=panel.heartbeats_ns,
    )
