"""NDJSON under zstd: what was written comes back, and a broken file is one line, not a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from flows.recording import files


def test_lines_come_back_and_their_facts_are_of_the_text(tmp_path: Path) -> None:
    path = files.topic_file(tmp_path, "trades")
    lines = [b'{"a":%d}' % number for number in range(200_000)]
    written = files.write_lines(path, [lines[:7], [], lines[7:]])
    assert list(files.read_lines(path)) == lines
    assert written == files.digest(path)
    assert written.lines == len(lines)
    assert written.size == sum(map(len, lines)) + len(lines)


def test_the_same_lines_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        files.write_lines(tmp_path / name, [[b"x" * 50] * 1000])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_last_line_without_an_end_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(zstandard.compress(b"one\n\ntwo"))
    assert list(files.read_lines(path)) == [b"one", b"", b"two"]


@pytest.mark.parametrize("behind", [b"", b"after\n", b"after"], ids=["nothing", "line", "open_line"])
def test_a_line_beyond_the_limit_is_cut_and_the_next_one_is_whole(
    monkeypatch: pytest.MonkeyPatch, behind: bytes
) -> None:
    monkeypatch.setattr(files, "_LINE_LIMIT", 1_000)
    text = b"before\n" + b"x" * 5_555 + b"\n" + behind
    pieces = [text[start : start + 100] for start in range(0, len(text), 100)]
    lines = b"".join(files._whole_lines(iter(pieces))).split(b"\n")
    assert lines[0] == b"before"
    assert set(lines[1]) == {ord("x")}
    assert 1_000 <= len(lines[1]) < 1_100
    assert lines[2:] == ([b"after"] if behind == b"after" else [b"after", b""] if behind else [b""])


def test_a_broken_file_is_one_readable_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"no zstd at all")
    with pytest.raises(files.RecordingError, match="file: is no zstd file"):
        list(files.read_lines(path))
    with pytest.raises(files.RecordingError, match="missing: cannot be read: No such file"):
        list(files.read_lines(tmp_path / "missing"))


def test_what_cannot_be_written_names_the_file() -> None:
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        files.write_lines(Path("/dev/full"), [[b"x"]])


def test_a_file_cut_off_is_told_and_frames_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    whole = zstandard.compress(b"one\n" * 1_000) + zstandard.compress(b"two\n")
    path.write_bytes(whole)
    assert list(files.read_lines(path)) == [b"one"] * 1_000 + [b"two"]
    path.write_bytes(whole[:-3])
    with pytest.raises(files.RecordingError, match="ends in the middle"):
        list(files.read_lines(path))


def test_a_recording_is_found_by_name_or_path(tmp_path: Path) -> None:
    assert files.find("crash-2025-04-07").samefile(files.SHIPPED / "crash-2025-04-07")
    assert files.find(files.SHIPPED / "crash-2025-04-07").is_dir()
    with pytest.raises(files.RecordingError, match=r"no recording there.*crash-2025-04-07"):
        files.find(tmp_path)
