"""How numbers are written in the venue's file: decimals, rates and durations as text, so that no float reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from schemas.message import quoted, wrong

DECIMAL_PATTERN: Final = r"^[0-9]{1,15}(\.[0-9]{1,9})?$"
RATE_PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,7})? (%|ppm|ppb)$"
DURATION_PATTERN: Final = r"^[0-9]{1,9} (ms|s|min|h|d)$"


def _decimal(text: str) -> str:
    if re.fullmatch(DECIMAL_PATTERN[1:-1], text) is None:
        raise wrong("bad_value", f'{quoted(text)} is not a decimal such as "0.001" or "250000"')
    return text


def _rate(text: str) -> str:
    if re.fullmatch(RATE_PATTERN[1:-1], text) is None:
        raise wrong("bad_value", f'{quoted(text)} is not a rate such as "0.5 %", "450 ppm" or "11416 ppb"')
    return text


def _duration(text: str) -> str:
    if re.fullmatch(DURATION_PATTERN[1:-1], text) is None:
        raise wrong("bad_value", f'{quoted(text)} is not a duration such as "300 s", "5 min" or "1 h"')
    return text


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a setting is in, and what the registry takes of it: for the reference page. The registry's are the checks.

    ``refused`` lies just beyond: a test tries it on the small venue.
    """

    unit: str
    allowed: str
    refused: tuple[str, ...] = ()


Decimal = Annotated[str, AfterValidator(_decimal), Field(json_schema_extra={"pattern": DECIMAL_PATTERN})]
"""A plain decimal, not negative: a price, a quantity, an amount of money, a multiple."""

Rate = Annotated[
    str,
    AfterValidator(_rate),
    Bounds("rate", "0 % or more"),
    Field(json_schema_extra={"pattern": RATE_PATTERN}),
]
"""A part of something: in per cent, parts per million or parts per billion."""

Duration = Annotated[
    str,
    AfterValidator(_duration),
    Bounds("time", "above 0, to 100 years", ("0 s", "36526 d")),
    Field(json_schema_extra={"pattern": DURATION_PATTERN}),
]
"""A whole number of a unit of time."""

Money = Annotated[Decimal, Bounds("settlement asset", "0 or more")]
SomeMoney = Annotated[Decimal, Bounds("settlement asset", "above 0", ("0",))]
Part = Annotated[Rate, Bounds("rate", "0 % to 100 %", ("100.0001 %",))]
SomePart = Annotated[Rate, Bounds("rate", "above 0 %, to 100 %", ("0 %", "100.0001 %"))]
Seconds = Annotated[Duration, Bounds("time", "whole seconds, above 0", ("0 s", "1500 ms"))]
