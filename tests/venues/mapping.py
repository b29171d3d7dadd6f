"""From a case to the rules that answer it: mappers by group and by the inputs they read."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flows import rules
from tests.venues.amounts import UnfitError
from tests.venues.loader import Case
from tests.venues.verdict import Answer, Outcome, Verdict, judge


class Inputs(dict[str, Any]):
    """A case's inputs, which remember what was read: a case must not pass on inputs that nobody looked at."""

    def __init__(self, inputs: dict[str, Any]) -> None:
        super().__init__(inputs)
        self.seen: dict[str, None] = {}

    def __getitem__(self, key: str) -> Any:
        self.seen[key] = None
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.seen[key] = None
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.seen[str(key)] = None
        return super().__contains__(key)


RULES = Path(rules.__file__ or "").parent
Mapper = Callable[[Inputs], Answer]


class Mapping(NamedTuple):
    """A mapper, the rules it calls, and the inputs that mark its cases."""

    mapper: Mapper
    rules: str
    needs: tuple[str, ...]
    unused: tuple[str, ...]


REGISTRY: dict[str, list[Mapping]] = {}
"""Mappings by group. Groups of two venues may share a name; the inputs tell them apart."""


def maps(
    group: str, rules: str, needs: tuple[str, ...], unused: tuple[str, ...] = ()
) -> Callable[[Mapper], Mapper]:
    """Register a mapper for the cases of a group that have these inputs; ``unused`` ones carry nothing for us."""

    def register(mapper: Mapper) -> Mapper:
        REGISTRY.setdefault(group, []).append(Mapping(mapper, rules, needs, unused))
        return mapper

    return register


def lacks(group: str, rules: str, needs: tuple[str, ...], reason: str) -> None:
    """Register a group that no rule answers yet, and why."""

    def mapper(given: Inputs) -> Answer:
        return Answer(missing={"*": reason})

    maps(group, rules, needs)(mapper)


def mapping_of(case: Case) -> Mapping | None:
    """Find the mapping whose group and inputs fit a case."""
    for mapping in REGISTRY.get(case.group, []):
        if all(key in case.inputs for key in mapping.needs):
            return mapping
    return None


def unread(given: Inputs, mapping: Mapping) -> Iterator[str]:
    return (key for key in given if key not in given.seen and key not in mapping.unused)


def is_refused(error: Exception) -> bool:
    """Tell whether a rule itself refused what it was asked: an assertion of its own, or a division by nothing."""
    if not isinstance(error, AssertionError | ZeroDivisionError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).is_relative_to(RULES)


def broken(error: Exception) -> Outcome:
    """Say what kept a mapper from an answer: a number that fits no unit, a rule that refuses, or the case itself."""
    if isinstance(error, UnfitError):
        return Outcome(Verdict.MISSING, f"no rule for {error}")
    if is_refused(error):
        return Outcome(Verdict.MISSING, f"no rule takes these inputs: {error}")
    if isinstance(error, KeyError):
        return Outcome(Verdict.FAILED, f"malformed: no input {error}")
    return Outcome(Verdict.FAILED, f"malformed, or not understood: {type(error).__name__}: {error}")


def run(case: Case) -> tuple[Outcome, str]:
    """Give a case's verdict and the rules it was put to."""
    if case.fault:
        return Outcome(Verdict.FAILED, f"malformed: {case.fault}"), ""
    mapping = mapping_of(case)
    if mapping is None:
        known = REGISTRY.get(case.group)
        if known:
            wanted = " or ".join(", ".join(entry.needs) for entry in known)
            return Outcome(Verdict.MISSING, f'unknown group: "{case.group}" is known with {wanted} only'), ""
        return Outcome(Verdict.MISSING, f'unknown group: nothing is mapped to "{case.group}"'), ""
    given = Inputs(case.inputs)
    try:
        answer = mapping.mapper(given)
        outcome = judge(answer, case.expected, case.tolerance)
    except Exception as error:  # noqa: BLE001 - whatever a foreign file makes a mapper do is this case's outcome
        return broken(error), mapping.rules
    if outcome.verdict in {Verdict.REPRODUCED, Verdict.DIFFERS}:
        overlooked = list(unread(given, mapping))
        if overlooked:
            return Outcome(Verdict.MISSING, f"nothing reads the input {', '.join(overlooked)}"), mapping.rules
    return outcome, mapping.rules
