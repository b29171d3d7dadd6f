"""The example processes, without a broker: decimals, books, and that they can be copied."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.tables import table

FOLDER = Path(__file__).parents[2] / "examples"
ALLOWED = {"confluent_kafka", "orjson", "link"}


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("executor")


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("link")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_needs_two_packages_and_its_neighbour(path: Path) -> None:
    tree = ast.parse(path.read_text())
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names]
    foreign = {name.partition(".")[0] for name in named} - sys.stdlib_module_names
    assert foreign <= ALLOWED
    inexact = [node for node in ast.walk(tree) if isinstance(node, ast.Div) or is_float(node)]
    assert inexact == [], "prices and quantities are integers of 1e-9"


def is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"float", "round"}


@pytest.mark.parametrize(
    ("text", "units", "why"),
    table("""
        0.073          73000000           zeros_in_front
        2.000          2000000000         zeros_behind
        60000          60000000000000     whole
        0.000000001    1                  the_least
        999999999999.999999999  999999999999999999999  beyond_int64
    """),
)
def test_decimals_are_exact(link: ModuleType, text: str, units: str, why: str) -> None:
    assert link.units(text) == int(units)
    assert link.units(link.decimal(int(units))) == int(units)


# ---- books -----------------------------------------------------------------------------------------------------------------
DEPTH = {
    "market": "BTC-PERP",
    "bids": [["99.5", "1"], ["99.0", "2"], ["98.0", "5"]],
    "asks": [["100.5", "1"], ["101.0", "2"]],
}


def trades(executor: ModuleType, books, side: str, quantity: str, limit: str) -> list[tuple[str, str]]:
    units, decimal = executor.units, executor.decimal
    found = books.trade("BTC-PERP", side, units(quantity), units(limit))
    return [(price, decimal(quantity)) for price, quantity in found]


@pytest.mark.parametrize(
    ("side", "quantity", "limit", "expected"),
    [
        ("sell", "0.5", "99", [("99.5", "0.5")]),
        ("sell", "2", "99", [("99.5", "1"), ("99.0", "1")]),
        ("sell", "9", "99.0", [("99.5", "1"), ("99.0", "2")]),
        ("sell", "9", "99.1", [("99.5", "1")]),
        ("sell", "9", "99.6", []),
        ("sell", "9", "1", [("99.5", "1"), ("99.0", "2"), ("98.0", "5")]),
        ("buy", "2.5", "101", [("100.5", "1"), ("101.0", "1.5")]),
        ("buy", "2.5", "100.9", [("100.5", "1")]),
        ("buy", "2.5", "100.4", []),
    ],
)
def test_an_order_takes_the_best_levels_within_its_limit(
    executor: ModuleType, side: str, quantity: str, limit: str, expected: list[tuple[str, str]]
) -> None:
    books = executor.Books()
    books.take_snapshot(DEPTH)
    assert trades(executor, books, side, quantity, limit) == expected


def test_depth_is_used_up_until_the_next_snapshot(executor: ModuleType) -> None:
    books = executor.Books()
    books.take_snapshot(DEPTH)
    assert trades(executor, books, "sell", "1.5", "99") == [("99.5", "1"), ("99.0", "0.5")]
    assert trades(executor, books, "sell", "9", "99") == [("99.0", "1.5")]
    assert trades(executor, books, "sell", "9", "99") == []
    assert trades(executor, books, "buy", "1", "101") == [("100.5", "1")]
    books.take_snapshot(DEPTH)
    assert trades(executor, books, "sell", "1", "99") == [("99.5", "1")]


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"market": "BTC-PERP"},
        {"market": "BTC-PERP", "bids": [["x", "1"]], "asks": []},
        {"market": "BTC-PERP", "bids": [[99.5, 1]], "asks": []},
        {"market": "BTC-PERP", "bids": 5, "asks": []},
    ],
)
def test_what_is_no_snapshot_changes_nothing(executor: ModuleType, bad: dict) -> None:
    books = executor.Books()
    books.take_snapshot(DEPTH)
    books.take_snapshot(bad)
    assert trades(executor, books, "sell", "1", "99") == [("99.5", "1")]


def test_a_crossed_book_is_no_book(executor: ModuleType) -> None:
    books = executor.Books()
    books.take_snapshot(DEPTH | {"asks": [["99.5", "1"]]})
    assert trades(executor, books, "sell", "1", "99") == []


def test_a_market_without_a_book_gives_nothing(executor: ModuleType) -> None:
    assert trades(executor, executor.Books(), "sell", "1", "99") == []
