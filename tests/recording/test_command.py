"""`marginline recording`: what it prints, and how it ends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.recording import app
from flows.recording.files import RecordingError, read_lines, topic_file, write_lines
from tests.recording.worlds import SOURCE, short_specification

RUN = CliRunner()


def test_build_then_validate_then_inspect(tmp_path: Path) -> None:
    path = short_specification(tmp_path)
    out = tmp_path / "made"
    command = ["build", str(path), "--prices", str(SOURCE), "--out", str(out), "--level", "1"]
    built = RUN.invoke(app, command)
    assert built.exit_code == 0, built.output
    assert f"Next: marginline recording validate {out}" in built.stdout
    again = RUN.invoke(app, command)
    assert isinstance(again.exception, RecordingError)
    good = RUN.invoke(app, ["validate", str(out)])
    assert good.exit_code == 0
    assert "0 bad, 0 files changed" in good.stdout
    seen = RUN.invoke(app, ["inspect", str(out)])
    assert seen.exit_code == 0
    assert "2025-04-06 23:00:00 to 2025-04-06 23:15:00 UTC" in seen.stdout
    assert "MIT, Copyright (c) 2025 typhonun" in seen.stdout
    assert "XMR-PERP" in seen.stdout


def test_validate_says_what_is_wrong_and_ends_with_one(tmp_path: Path, recorded: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(recorded, folder)
    lines = list(read_lines(topic_file(folder, "trades")))
    lines[9] = lines[9][:30]
    write_lines(topic_file(folder, "trades"), [lines])
    ended = RUN.invoke(app, ["validate", str(folder)])
    assert ended.exit_code == 1
    assert "trades, line 10: not_json" in ended.stdout
    assert "trades: not what recording.toml says was written" in ended.stdout


@pytest.mark.parametrize("command", ["build", "inspect", "validate"])
def test_an_unknown_name_is_one_line_that_says_what_there_is(command: str) -> None:
    ended = RUN.invoke(app, [command, "nowhere"])
    assert isinstance(ended.exception, RecordingError)
    assert "crash-2025-04-07" in str(ended.exception)
    assert "\n" not in str(ended.exception)


@pytest.mark.parametrize("command", ["build", "inspect", "validate"])
def test_help_shows_an_example(command: str) -> None:
    assert f"marginline recording {command}" in RUN.invoke(app, [command, "--help"]).stdout
