"""Topic ``trades``: the tape of the venue's own market."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import Amount, MarketId, Message


class Trade(Message):
    """One trade as the tape shows it: no accounts. Topic ``trades``; key: market."""

    market: Annotated[MarketId, Field(description="Market traded.", examples=["BTC-PERP"])]
    price: Annotated[
        Amount, Field(description="Price, a multiple of the market's tick.", examples=["60000.1"])
    ]
    quantity: Annotated[
        Amount, Field(description="Quantity, a multiple of the market's lot.", examples=["0.25"])
    ]
    taker: Annotated[
        Literal["buy", "sell"], Field(description="Side that took the other's order.", examples=["buy"])
    ]
