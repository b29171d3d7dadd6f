"""Whatever a user can get wrong: one line, the documented exit code, and no half-written run passed off as whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import replay
from flows.cli.main import main
from flows.connectors import clickhouse
from flows.connectors.exits import ExitCode
from flows.connectors.settings import MANIFEST, SUMMARY, VENUES
from flows.recording import files
from tests.system import process, short
from tests.system.short import ACCOUNTS, Short

WAYS = {"plain": ["--plain"], "one-worker": [], "two-workers": ["--workers", "2"]}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"plain": True},
    "one-worker": {},
    "two-workers": {"workers": 2},
}
"""The same from within."""

KEPT = ("events_sha256", "journal_sha256")
ENDS = (
    ": no space is left (File too large). Make room; the same command takes the run up again.",
    "recovery: cannot be written: Input/output error.",  # all that SQLite says of it
)


def arguments(recording: Path | str, out: Path, *more: str) -> list[str]:
    """A replay's command line behind the program's name."""
    return ["replay", str(recording), "--accounts", str(ACCOUNTS), "--out", str(out), *more]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


class Said:
    """Runs a command here, and gives what it said: one line on stderr, and nothing else."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, code: ExitCode, command: list[str]) -> str:
        assert main(command) == code
        captured = self.capsys.readouterr()
        assert captured.out == ""
        return process.Ended(code, captured.out, captured.err).one_line()


@pytest.fixture
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, with the options that the test asks for."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", request.param, "none", str(folder)]
    if shutil.which("mount") is None:
        pytest.skip("there is no mount here")
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# --- before anything is begun -----------------------------------------------------------------------------------------
def test_no_such_recording(said: Said, tmp_path: Path) -> None:
    line = said(ExitCode.INPUT, arguments("no-such", tmp_path / "run"))
    assert line.startswith("no-such: no recording there")
    assert "crash-2025-04-07" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("topic", files.MARKET_TOPICS)
def test_a_topics_file_is_missing(fall: Short, said: Said, tmp_path: Path, topic: str) -> None:
    shutil.copytree(fall.folder, tmp_path / "recording")
    path = files.topic_file(tmp_path / "recording", topic)
    path.unlink()
    line = said(ExitCode.INPUT, arguments(tmp_path / "recording", tmp_path / "run", "--plain"))
    assert line.startswith(f"{path}: ")
    assert not (tmp_path / "run" / SUMMARY).exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_topics_file_was_cut_off(fall: Short, said: Said, tmp_path: Path, way: str) -> None:
    shutil.copytree(fall.folder, tmp_path / "recording")
    path = files.topic_file(tmp_path / "recording", "depth")
    path.write_bytes(path.read_bytes()[:-1000])
    line = said(ExitCode.INPUT, arguments(tmp_path / "recording", tmp_path / "run", *WAYS[way]))
    assert line == f"{path}: is no whole zstd file: it ends within a frame."
    assert not (tmp_path / "run" / SUMMARY).exists()


def test_a_description_that_is_none(fall: Short, said: Said, tmp_path: Path) -> None:
    shutil.copytree(fall.folder, tmp_path / "recording")
    path = tmp_path / "recording" / files.MANIFEST
    path.write_text(path.read_text("utf-8").replace('seed = "', 'seeds = "'), "utf-8")
    line = said(ExitCode.INPUT, arguments(tmp_path / "recording", tmp_path / "run"))
    assert line == f"{path}, seed: Field required"


def test_a_venue_that_is_refused(fall: Short, said: Said, tmp_path: Path) -> None:
    venue = tmp_path / "venue.toml"
    text = (VENUES / "crash-2025-04-07.toml").read_text("utf-8")
    venue.write_text(text.replace('rate = "0.65 %"', 'rate = "0.35 %"', 1), "utf-8")
    recording = short.described_as(fall, tmp_path / "recording", venue=f'"{venue}"')
    line = said(ExitCode.CONFIGURATION, arguments(recording, tmp_path / "run"))
    assert line.startswith("venue.toml, markets.BTC-PERP.tiers[2].rate: 0.35 % is below")
    assert not (tmp_path / "run" / MANIFEST).exists()


def test_no_such_venue(fall: Short, said: Said, tmp_path: Path) -> None:
    recording = short.described_as(fall, tmp_path / "recording", venue='"nowhere.toml"')
    line = said(ExitCode.CONFIGURATION, arguments(recording, tmp_path / "run"))
    assert "nowhere.toml" in line


