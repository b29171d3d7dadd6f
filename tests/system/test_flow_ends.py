"""A flow that bytewax itself started ends as a command does: what a user can get wrong is one line and its exit code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows import replay
from flows.connectors.exits import ExitCode
from tests.connectors.engine import held
from tests.system import process, short
from tests.system.short import Short

NO_RUN = ": no run was begun there; name one in MARGINLINE_RUN, or start one with `marginline replay`."


def line_of(name: str, code: ExitCode, *arguments: str, **environment: str) -> str:
    """What the flow said, when it ended with this code."""
    ended = process.ended(process.flow(name, *arguments), **environment)
    assert (ended.code, ended.out) == (code, ""), ended
    return ended.one_line()


@pytest.mark.parametrize("name", ["market", "intake", "clearing", "audit"])
def test_no_run_is_there(name: str, tmp_path: Path) -> None:
    line = line_of(name, ExitCode.RUN, MARGINLINE_RUN=str(tmp_path), MARGINLINE_OUT=str(tmp_path / "out"))
    assert line == f"{tmp_path}{NO_RUN}"


def test_a_replay_of_no_recording(tmp_path: Path) -> None:
    settings = {"MARGINLINE_RUN": str(tmp_path / "run"), "MARGINLINE_RECORDING": "no-such"}
    assert line_of("replay", ExitCode.INPUT, **settings).startswith("no-such: no recording there")


def test_a_setting_that_is_not_allowed(tmp_path: Path) -> None:
    line = line_of("audit", ExitCode.USAGE, MARGINLINE_RUN=str(tmp_path), MARGINLINE_ACCOUNTS="5")
    assert line == "MARGINLINE_ACCOUNTS: '5': Input should be greater than or equal to 100."


def test_nowhere_to_write_to(whole: replay.Done) -> None:
    line = line_of("clearing", ExitCode.USAGE, MARGINLINE_RUN=str(whole.run.folder), MARGINLINE_OUT="")
    assert line == "MARGINLINE_OUT: name a folder, another than the run's, for what this flow writes."


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_step_cannot_write(whole: replay.Done, tmp_path: Path, workers: str) -> None:
    """Raised within bytewax, which puts a stack of its own on the screen."""
    taken = tmp_path / "out" / f"events-{whole.run.venue.pools[0].id}.arrows"
    taken.mkdir(parents=True)
    settings = {"MARGINLINE_RUN": str(whole.run.folder), "MARGINLINE_OUT": str(taken.parent)}
    line = line_of("clearing", ExitCode.RUN, "-w", workers, **settings)
    assert line == f"{taken}: cannot be written: Is a directory."


def test_nothing_to_recover_from(whole: replay.Done, tmp_path: Path) -> None:
    settings = {"MARGINLINE_RUN": str(whole.run.folder), "MARGINLINE_OUT": str(tmp_path / "out")}
    cut = ("-r", str(tmp_path / "none"), "-s", "1", "-b", "0")
    assert f'"{tmp_path / "none"}" does not exist' in line_of("clearing", ExitCode.INPUT, *cut, **settings)


def test_a_database_that_somebody_holds(whole: replay.Done, tmp_path: Path) -> None:
    folder = tmp_path / "database"
    with held(folder):
        settings = {"MARGINLINE_RUN": str(whole.run.folder), "MARGINLINE_DATABASE": str(folder)}
        assert line_of("audit", ExitCode.DATABASE, **settings).startswith(f"{folder} is held by ")


@pytest.mark.parametrize("name", ["market", "intake"])
def test_another_recording_than_the_runs(fall: Short, tmp_path: Path, name: str) -> None:
    recording, out = tmp_path / "recording", tmp_path / "run"
    shutil.copytree(fall.folder, recording)
    out.mkdir()
    replay.prepare(short.asked(Short(recording, fall.topics), out), fresh=False)
    (recording / "trades.ndjson.zst").write_bytes((recording / "depth.ndjson.zst").read_bytes())
    settings = {"MARGINLINE_RUN": str(out), "MARGINLINE_OUT": str(tmp_path / "out")}
    line = line_of(name, ExitCode.RUN, **settings)
    assert line.startswith(f"{out}: was begun on another trades.ndjson.zst than {recording} holds now")


def test_a_bug_is_shown_whole(tmp_path: Path) -> None:
    """Nothing of a run's makes one, so a flow that has one is made."""
    page = tmp_path / "with_a_bug.py"
    page.write_text(
        "from flows.connectors.exits import end_in_one_line\n"
        "def flow():\n    end_in_one_line()\n    raise ZeroDivisionError('ours')\n",
        "utf-8",
    )
    command = [*process.flow("market")[:-1], "with_a_bug"]
    ended = process.ended(command, PYTHONPATH=f"{tmp_path}:{process.ROOT}")
    assert ended.code == ExitCode.BUG
    assert ended.err.endswith("ZeroDivisionError: ours\n")
