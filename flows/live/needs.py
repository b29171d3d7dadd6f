"""What a live system on one machine needs, looked for before anything is started: one line for each thing that is missing."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from flows.connectors.settings import ROOT
from flows.live.broker import JARS, BrokerFailed, java

DISK_LEAST_BYTES: Final = 2 << 30
"""Room for Kafka's log, the checkpoints and the database of a whole recording."""

EXAMPLES: Final = ROOT / "examples"


def missing(folder: Path, *, view: bool) -> list[str]:
    """What is not there, a line each; ``folder`` is where the run will be, ``view`` whether the terminal view is wanted."""
    return [*_broker(), *_packages(view=view), *_machine(folder)]


def _broker() -> Iterator[str]:
    if not any(JARS.glob("kafka_*.jar")):
        yield f"There is no Kafka in {JARS}: make kafka fetches it."
    try:
        java()
    except BrokerFailed as error:
        yield f"{error}"


def _packages(*, view: bool) -> Iterator[str]:
    if importlib.util.find_spec("chdb") is None:
        yield "There is no embedded ClickHouse: pip install 'marginline[embedded]' brings it."
    if view and importlib.util.find_spec("textual") is None:
        yield "There is no terminal view: pip install 'marginline[live]' brings it; --headless goes without."
    if not (EXAMPLES / "executor.py").exists():
        yield f"There is no executor in {EXAMPLES}: a live system runs from a clone of the project."


def _machine(folder: Path) -> Iterator[str]:
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    if free < DISK_LEAST_BYTES:
        yield (
            f"{there} has {free / 2**30:.1f} GB left, and a live run needs {DISK_LEAST_BYTES / 2**30:.0f} GB:"
            " make room, or name another --out."
        )
    try:
        with closing(socket.socket()) as trial:
            trial.bind(("127.0.0.1", 0))
    except OSError as error:
        yield f"No port can be had on 127.0.0.1: {error.strerror}."
