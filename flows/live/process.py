"""A process of a live system: started with a log of its own, asked to stop, and what it said last.

It has a session of its own, so Ctrl-C reaches the supervisor alone; and it dies with the supervisor, however that comes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flows.connectors.settings import ROOT
from flows.live.broker import DIES_WITH_PARENT

LAST_LINES: Final = 12
LAST_BYTES: Final = 1 << 14
"""How much of a log is looked at for its last lines."""

SETTING: Final = "MARGINLINE_"


@dataclass(slots=True)
class Process:
    """One of them. Start it from a thread that lives as long as it should."""

    name: str
    command: Sequence[str]
    settings: Mapping[str, str]  # of the environment; whatever else begins with MARGINLINE_ is not passed on
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    asked: bool = field(default=False, init=False)  # whether it was asked to stop

    def start(self) -> None:
        """Start it; its log is appended to."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTING)}
        bound = [sys.executable, "-I", "-S", "-c", DIES_WITH_PARENT, str(os.getpid())]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603 - every word of it is ours
                [*bound, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**kept, **self.settings},
                cwd=ROOT,
                start_new_session=True,
            )

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs, or before it has started."""
        return None if self.process is None else self.process.poll()

    def stop(self, patience_s: float) -> int | None:
        """Ask it to stop. Its code; None if it had to be killed, or never ran."""
        if self.process is None:
            return None
        self.asked = True
        self.process.terminate()
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """At once."""
        if self.process is not None:
            self.asked = True
            self.process.kill()
            self.process.wait()

    def last_lines(self) -> list[str]:
        """What it said last."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - LAST_BYTES))
                said = log.read().decode(errors="replace")
        except OSError:
            return []
        return [line for line in said.splitlines() if line.strip()][-LAST_LINES:]
