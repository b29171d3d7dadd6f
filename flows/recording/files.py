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
_LINE_LIMIT: Final = 16 * 1024 * 1024  # a longer line is cut: intake refuses it from 1 MiB on, whatever its end
_CHUNK: Final = 1 << 20


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
    raise RecordingError(f"{name}: no recording there: neither a folder with a {MANIFEST} nor one of {_shipped()}")


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
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from error
    return Written(lines, size, digest.hexdigest())


def read_lines(path: Path) -> Iterator[bytes]:
    """Lines of a topic's file, without their ends. A line over 16 MiB ends there: no line fills the memory."""
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            yield from _split(stream)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    except zstandard.ZstdError as error:
        raise RecordingError(f"{path}: is no whole zstd file: {error}") from error


def read_all(path: Path) -> bytes:
    """All text of a topic's file at once."""
    return b"".join(line + b"\n" for line in read_lines(path))


def _split(stream: BinaryIO | zstandard.ZstdDecompressionReader) -> Iterator[bytes]:
    """Cut the stream into lines."""
    rest, skipping = b"", False
    while chunk := stream.read(_CHUNK):
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        if parts and skipping:
            parts, skipping = parts[1:], False
        yield from parts
        if len(rest) > _LINE_LIMIT:
            if not skipping:
                yield rest[:_LINE_LIMIT]
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest


def digest(path: Path) -> Written:
    """Count and hash what a topic's file holds, as `write_lines` did."""
    sha256, lines, size = hashlib.sha256(), 0, 0
    for line in read_lines(path):
        sha256.update(line + b"\n")
        lines += 1
        size += len(line) + 1
    return Written(lines, size, sha256.hexdigest())

