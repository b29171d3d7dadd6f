"""Rows of figures, and how they are printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One thing measured, beside what it is compared with in the same run."""

    name: str
    seconds: float
    against_seconds: float
    note: str


def median_seconds(calls: Sequence[Callable[[], object]]) -> float:
    """Median time of some calls."""
    spent = []
    for call in calls:
        start = time.perf_counter()
        call()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def human(seconds: float) -> str:
    """A time with three digits and its unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def show(console: Console, title: str, rows: Sequence[Row], left_out: str) -> None:
    """A table, and what it does not say."""
    table = Table(title=title, title_justify="left", caption=f"left out: {left_out}", caption_justify="left")
    for name, justify in (("", "left"), ("time", "right"), ("times the first", "right"), ("", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(
            row.name, human(row.seconds), f"{row.against_seconds / row.seconds:.3g} x faster", row.note
        )
    console.print(table)
