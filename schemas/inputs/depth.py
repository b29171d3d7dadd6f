"""Topic ``depth``: a snapshot of a market's order book."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from schemas.message import Amount, MarketId, Message, wrong

LEVELS: Final = 50
"""Price levels a side, at most."""

PriceLevel = tuple[Amount, Amount]
Side = Annotated[tuple[PriceLevel, ...], Field(max_length=LEVELS)]


class Depth(Message):
    """All price levels of both sides at one instant, best first. Topic ``depth``; key: market.

    An empty side is a fact (the book has vanished), and so is a crossed book: the market stage judges both.
    """

    market: Annotated[MarketId, Field(description="Market of the book.", examples=["BTC-PERP"])]
    bids: Annotated[
        Side,
        Field(
            description="[price, quantity] of each level, highest price first.",
            examples=[[["60000.0", "1.5"], ["59999.5", "4"]]],
        ),
    ]
    asks: Annotated[
        Side,
        Field(
            description="[price, quantity] of each level, lowest price first.",
            examples=[[["60000.5", "0.8"], ["60001.0", "2.2"]]],
        ),
    ]

    @model_validator(mode="after")
    def _best_first(self) -> Self:
        for name, levels, best_first in (("bids", self.bids, -1), ("asks", self.asks, 1)):
            for (before, _), (after, _) in pairwise(levels):
                if (Decimal(after) - Decimal(before)) * best_first <= 0:
                    direction = "fall" if best_first < 0 else "rise"
                    raise wrong(
                        "bad_value", f"{after} follows {before}: {name} must {direction}, best first", name
                    )
        return self
