"""Topic files as lines: whole, cut short, too long, from any line on; and what is said where they cannot be read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.connectors import files
from flows.connectors.errors import RecordingError
from flows.connectors.files import SUFFIX, RecordingReader, find_topics, read_lines
from flows.journal import entries as en
from flows.journal.merge import Lines, Merge
from schemas.dead_letter import LARGEST_RECORD_BYTES
from tests.journal.small import END, START, recording, sources


def write(path: Path, *frames: bytes) -> Path:
    path.write_bytes(b"".join(zstandard.ZstdCompressor().compress(frame) for frame in frames))
    return path


def flat(pieces: list[Lines]) -> list[tuple[int, bytes, int]]:
    """Number, text and length of each line."""
    return [
        (each.first + row, line, each.lengths.get(row, len(line)))
        for each in pieces
        for row, line in enumerate(each.lines)
    ]


texts = st.lists(st.sampled_from([b"", b"a", b"bb" * 20, b"c" * 90]), max_size=12)


@given(
    texts,
    st.booleans(),
    st.integers(0, 14),
    st.sampled_from([1, 7, 64]),
    st.lists(st.integers(0, 200), max_size=3),
)
@settings(max_examples=100)
def test_lines_are_those_of_the_text(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    ends: bool,
    first: int,
    chunk: int,
    cuts: list[int],
) -> None:
    text = b"\n".join(lines) + (b"\n" if ends else b"")
    told = text.split(b"\n")
    told = told[:-1] if not told[-1] else told
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    frames = [text[start:end] for start, end in pairwise(places)] or [b""]
    path = write(tmp_path_factory.mktemp("lines") / "x", *frames)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_CHUNK", chunk)
        patch.setattr(files, "_KEPT", 50)
        found = flat(list(read_lines(path, first)))
    assert found == [(row, line[:50], len(line)) for row, line in enumerate(told)][first:]


def test_a_line_that_is_too_long_is_cut_and_counted(tmp_path: Path) -> None:
    long = b"x" * 10_000_000
    path = write(tmp_path / "x", b"a\n" + long + b"\nb\n" + long)
    found = flat(list(read_lines(path)))
    assert [(row, len(line), length) for row, line, length in found] == [
        (0, 1, 1),
        (1, LARGEST_RECORD_BYTES + 1, 10_000_000),
        (2, 1, 1),
        (3, LARGEST_RECORD_BYTES + 1, 10_000_000),
    ]


@pytest.mark.parametrize("keep", [5, -1, -5])
def test_a_file_cut_short_is_not_taken_for_a_whole_one(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path / "x", b"a line\n" * 5_000)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordingError, match=r"x: is no whole zstd file: it ends within a frame\.$"):
        list(read_lines(path))


@pytest.mark.parametrize("data", [b"{}\n", b"\x28\xb5\x2f\xfd" + b"\xff" * 40])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(RecordingError, match="x: is no whole zstd file: "):
        list(read_lines(tmp_path / "x"))


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    assert list(read_lines(tmp_path / "x")) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"/x: cannot be read: No such file or directory\.$"):
        list(read_lines(tmp_path / "x"))


def folder_of(path: Path, *topics: str) -> Path:
    path.mkdir()
    for topic in topics:
        write(path / f"{topic}{SUFFIX}", b"\n".join(recording().get(topic, [])) + b"\n")
    return path


def test_topics_are_looked_for_in_the_recording_and_then_in_the_run(tmp_path: Path) -> None:
    first = folder_of(tmp_path / "recording", *files.REQUIRED)
    second = folder_of(tmp_path / "run", "trades", "fills")
    found = find_topics([first, second])
    assert found == {
        en.TOPIC_ORACLE_PRICES: first / f"oracle-prices{SUFFIX}",
        en.TOPIC_DEPTH: first / f"depth{SUFFIX}",
        en.TOPIC_TRADES: first / f"trades{SUFFIX}",
        en.TOPIC_FILLS: second / f"fills{SUFFIX}",
    }


@pytest.mark.parametrize("missing", files.REQUIRED)
def test_a_recording_without_a_market_topic_is_none(tmp_path: Path, missing: str) -> None:
    folder = folder_of(tmp_path / "recording", *(topic for topic in files.REQUIRED if topic != missing))
    with pytest.raises(RecordingError, match=rf"recording/{missing}\.ndjson\.zst: there is no such file\.$"):
        find_topics([folder])


def test_a_reader_gives_the_merge_of_its_files_and_goes_on_from_a_position(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "recording", *recording())
    told = list(Merge(sources(recording(), chunk=10_000), START, END, most=100))
    reader = RecordingReader([folder], (START, END), most=100)
    found = reader.read()
    assert found is not None
    position = reader.snapshot()
    reader.close()
    rest = RecordingReader([folder], (START, END), most=100, position=position)
    assert list(map(summary, [*found, *rest])) == list(map(summary, told))
    assert rest.read() is None


def summary(piece: object) -> list[object]:
    """What a slice holds, in values that compare."""
    parts = getattr(piece, "parts", ())
    lines = [
        (part.topic, part.offsets.tolist(), part.lines, part.sent_ns.tolist(), part.places.tolist())
        for part in parts
    ]
    return [*lines, getattr(piece, "clock_ns").tolist(), getattr(piece, "clock_places").tolist()]  # noqa: B009
