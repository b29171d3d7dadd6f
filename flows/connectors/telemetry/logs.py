"""Logs to stderr: a JSON object a line for machines, text on a terminal. Secrets never get into one.

    log = structlog.get_logger()
    log.warning("checkpoint not used", place=250_000, why="its hash does not match")

An event says in a few plain words what happened; whatever varies is a field of its own, its name ending in its unit.
`context` adds pool, journal offset, term and the like to all that is logged inside of it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN: Final = "[hidden]"

LONGEST_TEXT: Final = 4_000
"""Characters of one field: what a log quotes may come from a wire."""

_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase)|secret|token|api[-_.]?key|private[-_.]?key|credential", re.IGNORECASE
)
"""Fields whose name alone says that their value is none of a log's business."""

_SECRET_TEXTS: Final = (
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), HIDDEN),  # user and password of a URL
    (
        re.compile(r"""((?:password|secret|token)["']?\s*[=:]\s*["']?)[^\s"',;}]+""", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        HIDDEN,
    ),
)
"""What gives a secret away inside a text, and what stands there instead."""

_known: set[str] = set()


def hide(secret: str) -> None:
    """From now on this text is not logged, wherever it stands. For what settings read."""
    if secret:
        _known.add(secret)


def configure(form: str, level: str, stream: TextIO | None = None, **always: str) -> None:
    """Send what structlog and the standard library's loggers say to stderr, in one form; ``always`` is in every line."""
    to = sys.stderr if stream is None else stream
    is_text = form == "text" or (form == "auto" and to.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        lambda _logger, _method, event: {**always, **event},
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    last += [structlog.processors.format_exc_info, _redacted]
    last.append(_text(colours=to.isatty()) if is_text else _line)
    handler = _Screen() if stream is None else logging.StreamHandler(to)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _Screen(logging.StreamHandler[TextIO]):
    """Writes to what is stderr at that moment: while compiled code is kept off the screen, that is another file."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        self.stream = sys.stderr
        super().emit(record)


@contextmanager
def context(**fields: Any) -> Iterator[None]:
    """All that this thread logs inside carries these fields: ``with context(pool="usdt", term=3)``."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


# --- what a line must not hold ----------------------------------------------------------------------------------------
def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The event without secrets, and without texts that have no end."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name) and not isinstance(value, bool | int | None):
        return HIDDEN
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, bytes):
        return _clean_text(value.decode(errors="replace"))
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(name, each) for each in value]
    return value


def _clean_text(text: str) -> str:
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, instead in _SECRET_TEXTS:
        text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


# --- forms ------------------------------------------------------------------------------------------------------------
def _text(*, colours: bool) -> Processor:
    """A line for a person."""
    return structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)


def _line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One JSON object, time, level and event first; what JSON does not know goes as its text. It never fails."""
    first = {name: event.pop(name) for name in ("time", "level", "event") if name in event}
    return json.dumps({**first, **event}, default=lambda value: _clean_text(str(value)))
