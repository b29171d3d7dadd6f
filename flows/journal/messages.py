"""Input messages as they are read fast: the fields of `schemas`, without their texts' forms."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas import message as form
from schemas.inputs.depth import LEVELS

Number = Annotated[int, msgspec.Meta(ge=0, le=form.LARGEST_NUMBER)]
TimeNs = Annotated[int, msgspec.Meta(ge=form.FIRST_NS, lt=form.LAST_NS)]
Side = Annotated[tuple[tuple[str, str], ...], msgspec.Meta(max_length=LEVELS)]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What all inputs share. Structs are read by the hundred thousand and never point at each other: no gc."""

    source: str
    number: Number
    time_ns: TimeNs
    sent_ns: TimeNs


class OraclePrice(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``oracle-prices``."""

    asset: str
    price: str
    confidence: str


class Trade(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``trades``."""

    market: str
    price: str
    quantity: str
    taker: Literal["buy", "sell"]


class Depth(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``depth``."""

    market: str
    bids: Side
    asks: Side


class Collateral(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``collateral``."""

    pool: str
    kind: Literal["deposit", "withdrawal", "transfer"]
    account: str
    asset: str
    amount: str
    owner: str | None = None
    to: str | None = None


class Fill(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``fills``."""

    market: str
    buyer: str
    seller: str
    taker: Literal["buyer", "seller"]
    quantity: str
    price: str
    liquidation: str | None = None


class OrderCheck(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``order-checks``."""

    account: str
    market: str
    side: Literal["buy", "sell"]
    quantity: str
    price: str
    reduce_only: bool


class Bid(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``liquidation-bids``."""

    offer: str
    market: str
    account: str
    quantity: str
    minimum_bonus_ppm: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    limit_price: str


class Command(Message, frozen=True, forbid_unknown_fields=True, gc=False):
    """Topic ``commands``: few, and each judged by its schema."""

    command: str
    venue: str
    pool: str
    nonce: Number
    expires_ns: TimeNs
    signatures: msgspec.Raw
    market: str | None = None
    journal_offset: Number | None = None
    parameters: msgspec.Raw = msgspec.Raw()
    cancels: str | None = None
