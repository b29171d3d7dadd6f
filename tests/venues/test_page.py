"""The committed summary says what the cases say; the report names every case."""

from __future__ import annotations

from tests.venues.__main__ import PAGE
from tests.venues.loader import load
from tests.venues.report import every_case, line_of, page, terminal

LINES = [line_of(case) for case in load()]


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(LINES), "run `python -m tests.venues --write`"


def test_every_case_is_named() -> None:
    report = every_case(LINES)
    assert all(f"| {line.name} |" in report for line in LINES)


def test_every_case_that_is_not_reproduced_says_why() -> None:
    assert all(line.reason for line in LINES if line.verdict != "reproduced")
    assert all("R-" in line.rules for line in LINES)


def test_the_table_counts_every_case() -> None:
    table = list(terminal(LINES))
    assert f"{len(LINES)}" in table[-1]
    assert all(any(line.group in text for text in table) for line in LINES)
