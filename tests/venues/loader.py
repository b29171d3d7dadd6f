"""Reads worked cases of other venues: every JSON file of a folder, each case or its fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.venues.amounts import exact

CASES = Path(__file__).resolve().parent / "cases"
"""The cases that ship: facts from public sources, which each file names."""


@dataclass(frozen=True)
class Case:
    """One worked case, or what is wrong with the place where one should be."""

    file: str
    id: str
    group: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)
    tolerance: Fraction = Fraction(0)
    fault: str = ""

    @property
    def name(self) -> str:
        """``file:case``, as the tests and the report call it."""
        return f"{self.file}:{self.id}"


def refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def parse(text: str) -> Any:
    """Read JSON without floats: a number with a point stays text until it becomes a fraction."""
    return json.loads(text, parse_float=str, parse_constant=refuse_constant)


def fault_of(raw: Any) -> str:
    """Say what is wrong with a case's form, nothing if it is fine."""
    if not isinstance(raw, dict):
        return f"a case is an object, this is {type(raw).__name__}"
    for key, kind in (("id", str), ("group", str), ("inputs", dict), ("expected", dict)):
        if key not in raw:
            return f'the case has no "{key}"'
        if not isinstance(raw[key], kind) or not raw[key]:
            return f'"{key}" is {raw[key]!r}, a {kind.__name__} with something in it is wanted'
    try:
        negative = exact(raw.get("tolerance_abs", 0)) < 0
    except (TypeError, ValueError, ZeroDivisionError):
        return f'"tolerance_abs" is {raw["tolerance_abs"]!r}, a number is wanted'
    return '"tolerance_abs" is negative' if negative else ""


def cases_of(stem: str, content: Any) -> Iterator[Case]:
    """Walk one file's cases in their order."""
    if not isinstance(content, dict) or not isinstance(content.get("cases"), list):
        yield Case(stem, "(file)", fault='a file is an object with a list "cases"')
        return
    if not content["cases"]:
        yield Case(stem, "(file)", fault='"cases" is empty')
    seen: set[str] = set()
    for place, raw in enumerate(content["cases"]):
        fault = fault_of(raw)
        if fault:
            name = raw.get("id") if isinstance(raw, dict) else None
            yield Case(stem, name if isinstance(name, str) and name else f"(case {place})", fault=fault)
        elif raw["id"] in seen:
            yield Case(
                stem, f"{raw['id']} (case {place})", fault=f'the id "{raw["id"]}" stands twice in the file'
            )
        else:
            seen.add(raw["id"])
            tolerance = exact(raw.get("tolerance_abs", 0))
            yield Case(stem, raw["id"], raw["group"], raw["inputs"], raw["expected"], tolerance)


def read(path: Path) -> Iterator[Case]:
    """Read one file; a file that is none gives one case that says why."""
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        yield Case(path.stem, "(file)", fault=f"cannot be read: {error}")
        return
    yield from cases_of(path.stem, content)


def load(folder: Path = CASES) -> list[Case]:
    """Read every JSON file of a folder, by name."""
    return [case for path in sorted(folder.glob("*.json")) for case in read(path)]
