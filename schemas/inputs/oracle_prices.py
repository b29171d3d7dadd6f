"""Topic ``oracle-prices``: one publisher's price of one asset."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import Amount, AssetId, Message


class OraclePrice(Message):
    """A price with its confidence, in the venue's settlement asset. Topic ``oracle-prices``; key: asset."""

    asset: Annotated[AssetId, Field(description="Asset priced.", examples=["BTC"])]
    price: Annotated[Amount, Field(description="Price of one whole unit.", examples=["60000.1"])]
    confidence: Annotated[
        Amount,
        Field(description="The source's own half-width around it; at least 0.000000001.", examples=["12.5"]),
    ]
