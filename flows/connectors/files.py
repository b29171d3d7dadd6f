"""Recordings on disk: one zstd NDJSON file a topic, read as a stream and merged into slices in the order of places.

recording's folder: oracle-prices, depth, trades     run's folder: collateral, fills, order-checks, liquidation-bids
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import zstandard

from flows.connectors.errors import RecordingError
from flows.journal.entries import TOPICS
from flows.journal.merge import SLICE_RECORDS, Lines, Merge, Position, Slice
from flows.journal.wire import FORMS
from schemas.dead_letter import LARGEST_RECORD_BYTES

SUFFIX: Final = ".ndjson.zst"
DESCRIPTION: Final = "recording.toml"
REQUIRED: Final = ("oracle-prices", "depth", "trades")
"""Topics without which there is no recording."""

_CHUNK: Final = 1 << 20  # of text, at least, a step: some thousand lines
_INPUT: Final = 1 << 11  # bytes of file a read: the worst of them unfold to 64 MB
_KEPT: Final = LARGEST_RECORD_BYTES + 1  # of a line that is too long: enough to see that it is
_WINDOW_MOST: Final = 1 << 27  # bytes that a file's frame may make the decoder hold: zstd's own default limit


def find_topics(folders: Sequence[Path]) -> dict[int, Path]:
    """The file of each topic, by its number: the first folder that has one counts."""
    found: dict[int, Path] = {}
    for topic, name in enumerate(TOPICS):
        paths = [folder / f"{name}{SUFFIX}" for folder in folders] if name in FORMS else []
        path = next((path for path in paths if path.is_file()), None)
        if path is not None:
            found[topic] = path
        elif name in REQUIRED:
            raise RecordingError(f"{folders[0] / f'{name}{SUFFIX}'}: there is no such file.")
    return found


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a recording, by its name: what a run notes, so that no other recording is taken for it."""
    found: dict[str, str] = {}
    for path in (folder / DESCRIPTION, *find_topics([folder]).values()):
        try:
            with path.open("rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror or error}.") from error
    return found


class RecordingReader:
    """Slices of a recording between two instants, all topics in one order. Where slices are cut changes nothing."""

    def __init__(
        self,
        folders: Sequence[Path],
        horizon: tuple[int, int],
        most: int = SLICE_RECORDS,
        position: Position | None = None,
    ) -> None:
        """``horizon``: first and last instant, ns. ``position``: an earlier reader's `snapshot`."""
        self._files: list[Generator[Lines]] = []
        sources = {topic: partial(self._open, path) for topic, path in find_topics(folders).items()}
        self._merge = Merge(sources, *horizon, most=most, position=position)

    def _open(self, path: Path, first: int) -> Generator[Lines]:
        lines = read_lines(path, first)
        self._files.append(lines)
        return lines

    def __iter__(self) -> Iterator[Slice]:
        """All slices that are left."""
        return iter(self._merge)

    def read(self) -> list[Slice] | None:
        """The next slice; None after the last."""
        piece = self._merge.next_slice()
        return None if piece is None else [piece]

    def snapshot(self) -> Position:
        """Where the next slice begins: lines of each topic, and the next clock."""
        return self._merge.position()

    def close(self) -> None:
        """Let go of the files."""
        for each in self._files:
            each.close()


def read_lines(path: Path, first: int = 0) -> Generator[Lines]:
    """Lines of a file from number ``first`` on, some thousand at a time. Long ones are cut: none fills the memory."""
    try:
        with path.open("rb") as file:
            yield from _lines(_texts(file), first)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except (zstandard.ZstdError, EOFError) as error:
        raise RecordingError(f"{path}: is no whole zstd file: {error}.") from error


def _texts(file: BinaryIO) -> Iterator[bytes]:
    """Text of a file, frame after frame. A stream reader would take a file that was cut short for a whole one."""
    decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW_MOST)
    frame = decoder.decompressobj()
    pieces: list[bytes] = []
    held = 0
    is_whole = True
    while data := file.read(_INPUT):
        while data:
            pieces.append(frame.decompress(data))
            held += len(pieces[-1])
            is_whole, data = frame.eof, frame.unused_data
            if is_whole:
                frame = decoder.decompressobj()
        if held >= _CHUNK:
            yield b"".join(pieces)
            pieces, held = [], 0
    if held:
        yield b"".join(pieces)
    if not is_whole:
        raise EOFError("it ends within a frame")


def _lines(texts: Iterator[bytes], first: int) -> Iterator[Lines]:
    """Cut texts into lines and count them; the last one needs no end."""
    begun, length, number = (
        bytearray(),
        0,
        0,
    )  # the line that the last text broke off in: what is kept, how long
    for text in texts:
        lines = text.split(b"\n")
        length += len(lines[0])
        begun += lines[0][: max(0, _KEPT - len(begun))]
        if len(lines) == 1:
            continue
        lengths = {row: len(line) for row, line in enumerate(lines) if len(line) > _KEPT}
        lines[0], rest = bytes(begun), lines.pop()
        if length > _KEPT:
            lengths[0] = length
        for row in lengths:
            if row < len(lines):
                lines[row] = lines[row][:_KEPT]
        lengths.pop(len(lines), None)
        yield from _from(first, Lines(number, lines, lengths))
        number += len(lines)
        begun, length = bytearray(rest[:_KEPT]), len(rest)
    if length:
        yield from _from(first, Lines(number, [bytes(begun)], {0: length} if length > _KEPT else {}))


def _from(first: int, lines: Lines) -> Iterator[Lines]:
    """What of some lines does not lie before ``first``."""
    skip = max(0, first - lines.first)
    if skip == 0:
        yield lines
    elif skip < len(lines.lines):
        kept: Mapping[int, int] = {row - skip: length for row, length in lines.lengths.items() if row >= skip}
        yield Lines(lines.first + skip, lines.lines[skip:], dict(kept))
