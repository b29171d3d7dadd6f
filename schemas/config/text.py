"""How numbers are written in the venue's file: decimals, rates and durations as text, so that no float reads them."""

from __future__ import annotations

import re
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


Decimal = Annotated[str, AfterValidator(_decimal), Field(json_schema_extra={"pattern": DECIMAL_PATTERN})]
"""A plain decimal, not negative: a price, a quantity, an amount of money, a multiple."""

Rate = Annotated[str, AfterValidator(_rate), Field(json_schema_extra={"pattern": RATE_PATTERN})]
"""A part of something: in per cent, parts per million or parts per billion."""

Duration = Annotated[str, AfterValidator(_duration), Field(json_schema_extra={"pattern": DURATION_PATTERN})]
"""A whole number of a unit of time."""
