"""Topic ``fills``: matches of the venue's engine."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.message import AccountId, Amount, EventId, MarketId, Message, check_account_market


class Fill(Message):
    """One match on the matching engine, both sides. Topic ``fills``; key: pool."""

    market: Annotated[MarketId, Field(description="Market matched.", examples=["BTC-PERP"])]
    buyer: Annotated[AccountId, Field(description="Account that bought.", examples=["alice"])]
    seller: Annotated[AccountId, Field(description="Account that sold.", examples=["bob"])]
    taker: Annotated[
        Literal["buyer", "seller"], Field(description="Side that took the other's order.", examples=["buyer"])
    ]
    quantity: Annotated[
        Amount, Field(description="Quantity, a multiple of the market's lot.", examples=["0.2"])
    ]
    price: Annotated[
        Amount, Field(description="Price, a multiple of the market's tick.", examples=["60000.0"])
    ]
    liquidation: Annotated[
        EventId | None,
        Field(
            description="Event of the liquidation or vault order it answers; absent for ordinary trading.",
            examples=["majors:88412:2"],
        ),
    ] = None

    @model_validator(mode="after")
    def _isolated_accounts_stay_in_their_market(self) -> Self:
        check_account_market(self.buyer, self.market, "buyer")
        check_account_market(self.seller, self.market, "seller")
        return self
