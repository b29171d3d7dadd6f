"""Markets: scales, bounds, margin tiers. What is the same for all markets of a pool stands in the pool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.config.text import Decimal, Rate
from schemas.message import AssetId, Strict


class MarginTier(Strict):
    """From this notional on, margin grows at these rates (R-D1, R-D2)."""

    above: Annotated[
        Decimal,
        Field(description="Notional at which the tier begins, whole units of money.", examples=["300000"]),
    ]
    rate: Annotated[Rate, Field(description="Maintenance rate.", examples=["0.5 %"])]
    initial: Annotated[Rate, Field(description="Initial rate: 1 / maximum leverage.", examples=["1 %"])]


class Market(Strict):
    """A perpetual market."""

    index: Annotated[AssetId, Field(description="Asset whose quotes make the index.", examples=["BTC"])]
    lot: Annotated[Decimal, Field(description="Smallest quantity; divides 1.", examples=["0.001"])]
    tick: Annotated[Decimal, Field(description="Smallest step of the price; divides 1.", examples=["0.1"])]
    max_price: Annotated[
        Decimal, Field(description="A higher index halts the market (R-A2).", examples=["1000000"])
    ]
    max_position: Annotated[
        Decimal, Field(description="Largest position of one account, whole units (R-A2).", examples=["20000"])
    ]
    max_open_interest: Annotated[
        Decimal, Field(description="Largest sum of all longs, whole units (R-A2).", examples=["200000"])
    ]
    tiers: Annotated[
        tuple[MarginTier, ...],
        Field(
            min_length=1,
            max_length=16,
            description="Margin rates by notional, rising.",
            examples=[[{"above": "0", "rate": "0.4 %", "initial": "0.8 %"}]],
        ),
    ]
    limit: Annotated[
        Decimal,
        Field(
            description="Upper end of the last tier: no order takes a position beyond (R-D6).",
            examples=["480000000"],
        ),
    ]
    leverage: Annotated[
        int, Field(ge=1, le=1_000, description="Largest leverage an account has here (R-D2).", examples=[50])
    ]
    index_clamp: Annotated[
        Rate | Literal["off"],
        Field(
            description="Index around its own mean, at most; off for the largest markets (R-O4).",
            examples=["off"],
        ),
    ]
    impact_notional: Annotated[
        Decimal, Field(description="Size whose average price makes the premium (R-N1).", examples=["62500"])
    ]
    sigma: Annotated[
        Rate, Field(description="Volatility a day before the first tick (R-R1).", examples=["3 %"])
    ]
    daily_volume: Annotated[
        Decimal,
        Field(description="Average daily volume, money: slippage without depth.", examples=["15000000000"]),
    ]
    fund_opening: Annotated[
        Decimal, Field(description="The market's compartment of the insurance fund (R-K2).", examples=["0"])
    ]
