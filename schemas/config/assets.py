"""Assets and who prices them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.config.text import Bounds, Decimal, Duration, Rate, SomeMoney
from schemas.message import SourceId, Strict


class PanelSource(Strict):
    """One publisher of a panel."""

    source: Annotated[
        SourceId, Field(description="Publisher; a producer of oracle-prices.", examples=["binance-usdm"])
    ]
    weight: Annotated[
        int, Field(ge=1, le=1_000_000, description="Weight before the cap of R-O3.", examples=[3])
    ]
    heartbeat: Annotated[
        Duration,
        Field(description="How often it speaks; stale after three of them (R-O1).", examples=["1 s"]),
    ]


class Panel(Strict):
    """The publishers that price an asset together."""

    sources: Annotated[
        tuple[PanelSource, ...],
        Field(
            min_length=1,
            max_length=8,
            description="At most eight publishers.",
            examples=[[{"source": "binance-usdm", "weight": 3, "heartbeat": "1 s"}]],
        ),
    ]


class CollateralTier(Strict):
    """From this value on, each further unit counts so much (R-C2)."""

    above: Annotated[
        Decimal,
        Bounds("settlement asset", "0 in the first tier, then rising", ("1",)),
        Field(description="Value at which the tier begins, settlement asset.", examples=["0"]),
    ]
    maintenance: Annotated[
        Rate,
        Bounds("rate", "0 % to 100 %, not rising", ("100.0001 %",)),
        Field(description="Weight for maintenance.", examples=["95 %"]),
    ]
    initial: Annotated[
        Rate,
        Bounds("rate", "0 % to maintenance, not rising", ("95.0001 %",)),
        Field(description="Weight for new risk; not above the other.", examples=["90 %"]),
    ]


class Collateral(Strict):
    """How an asset counts as collateral."""

    tiers: Annotated[
        tuple[CollateralTier, ...],
        Field(
            min_length=1,
            max_length=32,
            description="Weights by size, falling.",
            examples=[[{"above": "0", "maintenance": "95 %", "initial": "90 %"}]],
        ),
    ]
    sale_cost: Annotated[
        Rate, Field(description="Half spread and impact of a sale (R-C6).", examples=["0.3 %"])
    ]
    max_price: Annotated[
        SomeMoney, Field(description="A higher price halts the asset (R-A2).", examples=["1000000"])
    ]


class Asset(Strict):
    """An asset that is settled in, held as collateral, or only priced as a market's index."""

    panel: Annotated[
        str | None,
        Field(description="Panel that prices it; the settlement asset has none.", examples=["three-venues"]),
    ] = None
    unit: Annotated[
        Decimal | None,
        Bounds(
            "units of the asset",
            "1, or what divides it; of the settlement asset a power of ten",
            ("0", "0.003"),
        ),
        Field(description="Smallest unit; the settlement asset's is the quantum.", examples=["0.00000001"]),
    ] = None
    max_holding: Annotated[
        Decimal | None,
        Bounds("units of the asset", "above 0, within R-A2", ("0",)),
        Field(
            description="Most a pool holds of it, whole units; further deposits are refused.",
            examples=["100000"],
        ),
    ] = None
    collateral: Annotated[
        Collateral | None,
        Field(
            description="How it counts as collateral; absent if no pool takes it.",
            examples=[
                {
                    "tiers": [{"above": "0", "maintenance": "95 %", "initial": "90 %"}],
                    "sale_cost": "0.3 %",
                    "max_price": "1000000",
                }
            ],
        ),
    ] = None
