"""The real engine for tests: one folder a process at a time, a database a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from flows.connectors.clickhouse import Client, connect, migrate

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
