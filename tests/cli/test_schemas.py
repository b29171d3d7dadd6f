"""`marginline schemas`: shows a topic, writes the exports, and says when they are stale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cli.main import main
from flows.connectors.exits import ExitCode


def test_show_prints_the_schema_of_a_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "show", "fills"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["title"] == "Fill"
    assert main(["schemas", "show", "venue"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["title"] == "Venue"


def test_show_without_a_topic_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "show"]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["oracle-prices", "input", "key", "asset"]
    assert len(lines) == 22


def test_an_unknown_topic_is_one_line_that_names_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "show", "fill"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "there is no topic fill; there are: oracle-prices, trades," in said


def test_export_writes_and_check_tells_what_is_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path)
    assert main(["schemas", "export", folder, "--check"]) == ExitCode.DIFFERENCE
    assert "asyncapi.json: stale" in capsys.readouterr().out
    assert main(["schemas", "export", folder]) == ExitCode.OK
    assert capsys.readouterr().out == f"{folder}: 24 files written.\n"
    assert main(["schemas", "export", folder, "--check"]) == ExitCode.OK
    (tmp_path / "jsonschema/fills.json").write_text("{}")
    assert main(["schemas", "export", folder, "--check"]) == ExitCode.DIFFERENCE
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"{tmp_path / 'jsonschema/fills.json'}: stale; write it with marginline schemas export."
    )
