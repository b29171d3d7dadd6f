"""Questions to a database that another process holds: `flows.connectors.ask_server` answers them on the loopback.

open_database("runs/live-crash-2025-04-07-2000/clickhouse")   the folder itself, or whoever holds it
open_database("audit://127.0.0.1:8125")                       this one
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flows.connectors.ask_server import ANSWER_S, address_file
from flows.connectors.clickhouse import (
    Answers,
    Database,
    DatabaseBusy,
    DatabaseError,
    DatabaseMissing,
    DatabaseUnreachable,
    connect,
)

SCHEME: Final = "audit://"

PATIENCE_S: Final = 2 * ANSWER_S + 5.0
"""A question may wait as long for its turn as for its answer."""

ANSWER_MOST: Final = 1 << 30
"""Bytes of an answer that are taken."""


def open_database(target: str | Path) -> Database:
    """Open a folder, a server or an audit flow for reading. A folder that a flow holds is asked about through it."""
    text = str(target)
    if text.startswith(SCHEME):
        return AskClient(text.removeprefix(SCHEME).rstrip("/"))
    try:
        return connect(text, create=False)
    except DatabaseBusy:
        address = _address(Path(text.removeprefix("chdb://")).absolute())
        if address is None:
            raise
        return AskClient(address)


def _address(folder: Path) -> str | None:
    """Whom to ask about a folder, if its holder has said so."""
    try:
        said = json.loads(address_file(folder).read_bytes())
        return str(said["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class AskClient(Answers):
    """An audit flow's counter."""

    def __init__(self, address: str) -> None:
        """See that somebody answers there. DatabaseUnreachable."""
        self.address = address
        self.about = self._said("GET", "/", None)
        if "database" not in self.about:
            raise DatabaseUnreachable(f"what answers at {SCHEME}{address} is no audit flow")

    def ask(self, question: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows by column name."""
        answer = self._said("POST", f"/ask/{question}", json.dumps(dict(parameters)).encode())
        return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]

    def close(self) -> None:
        """Nothing is held between questions."""

    def _said(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        connection = self._connection()
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            said = json.loads(answer.read(ANSWER_MOST))
        except OSError as error:
            raise DatabaseUnreachable(
                f"no audit flow answers at {SCHEME}{self.address} ({error.strerror or error}): is marginline live,"
                " or marginline run audit, still running?"
            ) from error
        except (http.client.HTTPException, ValueError) as error:
            raise DatabaseUnreachable(f"what answers at {SCHEME}{self.address} is no audit flow") from error
        finally:
            connection.close()
        if not isinstance(said, dict):
            raise DatabaseUnreachable(f"what answers at {SCHEME}{self.address} is no audit flow")
        if "error" in said:
            raise (DatabaseMissing if answer.status == http.client.NOT_FOUND else DatabaseError)(
                str(said["error"])
            )
        return said

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
        except (http.client.InvalidURL, ValueError) as error:
            raise DatabaseUnreachable(
                f"{SCHEME}{self.address} is no address: {SCHEME}127.0.0.1:8125 is one"
            ) from error
