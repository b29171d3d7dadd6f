"""Markets: scales, bounds, margin tiers. What is the same for all markets of a pool stands in the pool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.config.text import Bounds, Decimal, Money, Rate, SomeMoney
from schemas.message import AssetId, Strict


class MarginTier(Strict):
    """From this notional on, margin grows at these rates (R-D1, R-D2)."""

    above: Annotated[
        Decimal,
        Bounds("settlement asset", "0 in the first tier, then rising", ("1",)),
        Field(description="Notional at which the tier begins, whole units of money.", examples=["300000"]),
    ]
    rate: Annotated[
        Rate,
        Bounds("rate", "above 0 %, to 100 %; not falling; times the call level below 100 %", ("0 %",)),
        Field(description="Maintenance rate.", examples=["0.5 %"]),
    ]
    initial: Annotated[
        Rate,
        Bounds("rate", "rate and two taker fees or more, to 100 %; not falling", ("0.5899 %",)),
        Field(description="Initial rate: 1 / maximum leverage.", examples=["1 %"]),
    ]


class Market(Strict):
    """A perpetual market."""

    index: Annotated[AssetId, Field(description="Asset whose quotes make the index.", examples=["BTC"])]
    lot: Annotated[
        Decimal,
        Bounds("units of the asset", "1, or what divides it", ("0", "0.003")),
        Field(description="Smallest quantity; divides 1.", examples=["0.001"]),
    ]
    tick: Annotated[
        Decimal,
        Bounds("settlement asset", "1, or what divides it", ("0", "0.3")),
        Field(description="Smallest step of the price; divides 1.", examples=["0.1"]),
    ]
    max_price: Annotated[
        Decimal,
        Bounds("settlement asset", "above 0, within R-A2", ("0", "1000000.05")),
        Field(description="A higher index halts the market (R-A2).", examples=["1000000"]),
    ]
    max_position: Annotated[
        Decimal,
        Bounds("units of the asset", "above 0, to max_open_interest; within R-A2", ("0", "500001")),
        Field(description="Largest position of one account, whole units (R-A2).", examples=["20000"]),
    ]
    max_open_interest: Annotated[
        Decimal,
        Bounds("units of the asset", "above 0, within R-A2", ("0",)),
        Field(description="Largest sum of all longs, whole units (R-A2).", examples=["200000"]),
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
        Bounds("settlement asset", "above the last tier's", ("3000000",)),
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
        Bounds("rate", "off; or above 0 %, below 100 %", ("0 %", "100 %")),
        Field(
            description="Index around its own mean, at most; off for the largest markets (R-O4).",
            examples=["off"],
        ),
    ]
    impact_notional: Annotated[
        SomeMoney, Field(description="Size whose average price makes the premium (R-N1).", examples=["62500"])
    ]
    sigma: Annotated[
        Rate,
        Bounds("rate a day", "above 0 %", ("0 %",)),
        Field(description="Volatility a day before the first tick (R-R1).", examples=["3 %"]),
    ]
    daily_volume: Annotated[
        SomeMoney,
        Field(description="Average daily volume, money: slippage without depth.", examples=["15000000000"]),
    ]
    fund_opening: Annotated[
        Money, Field(description="The market's compartment of the insurance fund (R-K2).", examples=["0"])
    ]
