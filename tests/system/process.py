"""`marginline replay` as a process of its own: started, watched, stopped or killed, and what it said at its end.

Constants that only say how often something is done are lowered, so that a second's run has many cuts, checkpoints and
blocks to be killed between. Nothing else of the command is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE_S: Final = 120
"""A process that has not done by then what it is waited for hangs; compiling kernels takes some 40 s."""

COMMAND: Final = """
import signal, sys
from datetime import timedelta
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that put the tests in the background turned it off
{prelude}
from flows import clearing, replay
from flows.connectors import blocks, engine
engine.EPOCH = timedelta(milliseconds=50)
replay.PLAIN_CUT_SLICES = 8
clearing.CHECKPOINT_ENTRIES = 2_000
blocks.BLOCK_ENTRIES = {block_entries}
from flows.cli.main import run
run()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    def one_line(self) -> str:
        """All that it said on stderr: a single line that no traceback hides in."""
        assert self.err.endswith("\n"), self
        assert self.err.count("\n") == 1, self
        assert "Traceback" not in self.err, self
        return self.err[:-1]


def marginline(arguments: Sequence[str], prelude: str = "", block_entries: int = 1_500) -> list[str]:
    """The command line of a `marginline` that begins with a few statements of ours."""
    command = COMMAND.format(prelude=prelude, block_entries=block_entries)
    return [sys.executable, "-c", command, *arguments]


def flow(name: str, *arguments: str) -> list[str]:
    """The command line of a flow that bytewax starts."""
    return [sys.executable, "-m", "bytewax.run", f"flows.{name}", *arguments]


@contextmanager
def started(command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs; whatever happens, it is gone behind the block."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(command: Sequence[str], **environment: str) -> Ended:
    """Run it to its end."""
    with started(command, **environment) as process:
        return end_of(process)


def end_of(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end."""
    out, err = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, out, err)


def until(process: subprocess.Popen[str], happened: Callable[[], bool]) -> bool:
    """Wait until something has happened, or the process has ended; whether it has happened."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if process.poll() is not None:
            return happened()
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.002)
    return True


def sizes(folder: Path) -> Mapping[str, int]:
    """Lengths of the journals in a run's folder."""
    return {path.name: path.stat().st_size for path in sorted(folder.glob("journal-*.arrows"))}
