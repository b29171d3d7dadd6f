"""Topic ``adl``: losses that reached others: deleveraging, socialized loss, insolvency."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import AccountId, MarketId, SignedDecimal
from schemas.outputs.event import EventView


class Deleveraging(EventView):
    """One account's part of a loss it did not make. Topic ``adl``; key: pool."""

    type: Annotated[
        Literal["adl", "adl-cash", "socialized-loss", "loss-charge", "insolvent"],
        Field(description="Type of the event.", examples=["adl"]),
    ]
    account: Annotated[
        AccountId | None,
        Field(description="Account that bears it; absent on an announcement.", examples=["bob"]),
    ] = None
    bankrupt: Annotated[
        AccountId | None, Field(description="Account whose loss it is.", examples=["alice"])
    ] = None
    market: Annotated[MarketId | None, Field(description="Market of the loss.", examples=["BTC-PERP"])] = None
    quantity: Annotated[
        SignedDecimal | None, Field(description="Change of the account's position.", examples=["-0.643"])
    ] = None
    amount: Annotated[
        SignedDecimal,
        Field(description="Quote of the closing, or the loss itself.", examples=["3215.793826"]),
    ]
    haircut: Annotated[
        SignedDecimal | None, Field(description="Gain given up by the account.", examples=["0.793826"])
    ] = None
    mark_price: Annotated[SignedDecimal | None, Field(description="Mark in force.", examples=["50000.0"])] = (
        None
    )
