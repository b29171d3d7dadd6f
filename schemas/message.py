"""What all messages share: strictness, the four fields every producer sends, and text that stands for numbers.

Amounts stay text until intake scales them to integers; there is no float to go wrong in between. The types below say
what is wrong by the names of `schemas.dead_letter.Reason`, so that a refusal needs no second look at the text.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

LARGEST_NUMBER: Final = 2**53 - 1
"""What every JSON reader holds exactly."""

FIRST_NS: Final = 1_420_070_400_000_000_000
"""2015-01-01 UTC: earlier times are a slip of the unit (seconds, milliseconds)."""

LAST_NS: Final = 4_102_444_800_000_000_000
"""2100-01-01 UTC."""

SKEW_NS: Final = 2_000_000_000
"""How far a record's time may lie ahead of its sending: clocks of two machines differ (R-A6)."""

NAME_PATTERN: Final = r"^[a-z0-9][a-z0-9_.-]{0,31}$"
ASSET_PATTERN: Final = r"^[A-Z0-9]{1,12}$"
MARKET_PATTERN: Final = r"^[A-Z0-9]{1,12}-PERP$"
POOL_PATTERN: Final = r"^[a-z0-9-]{1,24}$"
OWNER_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,39}$"
ACCOUNT_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,39}(:[A-Z0-9]{1,12}-PERP)?$"
EVENT_PATTERN: Final = r"^[a-z0-9-]{1,24}:[0-9]{1,16}:[0-9]{1,9}$"
AMOUNT_PATTERN: Final = r"^(?!0+(\.0+)?$)[0-9]{1,12}(\.[0-9]{1,9})?$"
SIGNED_PATTERN: Final = r"^-?[0-9]{1,19}(\.[0-9]{1,12})?$"
DIGEST_PATTERN: Final = r"^[0-9a-f]{64}$"

_DECIMAL: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


def wrong(reason: str, detail: str, field: str = "") -> PydanticCustomError:
    """An error that carries its dead-letter reason, and its field where the whole message is judged."""
    # Braces would be read as places of a template.
    return PydanticCustomError(reason, "{detail}", {"detail": detail, "field": field})


def _amount(text: str) -> str:
    """Refuse what is no positive decimal of at most 12 digits before and 9 behind the point."""
    parts = _DECIMAL.fullmatch(text)
    if parts is None:
        raise wrong("bad_value", f"{quoted(text)} is not a plain decimal such as 60000.5")
    sign, whole, decimals = parts[1], parts[2], parts[3] or ""
    if sign or not (whole + decimals).strip("0"):
        raise wrong("not_positive", f"{quoted(text)} is not above 0")
    if len(decimals) > 9:
        raise wrong("too_precise", f"{quoted(text)} has {len(decimals)} decimals, 9 are allowed")
    if len(whole) > 12:
        raise wrong(
            "out_of_range", f"{quoted(text)} has {len(whole)} digits before the point, 12 are allowed"
        )
    return text


def quoted(text: str) -> str:
    """The text for a person to read: cut, and without anything a terminal would obey."""
    plain = text[:41].encode("ascii", "backslashreplace").decode()
    plain = "".join(each if each.isprintable() else "?" for each in plain)
    return f"'{plain if len(plain) <= 40 else plain[:37] + '...'}'"


# The pattern stands in the exported schema only: the validator names the reason, a pattern error would not.
Amount = Annotated[str, AfterValidator(_amount), Field(json_schema_extra={"pattern": AMOUNT_PATTERN})]
"""A positive decimal as text: no float, sign, exponent or NaN can be written in it."""

SignedDecimal = Annotated[str, Field(pattern=SIGNED_PATTERN)]
"""A decimal as text that may be negative or zero: outputs only."""

SourceId = Annotated[str, Field(pattern=NAME_PATTERN)]
AssetId = Annotated[str, Field(pattern=ASSET_PATTERN)]
MarketId = Annotated[str, Field(pattern=MARKET_PATTERN)]
PoolId = Annotated[str, Field(pattern=POOL_PATTERN)]
OwnerId = Annotated[str, Field(pattern=OWNER_PATTERN)]
AccountId = Annotated[str, Field(pattern=ACCOUNT_PATTERN)]
"""An account; ``owner:MARKET`` is the isolated account of that owner, which may hold that market only."""
EventId = Annotated[str, Field(pattern=EVENT_PATTERN)]
"""``pool:journal offset:index``."""
Digest = Annotated[str, Field(pattern=DIGEST_PATTERN)]
TimeNs = Annotated[int, Field(ge=FIRST_NS, lt=LAST_NS)]
Counter = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
Offset = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]


class Strict(BaseModel):
    """Nothing is converted, nothing unknown is let through, nothing changes once it is read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Message(Strict):
    """An input: who says it, in which order, when it happened and when it was sent."""

    source: Annotated[
        SourceId, Field(description="Producer, as the venue's file registers it.", examples=["engine"])
    ]
    number: Annotated[
        Counter, Field(description="Rises with each message of this source on this topic.", examples=[41_207])
    ]
    time_ns: Annotated[
        TimeNs,
        Field(description="When it happened, ns since 1970 UTC.", examples=[1_743_985_800_000_000_000]),
    ]
    sent_ns: Annotated[
        TimeNs,
        Field(
            description="When its producer sent it, ns since 1970 UTC; at most 2 s before time_ns.",
            examples=[1_743_985_800_120_000_000],
        ),
    ]

    @model_validator(mode="after")
    def _not_sent_before_it_happened(self) -> Self:
        if self.time_ns > self.sent_ns + SKEW_NS:
            ahead_ms = (self.time_ns - self.sent_ns) // 1_000_000
            raise wrong("early", f"it happened {ahead_ms} ms after it was sent, 2000 are allowed", "time_ns")
        return self


def isolated_market(account: str) -> str:
    """Market of an isolated account, empty for a cross account."""
    return account.partition(":")[2]


def check_account_market(account: str, market: str, field: str) -> None:
    """Refuse an isolated account in any market but its own."""
    own = isolated_market(account)
    if own and own != market:
        raise wrong("account_market", f"{account} is isolated and holds {own} only, not {market}", field)
