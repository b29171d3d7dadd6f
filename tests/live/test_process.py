"""A process of a live system: its environment, its log, how it is stopped, and that it does not outlive its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.connectors.settings import ROOT
from flows.live.process import Process

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"
POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("here", flush=True)
time.sleep(60)
"""


def process(folder: Path, code: str, **settings: str) -> Process:
    made = Process("market", [sys.executable, "-c", code], settings, folder / "logs" / "market.log")
    made.start()
    return made


def until_here(of: Process) -> None:
    end = time.monotonic() + 30
    while "here" not in of.last_lines():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_stops_when_it_is_asked(tmp_path: Path) -> None:
    of = process(tmp_path, POLITE)
    until_here(of)
    assert of.code is None
    assert of.stop(30) == 0
    assert of.asked


def test_it_is_killed_if_it_does_not(tmp_path: Path) -> None:
    of = process(tmp_path, STUBBORN)
    until_here(of)
    assert of.stop(0.2) is None
    assert of.code == -signal.SIGKILL


def test_it_is_told_its_settings_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARGINLINE_DATABASE", "audit://127.0.0.1:1")
    code = "import os; print(sorted(name for name in os.environ if name.startswith('MARGINLINE_')))"
    of = process(tmp_path, code, MARGINLINE_HTTP="127.0.0.1:1")
    assert of.process is not None
    assert of.process.wait(30) == 0
    assert of.last_lines() == ["['MARGINLINE_HTTP']"]


def test_what_it_said_last_is_known(tmp_path: Path) -> None:
    of = process(tmp_path, "for n in range(5000): print('line', n)\nprint()\nraise SystemExit(3)")
    assert of.process is not None
    assert of.process.wait(30) == 3
    assert of.last_lines()[-1] == "line 4999"
    assert len(of.last_lines()) == 12


SUPERVISOR = """
import sys, time
from pathlib import Path
from flows.live.process import Process
made = Process("market", [sys.executable, "-c", "import time; time.sleep(60)"], {}, Path(sys.argv[1]))
made.start()
print(made.process.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_its_supervisor_however_that_comes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        time.sleep(0.5)
        supervisor.kill()
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "State:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.05)
    assert os.getpid() != pid
