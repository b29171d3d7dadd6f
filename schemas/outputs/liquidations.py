"""Topic ``liquidations``: what is done to an account under its margin, and what execution must do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import AccountId, AssetId, Counter, EventId, MarketId, SignedDecimal, SourceId, TimeNs
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


Rate = Annotated[int, Field(ge=0, le=1_000_000)]


class Liquidation(EventView):
    """A step of a liquidation, with the figures it was decided on. Topic ``liquidations``; key: pool.

    A field is there where its type has it.
    """

    type: Annotated[LiquidationType, Field(description="Type of the event.", examples=["liquidation-order"])]
    account: Annotated[
        AccountId, Field(description="Account liquidated; the bidder's on its answer.", examples=["alice"])
    ]
    counter_account: Annotated[
        AccountId | None,
        Field(
            description="The other side; on the answer to a bid, the account liquidated.", examples=["bob"]
        ),
    ] = None
    market: Annotated[
        MarketId | None, Field(description="Market sold or bought in.", examples=["BTC-PERP"])
    ] = None
    asset: Annotated[AssetId | None, Field(description="Collateral asset sold.", examples=["BTC"])] = None
    detail: Annotated[
        str,
        Field(description="Stage, reason or answer, by type; empty if there is none.", examples=["partial"]),
    ] = ""
    side: Annotated[
        Literal["buy", "sell"] | None,
        Field(description="What the account does; a liquidator takes the other side.", examples=["sell"]),
    ] = None
    quantity: Annotated[
        SignedDecimal | None, Field(description="Quantity, whole units.", examples=["0.073"])
    ] = None
    restore_quantity: Annotated[
        SignedDecimal | None,
        Field(description="Orders, offers: the quantity that restores the account.", examples=["0.412"]),
    ] = None
    price: Annotated[
        SignedDecimal | None,
        Field(description="Worst price of an order or bid, price of a fill.", examples=["57500.0"]),
    ] = None
    amount: Annotated[
        SignedDecimal | None,
        Field(description="Money of the step, settlement asset.", examples=["4197.500000"]),
    ] = None
    fee: Annotated[
        SignedDecimal | None,
        Field(description="Penalty, bonus or share of equity that went with it.", examples=["41.975000"]),
    ] = None
    penalty_ppm: Annotated[
        Rate | None, Field(description="Orders: penalty that the order leaves room for.", examples=[5_000])
    ] = None
    bonus_ppm: Annotated[
        Rate | None, Field(description="Offers, answers to bids: bonus at that moment.", examples=[2_500])
    ] = None
    answers: Annotated[
        EventId | None, Field(description="Order or offer it answers.", examples=["majors:88410:0"])
    ] = None
    bid_source: Annotated[
        SourceId | None, Field(description="Answers to bids: source of the bid.", examples=["bidders"])
    ] = None
    bid_number: Annotated[
        Counter | None, Field(description="Answers to bids: number of the bid.", examples=[318])
    ] = None
    deadline_ns: Annotated[
        TimeNs | None, Field(description="When an order or offer ends.", examples=[1_743_985_860_000_000_000])
    ] = None
    tick: Annotated[
        SignedDecimal | None, Field(description="Orders, offers: the market's tick.", examples=["0.1"])
    ] = None
    lot: Annotated[
        SignedDecimal | None, Field(description="Orders, offers: the market's lot.", examples=["0.001"])
    ] = None
    mark_price: Annotated[SignedDecimal | None, Field(description="Mark in force.", examples=["57500.0"])] = (
        None
    )
    index_price: Annotated[
        SignedDecimal | None, Field(description="Index in force.", examples=["57490.5"])
    ] = None
    equity: Annotated[
        SignedDecimal | None, Field(description="Equity it was decided on.", examples=["500.000000"])
    ] = None
    maintenance_margin: Annotated[
        SignedDecimal | None,
        Field(description="Maintenance margin it was decided on.", examples=["575.000000"]),
    ] = None
    threshold: Annotated[
        SignedDecimal | None,
        Field(description="What the equity was compared with.", examples=["575.000000"]),
    ] = None
