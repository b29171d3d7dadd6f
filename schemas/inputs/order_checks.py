"""Topic ``order-checks``: may this order rest or trade?"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.message import AccountId, Amount, MarketId, Message, check_account_market


class OrderCheck(Message):
    """A request, answered once on ``order-decisions``. Topic ``order-checks``; key: pool."""

    account: Annotated[AccountId, Field(description="Account that would trade.", examples=["alice"])]
    market: Annotated[MarketId, Field(description="Market of the order.", examples=["BTC-PERP"])]
    side: Annotated[Literal["buy", "sell"], Field(description="Side of the order.", examples=["buy"])]
    quantity: Annotated[
        Amount, Field(description="Quantity, a multiple of the market's lot.", examples=["0.5"])
    ]
    price: Annotated[
        Amount,
        Field(description="Worst price it may trade at, a multiple of the tick.", examples=["60050.0"]),
    ]
    reduce_only: Annotated[
        bool, Field(description="It may only make the position smaller.", examples=[False])
    ]

    @model_validator(mode="after")
    def _isolated_accounts_stay_in_their_market(self) -> Self:
        check_account_market(self.account, self.market, "account")
        return self
