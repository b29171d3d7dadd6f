"""A recording's files on disk: zstd NDJSON in and out, one message a line, and where recordings are found.

recordings/<name>/recording.toml  NOTICE  oracle-prices.ndjson.zst  trades.ndjson.zst  depth.ndjson.zst
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARKET_TOPICS: Final = ("oracle-prices", "trades", "depth")
"""Topics of a recording; what comes of it is the same for any number of accounts."""

ACCOUNT_TOPICS: Final = ("collateral", "fills", "order-checks")
"""Topics that are generated into a run's folder."""

MANIFEST: Final = "recording.toml"
PROJECT: Final = Path(__file__).resolve().parents[2]
SHIPPED: Final = PROJECT / "recordings"
SPECS: Final = SHIPPED / "specs"

_WINDOW_LOG: Final = 25  # 32 MB: minutes of all markets, and within what every decoder accepts by default
_LINE_LIMIT: Final = (
    16 * 1024 * 1024
)  # a longer line is cut: intake refuses it from 1 MiB on, whatever its end
_READ: Final = 1 << 15  # of compressed bytes at a time: what they unpack to stays bounded


class RecordingError(Exception):
    """A recording, its description or its price files cannot be used; says where, what and what is allowed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a topic's file holds: of its lines as text, so that no version of zstd shows."""

    lines: int
    size: int  # bytes of text
    sha256: str


def topic_file(folder: Path, topic: str) -> Path:
    """Path of a topic's file in a recording or a run."""
    return folder / f"{topic}.ndjson.zst"


def find(name: str | Path) -> Path:
    """Find the folder of a recording: a path, or the name of one that ships with the project."""
    for folder in (Path(name), Path("recordings") / name, SHIPPED / name):
        if (folder / MANIFEST).is_file():
            return folder
    raise RecordingError(
        f"{name}: no recording there: neither a folder with a {MANIFEST} nor one of {_shipped()}"
    )


def _shipped() -> str:
    names = sorted(each.parent.name for each in SHIPPED.glob(f"*/{MANIFEST}"))
    return ", ".join(names) or "the shipped ones (there are none)"


def write_lines(path: Path, chunks: Iterable[list[bytes]], level: int = 3) -> Written:
    """Write lines (without their ends) chunk by chunk; one frame, one thread: the same lines make the same file."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, window_log=_WINDOW_LOG, write_checksum=True, write_content_size=False, threads=0
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    digest, lines, size = hashlib.sha256(), 0, 0
    try:
        with path.open("wb") as file, compressor.stream_writer(file) as out:
            for chunk in chunks:
                if not chunk:
                    continue
                text = b"\n".join(chunk) + b"\n"
                digest.update(text)
                out.write(text)
                lines += len(chunk)
                size += len(text)
    except OSError as error:
        raise OSError(
            error.errno, error.strerror, str(path)
        ) from error  # a full disk names no file by itself
    return Written(lines, size, digest.hexdigest())


def read_texts(path: Path) -> Iterator[bytes]:
    """Text of a topic's file in pieces of whole lines. A line over 16 MiB is cut there: no line fills the memory."""
    try:
        with path.open("rb") as file:
            yield from _whole_lines(_decompressed(file, path))
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    except zstandard.ZstdError as error:
        raise RecordingError(f"{path}: is no zstd file: {error}") from error


def _decompressed(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Frame after frame; a file that ends inside one was cut off, which a plain stream reader would not say."""
    frame = None
    while raw := file.read(_READ):
        while raw:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(raw)
            raw = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame is not None:
        raise RecordingError(f"{path}: ends in the middle of its zstd frame; the file was cut off")


def read_lines(path: Path) -> Iterator[bytes]:
    """Lines of a topic's file, without their ends."""
    for text in read_texts(path):
        lines = text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        yield from lines


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream after the last line end of each chunk."""
    rest = bytearray()
    cutting = False
    for chunk in chunks:
        text = chunk
        if cutting:  # the rest of a line that was cut is passed over
            _, end, text = chunk.partition(b"\n")
            cutting = not end
        head, end, tail = text.rpartition(b"\n")
        if end:
            yield bytes(rest) + head + end
            rest = bytearray(tail)
        else:
            rest += text
        if len(rest) > _LINE_LIMIT:
            yield bytes(rest[:_LINE_LIMIT]) + b"\n"
            rest, cutting = bytearray(), True
    if rest:
        yield bytes(rest)


def digest(path: Path) -> Written:
    """Count and hash what a topic's file holds, as `write_lines` did."""
    sha256, lines, size = hashlib.sha256(), 0, 0
    for text in read_texts(path):
        sha256.update(text)
        lines += text.count(b"\n")
        size += len(text)
    return Written(lines, size, sha256.hexdigest())
