"""Topic ``market-state``: what the market stage says of a market. Out of ``market``, into ``intake``.

A venue with a price service of its own publishes this topic and leaves the market flow out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import Counter, MarketId, Message, SourceId, Strict

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Ticks = Annotated[int, Field(ge=0, lt=2**63)]
Lots = Annotated[int, Field(ge=0, lt=2**63)]
Breaker = Literal["limit", "pause", "degraded", "halted", "oi-jump", "venue-wide", "divergence"]
"""By the bit that stands for it in the journal."""
DepthLots = Annotated[tuple[Lots, ...], Field(min_length=6, max_length=6)]


class QuoteUsed(Strict):
    """One quote that made the index."""

    source: Annotated[SourceId, Field(description="Publisher.", examples=["binance-usdm"])]
    number: Annotated[Counter, Field(description="The publisher's number of that quote.", examples=[9_112])]


class MarketState(Message):
    """Prices in ticks, the book, volatility, breakers, and the quotes that made them. Topic ``market-state``."""

    market: Annotated[MarketId, Field(description="Market described.", examples=["BTC-PERP"])]
    status: Annotated[
        Literal["ok", "degraded", "halted"], Field(description="Status of the index (R-O5).", examples=["ok"])
    ]
    breakers: Annotated[
        tuple[Breaker, ...],
        Field(max_length=7, description="Breakers that are on (R-P1, R-P4).", examples=[["limit"]]),
    ]
    flags: Annotated[
        tuple[Literal["status", "breaker", "funding", "funding-skipped", "moved"], ...],
        Field(max_length=5, description="What no conflation may drop (R-A6).", examples=[["moved"]]),
    ]
    mark_ticks: Annotated[Ticks, Field(description="Mark (R-O8).", examples=[600_001])]
    index_ticks: Annotated[Ticks, Field(description="Index, half to even.", examples=[600_000])]
    index_low_ticks: Annotated[
        Ticks, Field(description="Low end of the index, rounded down.", examples=[599_950])
    ]
    index_high_ticks: Annotated[
        Ticks, Field(description="High end of the index, rounded up.", examples=[600_050])
    ]
    mark_low_ticks: Annotated[
        Ticks, Field(description="Lowest mark a conflation swallowed.", examples=[600_001])
    ]
    mark_high_ticks: Annotated[
        Ticks, Field(description="Highest mark a conflation swallowed.", examples=[600_001])
    ]
    bid_ticks: Annotated[Ticks, Field(description="Best bid of a usable book, else 0.", examples=[600_000])]
    ask_ticks: Annotated[Ticks, Field(description="Best ask of a usable book, else 0.", examples=[600_005])]
    last_ticks: Annotated[Ticks, Field(description="Last trade, 0 before the first.", examples=[600_003])]
    volume_60s_lots: Annotated[Lots, Field(description="Volume of the last 60 s.", examples=[41_000])]
    bid_depth_lots: Annotated[
        DepthLots,
        Field(
            description="Lots bid within .1, .25, .5, 1, 2 and 5 % of the mid, cumulative.",
            examples=[[10, 25, 60, 140, 300, 700]],
        ),
    ]
    ask_depth_lots: Annotated[
        DepthLots,
        Field(
            description="Lots asked within .1, .25, .5, 1, 2 and 5 % of the mid, cumulative.",
            examples=[[12, 22, 55, 120, 280, 640]],
        ),
    ]
    sigma_ppm: Annotated[Lots, Field(description="Volatility, ppm a day (R-R1).", examples=[41_000])]
    funding_rate_ppb: Annotated[
        Int64,
        Field(description="Rate of the interval that ends now, with the flag funding.", examples=[12_345]),
    ]
    twap_ticks: Annotated[
        Ticks, Field(description="5-minute TWAP of the index, 0 if invalid.", examples=[600_010])
    ]
    band_low_ticks: Annotated[
        Ticks,
        Field(description="Lower edge of the price band (R-P2), 0 while there is none.", examples=[582_000]),
    ]
    band_high_ticks: Annotated[
        Ticks,
        Field(description="Upper edge of the price band (R-P2), 0 while there is none.", examples=[618_000]),
    ]
    opened_ns: Annotated[
        Ticks, Field(description="Last re-opening after a pause (R-P3), 0 for none.", examples=[0])
    ]
    quotes: Annotated[
        tuple[QuoteUsed, ...],
        Field(
            max_length=8,
            description="The quotes that made the index.",
            examples=[[{"source": "binance-usdm", "number": 9_112}]],
        ),
    ]
