"""Topic ``liquidation-bids``: independent liquidators answer offers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import AccountId, Amount, EventId, MarketId, Message


class LiquidationBid(Message):
    """A bid for part or all of an open offer; the first valid one wins (R-I3). Topic ``liquidation-bids``."""

    offer: Annotated[EventId, Field(description="Event that opened the offer.", examples=["majors:88412:3"])]
    market: Annotated[MarketId, Field(description="Market that the offer is in.", examples=["BTC-PERP"])]
    account: Annotated[AccountId, Field(description="Bidder's account.", examples=["liq-1"])]
    quantity: Annotated[Amount, Field(description="Quantity taken, a multiple of the lot.", examples=["1.5"])]
    minimum_bonus_ppm: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="Least bonus the bidder takes it for, ppm.", examples=[4_000]),
    ]
    limit_price: Annotated[
        Amount, Field(description="Worst mark at which the bidder still wants it.", examples=["59000.0"])
    ]
