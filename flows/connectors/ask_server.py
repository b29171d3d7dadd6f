"""The counter of an embedded database: the process that holds it answers questions by name, over HTTP on the loopback.

    GET  /               the database, and what is known of how far it has come
    POST /ask/fund       {"pool": "majors"}  ->  {"columns": [...], "rows": [[...], ...]}

Only the questions of infra/clickhouse/questions, with values of their types; nothing can be changed here. Integers are
written out whole. There is no password: whoever can connect can read, so it listens on the loopback unless told
otherwise. A question has a handle of its own on the database and one thread: inserts do not wait for it.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from flows.connectors import clickhouse
from flows.connectors.clickhouse import DatabaseError, DatabaseMissing
from flows.connectors.errors import SettingError
from flows.connectors.questions import NoQuestion, check, places
from flows.connectors.run_files import write_whole

REQUEST_MOST: Final = 16 << 20
"""Bytes of a question: a list of a million accounts."""

ROWS_MOST: Final = 2_000_000
"""Rows of an answer."""

ANSWER_S: Final = 30
"""Seconds that an answer may take; so long, too, a question waits for the one before it."""

PATIENCE_S: Final = 10.0
"""How long a request may take to arrive or be taken."""

LIMITS: Final = {
    "max_threads": 1,
    "max_execution_time": ANSWER_S,
    "max_result_rows": ROWS_MOST,
    "readonly": 2,
}
"""Of the handle that answers. 2: reads only, and the driver may still choose its formats."""

Progress = Callable[[], Mapping[str, Any]]

log = structlog.get_logger()


def address_file(folder: Path) -> Path:
    """Where it is written whom to ask about an embedded database: beside its folder."""
    return folder.with_name(f"{folder.name}.address")


class AskServer:
    """Answers about one embedded database until the process ends."""

    def __init__(self, folder: Path, address: str, progress: Progress) -> None:
        """Listen on HOST:PORT, 0 for any port; SettingError if nobody can. The address goes into `address_file`."""
        self.folder, self.progress = folder, progress
        self.client = clickhouse.connect(folder, create=False)
        for name, value in LIMITS.items():
            self.client.command(f"set {name} = {value}")
        self.turn = threading.Lock()
        host, port = parsed(address)
        try:
            self._server = _Server((host, port), _Page)
        except OSError as error:
            raise SettingError(
                f"MARGINLINE_ANSWERS: cannot listen on {address}: {error.strerror or error}. Choose another address."
            ) from error
        self._server.counter = self
        if not ipaddress.ip_address(self.address.rpartition(":")[0]).is_loopback:
            log.warning(
                "questions are answered beyond this machine, without a password", address=self.address
            )
        write_whole(
            address_file(folder), json.dumps({"address": self.address, "process": os.getpid()}).encode()
        )
        threading.Thread(target=self._server.serve_forever, name="answers", daemon=True).start()

    @property
    def address(self) -> str:
        """Where it listens: the port that was found, if 0 was asked for."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def ask(self, question: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """An answer as JSON. DatabaseError."""
        check(question, given)
        if not self.turn.acquire(timeout=ANSWER_S):
            raise DatabaseError(f"{question}: other questions take more than {ANSWER_S} s; ask again")
        try:
            rows = clickhouse.ask(self.client, question, **given)
        finally:
            self.turn.release()
        columns = list(rows[0]) if rows else []
        return {"columns": columns, "rows": [list(row.values()) for row in rows]}

    def close(self) -> None:
        """Stop listening, and take the address away."""
        self._server.shutdown()
        self._server.server_close()
        address_file(self.folder).unlink(missing_ok=True)
        self.client.close()


def parsed(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``; SettingError."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path or parts.username is not None:
        raise SettingError(
            f"MARGINLINE_ANSWERS: {address!r} is no address; write HOST:PORT, such as 127.0.0.1:8125, or off."
        )
    return host, port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    counter: AskServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may leave before the answer; all else is a bug of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Page(BaseHTTPRequestHandler):
    """One request."""

    server: _Server
    timeout = PATIENCE_S
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """What is answered here, and how far it has come."""
        counter = self.server.counter
        if urlsplit(self.path).path != "/":
            self._say(HTTPStatus.NOT_FOUND, "there are GET / and POST /ask/QUESTION")
            return
        self._send(
            HTTPStatus.OK, {"database": str(counter.folder), "process": os.getpid(), **counter.progress()}
        )

    def do_POST(self) -> None:
        """Answer a question."""
        path = urlsplit(self.path).path
        if not path.startswith("/ask/"):
            self._refuse(HTTPStatus.NOT_FOUND, "there are GET / and POST /ask/QUESTION")
            return
        # A page in a browser cannot send this type to another place than its own without asking first.
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a question's values are application/json")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > REQUEST_MOST:
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question has at most {REQUEST_MOST:,} bytes"
            )
            return
        self._answer(path.removeprefix("/ask/"), self.rfile.read(int(length)))

    def _answer(self, question: str, body: bytes) -> None:
        try:
            places(question)
            given = json.loads(body)
            if not isinstance(given, dict):
                raise NoQuestion(f"{question}: its values are a JSON object")
            answer = self.server.counter.ask(question, given)
        except (ValueError, RecursionError):
            self._say(HTTPStatus.BAD_REQUEST, f"{question}: its values are no JSON")
        except DatabaseError as error:
            self._say(_status(error), str(error))
        else:
            self._send(HTTPStatus.OK, answer)

    def _refuse(self, status: HTTPStatus, line: str) -> None:
        """Say no without having read what was sent: the connection ends with it."""
        self.close_connection = True
        self._say(status, line)

    def _say(self, status: HTTPStatus, line: str) -> None:
        self._send(status, {"error": line})

    def _send(self, status: HTTPStatus, said: Mapping[str, Any]) -> None:
        body = json.dumps(said, default=str).encode()  # times as text
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A question is no news."""


def _status(error: DatabaseError) -> HTTPStatus:
    if isinstance(error, NoQuestion):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.NOT_FOUND if isinstance(error, DatabaseMissing) else HTTPStatus.INTERNAL_SERVER_ERROR
