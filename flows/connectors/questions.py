"""The questions of infra/clickhouse/questions by name: what each asks for, and whether what it is given is of that kind.

A question is a file of SQL with typed places, ``{pool:String}``. Over a wire only its name and its values travel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from flows.connectors.clickhouse import QUESTIONS, DatabaseError

_PLACE: Final = re.compile(r"\{(\w+):([A-Za-z0-9()]+)\}")

_RANGES: Final = {"Int64": (-(1 << 63), (1 << 63) - 1), "UInt64": (0, (1 << 64) - 1), "UInt8": (0, 255)}

TEXT_MOST: Final = 200
"""Characters of a text that a question is given: the names of accounts, pools and markets are shorter."""

LIST_MOST: Final = 1_000_000
"""Members of a list: a venue's accounts."""


class NoQuestion(DatabaseError):  # noqa: N818 - its name is what it says
    """There is no such question, or it is given something else than it asks for."""


@cache
def places(question: str) -> Mapping[str, str]:
    """What a question asks for: each name with its type. NoQuestion."""
    if question not in names():
        raise NoQuestion(f"no question is called {question[:TEXT_MOST]!r}; there are {', '.join(names())}")
    return dict(_PLACE.findall((QUESTIONS / f"{question}.sql").read_text("utf-8")))


@cache
def names() -> tuple[str, ...]:
    """All questions."""
    return tuple(sorted(file.stem for file in QUESTIONS.glob("*.sql")))


def check(question: str, given: Mapping[str, Any]) -> None:
    """Raise NoQuestion unless a question is given exactly what it asks for."""
    wanted = places(question)
    if given.keys() != wanted.keys():
        raise NoQuestion(f"{question} asks for {', '.join(wanted) or 'nothing'}; it is given {_list(given)}")
    for name, kind in wanted.items():
        if not _fits(kind, given[name]):
            raise NoQuestion(f"{question}: {name} must be {kind}")


def _fits(kind: str, value: Any) -> bool:
    if kind == "String":
        return isinstance(value, str) and len(value) <= TEXT_MOST
    if kind.startswith("Array("):
        inner = kind[len("Array(") : -1]
        return (
            isinstance(value, list) and len(value) <= LIST_MOST and all(_fits(inner, each) for each in value)
        )
    low, high = _RANGES[kind]
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _list(given: Mapping[str, Any]) -> str:
    return ", ".join(sorted(given))[:TEXT_MOST] or "nothing"
