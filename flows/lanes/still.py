"""A pool that cannot go on stands still; the others of its process go on.

An entry that cannot be applied, entries that are missing, states that are not made again: whoever skipped them might lose
a fill, so the pool's part of the flow takes nothing up any more, and publishes nothing. It says so once in the log, on its
page (`journal_stopped_bool`, not ready) and, when the process ends, by its exit code. Ending at once would take pools along
that nothing is wrong with, and a supervisor that starts a flow again every second would do so for ever. Once every pool of
the venue stands still there is nothing to spare: the process ends. It ends, too, when people have signed what leads past the
entry: another start finds it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

import structlog

from flows.connectors.engine import Build, Ending, Keyed, Parts, Reader, Step
from flows.connectors.placement import pool_of
from flows.connectors.stop import STOP
from flows.connectors.telemetry import metrics
from flows.journal.codec import NoBatchError
from flows.journal.terms import JournalGapError
from flows.lanes import watch
from flows.lanes.audit import LaneGapError
from flows.lanes.market import NotRepeatedError
from flows.lanes.settings import Live
from flows.pool.pool import PoolStoppedError

log = structlog.get_logger()


class StandsStill(Exception):  # noqa: N818 - its name is what it says
    """Pools have stopped, each before something that it cannot pass over. One line."""


REASONS: Final[dict[type[Exception], str]] = {
    PoolStoppedError: metrics.POISON,
    NoBatchError: metrics.POISON,
    JournalGapError: metrics.GAP,
    LaneGapError: metrics.GAP,
    NotRepeatedError: metrics.UNREPEATED,
}
"""What a pool stands still for, and its name on the page."""

KINDS: Final = tuple(REASONS)

_WHY: dict[tuple[str, str], str] = {}  # by flow and pool
_LOCK: Final = threading.Lock()


def stop(flow: str, live: Live, pool: str, error: Exception) -> None:
    """The pool stands still from now on. StandsStill, if it was the last one that went on."""
    reason = next(name for kind, name in REASONS.items() if isinstance(error, kind))
    metrics.stopped(flow, pool, reason).set(1)
    watch.stands_still(flow, pool, str(error))
    log.error("pool stands still", flow=flow, pool=pool, reason=reason, why=str(error), exc_info=error)
    with _LOCK:
        _WHY[flow, pool] = str(error)
        left = {each.id for each in live.venue.pools} - {of for at, of in _WHY if at == flow}
    if not left:
        raise StandsStill(said(flow)) from error


def said(flow: str) -> str:
    """Why pools of this flow stand still, on one line; empty while none does."""
    return "; ".join(why for (at, _), why in sorted(_WHY.items()) if at == flow)


@runtime_checkable
class Leading(Protocol):
    """A step that knows what would lead another start past where it stopped."""

    def may_go_on(self, item: Any) -> bool:
        """Whether an item that came in since does."""


class StillReader:
    """A source's partition that gives nothing more once its pool stands still, and ends when it is asked to."""

    def __init__(
        self, flow: str, live: Live, open_part: Callable[[str], Reader[Any]], key: str, _hint: Any = None
    ) -> None:
        self.flow, self.live, self.pool = flow, live, pool_of(key)
        self.reader = open_part(key)
        self.is_still = False

    def read(self) -> Sequence[Any] | None:
        """The next items; None once the process is asked to stop."""
        if self.is_still:
            watch.beat(self.flow, self.pool)
            return None if STOP.is_set() else []
        try:
            return self.reader.read()
        except KINDS as error:
            self.is_still = True
            stop(self.flow, self.live, self.pool, error)
            return []

    def snapshot(self) -> Any:
        """The reader's own."""
        return self.reader.snapshot()

    def close(self) -> None:
        """Let go of it."""
        self.reader.close()


class StillStep:
    """A pool's step that makes nothing more of what comes once the pool stands still, nor a checkpoint."""

    def __init__(self, flow: str, live: Live, build: Build, pool: str, state: Any) -> None:
        self.flow, self.live, self.pool = flow, live, pool
        self.step: Step[Any, Any] = build(pool, state)
        self.is_still = False

    def apply(self, item: Any) -> Iterable[Any]:
        """What follows from an item. StandsStill, once another start can go on."""
        if self.is_still and isinstance(self.step, Leading) and self.step.may_go_on(item):
            raise StandsStill(f"{said(self.flow)}; its skip is signed: start again")
        return self._guarded(lambda: self.step.apply(item))

    def end(self) -> Iterable[Any]:
        """What is left."""
        return self._guarded(self.step.end) if isinstance(self.step, Ending) else ()

    def snapshot(self) -> Any:
        """The step's own."""
        return self.step.snapshot()

    def _guarded(self, call: Callable[[], Iterable[Any]]) -> Iterable[Any]:
        if self.is_still:
            return ()
        try:
            return list(call())
        except KINDS as error:
            self.is_still = True
            stop(self.flow, self.live, self.pool, error)
            return ()


def parts(flow: str, live: Live, keys: Sequence[str], open_part: Callable[[str], Reader[Any]]) -> Parts[Any]:
    """A source whose partitions stand still."""
    return Parts(keys, partial(StillReader, flow, live, open_part))


def keyed(flow: str, live: Live, build: Build) -> Callable[[Any], Keyed]:
    """What makes a pool's step for bytewax, from an earlier one's state: one that stands still."""
    return partial(Keyed, partial(StillStep, flow, live, build))
