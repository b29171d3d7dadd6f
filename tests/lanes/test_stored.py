"""The check against ClickHouse: many entries at once, and whatever is missing, doubled or other is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from flows.journal import events as ev
from flows.journal.entries import Rows
from flows.lanes import check
from flows.lanes.check import Checked, _Stored


@dataclass
class Answer:
    result_rows: list[list[Any]]


class Table:
    """Answers as the table `events` would, and counts how often it is asked."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self.asked = rows, 0

    def query(self, _text: str, parameters: dict[str, Any]) -> Answer:
        self.asked += 1
        first, end = parameters["first"], parameters["end"]
        kept = [row for row in self.rows.tolist() if first <= row[ev.OFFSET] < end]
        return Answer([[*row[:2], ev.TYPE_NAMES[row[2]], *row[3:]] for row in kept])


def events(count: int) -> Rows:
    rows = np.zeros((count, ev.WIDTH), np.int64)
    rows[:, ev.OFFSET] = np.arange(count) // 2
    rows[:, ev.INDEX] = np.arange(count) % 2
    return rows


def told(table: Table, rows: Rows, piece: int = 3) -> list[str]:
    """What is found when the events come in pieces of some entries."""
    found = Checked("usdt")
    stored = _Stored(table, "usdt", found)  # type: ignore[arg-type]
    entries = int(rows[-1, ev.OFFSET]) + 1
    for first in range(0, entries, piece):
        end = min(first + piece, entries)
        stored.compare(rows[(rows[:, ev.OFFSET] >= first) & (rows[:, ev.OFFSET] < end)], end)
    stored.compare(rows[:0], entries, last=True)
    return found.differences


def test_the_same_is_the_same_and_is_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = events(40)
    table = Table(rows)
    assert told(table, rows) == []
    assert table.asked == 1
    monkeypatch.setattr(check, "ROWS_A_QUERY", 10)
    table = Table(rows)
    assert told(table, rows) == []
    assert (
        table.asked == 4
    )  # three entries a piece, two events each: behind 12, 24 and 36 of them, and at the end


@pytest.mark.parametrize("rows_a_query", [1, 10, 1000])
@pytest.mark.parametrize("wrong", ["missing", "doubled", "other", "one too many"])
def test_what_differs_is_found(monkeypatch: pytest.MonkeyPatch, rows_a_query: int, wrong: str) -> None:
    monkeypatch.setattr(check, "ROWS_A_QUERY", rows_a_query)
    rows = events(40)
    held = {
        "missing": np.delete(rows, 17, axis=0),
        "doubled": np.insert(rows, 17, rows[17], axis=0),
        "other": rows + np.eye(40, ev.WIDTH, -10, np.int64) * 7,
        "one too many": np.insert(rows, 40, rows[39] + np.eye(1, ev.WIDTH, ev.INDEX, np.int64)[0], axis=0),
    }[wrong]
    assert len(told(Table(held), rows)) >= 1
