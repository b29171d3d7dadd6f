"""How a command or a flow ends: exit codes, and one line for every failure that a user can cause.

Rooms raise exceptions of their own and know no exit code. This page gives each a code by its name, so that nothing
heavy is imported to look an error up: an exception can only have been raised by a module that is loaded already.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from enum import IntEnum
from functools import partial
from types import TracebackType
from typing import Final

from flows.connectors.silence import Silence


class ExitCode(IntEnum):
    """What `$?` says after a command. Scripts may rely on these numbers; docs/reference/exit-codes.md lists them."""

    OK = 0
    DIFFERENCE = 1
    USAGE = 2
    CONFIGURATION = 3
    INPUT = 4
    RUN = 5
    DATABASE = 6
    KAFKA = 7
    STILL = 8
    BUG = 70
    INTERRUPTED = 130


MEANING: Final = {
    ExitCode.OK: "done",
    ExitCode.DIFFERENCE: "done, and what was compared differs: a scenario, a recomputed decision, a stale schema",
    ExitCode.USAGE: "the command line, or a setting in the environment, is wrong; nothing was started",
    ExitCode.CONFIGURATION: "a venue's configuration is refused; the line names file, key and what is allowed",
    ExitCode.INPUT: "a recording, scenario or other input file is missing or cannot be read",
    ExitCode.RUN: "the run's folder is busy, finished, not writable or out of space, or the compiled kernels' is full; "
    "what the run's holds can be resumed",
    ExitCode.DATABASE: "the database is held by another process, cannot be reached, or has no space left on its disk; "
    "ask again when that is over",
    ExitCode.KAFKA: "the Kafka broker cannot be reached, or refuses; the line says what to check",
    ExitCode.STILL: "a pool of a live flow stands still: an entry cannot be applied, or something is missing; the line "
    "names pool and place, and nothing after it was decided",
    ExitCode.BUG: "a bug of ours: the traceback is printed, and the run's folder can be resumed once it is mended",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C; the same command takes the run up again",
}

CODES: Final = {
    "ConfigurationError": ExitCode.CONFIGURATION,
    "RecordingError": ExitCode.INPUT,
    "ScenarioError": ExitCode.INPUT,
    "RunError": ExitCode.RUN,
    "SettingError": ExitCode.USAGE,
    "KernelsNotKeptError": ExitCode.RUN,
    "DatabaseError": ExitCode.DATABASE,
    "DatabaseMissing": ExitCode.INPUT,
    "KafkaFailure": ExitCode.KAFKA,
    "BrokerFailed": ExitCode.KAFKA,
    "StandsStill": ExitCode.STILL,
}
"""Exceptions of our rooms that are a user's to answer, by name; the nearest class counts. Their text is one line."""

MISSING: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR})
NOT_WRITABLE: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE}
)


def answer(error: BaseException) -> tuple[ExitCode, str] | None:
    """Exit code and line for an error that a user can cause; None for a bug.

    A dataflow wraps what its steps raise, so the whole chain of causes is searched, outermost first.
    """
    for cause in _chain(error):
        if isinstance(cause, KeyboardInterrupt):
            return ExitCode.INTERRUPTED, "Stopped. The same command takes the run up again."
        if (code := _code_by_name(cause)) is not None:
            return code, _one_line(str(cause))
        if isinstance(cause, OSError) and (code := _code_of_system(cause)) is not None:
            return code, _system_line(cause)
    return None


def end_in_one_line() -> None:
    """A flow that bytewax started ends as a command does: a line and a code. Elsewhere this does nothing.

    bytewax wraps what a step raises and lets it through to Python, which would print it whole; so would its own threads.
    """
    started = getattr(sys.modules["__main__"], "__spec__", None)
    if started is not None and started.name == "bytewax.run":
        sys.excepthook = partial(_end, Silence())


def _end(
    silence: Silence, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if (known := answer(error)) is None:
        sys.stderr.write(f"{silence.said()}\n")
        sys.__excepthook__(kind, error, trace)
        raise SystemExit(ExitCode.BUG)
    code, line = known
    sys.stderr.write(f"{line}\n")
    raise SystemExit(code)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk an error and what caused it, each once."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and not any(cause is earlier for earlier in seen):
        yield cause
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__


def _code_by_name(error: BaseException) -> ExitCode | None:
    """Exit code of one of our own exceptions, or of one derived from it."""
    for kind in type(error).__mro__:
        if kind.__module__.partition(".")[0] in {"flows", "schemas"} and kind.__name__ in CODES:
            return CODES[kind.__name__]
    return None


def _code_of_system(error: OSError) -> ExitCode | None:
    """Exit code of what the operating system refused; None where only a bug of ours explains it."""
    if isinstance(error, ConnectionError):
        return ExitCode.DATABASE
    if error.errno in MISSING or isinstance(error, FileNotFoundError):  # bytewax gives no number
        return ExitCode.INPUT
    return ExitCode.RUN if error.errno in NOT_WRITABLE else None


def _system_line(error: OSError) -> str:
    """``path: what the system says``."""
    said = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return _one_line(f"{error.filename}: {said}." if error.filename is not None else f"{said}.")


def _one_line(text: str) -> str:
    """Fold a text into one line: what it quotes may come from a file."""
    return " ".join(text.split())
