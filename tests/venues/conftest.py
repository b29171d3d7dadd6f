"""Every case of a folder is a test; the run ends in a table of verdicts, and build/venues.md names each case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.venues.loader import CASES, load
from tests.venues.report import Line, every_case, terminal

ENTRY = "venue_case"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", metavar="DIR", help="folder with other venues' cases (*.json), instead of those that ship"
    )


def folder_of(config: pytest.Config) -> Path:
    """Take the folder asked for, or the one that ships."""
    asked = config.getoption("--cases", default=None)
    return CASES if asked is None else (config.invocation_params.dir / asked).resolve()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if ENTRY not in metafunc.fixturenames:
        return
    folder = folder_of(metafunc.config)
    if not folder.is_dir():
        raise pytest.UsageError(f"--cases: there is no folder {folder}")
    cases = load(folder)
    if not cases:
        raise pytest.UsageError(f"--cases: no *.json in {folder}")
    metafunc.parametrize(ENTRY, cases, ids=[case.name for case in cases])


# ---- the report ------------------------------------------------------------------------------------------------------
REPORTED: list[Line] = []
"""What the reports of this process said; a process that only hands out work gets them from its workers."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        told = (value for name, value in report.user_properties if name == ENTRY)
        REPORTED.extend(Line._make(value) for value in told if isinstance(value, list | tuple))


def all_here(session: pytest.Session) -> bool:
    """Tell whether this process saw every case it knows of; one worker of several may not have."""
    known = [item for item in getattr(session, "items", []) if ENTRY in getattr(item, "fixturenames", ())]
    return len(REPORTED) >= len(known)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if REPORTED and all_here(session):
        target = session.config.rootpath / "build" / "venues.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(every_case(sorted_lines()), encoding="utf-8")


def sorted_lines() -> list[Line]:
    return sorted(REPORTED, key=lambda line: line.file)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not REPORTED:
        return
    terminalreporter.section("other venues' cases")
    for text in terminal(sorted_lines()):
        terminalreporter.write_line(text)
    terminalreporter.write_line("each case: build/venues.md")
