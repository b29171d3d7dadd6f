"""A new set of parameters for a pool that runs: what it may change, and what it must leave as it was registered.

What prices, intake and the book were built on stays: names, scales, bounds on prices and holdings, publishers, opening
capital. Limits on positions and open interest may be lowered and raised again, never above what registration proved
(R-A2). Everything else may change, if the registry would take it in a venue's file.
"""

from __future__ import annotations

from typing import Any, Final

from flows.registry.canonical import from_canonical
from flows.registry.errors import ConfigurationError
from flows.registry.parameters import PoolParameters

POOL: Final = ("id", "producers", "vault_opening_quanta", "fund_opening_quanta", "audit_block_ns")
MARKET: Final = (
    "id",
    "index_asset",
    "lot_scale",
    "tick_scale",
    "lot_tick_quanta",
    "max_price_ticks",
    "impact_notional_quanta",
    "funding_interval_ns",
    "funding_cap_ppb",
    "mark_band_ppm",
    "sigma_table_ppm",
    "fund_opening_quanta",
    "sources",
    "source_weights",
    "heartbeat_ns",
)
ASSET: Final = (
    "id",
    "unit_scale",
    "max_units",
    "max_price_quanta",
    "sources",
    "source_weights",
    "heartbeat_ns",
)
LIMITS: Final = ("max_position_lots", "max_open_interest_lots")


class NotNextError(ConfigurationError):
    """A set that is not the next version: another one came before it."""


def changed(text: bytes, registered: PoolParameters, in_force: PoolParameters) -> PoolParameters:
    """The set that a canonical text holds, if it may follow ``in_force``. ConfigurationError if it may not.

    NotNextError comes before what else is wrong with it as a change.
    """
    new = from_canonical(text)
    if new.version != in_force.version + 1:
        raise NotNextError("version", f"{new.version} must be {in_force.version + 1}, the next one.")
    _keep("", POOL, registered, new)
    if new.commands.venue != registered.commands.venue:
        raise ConfigurationError("commands.venue", "must not change.")
    for name in ("markets", "assets"):
        if len(getattr(new, name)) != len(getattr(registered, name)):
            raise ConfigurationError(name, "must stay as many.")
    for was, market in zip(registered.markets, new.markets, strict=True):
        _keep(f"markets.{was.id}.", MARKET, was, market)
        for limit in LIMITS:
            most = getattr(was, limit)
            if getattr(market, limit) > most:
                raise ConfigurationError(
                    f"markets.{was.id}.{limit}",
                    f"{getattr(market, limit)} is above {most}, as registered (R-A2).",
                )
    for was_asset, asset in zip(registered.assets, new.assets, strict=True):
        _keep(f"assets.{was_asset.id}.", ASSET, was_asset, asset)
    return new


def _keep(where: str, names: tuple[str, ...], was: Any, new: Any) -> None:
    for name in names:
        if getattr(was, name) != getattr(new, name):
            raise ConfigurationError(f"{where}{name}", "must stay as it was registered.")
