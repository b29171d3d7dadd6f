"""Topic ``order-decisions``: the answer to each order check."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import AccountId, Counter, MarketId, SignedDecimal, SourceId
from schemas.outputs.event import EventView


class OrderDecision(EventView):
    """Accepted, or refused with the first reason and the largest quantity that passes. Topic ``order-decisions``.

    The account's amounts are those before the order; an account that nobody opened has none.
    """

    check_source: Annotated[
        SourceId, Field(description="Source of the check answered.", examples=["gateway"])
    ]
    check_number: Annotated[Counter, Field(description="Number of the check answered.", examples=[41_207])]
    account: Annotated[AccountId, Field(description="Account that asked.", examples=["alice"])]
    market: Annotated[MarketId, Field(description="Market of the order.", examples=["BTC-PERP"])]
    side: Annotated[Literal["buy", "sell"], Field(description="Side asked.", examples=["buy"])]
    quantity: Annotated[SignedDecimal, Field(description="Quantity asked.", examples=["2.000"])]
    price: Annotated[SignedDecimal, Field(description="Worst price asked.", examples=["60050.0"])]
    reduce_only: Annotated[
        bool, Field(description="It may only make the position smaller.", examples=[False])
    ]
    decision: Annotated[
        str, Field(pattern=r"^[A-Z_]+$", description="ACCEPT, or why not.", examples=["INSUFFICIENT_MARGIN"])
    ]
    largest_quantity: Annotated[
        SignedDecimal, Field(description="Largest quantity that passes.", examples=["1.562"])
    ]
    mark_price: Annotated[SignedDecimal | None, Field(description="Mark in force.", examples=["60000.0"])] = (
        None
    )
    equity: Annotated[
        SignedDecimal, Field(description="Equity for maintenance (R-E1).", examples=["1875.000950"])
    ]
    maintenance_margin: Annotated[
        SignedDecimal, Field(description="Maintenance margin.", examples=["937.200000"])
    ]
    initial_margin: Annotated[SignedDecimal, Field(description="Initial margin.", examples=["1874.400000"])]
