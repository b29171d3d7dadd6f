"""Topic ``collateral``: deposits, and requests to withdraw or transfer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.message import AccountId, Amount, AssetId, Message, OwnerId, PoolId, isolated_market, wrong


class CollateralMovement(Message):
    """A deposit is a fact; a withdrawal or transfer is a request, answered once. Topic ``collateral``; key: pool.

    The first deposit opens the account. A transfer runs between a cross account and its own isolated one, in the
    settlement asset; the first one opens the isolated account.
    """

    pool: Annotated[PoolId, Field(description="Pool that holds the account.", examples=["majors"])]
    kind: Annotated[
        Literal["deposit", "withdrawal", "transfer"],
        Field(description="What is moved where.", examples=["deposit"]),
    ]
    account: Annotated[
        AccountId,
        Field(description="Account credited by a deposit, debited by the others.", examples=["alice"]),
    ]
    asset: Annotated[AssetId, Field(description="Asset moved.", examples=["USDT"])]
    amount: Annotated[Amount, Field(description="Amount in whole units of the asset.", examples=["1000.50"])]
    owner: Annotated[
        OwnerId | None,
        Field(
            description="Deposits only: who owns the account, if not the account itself.", examples=["alice"]
        ),
    ] = None
    to: Annotated[
        AccountId | None, Field(description="Transfers only: account credited.", examples=["alice:BTC-PERP"])
    ] = None

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        if self.owner is not None and self.kind != "deposit":
            raise wrong("bad_value", f"only a deposit names an owner, this is a {self.kind}", "owner")
        if self.to is not None and self.kind != "transfer":
            raise wrong("bad_value", f"only a transfer names where it goes, this is a {self.kind}", "to")
        if self.kind == "transfer":
            if self.to is None:
                raise wrong("missing_field", "a transfer must say which account it goes to", "to")
            self._check_transfer(self.to)
        return self

    def _check_transfer(self, to: str) -> None:
        ends = (self.account.partition(":")[0], to.partition(":")[0])
        isolated = (isolated_market(self.account) != "", isolated_market(to) != "")
        if ends[0] != ends[1] or isolated[0] == isolated[1]:
            allowed = "a transfer runs between a cross account and its own isolated account"
            raise wrong("bad_value", f"from {self.account} to {to}: {allowed}", "to")
