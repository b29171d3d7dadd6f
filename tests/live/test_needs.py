"""What is missing is said before anything is started, a line each; and a run's folder belongs to one run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import live
from flows.connectors.errors import RunDiffers
from flows.connectors.exits import ExitCode
from flows.live import needs, session


def test_each_thing_that_is_missing_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def usage(_path: Path) -> Any:
        return shutil._ntuple_diskusage(100, 90, 1 << 28)

    def no_module(name: str) -> None:
        assert name

    monkeypatch.setattr(needs, "JARS", tmp_path)
    monkeypatch.setattr(needs, "EXAMPLES", tmp_path)
    monkeypatch.setattr(needs.shutil, "disk_usage", usage)
    monkeypatch.setattr(needs.importlib.util, "find_spec", no_module)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    lines = needs.missing(tmp_path / "runs" / "new", view=True)
    assert [line.split(":")[0] for line in lines] == [
        f"There is no Kafka in {tmp_path}",
        "there is no Java",
        "There is no embedded ClickHouse",
        "There is no terminal view",
        f"There is no executor in {tmp_path}",
        f"{tmp_path} has 0.2 GB left, and a live run needs 2 GB",
    ]
    assert not any("\n" in line for line in lines)
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    answer = CliRunner().invoke(live.app, ["up", "--headless", "--out", str(tmp_path / "run")])
    assert answer.exit_code == ExitCode.USAGE
    assert "There is no Kafka" in answer.stderr
    assert not (tmp_path / "run").exists()


def test_a_folder_of_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    begun = session.Begun("crash-2025-04-07", 300)
    session._same(tmp_path / session.BEGUN, begun)
    (tmp_path / session.BEGUN).write_text('{"recording": "crash-2025-04-07", "accounts": 300}')
    session._same(tmp_path / session.BEGUN, begun)
    with pytest.raises(
        RunDiffers, match="holds a live run of crash-2025-04-07 with 300 accounts; use --fresh"
    ):
        session._same(tmp_path / session.BEGUN, session.Begun("crash-2025-04-07", 301))
    for text in ("", "{}", "[1]"):
        (tmp_path / session.BEGUN).write_text(text)
        with pytest.raises(RunDiffers, match="is not a live run's description"):
            session._same(tmp_path / session.BEGUN, begun)


def test_fresh_removes_what_a_run_leaves_and_nothing_else(tmp_path: Path) -> None:
    for name in ("kafka/data", "state", "logs", "clickhouse", "topics", ".topics.draft", "mine"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("live.json", "executor.state", "clickhouse.address", "notes.txt"):
        (tmp_path / name).touch()
    session.clear(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "notes.txt"]
