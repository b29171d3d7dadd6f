"""An HTTP page of a flow on an address that the operator chose: /metrics, /startup, /ready, /live. Nothing can be changed here.

There is no password: bind it to the loopback, or to an address that only the scraper and the supervisor reach.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from flows.connectors.errors import SettingError
from flows.connectors.telemetry.health import Answer, Health
from flows.connectors.telemetry.metrics import REGISTRY

PATIENCE_S: Final = 5.0
"""How long a request may take to arrive or be taken: a stuck scraper must not hold a thread for ever."""


def parsed(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``; SettingError. A host must be named: what listens everywhere says so as 0.0.0.0."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path or parts.username is not None:
        raise SettingError(
            f"MARGINLINE_HTTP: {address!r} is no address; write HOST:PORT, such as 127.0.0.1:9464."
        )
    return host, port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    health: Health

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked may leave before the answer; all else is a bug of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Page(BaseHTTPRequestHandler):
    """One request."""

    server: _Server
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        """Answer, or say what there is."""
        path = urlsplit(self.path).path
        if path == "/metrics":
            self._send(HTTPStatus.OK, generate_latest(REGISTRY), CONTENT_TYPE_PLAIN_0_0_4)
            return
        health = self.server.health
        asked: dict[str, Callable[[], Answer]] = {
            "/startup": health.startup,
            "/ready": health.ready,
            "/live": health.live,
        }
        if path not in asked:
            self._say(HTTPStatus.NOT_FOUND, "There are /metrics, /startup, /ready and /live.")
            return
        answer = asked[path]()
        self._say(HTTPStatus.OK if answer.well else HTTPStatus.SERVICE_UNAVAILABLE, answer.why)

    def _say(self, status: HTTPStatus, line: str) -> None:
        self._send(status, line.encode() + b"\n", "text/plain; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A probe every few seconds is no news."""


class Server:
    """The page, served by a thread until it is closed."""

    def __init__(self, address: str, health: Health) -> None:
        """Listen; SettingError if nobody can here."""
        host, port = parsed(address)
        try:
            self._server = _Server((host, port), _Page)
        except OSError as error:
            raise SettingError(
                f"MARGINLINE_HTTP: cannot listen on {address}: {error.strerror or error}. Choose another address."
            ) from error
        self._server.health = health
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens: the port that was found, if 0 was asked for."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
