"""A run's folder: who may write in it, files that only grow, and files that appear whole or not at all.

After a crash the growing files are cut back to the lengths of the last cut through the run, and it goes on from there.
What is appended is with the system at once, so it survives the process; `sync` makes it survive the machine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from flows.connectors.errors import RunBroken, RunBusy, RunError, RunNotWritable, not_written

LOCK: Final = "run.lock"
FRAME_HEAD: Final = 8
"""Bytes before a frame: its length, little-endian."""

FRAME_MOST: Final = 1 << 31
"""A longer frame is none that was written here."""


class RunLock:
    """The right to write in a run's folder, one process at a time. The system takes it back at the process's end."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if it is missing, and take it. RunBusy, or RunNotWritable."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = (folder / LOCK).open("ab")
        except OSError as error:
            raise not_written(folder, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise RunBusy(
                f"{folder}: another run is writing there; wait for it or choose another --out."
            ) from error

    def release(self) -> None:
        """Let others in."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class GrowingFile:
    """A file that is appended to, and cut back after a crash."""

    def __init__(self, path: Path, length: int | None = None) -> None:
        """Open it, cut back to ``length``; without one it goes on at its end. RunBroken if it is shorter."""
        self.path = path
        try:
            # Unbuffered: what `append` returns from has left this process.
            self._file = path.open("ab", buffering=0)
            self.length = self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise not_written(path, error) from error
        if length is not None:
            try:
                self.truncate(length)
            except RunError:
                self.close()
                raise

    def append(self, data: bytes) -> int:
        """Write behind all else; the file's new length."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise not_written(self.path, error) from error
        self.length += len(data)
        return self.length

    def truncate(self, length: int) -> None:
        """Cut back to ``length``."""
        if length > self.length:
            raise RunBroken(
                f"{self.path}: holds {self.length} bytes where {length} were written. Use --fresh."
            )
        try:
            self._file.truncate(length)
        except OSError as error:
            raise not_written(self.path, error) from error
        self.length = length

    def sync(self) -> int:
        """Have all of it on the disk; its length."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise not_written(self.path, error) from error
        return self.length

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class FrameFile(GrowingFile):
    """Batches of journal entries or events, one a frame: its length and its bytes."""

    def append(self, data: bytes) -> int:
        """One frame; the file's new length."""
        return super().append(len(data).to_bytes(FRAME_HEAD, "little") + data)


def frames(path: Path, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Frames from a length of the file on, and for each the length behind it; up to ``end``, or the last whole one."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            while end is None or start < end:
                head = file.read(FRAME_HEAD)
                size = int.from_bytes(head, "little")
                data = file.read(size) if len(head) == FRAME_HEAD and size <= FRAME_MOST else b""
                if len(head) < FRAME_HEAD or len(data) < size:
                    if end is None:
                        return
                    raise RunBroken(f"{path}: ends or breaks at byte {start} of {end}. Use --fresh.")
                start += FRAME_HEAD + size
                yield data, start
    except OSError as error:
        raise RunNotWritable(f"{path}: cannot be read: {error.strerror or error}.") from error


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in its place by rename: it is there whole, or as it was before."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name, too
        finally:
            os.close(folder)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise not_written(path, error) from error
