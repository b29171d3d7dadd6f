"""A difference as a table that can be read: expected above found, row by row, marks under the cells that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

EXPECTED: Final = "expected"
FOUND: Final = "found"
NOTHING: Final = "nothing"
MARK: Final = "^"

Row = Sequence[str]


def laid_out(columns: Row, expected: Sequence[Row], found: Sequence[Row]) -> list[str]:
    """Lines: a head, then each pair of rows; equal rows once, without a label."""
    count = max(len(expected), len(found))
    lines: list[tuple[str, Row]] = [("", columns)]
    for place in range(count):
        wanted = expected[place] if place < len(expected) else None
        got = found[place] if place < len(found) else None
        if wanted == got and wanted is not None:
            lines.append(("", wanted))
            continue
        lines.append((EXPECTED, wanted if wanted is not None else [NOTHING]))
        lines.append((FOUND, got if got is not None else [NOTHING]))
        if wanted is not None and got is not None:
            lines.append(("", marks(wanted, got)))
    if count == 0:
        lines.append((EXPECTED, [NOTHING]))
    return aligned(lines)


def marks(expected: Row, found: Row) -> list[str]:
    """A row that underlines the cells in which two rows differ."""
    return [
        "" if wanted == got else MARK * max(len(wanted), len(got), 1)
        for wanted, got in zip(expected, found, strict=True)
    ]


def aligned(lines: Sequence[tuple[str, Row]]) -> list[str]:
    """Rows with their labels, columns one under the other."""
    most = max(len(cells) for _, cells in lines)
    widths = [
        max((len(cells[place]) for _, cells in lines if place < len(cells)), default=0)
        for place in range(most)
    ]
    label_width = max(len(label) for label, _ in lines)
    return [
        "  ".join(
            [
                "",
                f"{label:{label_width}}",
                *(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=False)),
            ]
        ).rstrip()
        for label, cells in lines
    ]
