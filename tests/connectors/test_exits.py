"""Every failure a user can cause has an exit code and one line."""

from __future__ import annotations

import ast
import builtins
import errno
from pathlib import Path

import pytest

from flows.connectors.exits import CODES, MEANING, ExitCode, answer
from tests.tables import table

FLOWS = Path(__file__).resolve().parents[2] / "flows"

INTERNAL: dict[str, str] = {
    "NotThere": "the audit command answers it itself",
    "NoSuchEvent": "the audit command answers it itself",
    "CheckpointDamagedError": "clearing falls back to an earlier checkpoint",
    "PoolStoppedError": "a bug of ours: it is shown whole; a live flow's pool stands still",
    "JournalGapError": "a live flow's pool stands still",
    "LaneGapError": "a live flow's pool stands still",
    "NotRepeatedError": "a live flow's pool stands still",
    "NoBatchError": "who reads a lane passes the record over",
    "AbsentPoolError": "the scenario room turns it into a difference",
    "MismatchError": "the scenario room turns it into a difference",
}
"""Exceptions that no command ends with, each with who catches it."""


def room_error(name: str, text: str = "no such venue") -> Exception:
    """An exception of a room, made without importing the room."""
    return type(name, (Exception,), {"__module__": "flows.somewhere"})(text)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_our_own_exceptions(name: str, code: ExitCode) -> None:
    assert answer(room_error(name)) == (code, "no such venue")


@pytest.mark.parametrize(
    ("number", "code", "why"),
    table("""
        ENOENT        4   missing_file
        ENOTDIR       4   a_file_where_a_folder_should_be
        EISDIR        4   a_folder_where_a_file_should_be
        EACCES        5   not_writable
        EROFS         5   read_only_disk
        ENOSPC        5   full_disk
        EDQUOT        5   quota
        ECONNREFUSED  6   no_server
    """),
)
def test_what_the_system_refuses(number: str, code: str, why: str) -> None:
    known = answer(OSError(getattr(errno, number), "said so", "runs/a"))
    assert known == (int(code), "runs/a: said so."), why


def test_an_error_inside_a_dataflow_is_found() -> None:
    wrapped = RuntimeError("error in step clear")
    wrapped.__cause__ = RuntimeError("error in worker 1")
    wrapped.__cause__.__cause__ = room_error("RecordingError", "trades.ndjson.zst is missing")
    assert answer(wrapped) == (ExitCode.INPUT, "trades.ndjson.zst is missing")


def test_ctrl_c_inside_a_dataflow_is_found() -> None:
    wrapped = RuntimeError("error in step clear")
    wrapped.__cause__ = KeyboardInterrupt()
    known = answer(wrapped)
    assert known is not None
    assert known[0] == ExitCode.INTERRUPTED


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        AssertionError("value not conserved"),
        OSError(errno.EBADF, "bad file"),
        OSError("no number"),
    ],
    ids=repr,
)
def test_a_bug_is_not_explained_away(error: Exception) -> None:
    assert answer(error) is None


def test_another_package_may_use_our_names() -> None:
    assert answer(type("RunError", (Exception,), {"__module__": "bytewax.errors"})("x")) is None


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert answer(first) is None


def test_a_text_from_a_file_stays_one_line() -> None:
    known = answer(room_error("ConfigurationError", "venue.toml: 'a\nb'\n is refused"))
    assert known == (ExitCode.CONFIGURATION, "venue.toml: 'a b' is refused")


def test_every_code_says_what_it_means() -> None:
    assert list(MEANING) == list(ExitCode)


def exceptions_of_ours() -> dict[str, list[str]]:
    """Exception classes of the tree, each with its bases."""
    classes = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for path in sorted(FLOWS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    ours: dict[str, list[str]] = {}
    for _generation in range(4):
        ours = {name: bases for name, bases in classes.items() if is_exception(bases, ours)}
    return ours


def is_exception(bases: list[str], ours: dict[str, list[str]]) -> bool:
    built_in = {name for name in vars(builtins) if name.endswith(("Error", "Exception"))}
    return any(base in built_in or base in ours for base in bases)


def test_every_exception_of_ours_ends_somehow() -> None:
    ours = exceptions_of_ours()
    answered = {*CODES, *INTERNAL}
    silent = [name for name, bases in ours.items() if name not in answered and not answered & set(bases)]
    assert not silent, "give it a code in flows/connectors/exits.py, or list it as internal"
    assert set(CODES) <= set(ours), "flows/connectors/exits.py names an exception that no room has"
    assert set(INTERNAL) <= set(ours), "listed as internal, and no room has it"
