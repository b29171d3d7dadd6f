"""Topic ``funding-payments``: one message a market and funding instant; a position owes lots x the amount per lot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import MarketId, SignedDecimal
from schemas.outputs.event import EventView


class FundingPayment(EventView):
    """Funding of one instant, or that it was skipped. Topic ``funding-payments``; key: pool."""

    market: Annotated[MarketId, Field(description="Market funded.", examples=["BTC-PERP"])]
    skipped: Annotated[
        bool, Field(description="The index was halted: nothing is paid or made up.", examples=[False])
    ]
    per_lot: Annotated[
        SignedDecimal, Field(description="What each long lot pays each short lot.", examples=["0.000740"])
    ]
    rate_ppb: Annotated[int, Field(description="Rate of the interval, ppb.", examples=[12_345])]
    index_price: Annotated[SignedDecimal, Field(description="Index it was paid on.", examples=["60000.1"])]
