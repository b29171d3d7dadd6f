"""Why a raw message is refused: the first reason in a fixed order, the field, and what was found, for a person.

The fast path of intake only says that a line is bad. This says why; it never raises, whatever the bytes.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.catalogue import BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.message import quoted

_ORDER: Final = (
    Reason.NOT_JSON,
    Reason.MISSING_FIELD,
    Reason.UNKNOWN_FIELD,
    Reason.WRONG_TYPE,
    Reason.BAD_VALUE,
    Reason.NOT_POSITIVE,
    Reason.TOO_PRECISE,
    Reason.OUT_OF_RANGE,
    Reason.EARLY,
    Reason.ACCOUNT_MARKET,
)
"""Which fault of several is told: the coarser one first; of two alike, that of the earlier field."""

_BOUNDS: Final = ("greater_than", "less_than", "too_long", "too_short")
_OWN: Final = {reason.value for reason in _ORDER}


class Refusal(NamedTuple):
    """Why a message is refused."""

    reason: Reason
    field: str
    detail: str


def explain(topic: str, raw: bytes) -> Refusal | None:
    """What is wrong with one message of an input topic; None if its schema has nothing against it.

    What a message alone cannot show (duplicates, unknown markets, ticks and lots, late or early against the clock)
    is for intake to say.
    """
    if len(raw) > LARGEST_RECORD_BYTES:
        return Refusal(Reason.TOO_LARGE, "", f"{len(raw)} bytes, {LARGEST_RECORD_BYTES} are allowed")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Refusal(Reason.NOT_UTF8, "", f"byte {error.start} is not UTF-8")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=_bounded_int)
    except (ValueError, RecursionError) as error:
        return Refusal(Reason.NOT_JSON, "", _json_fault(error))
    if not isinstance(value, dict):
        return Refusal(Reason.NOT_OBJECT, "", f"the message is {_kind(value)}, not an object")
    # Written anew, since the value's integers are bounded and the text's may not be.
    return _against_schema(topic, json.dumps(value))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _bounded_int(digits: str) -> int:
    """An integer of JSON; one of thousands of digits is not worth reading: it is out of every range alike."""
    return int(digits) if len(digits) < 32 else 10**32


def _json_fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} at character {error.pos}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _against_schema(topic: str, text: str) -> Refusal | None:
    try:
        BY_NAME[topic].model.model_validate_json(text)
    except ValidationError as error:
        faults = [_refusal(fault) for fault in error.errors(include_url=False)]
        return min(faults, key=lambda fault: _ORDER.index(fault.reason))
    return None


def _refusal(fault: ErrorDetails) -> Refusal:
    kind, place = fault["type"], fault["loc"]
    context = fault.get("ctx", {})
    field = _field(place) or str(context.get("field", ""))
    # Only the message itself has named fields; inside a price level a missing part is a malformed level.
    if kind == "missing":
        named = isinstance(place[-1], str)
        return Refusal(Reason.MISSING_FIELD if named else Reason.BAD_VALUE, field, f"{field} is missing")
    if kind == "extra_forbidden":
        return Refusal(Reason.UNKNOWN_FIELD, field, f"this topic has no field {field}")
    if kind in _OWN:
        return Refusal(Reason(kind), field, fault["msg"])
    # Every choice on the wire is between texts.
    if (
        kind.endswith("_type")
        or kind == "int_from_float"
        or (kind == "literal_error" and not isinstance(fault["input"], str))
    ):
        return Refusal(Reason.WRONG_TYPE, field, f"{_kind(fault['input'])} where {_wanted(kind)} is required")
    if kind.startswith(_BOUNDS):
        found = fault["input"]
        # Python refuses to write out an integer of thousands of digits.
        shown = str(found) if isinstance(found, int) and abs(found) < 10**30 else field
        return Refusal(Reason.OUT_OF_RANGE, field, f"{shown} is out of range: {_lower(fault['msg'])}")
    if kind == "json_invalid":
        return Refusal(Reason.NOT_JSON, "", _lower(fault["msg"]))
    found = quoted(fault["input"]) if isinstance(fault["input"], str) else _kind(fault["input"])
    return Refusal(Reason.BAD_VALUE, field, f"{found}: {_lower(fault['msg'])}")


def _field(place: tuple[int | str, ...]) -> str:
    """``bids[0][1]``: rows as JSON counts them, from 0."""
    field = ""
    for part in place:
        named = quoted(part)[1:-1] if isinstance(part, str) else ""
        field += f"[{part}]" if isinstance(part, int) else f".{named}" if field else named
    return field


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _kind(value: object) -> str:
    """What JSON calls it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return names.get(type(value), "something else")


def _wanted(kind: str) -> str:
    wanted = {
        "string_type": "text",
        "literal_error": "text",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "bool_type": "true or false",
        "tuple_type": "an array",
        "dict_type": "an object",
        "model_type": "an object",
    }
    return wanted.get(kind, "another type")
