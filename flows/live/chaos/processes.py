"""The flows as processes, as an operator has them: started, watched, started again; each start has a log of its own.

A process dies with whoever started it, so nothing is left behind where a drill is stopped.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.settings import ROOT
from flows.live.chaos.fall import VENUE

Flow = Literal["market", "intake", "clearing", "audit"]
FLOWS: Final[tuple[Flow, ...]] = ("market", "intake", "clearing", "audit")

EXPECTED: Final = frozenset({0, 5, 6, 7, -signal.SIGKILL})
"""How a process may end: as asked; its folder, the database or the broker failed it; killed. Never with a bug."""

STOP_S: Final = 20.0
"""How long a process may take that is asked to stop."""

_STARTED: Final = """
import ctypes, os, resource, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.getppid() == int(sys.argv[1]) or sys.exit(1)
room = int(sys.argv[2])
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Run before the flow: it dies with its parent, and no file of it grows beyond the room it is given (0: any)."""

_WARNED: Final = re.compile(r"\bwarning\b|\berror\b|\bcritical\b", re.IGNORECASE)


@dataclass(slots=True)
class Started:
    """One start of a flow."""

    flow: Flow
    log: Path
    process: subprocess.Popen[bytes]
    paused: bool = False
    _seen: int = 0  # bytes of the log

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.poll()

    @property
    def begun(self) -> bool:
        """Whether it has said that its lanes go on."""
        return b" begun" in self.log.read_bytes()

    @property
    def last_line(self) -> str:
        """What it said last."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def warned(self) -> str:
        """A warning that it has given since this was asked last, if any."""
        with self.log.open("rb") as log:
            log.seek(self._seen)
            said = log.read()
        self._seen += len(said)
        lines = (line for line in said.decode(errors="replace").splitlines() if _WARNED.search(line))
        return next(lines, "")

    def kill(self) -> None:
        """As the kernel does."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Stop it where it stands."""
        self.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)
        self.paused = False

    def stop(self, patience_s: float = STOP_S) -> int | None:
        """Ask it to stop; its code, or None where it did not within its time and was killed."""
        self.process.terminate()
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def fault(self) -> str:
        """What is wrong with the way it ended, if anything: a traceback is, one line is not."""
        if self.code is None or self.code in EXPECTED:
            return ""
        return f"{self.flow} ended with {self.code}: {self.last_line[:300]}"


@dataclass(slots=True)
class Starter:
    """Starts flows of one venue: where their checkpoints and logs lie, which broker and which database they use."""

    folder: Path
    kafka: KafkaSettings
    database: str = ""
    workers: int = 1
    audit_block_s: int = 5
    count: int = 0
    state: Path = field(init=False)  # the folder of checkpoints

    def __post_init__(self) -> None:
        """One machine's folder, at first."""
        self.state = self.folder / "state"

    def start(self, flow: Flow, room: int = 0) -> Started:
        """Start a flow; ``room``: bytes that a file of it may have."""
        self.count += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / f"{self.count:03d}-{flow}.log"
        command = [sys.executable, "-m", "flows", "run", flow, "--workers", str(self.workers)]
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - every word of it is ours
                [sys.executable, "-I", "-S", "-c", _STARTED, str(os.getpid()), str(room), *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env={**os.environ, **self._environment()},
                start_new_session=True,
            )
        return Started(flow, log, process)

    def _environment(self) -> dict[str, str]:
        return {
            "MARGINLINE_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "MARGINLINE_KAFKA_TOPIC_PREFIX": self.kafka.topic_prefix,
            "MARGINLINE_VENUE": VENUE,
            "MARGINLINE_STATE": str(self.state),
            "MARGINLINE_TIME": "topic",
            "MARGINLINE_AUDIT_BLOCK_S": str(max(5, self.audit_block_s)),
            "MARGINLINE_DATABASE": self.database,
        }
