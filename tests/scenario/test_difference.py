"""A difference that can be read."""

from __future__ import annotations

import pytest

from flows.scenario.compare import must_agree
from flows.scenario.difference import laid_out
from flows.scenario.errors import MismatchError

COLUMNS = ["market", "quantity", "price"]


def test_differing_cells_are_marked_and_equal_rows_stand_once() -> None:
    expected = [["BTC-PERP", "0.073", "57,500"], ["ETH-PERP", "1", "3,000"]]
    found = [["BTC-PERP", "0.074", "57,500"], ["ETH-PERP", "1", "3,000"]]
    assert laid_out(COLUMNS, expected, found) == [
        "            market    quantity  price",
        "  expected  BTC-PERP  0.073     57,500",
        "  found     BTC-PERP  0.074     57,500",
        "                      ^^^^^",
        "            ETH-PERP  1         3,000",
    ]


def test_a_row_that_is_missing_or_too_many() -> None:
    rows = [["BTC-PERP", "1", "2"]]
    assert laid_out(COLUMNS, rows, [])[1:] == ["  expected  BTC-PERP  1         2", "  found     nothing"]
    assert laid_out(COLUMNS, [], rows)[1:] == ["  expected  nothing", "  found     BTC-PERP  1         2"]


def test_amounts_agree_by_value_and_an_empty_cell_with_anything() -> None:
    must_agree("", COLUMNS, [["", "0.50", "57500"]], [["BTC-PERP", "0.5", "57,500"]])


@pytest.mark.parametrize(
    "found", [[], [["a", "1", "2"], ["a", "1", "2"]], [["a", "1", "3"]], [["b", "1", "2"]]]
)
def test_anything_else_does_not(found: list[list[str]]) -> None:
    with pytest.raises(MismatchError, match="about this"):
        must_agree("about this", COLUMNS, [["a", "1", "2"]], found)


def test_the_text_of_a_mismatch_is_its_table() -> None:
    lines = str(MismatchError("alice", ["equity"], [["500"]], [["501"]])).splitlines()
    assert lines[0] == "alice"
    assert [line.split() for line in lines[1:]] == [
        ["equity"],
        ["expected", "500"],
        ["found", "501"],
        ["^^^"],
    ]
