"""Expected cells against found ones."""

from __future__ import annotations

from collections.abc import Sequence

from flows.scenario.amounts import same
from flows.scenario.errors import MismatchError


def must_agree(
    about: str,
    columns: Sequence[str],
    expected: Sequence[Sequence[str]],
    found: Sequence[Sequence[str]],
) -> None:
    """Raise MismatchError unless all rows agree: amounts by value; an empty expected cell agrees with anything."""
    shown = [
        [
            wanted if wanted == "" or same(wanted) == same(got) else got
            for wanted, got in zip(expected[place], row, strict=True)
        ]
        if place < len(expected)
        else list(row)
        for place, row in enumerate(found)
    ]
    if shown != [list(row) for row in expected]:
        raise MismatchError(about, columns, expected, shown)


def must_be(about: str, column: str, expected: str, found: str) -> None:
    """As `must_agree`, for a single cell."""
    must_agree(about, [column], [[expected]], [[found]])