@pytest.mark.parametrize(
    "wrong", [["--accounts", "99"], ["--workers", "0"], ["--slice", "1"], ["--speed", "2"]]
)
def test_a_wrong_command_line(said: Said, tmp_path: Path, wrong: list[str]) -> None:
    line = said(ExitCode.USAGE, ["replay", "--out", str(tmp_path / "run"), *wrong])
    assert wrong[0] in line
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made(fall: Short, said: Said, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    line = said(ExitCode.RUN, arguments(fall.folder, tmp_path / "file" / "run"))
    assert line == f"{tmp_path / 'file' / 'run'}: cannot be written: Not a directory."


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(fall: Short, said: Said, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o500)
    line = said(ExitCode.RUN, arguments(fall.folder, tmp_path / "run"))
    assert line == f"{tmp_path / 'run'}: cannot be written: Permission denied."


@pytest.mark.parametrize("disk", ["ro"], indirect=True)
def test_a_disk_that_cannot_be_written(fall: Short, said: Said, disk: Path) -> None:
    line = said(ExitCode.RUN, arguments(fall.folder, disk / "run"))
    assert line == f"{disk / 'run'}: cannot be written: Read-only file system."


# --- a run that is there already --------------------------------------------------------------------------------------
def test_a_finished_run_is_kept(fall: Short, whole_folder: Path, said: Said) -> None:
    before = (whole_folder / SUMMARY).read_bytes()
    line = said(ExitCode.RUN, arguments(fall.folder, whole_folder))
    assert line == f"{whole_folder}: holds a finished run; use --fresh to replace it, or another --out."
    assert (whole_folder / SUMMARY).read_bytes() == before


def unfinished(folder: Path, to: Path) -> Path:
    """A run that lacks its end."""
    short.copy_of(folder, to)
    (to / SUMMARY).unlink()
    return to


def test_a_run_begun_with_other_settings_is_kept(
    fall: Short, whole_folder: Path, said: Said, tmp_path: Path
) -> None:
    out = unfinished(whole_folder, tmp_path / "run")
    line = said(ExitCode.RUN, arguments(fall.folder, out, "--accounts", str(ACCOUNTS + 1)))
    assert line == f"{out}: holds a run begun with other settings; use --fresh, or another --out."


@pytest.mark.parametrize("name", [files.MANIFEST, "trades.ndjson.zst"])
def test_a_recording_that_was_built_anew(fall: Short, said: Said, tmp_path: Path, name: str) -> None:
    """Under the same name and in the same place: its lines are others, and so would the run's be from there on."""
    recording, out = tmp_path / "recording", tmp_path / "run"
    shutil.copytree(fall.folder, recording)
    out.mkdir()
    replay.prepare(short.asked(Short(recording, fall.topics), out), fresh=False)
    path = recording / name
    path.write_bytes(
        path.read_bytes() + b"# again\n" if name == files.MANIFEST else fall.file("depth").read_bytes()
    )
    line = said(ExitCode.RUN, arguments(recording, out))
    assert line == (
        f"{out}: was begun on another {name} than {recording} holds now; use --fresh, or another --out."
    )
    assert replay.prepare(short.asked(Short(recording, fall.topics), out), fresh=True)


def test_a_run_that_lost_its_description(fall: Short, whole_folder: Path, said: Said, tmp_path: Path) -> None:
    out = unfinished(whole_folder, tmp_path / "run")
    (out / MANIFEST).write_bytes(b"{}")
    line = said(ExitCode.RUN, arguments(fall.folder, out))
    assert line == f"{out / MANIFEST}: is not a run's description. Use --fresh."


def test_a_journal_that_lost_its_end(fall: Short, whole_folder: Path, said: Said, tmp_path: Path) -> None:
    out = unfinished(whole_folder, tmp_path / "run")
    path = next(out.glob("journal-*.arrows"))
    os.truncate(path, path.stat().st_size - 1)
    line = said(ExitCode.RUN, arguments(fall.folder, out, "--plain"))
    assert line.startswith(f"{path}: holds ")
    assert not (out / SUMMARY).exists()


def test_fresh_replaces_a_run_and_nothing_else(fall: Short, whole: replay.Done, tmp_path: Path) -> None:
    out = unfinished(whole.run.folder, tmp_path / "run")
    (out / "notes.txt").write_text("mine", "utf-8")
    done = replay.execute(short.asked(fall, out, accounts=100), replay.unheard, fresh=True)
    assert done.summary["accounts"] == 100
    assert done.summary["events_sha256"] != whole.summary["events_sha256"]
    assert (out / "notes.txt").read_text("utf-8") == "mine"


@pytest.mark.parametrize("removed", [1, 2, 4, 6, 9])
def test_a_clearing_away_that_was_cut_short(
    fall: Short, whole: replay.Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    """What is left is a run to be taken up, never a finished one."""
    out, left, remove = tmp_path / "run", [removed], replay._remove
    short.copy_of(whole.run.folder, out)

    def remove_some(path: Path) -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        remove(path)

    with monkeypatch.context() as patch:
        patch.setattr(replay, "_remove", remove_some)
        with pytest.raises(KeyboardInterrupt):
            replay.execute(short.asked(fall, out, plain=True), replay.unheard, fresh=True)
    assert not (out / SUMMARY).exists()
    assert (out / MANIFEST).exists()
    done = replay.execute(short.asked(fall, out, plain=True), replay.unheard)
    assert done.summary["events_sha256"] == whole.summary["events_sha256"]


# --- while it runs ----------------------------------------------------------------------------------------------------
def assert_same(out: Path, whole: replay.Done) -> None:
    """A finished run like the undisturbed one."""
    summary = json.loads((out / SUMMARY).read_bytes())
    assert [summary[key] for key in KEPT] == [whole.summary[key] for key in KEPT]


def assert_goes_on(fall: Short, out: Path, way: str, whole: replay.Done) -> None:
    """There is no end of a run here; the same again makes the one that there should be."""
    assert not (out / SUMMARY).exists()
    done = replay.execute(short.asked(fall, out, **SETTINGS[way]), replay.unheard)
    assert [done.summary[key] for key in KEPT] == [whole.summary[key] for key in KEPT]


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c(fall: Short, whole: replay.Done, tmp_path: Path, way: str) -> None:
    out = tmp_path / "run"
    command = process.marginline(arguments(fall.folder, out, "--slice", "200", *WAYS[way]))
    with process.started(command) as running:
        assert process.until(running, lambda: sum(process.sizes(out).values()) > 500_000)
        running.send_signal(signal.SIGINT)
        ended = process.end_of(running)
    assert ended.code == ExitCode.INTERRUPTED, ended
    assert ended.one_line().startswith("Stopped. The same command takes ")
    assert_goes_on(fall, out, way, whole)


@pytest.mark.parametrize("way", WAYS)
def test_no_file_may_grow_further(fall: Short, whole: replay.Done, tmp_path: Path, way: str) -> None:
    out = tmp_path / "run"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))"
    ended = process.ended(process.marginline(arguments(fall.folder, out, *WAYS[way]), limit))
    assert ended.code == ExitCode.RUN, ended
    line = ended.one_line()
    assert line.startswith(f"{out}/")
    assert line.endswith(ENDS), line
    assert_goes_on(fall, out, way, whole)


