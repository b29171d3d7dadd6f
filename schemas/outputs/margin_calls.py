"""Topic ``margin-calls``: calls, what would cure them, and moves along the ladder."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.message import AccountId, SignedDecimal, TimeNs
from schemas.outputs.event import EventView

Level = Literal["ok", "call", "soft", "partial", "backstop", "bankrupt"]


class MarginCall(EventView):
    """A call opened or cleared, or a change of level. Topic ``margin-calls``; key: pool."""

    type: Annotated[
        Literal["margin-call", "call-cleared", "level"],
        Field(description="Type of the event.", examples=["margin-call"]),
    ]
    account: Annotated[AccountId, Field(description="Account called.", examples=["alice"])]
    former_level: Annotated[Level | None, Field(description="Level it left.", examples=["ok"])] = None
    level: Annotated[Level | None, Field(description="Level it reached.", examples=["call"])] = None
    cure: Annotated[
        SignedDecimal | None,
        Field(description="Deposit in the settlement asset that clears the call.", examples=["25476.012500"]),
    ] = None
    deadline_ns: Annotated[
        TimeNs | None,
        Field(description="End of the window, inclusive.", examples=[1_743_986_100_000_000_000]),
    ] = None
    equity: Annotated[
        SignedDecimal, Field(description="Equity it was decided on.", examples=["40000.000000"])
    ]
    maintenance_margin: Annotated[
        SignedDecimal, Field(description="Maintenance margin it was decided on.", examples=["48500.750000"])
    ]
    threshold: Annotated[
        SignedDecimal, Field(description="What the equity was compared with.", examples=["60625.937500"])
    ]
