"""Decimals, rates and durations as people write them, to integers and back: exactly, or refused."""

from __future__ import annotations

from typing import Final

from flows.registry.errors import ConfigurationError
from flows.rules.exact import PPB, PPM

LARGEST: Final = 2**63 - 1

RATE_UNITS: Final = {"%": 100, "ppm": PPM, "ppb": PPB}
_DURATION_UNITS: Final = {
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
}


def digits(text: str) -> tuple[int, int]:
    """Digits of a plain decimal and how many of them stand after its point: "0.001" is 1, 3."""
    whole, _, decimals = text.partition(".")
    return int(whole + decimals), len(decimals)


def scaled(where: str, text: str, scale: int, name: str) -> int:
    """A decimal in units of 1 / scale; refused if it is no whole number of them or leaves int64."""
    number, decimals = digits(text)
    per_unit = int(10**decimals)
    units, rest = divmod(number * scale, per_unit)
    if rest:
        raise ConfigurationError(
            where, f"{text} is no whole number of {name}; the smallest is {show(1, scale)}."
        )
    if units > LARGEST:
        raise ConfigurationError(where, f"{text} is too large: it may be at most {show(LARGEST, scale)}.")
    return units


def positive(where: str, text: str, scale: int, name: str) -> int:
    """As `scaled`, and above 0."""
    units = scaled(where, text, scale, name)
    if units == 0:
        raise ConfigurationError(where, f"{text} must be above 0.")
    return units


def parts_of_one(where: str, text: str) -> int:
    """How many of this decimal make 1: 1000 of "0.001". Refused where they do not make it exactly."""
    number, decimals = digits(text)
    if number == 0:
        raise ConfigurationError(where, f"{text} must be above 0.")
    scale, rest = divmod(int(10**decimals), number)
    if rest:
        raise ConfigurationError(where, f"{text} does not divide 1; 1, 0.5 or 0.001 do.")
    return scale


def ppm(where: str, text: str) -> int:
    """A rate in parts per million."""
    return _rate(where, text, PPM, "ppm")


def ppb(where: str, text: str) -> int:
    """A rate in parts per billion."""
    return _rate(where, text, PPB, "ppb")


def _rate(where: str, text: str, scale: int, name: str) -> int:
    decimal, _, unit = text.partition(" ")
    number, decimals = digits(decimal)
    units, rest = divmod(number * scale, int(10**decimals) * RATE_UNITS[unit])
    if rest:
        raise ConfigurationError(
            where, f"{text} is finer than one {name}; write it as a whole number of {name}."
        )
    if units > LARGEST:
        raise ConfigurationError(where, f"{text} is too large.")
    return units


def duration_ns(where: str, text: str) -> int:
    """A duration in nanoseconds, above 0 and under a hundred years."""
    number, _, unit = text.partition(" ")
    length_ns = int(number) * _DURATION_UNITS[unit]
    if length_ns == 0:
        raise ConfigurationError(where, f"{text} must be above 0.")
    if length_ns > 36_525 * _DURATION_UNITS["d"]:
        raise ConfigurationError(where, f"{text} is longer than a hundred years.")
    return length_ns


def show(units: int, scale: int) -> str:
    """``units / scale`` as a plain decimal; a scale that is no product of 2 and 5 is cut after 12 decimals."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, rest = divmod(units, scale)
    decimals = f"{rest * 10**12 // scale:012}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def show_ppm(rate_ppm: int) -> str:
    """A rate in per cent."""
    return f"{show(rate_ppm, 10_000)} %"


def show_ns(length_ns: int) -> str:
    """A duration in its largest whole unit."""
    for unit in ("d", "h", "min", "s", "ms"):
        if length_ns % _DURATION_UNITS[unit] == 0 and length_ns:
            return f"{length_ns // _DURATION_UNITS[unit]} {unit}"
    return f"{length_ns} ns"
