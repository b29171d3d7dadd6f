"""Checkpoints of a flow: files under their hash, named by the place that they stand behind. Losing one costs time."""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from flows.connectors.run_files import write_whole
from flows.connectors.telemetry import metrics

SUFFIX: Final = ".checkpoint"
KEPT: Final = 5
"""Checkpoints kept a pool: the newest may be ahead of what was published, or damaged."""

_HASH: Final = 32
_DIGITS: Final = 15

log = structlog.get_logger()


class Checkpoints:
    """One flow's checkpoints of one pool."""

    def __init__(self, folder: Path, flow: str, pool: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.flow, self.pool = folder, flow, pool
        self._writing: threading.Thread | None = None
        self._failed: BaseException | None = None

    def _path(self, place: int) -> Path:
        return self.folder / f"{self.flow}-{self.pool}-{place:0{_DIGITS}d}{SUFFIX}"

    def places(self) -> list[int]:
        """Where checkpoints stand, in rising order."""
        # Digits alone: pools may be called usd and usd-2.
        names = self.folder.glob(f"{self.flow}-{self.pool}-{'[0-9]' * _DIGITS}{SUFFIX}")
        return sorted(int(path.name.removesuffix(SUFFIX).rpartition("-")[2]) for path in names)

    def save(self, place: int, state: Any, length: int | None = None) -> None:
        """Write one now; the oldest go. ``length``: entries before it, where the place is no count of entries."""
        self.join()
        self._write(place, state, length, time.perf_counter())

    def save_beside(self, place: int, make: Callable[[], Any], length: int | None = None) -> None:
        """Write one on a thread of its own, unless the last is still being written; ``make`` gives copies."""
        if self._writing is not None and self._writing.is_alive():
            return
        self.join()
        begun_s = time.perf_counter()
        told = (place, make(), length, begun_s)
        self._writing = threading.Thread(target=self._write_noting, args=told, name="checkpoint")
        self._writing.start()

    def join(self) -> None:
        """Wait for the one that is being written, and raise what went wrong with it."""
        if self._writing is not None:
            self._writing.join()
            self._writing = None
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed

    def _write_noting(self, place: int, state: Any, length: int | None, begun_s: float) -> None:
        try:
            self._write(place, state, length, begun_s)
        except BaseException as error:  # noqa: BLE001 - handed to whoever saves or joins next
            self._failed = error

    def _write(self, place: int, state: Any, length: int | None, begun_s: float) -> None:
        body = pickle.dumps(state, protocol=5)
        write_whole(self._path(place), hashlib.sha256(body).digest() + body)
        of = (self.flow, self.pool)
        metrics.checkpoint_duration(*of).set(time.perf_counter() - begun_s)
        metrics.checkpoint_time(*of).set(time.time())
        metrics.checkpoint_position(*of).set(place if length is None else length)
        metrics.checkpoint_bytes(*of).set(_HASH + len(body))
        for old in self.places()[:-KEPT]:
            self._path(old).unlink(missing_ok=True)

    def newest(self, at_most: int) -> tuple[int, Any] | None:
        """The newest that is whole and stands at or before a place; None where there is none. Others are told of."""
        told = [place for place in self.places() if place <= at_most]
        for place in reversed(told):
            try:
                return place, self._read(place)
            except Exception as error:  # noqa: BLE001 - damaged, gone, another version's: whatever it is, it is told
                metrics.checkpoint_faults(self.flow, self.pool).inc()
                log.warning(
                    "checkpoint not used", flow=self.flow, pool=self.pool, place=place, why=str(error)
                )
        if told:
            log.warning("no checkpoint serves; from the lane's beginning", flow=self.flow, pool=self.pool)
        return None

    def _read(self, place: int) -> Any:
        data = self._path(place).read_bytes()
        if hashlib.sha256(data[_HASH:]).digest() != data[:_HASH]:
            raise ValueError("its hash does not match")
        return pickle.loads(data[_HASH:])  # noqa: S301 - our own file: its hash is checked