@pytest.mark.parametrize("way", ["plain", "two-workers"])
@pytest.mark.parametrize("disk", ["size=5m"], indirect=True)
def test_a_full_disk(fall: Short, whole: replay.Done, disk: Path, way: str) -> None:
    """Room enough for the database to open, not for the run."""
    out = disk / "run"
    command = process.marginline(arguments(fall.folder, out, *WAYS[way]))
    ended = process.ended(command)
    assert ended.code in {ExitCode.RUN, ExitCode.DATABASE}, ended
    assert "space" in ended.one_line()
    assert not (out / SUMMARY).exists()
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    again = process.ended(command)
    assert again.code == 0, again
    assert_same(out, whole)


def test_a_second_run_and_a_question_meanwhile(
    fall: Short, whole: replay.Done, said: Said, tmp_path: Path
) -> None:
    out, question = tmp_path / "run", ["audit", "fund", "--run", str(tmp_path / "run")]
    begun = arguments(fall.folder, out, "--slice", "200")
    with process.started(process.marginline(begun)) as running:
        assert process.until(running, lambda: sum(process.sizes(out).values()) > 500_000)
        running.send_signal(signal.SIGSTOP)
        for command in (begun, [*begun, "--fresh"]):
            line = said(ExitCode.RUN, command)
            assert line == f"{out}: another run is writing there; wait for it or choose another --out."
        held = f"{out / clickhouse.FOLDER} is held by a run that is still going (process {running.pid})"
        assert said(ExitCode.DATABASE, question).startswith(held)
        running.send_signal(signal.SIGCONT)
        ended = process.end_of(running)
    assert ended.code == 0, ended
    assert_same(out, whole)
    assert main(question) == ExitCode.OK
