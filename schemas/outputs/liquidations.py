"""Topic ``liquidations``: what is done to an account under its margin, and what execution must do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import AccountId, AssetId, EventId, MarketId, SignedDecimal, TimeNs
from schemas.outputs.event import EventView

LiquidationType = Literal[
    "window-over",
    "orders-cancelled",
    "collateral-sold",
    "liquidation-order",
    "liquidation-fill",
    "liquidation-lapsed",
    "liquidation-stuck",
    "penalty",
    "offer-opened",
    "offer-withdrawn",
    "bid-decision",
    "offer-fill",
    "takeover",
    "vault-order",
    "bankrupt",
]


class Liquidation(EventView):
    """A step of a liquidation, with the figures it was decided on. Topic ``liquidations``; key: pool."""

    type: Annotated[LiquidationType, Field(description="Type of the event.", examples=["liquidation-order"])]
    account: Annotated[
        AccountId, Field(description="Account liquidated; the bidder's on its answer.", examples=["alice"])
    ]
    market: Annotated[
        MarketId | None, Field(description="Market sold or bought in.", examples=["BTC-PERP"])
    ] = None
    asset: Annotated[AssetId | None, Field(description="Collateral asset sold.", examples=["BTC"])] = None
    detail: Annotated[
        str,
        Field(description="Stage, reason or answer, by type; empty if there is none.", examples=["partial"]),
    ] = ""
    side: Annotated[
        Literal["buy", "sell"] | None, Field(description="What execution does.", examples=["sell"])
    ] = None
    quantity: Annotated[
        SignedDecimal | None, Field(description="Quantity, whole units.", examples=["0.073"])
    ] = None
    price: Annotated[
        SignedDecimal | None,
        Field(description="Worst price of an order, price of a fill.", examples=["57500.0"]),
    ] = None
    amount: Annotated[
        SignedDecimal | None,
        Field(description="Money of the step, settlement asset.", examples=["4197.500000"]),
    ] = None
    fee: Annotated[
        SignedDecimal | None, Field(description="Penalty or bonus taken with it.", examples=["41.975000"])
    ] = None
    answers: Annotated[
        EventId | None, Field(description="Order or offer it answers.", examples=["majors:88410:0"])
    ] = None
    deadline_ns: Annotated[
        TimeNs | None, Field(description="When an order or offer ends.", examples=[1_743_985_860_000_000_000])
    ] = None
    mark_price: Annotated[SignedDecimal | None, Field(description="Mark in force.", examples=["57500.0"])] = (
        None
    )
    index_price: Annotated[
        SignedDecimal | None, Field(description="Index in force.", examples=["57490.5"])
    ] = None
    equity: Annotated[SignedDecimal, Field(description="Equity it was decided on.", examples=["500.000000"])]
    maintenance_margin: Annotated[
        SignedDecimal, Field(description="Maintenance margin it was decided on.", examples=["575.000000"])
    ]
    threshold: Annotated[
        SignedDecimal, Field(description="What the equity was compared with.", examples=["575.000000"])
    ]
