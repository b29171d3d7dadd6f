"""Topic ``collateral-decisions``: the answer to each withdrawal and transfer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import AccountId, AssetId, Counter, SignedDecimal, SourceId
from schemas.outputs.event import EventView


class CollateralDecision(EventView):
    """Done, or refused with the largest amount that passes. Topic ``collateral-decisions``; key: pool."""

    request_source: Annotated[SourceId, Field(description="Source of the request.", examples=["wallet"])]
    request_number: Annotated[Counter, Field(description="Number of the request.", examples=[912])]
    account: Annotated[AccountId, Field(description="Account that pays.", examples=["alice"])]
    to: Annotated[
        AccountId | None, Field(description="Account a transfer goes to.", examples=["alice:BTC-PERP"])
    ] = None
    asset: Annotated[AssetId, Field(description="Asset asked.", examples=["USDT"])]
    amount: Annotated[SignedDecimal, Field(description="Amount asked.", examples=["4000.000000"])]
    decision: Annotated[
        str, Field(pattern=r"^[A-Z_]+$", description="ACCEPT, or why not.", examples=["INSUFFICIENT_MARGIN"])
    ]
    largest_amount: Annotated[
        SignedDecimal, Field(description="Largest amount that passes.", examples=["3000.000000"])
    ]
