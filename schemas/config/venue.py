"""The whole file. Nothing in it has a default: what decides about accounts is written down where it can be read."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from schemas.config.assets import Asset, Panel
from schemas.config.commands import Commands
from schemas.config.markets import Market
from schemas.config.pools import Pool
from schemas.config.stage import MarketStage
from schemas.message import AssetId, MarketId, PoolId, SourceId, Strict

InputTopic = Literal[
    "oracle-prices",
    "trades",
    "depth",
    "collateral",
    "fills",
    "order-checks",
    "liquidation-bids",
    "commands",
    "clock",
    "market-state",
]

PRODUCERS: Final = 256
"""Producers of one venue, at most: a row number of the journal."""


class Venue(Strict):
    """A venue: who may speak, what is priced, what is traded, and in which pools."""

    name: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="Name.", examples=["crash-2025-04-07"])
    ]
    version: Annotated[int, Field(ge=1, le=2**31, description="Version of the parameters.", examples=[1])]
    settlement: Annotated[
        AssetId, Field(description="Asset all pools settle in and all quotes are in.", examples=["USDT"])
    ]
    producers: Annotated[
        dict[SourceId, tuple[InputTopic, ...]],
        Field(
            min_length=1,
            max_length=PRODUCERS,
            description="Each producer and the topics it may send.",
            examples=[{"engine": ["fills"]}],
        ),
    ]
    commands: Annotated[Commands, Field(description="Who may give orders to the pools, and how.")]
    panels: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")], Panel],
        Field(
            min_length=1,
            description="Groups of publishers, by name.",
            examples=[{"one": {"sources": [{"source": "binance-usdm", "weight": 1, "heartbeat": "1 s"}]}}],
        ),
    ]
    assets: Annotated[
        dict[AssetId, Asset],
        Field(
            min_length=1,
            description="Assets, by id.",
            examples=[{"USDT": {"unit": "0.000001", "max_holding": "1000000000"}}],
        ),
    ]
    markets: Annotated[dict[MarketId, Market], Field(min_length=1, description="Markets, by id.")]
    pools: Annotated[dict[PoolId, Pool], Field(min_length=1, max_length=1_000, description="Pools, by id.")]
    market_stage: Annotated[MarketStage, Field(description="How quotes become marks.")]
