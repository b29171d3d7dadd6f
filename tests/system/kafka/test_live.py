"""The whole system on one machine, as `marginline live up --headless` runs it: stopped, broken, taken up, checked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.connectors.exits import ExitCode
from flows.connectors.settings import ROOT
from tests.system.short import Short

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PATIENCE_S = 700
"""A start that has to compile its kernels on a busy machine takes minutes."""

SOUND = "Sound: the journal, executed again, gives exactly the events that were published and that ClickHouse holds."


class Run:
    """One start of the command."""

    def __init__(self, folder: Path, recording: Path, *more: str) -> None:
        self.folder = folder
        self.out = folder.with_name(f"{len(list(folder.parent.glob('*.out')))}.out")
        command = [
            "live",
            "up",
            "--headless",
            "--recording",
            str(recording),
            "--accounts",
            "300",
            "--out",
            str(folder),
        ]
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flows", *command, *more], stdout=out, stderr=out, cwd=ROOT
            )

    @property
    def said(self) -> str:
        return self.out.read_text(errors="replace")

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.2)

    def ended(self) -> int:
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()

    def entries(self) -> int:
        """Journal entries, as the last line of progress says."""
        found = re.findall(r"([0-9,]+) journal entries", self.said)
        return int(found[-1].replace(",", "")) if found else 0


def processes_of(folder: Path) -> list[int]:
    """Processes that were told of this folder, or started by one that was."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            told = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told and int(each.name) != os.getpid():
            found.append(int(each.name))
    return found


def pid_of(folder: Path, flow: str) -> int:
    [found] = [
        pid
        for pid in processes_of(folder)
        if f"run\0{flow}".encode() in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    ]
    return found


def asked(folder: Path, *question: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", "audit", *question, "--run", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=PATIENCE_S)


def test_stopped_killed_and_taken_up_it_loses_nothing(jars: Path, fall: Short, tmp_path: Path) -> None:
    folder = tmp_path / "live"
    first = Run(folder, fall.folder, "--speed", "20")
    first.until(lambda: first.entries() > 300)
    answer = asked(folder, "fund")
    assert answer.returncode == 0, answer.stderr
    assert "opening" in answer.stdout
    first.process.send_signal(signal.SIGINT)
    assert first.ended() == ExitCode.OK, first.said
    assert SOUND in first.said
    assert processes_of(folder) == []

    second = Run(folder, fall.folder, "--speed", "20")
    second.until(lambda: second.entries() > first.entries() + 200)
    os.kill(pid_of(folder, "clearing"), signal.SIGKILL)
    assert second.ended() == ExitCode.RUN, second.said
    assert "clearing has ended with code -9" in second.said.splitlines()[-1]
    assert "Traceback" not in second.said
    assert processes_of(folder) == []

    last = Run(folder, fall.folder, "--speed", "60")
    assert last.ended() == ExitCode.OK, last.said
    assert SOUND in last.said
    assert "goes on" in last.said
    assert re.search(r"fills [1-9]", last.said), "nobody was liquidated in the fall"
    offline = asked(folder, "liquidations", "--json")
    assert offline.returncode == 0, offline.stderr
    assert "liquidation-order" in offline.stdout


def test_another_run_is_not_gone_on_with(fall: Short, tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "live.json").write_text('{"recording": "another", "accounts": 300}')
    run = Run(tmp_path / "live", fall.folder)
    assert run.ended() == ExitCode.RUN
    assert "holds a live run of another with 300 accounts; use --fresh" in run.said.splitlines()[-1]
