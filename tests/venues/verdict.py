"""What came of a case: reproduced, a convention that differs, a rule that is missing, or a failure.

A mapper answers from the inputs alone and never sees what is expected. It gives the values of our rules, and, where
another convention is known, what that convention makes of them. A value that is neither fails the case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from tests.venues.amounts import exact


class Verdict(StrEnum):
    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    MISSING = "missing"
    FAILED = "failed"


class RoundsTo(NamedTuple):
    """Every number that one rounding to a whole number of steps takes to ``value``."""

    value: int
    step: Fraction
    up: bool

    def holds(self, expected: object, tolerance: Fraction) -> bool:
        """Tell whether a number is one of them; one printed with a tolerance, whether it is near one."""
        number = exact(expected)
        if tolerance:
            return abs(number - self.value * self.step) <= tolerance + self.step
        steps = number / self.step
        return (-(-steps // 1) if self.up else steps // 1) == self.value

    def __str__(self) -> str:
        near = self.value - 1 if self.up else self.value + 1
        low, high = sorted((near * self.step, self.value * self.step))
        return f"between {shown(low)} and {shown(high)}"


class Difference(NamedTuple):
    """What another convention makes of a case, and which one it is."""

    theirs: Any
    reason: str


@dataclass(frozen=True)
class Answer:
    """What the rules say to a case's inputs."""

    ours: dict[str, Any] = field(default_factory=dict)
    differs: dict[str, Difference] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """What it would take, by expected key; "*" stands for every key that nothing else answers."""
    note: str = ""
    """How a rule was configured to meet the case."""


class Outcome(NamedTuple):
    """A verdict, its reason, and both sides' values."""

    verdict: Verdict
    reason: str
    values: str = ""


def matches(ours: Any, expected: Any, tolerance: Fraction) -> bool:
    """Compare exactly, or within a tolerance where the source prints a rounded number."""
    if isinstance(expected, bool) or isinstance(ours, bool) or expected is None:
        return ours is expected
    if isinstance(expected, dict):
        return isinstance(ours, dict) and all(
            key in ours and matches(ours[key], value, tolerance) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(ours, list | tuple)
            and len(ours) == len(expected)
            and all(matches(mine, value, tolerance) for mine, value in zip(ours, expected, strict=True))
        )
    try:
        return abs(exact(ours) - exact(expected)) <= tolerance
    except (TypeError, ValueError):
        return bool(ours == expected)


def explains(difference: Difference, expected: Any, tolerance: Fraction) -> bool:
    """Tell whether the stated convention gives exactly the expected value."""
    claim = difference.theirs
    if isinstance(claim, RoundsTo):
        try:
            return claim.holds(expected, tolerance)
        except (TypeError, ValueError):
            return False
    return matches(claim, expected, tolerance)


def shown(value: Any) -> str:
    """Write a value on a line: decimals where they end soon, else a fraction."""
    if isinstance(value, Fraction):
        digits = 0
        while digits < 24 and (value * 10**digits).denominator != 1:
            digits += 1
        if (value * 10**digits).denominator != 1:
            return str(value)
        number = (value * 10**digits).numerator
        text = f"{abs(number):0{digits + 1}d}"
        sign = "-" if number < 0 else ""
        return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} {shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple) and not isinstance(value, RoundsTo):
        return "[" + ", ".join(shown(inner) for inner in value) + "]"
    return str(value)


RULE = re.compile(r"R-[A-Z]+[0-9]")


def lacking(reason: str | None, key: str) -> str:
    """Name the rule that is missing, or say that the rulebook has none for what is asked."""
    if reason is None:
        return f'nothing is mapped to "{key}"'
    return reason if RULE.match(reason) else f"no rule for {reason}"


def judge(answer: Answer, expected: dict[str, Any], tolerance: Fraction = Fraction(0)) -> Outcome:
    """Hold an answer against what is expected, value by value; the worst of them is the verdict."""
    differing: list[str] = []
    absent: list[str] = []
    sides: list[str] = []
    for key, value in expected.items():
        ours = answer.ours.get(key)
        if key in answer.ours and matches(ours, value, tolerance):
            continue
        difference = answer.differs.get(key)
        if difference is not None and explains(difference, value, tolerance):
            differing.append(difference.reason)
            sides.append(
                f"{key}: {shown(ours) if key in answer.ours else 'not formed'} here, {shown(value)} there"
            )
            continue
        if key in answer.ours or difference is not None:
            wanted = f", or {shown(difference.theirs)} by the stated convention" if difference else ""
            return Outcome(Verdict.FAILED, f"{key}: {shown(ours)} here{wanted}, but {shown(value)} expected")
        if "error" in answer.ours or "result" in answer.ours:
            refusal = answer.ours.get("error", answer.ours.get("result"))
            return Outcome(Verdict.FAILED, f'refused here as "{refusal}", but {key} {shown(value)} expected')
        absent.append(lacking(answer.missing.get(key) or answer.missing.get("*"), key))
    if absent:
        return Outcome(Verdict.MISSING, "; ".join(dict.fromkeys(absent)))
    if differing:
        return Outcome(Verdict.DIFFERS, "; ".join(dict.fromkeys(differing)), "; ".join(sides))
    return Outcome(Verdict.REPRODUCED, answer.note)
