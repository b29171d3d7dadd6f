"""Small recordings and pools for the tests of this room: a few markets, minutes instead of hours."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters

SCALES = {  # market: lots in a unit, ticks in a unit
    "BTC": (1000, 10), "ETH": (1000, 100), "BNB": (100, 100), "LTC": (1000, 100), "BCH": (1000, 100), "XMR": (1000, 100),
    "SUI": (10, 10_000), "ADA": (1, 10_000), "LINK": (100, 1000), "ETC": (100, 1000), "ALGO": (10, 10_000), "BSV": (10, 100),
}  # fmt: skip


def _filled(kind: type[Any], **values: Any) -> Any:
    """An instance whose other fields are 0 or empty: the generator reads only a few."""
    rest = {
        each.name: "" if each.type == "str" else () if "tuple" in str(each.type) else 0
        for each in fields(kind)
    }
    return kind(**{**rest, **values})


def market(asset: str) -> MarketParameters:
    """A market with the tiers of a large one."""
    lots, ticks = SCALES[asset]
    return _filled(
        MarketParameters,
        id=f"{asset}-PERP",
        index_asset=asset,
        lot_scale=lots,
        tick_scale=ticks,
        lot_tick_quanta=10**6 // (lots * ticks) or 1,
        max_position_lots=10**12,
        tier_floor_quanta=(0, 10**12),
        tier_initial_ppm=(20_000, 50_000),
        tier_initial_amount_quanta=(0, 30_000 * 10**6),
        bracket_limit_quanta=10**14,
        leverage=50,
    )


def pools() -> tuple[PoolParameters, ...]:
    """The two pools of the April recording."""
    names = {
        "majors": ("BTC", "ETH", "BNB", "LTC", "BCH", "XMR"),
        "alts": ("SUI", "ADA", "LINK", "ETC", "ALGO", "BSV"),
    }
    assets = tuple(
        _filled(
            AssetParameters,
            id=name,
            unit_scale=scale,
            initial_floor_quanta=(0,),
            initial_weight_ppm=(weight,),
        )
        for name, scale, weight in (("USDT", 10**6, 10**6), ("BTC", 10**8, 950_000), ("ETH", 10**8, 930_000))
    )
    return tuple(
        _filled(PoolParameters, id=name, assets=assets, markets=tuple(market(each) for each in held))
        for name, held in names.items()
    )
