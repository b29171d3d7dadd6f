"""The market stage's settings: how quotes become an index and a mark. What the rulebook fixes is not set here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.config.text import Bounds, Decimal, Duration, Rate, SomePart
from schemas.message import Strict


class MarketStage(Strict):
    """Settings of the market stage, the same for all pools; the clamp is each market's own."""

    quote_confidence: Annotated[
        SomePart,
        Field(description="A quote less sure than this is not used (R-O1, R-O2).", examples=["0.5 %"]),
    ]
    jump: Annotated[
        SomePart,
        Field(description="A lone move beyond it waits for a second source (R-O1).", examples=["50 %"]),
    ]
    clamp_half_life: Annotated[
        Duration,
        Field(description="Of the mean that a clamped index stays around (R-O4).", examples=["5 min"]),
    ]
    basis_half_life: Annotated[
        Duration, Field(description="Of book mid less index (R-O8).", examples=["150 s"])
    ]
    twap_window: Annotated[
        Duration, Field(description="Length of the index's TWAP (R-O9).", examples=["5 min"])
    ]
    twap_gap: Annotated[
        Duration,
        Bounds("time", "above 0, to twap_window", ("6 min",)),
        Field(description="A longer silence is left out of it (R-O9).", examples=["30 s"]),
    ]
    sigma_half_life: Annotated[
        Duration, Field(description="Of the volatility that is published (R-R1).", examples=["1 h"])
    ]
    asset_sigma: Annotated[
        Rate,
        Bounds("rate a day", "above 0 %, to 100 %", ("0 %", "100.0001 %")),
        Field(
            description="Volatility a day of a collateral asset before its first tick (R-R1).",
            examples=["4 %"],
        ),
    ]
    interest: Annotated[
        Rate,
        Bounds("rate in 8 h", "0 % or more"),
        Field(description="Interest part of funding, in eight hours (R-N2).", examples=["0.01 %"]),
    ]
    band_sigmas: Annotated[
        Decimal,
        Bounds("times the volatility", "above 0", ("0",)),
        Field(description="Price band over five-minute volatility (R-P2).", examples=["10"]),
    ]
    asset_move: Annotated[
        SomePart,
        Field(description="An asset's interval is published when an end moved by more.", examples=["0.01 %"]),
    ]
    asset_interval: Annotated[Duration, Field(description="And at the latest after.", examples=["60 s"])]
