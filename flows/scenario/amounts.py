"""Amounts as scenarios write them: "1,000", "0.073", "5 %", "10 seconds", "12:05:00.000000001". Exact, or refused."""

from __future__ import annotations

import re
from typing import Final

from flows.registry.text import RATE_UNITS
from flows.registry.text import show as plain
from flows.rules.exact import PPM
from flows.rules.scale.time import SECOND_NS
from flows.scenario.errors import ScenarioError

DAY_NS: Final = 86_400 * SECOND_NS
UNITS_NS: Final = {"second": SECOND_NS, "minute": 60 * SECOND_NS, "hour": 3_600 * SECOND_NS}

_NUMBER: Final = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.([0-9]{1,9}))?")


def parts(text: str) -> tuple[int, int]:
    """Digits of a decimal, signed, and how many of them stand behind its point: "-1,000.50" is -100050, 2."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ScenarioError(f"{text} is no amount; 1,000 or 0.073 are.")
    sign, whole, decimals = match[1], match[2].replace(",", ""), match[3] or ""
    number = int(whole + decimals)
    return (-number if sign else number), len(decimals)


def units(text: str, scale: int, what: str) -> int:
    """A decimal in units of ``1 / scale``; refused if it is no whole number of them."""
    number, decimals = parts(text)
    whole, rest = divmod(number * scale, int(10**decimals))
    if rest:
        raise ScenarioError(f"{text} is no whole number of {what}; the smallest is {plain(1, scale)}.")
    return whole


def positive(text: str, scale: int, what: str) -> int:
    """As `units`, and above zero."""
    found = units(text, scale, what)
    if found <= 0:
        raise ScenarioError(f"{text} must be above 0.")
    return found


def rate(text: str, scale: int) -> int:
    """A rate in parts of ``scale`` (PPM or PPB): "0.5 %", "12,345 ppb", "1.25"."""
    number, _, unit = text.partition(" ")
    digits, decimals = parts(number)
    whole, rest = divmod(digits * scale, int(10**decimals) * RATE_UNITS.get(unit, 1))
    if rest:
        raise ScenarioError(f"{text} is finer than 1 in {scale:,}.")
    return whole


def duration_ns(text: str) -> int:
    """Nanoseconds of "10 seconds" or "1 hour"."""
    number, _, unit = text.partition(" ")
    digits, decimals = parts(number)
    if decimals or digits <= 0:
        raise ScenarioError(f"{text}: write a whole number of seconds, minutes or hours.")
    return digits * UNITS_NS[unit.removesuffix("s")]


def time_of_day_ns(text: str) -> int:
    """Nanoseconds from midnight to "12:05:00.000000001"."""
    clock, _, decimals = text.partition(".")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ScenarioError(f"{text} is no time of day.")
    return ((hours * 60 + minutes) * 60 + seconds) * SECOND_NS + int(decimals.ljust(9, "0") or 0)


# --- and back ---------------------------------------------------------------------------------------------------------
def shown(number: int, scale: int) -> str:
    """``number / scale`` with thousands apart and no zeros at its end."""
    whole, _, decimals = plain(number, scale).partition(".")
    grouped = f"{int(whole):,}"
    if whole.startswith("-0"):
        grouped = f"-{grouped}"
    return f"{grouped}.{decimals}" if decimals else grouped


def shown_rate(rate_ppm: int) -> str:
    """A rate in per cent."""
    return f"{shown(rate_ppm, PPM // 100)} %"


def shown_time(time_ns: int) -> str:
    """Time of day; decimals only where they say something."""
    seconds, decimals = divmod(time_ns % DAY_NS, SECOND_NS)
    text = f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{decimals:09}".rstrip("0") if decimals else text


def shown_ratio(number: int, over: int, decimals: int) -> str:
    """A ratio cut down to so many decimals (R-A4: a displayed health is rounded down); "none" over nothing."""
    if over == 0:
        return "none"
    scale = int(10**decimals)
    cut = number * scale // over
    sign, cut = ("-", -cut) if cut < 0 else ("", cut)
    return f"{sign}{cut // scale:,}.{cut % scale:0{decimals}}" if decimals else f"{sign}{cut:,}"


def same(text: str) -> str:
    """A cell as it is compared: an amount without thousands separators and closing zeros, any other text as it is."""
    number, _, unit = text.partition(" ")
    if _NUMBER.fullmatch(number) is None or (unit and unit not in RATE_UNITS):
        return text
    bare = number.replace(",", "")
    if "." in bare:
        bare = bare.rstrip("0").rstrip(".")
    return f"{'0' if bare == '-0' else bare} {unit}".strip()
