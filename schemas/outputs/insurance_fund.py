"""Topic ``insurance-fund``: the fund's ledger."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import AccountId, MarketId, SignedDecimal
from schemas.outputs.event import EventView


class FundMovement(EventView):
    """One line of the ledger. Topic ``insurance-fund``; key: pool."""

    reason: Annotated[
        Literal["opening", "penalty", "draw", "floor-draw", "interest", "collateral", "fees"],
        Field(description="Why it moved.", examples=["draw"]),
    ]
    market: Annotated[
        MarketId | None, Field(description="Compartment; absent for the general part.", examples=["BTC-PERP"])
    ] = None
    account: Annotated[AccountId | None, Field(description="Account it moved for.", examples=["alice"])] = (
        None
    )
    amount: Annotated[
        SignedDecimal, Field(description="In, or out if negative.", examples=["-750000.000000"])
    ]
    balance: Annotated[
        SignedDecimal, Field(description="What that part holds after it.", examples=["250000.000000"])
    ]
