"""A run's files: one writer, no half-written whole, and one readable line for whatever the system refuses."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.connectors import run_files
from flows.connectors.errors import RunBroken, RunBusy, RunError, RunFull, RunNotWritable
from flows.connectors.exits import ExitCode, answer
from flows.connectors.run_files import FRAME_HEAD, FrameFile, GrowingFile, RunLock, frames, write_whole

ROOT = Path(__file__).resolve().parents[2]


HOLD = """
import sys
from pathlib import Path
from flows.connectors.run_files import RunLock
lock = RunLock(Path(sys.argv[1]))
sys.stdout.write("held")
sys.stdout.flush()
sys.stdin.read()
"""


def test_a_second_run_on_a_folder_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.read(4) == b"held"
        with pytest.raises(RunBusy, match="another run is writing there") as caught:
            RunLock(tmp_path / "run")
        assert answer(caught.value) == (ExitCode.RUN, str(caught.value))
        other.kill()
    with RunLock(tmp_path / "run"), pytest.raises(RunBusy):
        RunLock(tmp_path / "run")
    RunLock(tmp_path / "run").release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunNotWritable, match=r"file/run: cannot be written: Not a directory\.$"):
        RunLock(tmp_path / "file" / "run")


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(0, 8), st.binary(max_size=7))
@settings(max_examples=60)
def test_frames_come_back_and_a_torn_end_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory, batches: list[bytes], kept: int, torn: bytes
) -> None:
    path = tmp_path_factory.mktemp("frames") / "journal"
    file = FrameFile(path)
    ends = [file.append(batch) for batch in batches]
    file.close()
    with path.open("ab") as more:
        more.write(torn)
    assert list(frames(path)) == list(zip(batches, ends, strict=True))
    starts = [0, *ends]
    kept = min(kept, len(batches))
    again = FrameFile(path, starts[kept])
    assert path.stat().st_size == starts[kept] == again.length
    again.append(b"more")
    assert again.sync() == path.stat().st_size
    again.close()
    assert [batch for batch, _ in frames(path)] == [*batches[:kept], b"more"]
    assert [batch for batch, _ in frames(path, starts[kept])] == [b"more"]
    assert list(frames(path, 0, starts[kept])) == list(zip(batches[:kept], ends[:kept], strict=True))


@pytest.mark.parametrize("cut", [1, FRAME_HEAD, FRAME_HEAD + 1])
def test_a_frame_that_was_noted_and_is_not_there_is_an_error(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal"
    file = FrameFile(path)
    end = file.append(b"batch")
    file.truncate(cut)
    file.close()
    with pytest.raises(RunBroken, match=f"journal: ends or breaks at byte 0 of {end}"):
        list(frames(path, 0, end))
    with pytest.raises(RunBroken, match=f"holds {cut} bytes where {end} were written"):
        FrameFile(path, end)


def test_a_length_that_no_frame_has_ends_the_file(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"\xff" * 100)
    assert list(frames(tmp_path / "journal")) == []


def test_frames_of_a_missing_file_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="journal: cannot be read"):
        list(frames(tmp_path / "journal"))


def test_a_whole_file_replaces_what_was_there(tmp_path: Path) -> None:
    for data in (b"one", b"two"):
        write_whole(tmp_path / "summary.json", data)
        assert (tmp_path / "summary.json").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.parametrize(
    ("number", "kind", "told"),
    [
        (errno.ENOSPC, RunFull, "no space is left"),
        (errno.EDQUOT, RunFull, "no space is left"),
        (errno.EIO, RunNotWritable, "cannot be written"),
    ],
)
def test_a_disk_that_fails_leaves_the_old_file_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[RunError], told: str
) -> None:
    write_whole(tmp_path / "summary.json", b"one")

    def fails(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(run_files.os, "fsync", fails)
    with pytest.raises(kind, match=told) as caught:
        write_whole(tmp_path / "summary.json", b"two")
    assert answer(caught.value) == (ExitCode.RUN, str(caught.value))
    assert (tmp_path / "summary.json").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]
    with GrowingFileAt(tmp_path) as file, pytest.raises(kind, match=told):
        file.sync()


class GrowingFileAt(GrowingFile):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "growing")

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal").symlink_to("/dev/full")
    file = GrowingFile(tmp_path / "journal")
    with pytest.raises(RunFull, match=r"journal: no space is left \(No space left on device\)\. Make room"):
        file.append(b"batch")
    file.close()
    with pytest.raises(RunNotWritable, match="journal: cannot be written: Invalid argument"):
        GrowingFile(tmp_path / "journal", 0)


def test_a_file_that_cannot_be_opened_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with pytest.raises(RunNotWritable, match=r"journal: cannot be written: Is a directory\.$"):
        FrameFile(tmp_path / "journal")
