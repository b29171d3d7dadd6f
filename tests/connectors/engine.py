"""The real engine for tests: one folder a process at a time, a database a test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from flows.connectors.clickhouse import Client, connect, migrate
from flows.connectors.settings import ROOT

NewDatabase = Callable[[], Client]


@pytest.fixture(scope="module")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    """Make an empty audit database. All are closed with the module: another folder can be opened then."""
    folder: Path = tmp_path_factory.mktemp("clickhouse")
    clients: list[Client] = []
    number = count()

    def make() -> Client:
        client = connect(folder, f"test_{next(number)}")
        clients.append(client)
        migrate(client)
        return client

    yield make
    for client in clients:
        client.close()


HOLD: Final = """
import sys
from flows.connectors import clickhouse
client = clickhouse.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
client.close()
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """While another process has this folder open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.communicate("")
