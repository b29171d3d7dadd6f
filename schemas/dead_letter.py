"""A record that was refused: why, which field, where it came from, what it was. Topic ``dead-letters``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from schemas.message import Offset, Strict

RAW_BYTES_KEPT: Final = 4_096
"""Of a refused record; its whole length is told beside it."""

LARGEST_RECORD_BYTES: Final = 1 << 20
"""1 MiB: longer records are refused unread."""


class Reason(StrEnum):
    """Why a record was refused. Closed: dashboards count these."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    NOT_OBJECT = "not_object"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    BAD_VALUE = "bad_value"
    NOT_POSITIVE = "not_positive"
    TOO_PRECISE = "too_precise"
    OUT_OF_RANGE = "out_of_range"
    TIME_ORDER = "time_order"
    EARLY = "early"
    LATE = "late"
    DUPLICATE = "duplicate"
    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_ASSET = "unknown_asset"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_POOL = "unknown_pool"
    UNKNOWN_PRODUCER = "unknown_producer"
    MARKET_NOT_OPEN = "market_not_open"
    NUMBER_JUMP = "number_jump"
    POOL_BOUND = "pool_bound"
    UNBALANCED_FILL = "unbalanced_fill"
    ACCOUNT_MARKET = "account_market"
    WRONG_LANE = "wrong_lane"
    SHED = "shed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    NOT_ENOUGH_SIGNATURES = "not_enough_signatures"
    NONCE_USED = "nonce_used"
    EXPIRED = "expired"
    BAD_PARAMETERS = "bad_parameters"
    NOT_ARROW = "not_arrow"


MEANINGS: Final = {
    Reason.NOT_UTF8: "the bytes are not UTF-8",
    Reason.NOT_JSON: "the text is not JSON (NaN and Infinity are not)",
    Reason.TOO_LARGE: "longer than 1 MiB; not read",
    Reason.NOT_OBJECT: "JSON, but not an object",
    Reason.MISSING_FIELD: "a field that must be there is not",
    Reason.UNKNOWN_FIELD: "a field this topic does not have",
    Reason.WRONG_TYPE: "a field of another type, such as a number where text is required",
    Reason.BAD_VALUE: "a field whose text is not of its form, or contradicts another field",
    Reason.NOT_POSITIVE: "a price or quantity that is zero or negative",
    Reason.TOO_PRECISE: "more decimals than the scale has, or off the market's tick or lot",
    Reason.OUT_OF_RANGE: "a number or time beyond its bounds",
    Reason.TIME_ORDER: "sent before its predecessor, or outside the recording",
    Reason.EARLY: "more than 2 s ahead of the clock, or of its own sending",
    Reason.LATE: "too far behind the clock",
    Reason.DUPLICATE: "a source, number and topic seen before",
    Reason.UNKNOWN_MARKET: "no such market at this venue",
    Reason.UNKNOWN_ASSET: "no such asset in this pool",
    Reason.UNKNOWN_ACCOUNT: "a fill or withdrawal of an account nobody opened",
    Reason.UNKNOWN_POOL: "no such pool at this venue",
    Reason.UNKNOWN_PRODUCER: "a source that is not registered for this topic",
    Reason.MARKET_NOT_OPEN: "no market state yet",
    Reason.NUMBER_JUMP: "a number too far beyond the source's last",
    Reason.POOL_BOUND: "it would take the pool over the bounds it was registered with",
    Reason.UNBALANCED_FILL: "a fill without both of its sides",
    Reason.ACCOUNT_MARKET: "an isolated account in another market, or in another pool",
    Reason.WRONG_LANE: "a partition that is another pool's lane",
    Reason.SHED: "an order check that waited too long while prices, cures and fills went first; send it again",
    Reason.UNKNOWN_KEY: "a command signed with a key that the pool does not know, or twice with one",
    Reason.BAD_SIGNATURE: "a signature that is not its key's over this command",
    Reason.NOT_ENOUGH_SIGNATURES: "fewer keys than this command needs",
    Reason.NONCE_USED: "a nonce that one of the keys has used before, or one older than the pool remembers",
    Reason.EXPIRED: "a command whose time is over by the pool's clock",
    Reason.BAD_PARAMETERS: "parameters that the registry refuses, or that are not the next version",
    Reason.NOT_ARROW: "a bulk record that is no Arrow stream, or a compressed one",
}


class DeadLetter(Strict):
    """A record that intake refused, whole or cut, with its origin. Topic ``dead-letters``; key: input topic."""

    topic: Annotated[str, Field(description="Topic it came on.", examples=["fills"])]
    partition: Annotated[Offset, Field(description="Partition it came on.", examples=[3])]
    offset: Annotated[
        Offset, Field(description="Kafka offset, or line of the recording's file from 0.", examples=[991_204])
    ]
    reason: Annotated[
        Reason, Field(description="Why it was refused; a closed list.", examples=["too_precise"])
    ]
    field: Annotated[
        str, Field(description="Field at fault; empty if the whole record is.", examples=["price"])
    ]
    detail: Annotated[
        str,
        Field(
            description="What was found and what is allowed, for a person.",
            examples=["60000.05 is not a multiple of BTC-PERP's tick 0.1"],
        ),
    ]
    raw: Annotated[
        str,
        Field(
            description="The record in base64, cut after 4,096 bytes.",
            examples=["eyJtYXJrZXQiOiAiQlRDLVBFUlAi"],
        ),
    ]
    raw_bytes: Annotated[Offset, Field(description="Length of the whole record.", examples=[211])]
    row: Annotated[
        Offset,
        Field(description="Row of a bulk record, from 0; then raw is that message as JSON.", examples=[0]),
    ] = 0
    replayed_offset: Annotated[
        Offset | None,
        Field(
            description="Offset on its topic at which it was sent again; absent until it is.",
            examples=[1_002_377],
        ),
    ] = None
