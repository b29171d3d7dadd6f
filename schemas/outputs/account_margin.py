"""Topic ``account-margin``: how an account stood when a decision about it was taken."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import AccountId, SignedDecimal
from schemas.outputs.event import EventView
from schemas.outputs.margin_calls import Level


class AccountMargin(EventView):
    """Equity and requirements of one account. Topic ``account-margin``; key: pool. Never sent for a tick alone."""

    account: Annotated[AccountId, Field(description="Account valued.", examples=["alice"])]
    level: Annotated[Level, Field(description="Level of the ladder.", examples=["soft"])]
    balance: Annotated[
        SignedDecimal, Field(description="Settlement balance, funding owed counted.", examples=["1000.0"])
    ]
    equity: Annotated[
        SignedDecimal, Field(description="Equity for maintenance (R-E1).", examples=["500.000000"])
    ]
    equity_without_haircut: Annotated[
        SignedDecimal, Field(description="Equity at low prices, no haircut (R-E1).", examples=["500.000000"])
    ]
    maintenance_margin: Annotated[
        SignedDecimal, Field(description="Maintenance margin.", examples=["575.000000"])
    ]
    initial_margin: Annotated[SignedDecimal, Field(description="Initial margin.", examples=["1150.000000"])]
