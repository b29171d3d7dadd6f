"""A ClickHouse that fails on request: the real engine behind ClickHouse's HTTP interface, as the project's tests have it.

The process is tests/connectors/http_engine.py; its own port takes what is to go wrong.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from urllib.request import urlopen

from flows.connectors.settings import ROOT
from flows.live.broker import BrokerFailed, free_ports

MODULE: Final = "tests.connectors.http_engine"
USER: Final = "default"


class Database:
    """The process, started over its folder as often as one likes, always at the same address."""

    def __init__(self, folder: Path) -> None:
        if not (ROOT / "tests" / "connectors" / "http_engine.py").exists():
            raise BrokerFailed(f"{ROOT} holds no tests: faults of the database need a clone of the project.")
        self.folder = folder
        self.port, self.control = free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        told = [
            *("--folder", str(self.folder), "--port", str(self.port)),
            *("--control", str(self.control), "--user", USER),
        ]
        self._process = subprocess.Popen(  # noqa: S603 - every word of it is ours
            [sys.executable, "-m", MODULE, *told], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        self._process.stdin.write(b"\n")  # no password
        self._process.stdin.flush()
        if self._process.stdout.readline() != b"ready\n":
            raise BrokerFailed(f"the database over {self.folder} cannot be started.")

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it: asked to, or as the kernel does."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.communicate(timeout=30)

    def fault(self, **told: float) -> None:
        """What happens to the next requests; see the module's first lines."""
        self._ask(f"fault?{urlencode({'count': 1, **told})}")

    def heal(self) -> None:
        """Forget faults that have not come yet."""
        self._ask("heal")

    def _ask(self, path: str) -> None:
        with urlopen(f"http://127.0.0.1:{self.control}/{path}", timeout=10):
            return
