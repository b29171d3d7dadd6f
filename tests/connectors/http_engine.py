"""The real SQL engine behind ClickHouse's HTTP interface, as a process of its own, with faults on request.

    with HttpEngine(folder) as engine:
        client = connect(engine.url)
        engine.fault(status=503, count=2)       # the next two requests are refused, nothing is done
        engine.fault(hang_s=5)                  # the next is done, and answered 5 s later
        engine.fault(drop=True)                 # the next is done, and its connection is cut instead of an answer
        engine.kill(); engine.start()           # away, and back with what it had

It is no server: one request at a time, one user, no sessions. TLS if it is given a certificate.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

import clickhouse_connect
import lz4.frame
import zstandard
from clickhouse_connect.driver.exceptions import ClickHouseError

from flows.connectors.settings import ROOT
from flows.live.broker import free_ports

START_S: Final = 30.0


class HttpEngine:
    """The process, seen from a test."""

    def __init__(
        self, folder: Path, *, certificate: Path | None = None, user: str = "default", password: str = ""
    ) -> None:
        self.folder, self.certificate, self.user, self.password = folder, certificate, user, password
        self.port, self.control = free_ports(2)
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Its address, without user and password."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> Self:
        """Start it over its folder, at the same address as before."""
        assert self._process is None
        told = ["--folder", str(self.folder), "--port", str(self.port), "--control", str(self.control)]
        told += ["--user", self.user]
        told += ["--certificate", str(self.certificate)] if self.certificate else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.connectors.http_engine", *told],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{self.password}\n")  # not where other processes see it
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "ready\n"
        return self

    def kill(self) -> None:
        """Nothing is closed."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let go of the folder."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Its port takes connections and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def fault(
        self, *, count: int = 1, status: int = 0, hang_s: float = 0, slow_s: float = 0, drop: bool = False
    ) -> None:
        """What happens to the next ``count`` requests; ``slow_s`` waits before it does anything."""
        told = {"count": count, "status": status, "hang_s": hang_s, "slow_s": slow_s, "drop": int(drop)}
        self._ask(f"fault?{urlencode(told)}")

    def heal(self) -> None:
        """Forget faults that have not come yet."""
        self._ask("heal")

    def seen(self) -> list[str]:
        """The first words of each statement since it was started, faults among them: ``insert into events``."""
        found: list[str] = json.loads(self._ask("seen"))
        return found

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ask(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.control}/{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
            process.communicate(timeout=30)


# ---- in the process --------------------------------------------------------------------------------------------------
NO_SETTINGS: Final = frozenset(
    (
        *("query", "database", "query_id", "user", "password", "role", "quota_key", "compress", "decompress"),
        *("session_id", "session_timeout", "session_check", "client_protocol_version", "default_format"),
        *("enable_http_compression", "stacktrace", "wait_end_of_query", "buffer_size"),
        *("http_headers_progress_interval_ms", "send_progress_in_http_headers"),
        "cancel_http_readonly_queries_on_client_close",
    )
)
"""Parameters of a request that are the interface's own."""

INSERT: Final = re.compile(
    r"^\s*insert\s+into\s+(?:table\s+)?([\w.`\"]+)\s*(\([^)]*\))?\s*(.*?)format\s+(\w+)\s*$",
    re.IGNORECASE | re.DOTALL,
)
BODY: Final = re.compile(rb"^(\s*insert\s+into\s[^\n]*?\bformat\s+\w+)[ ]*\n", re.IGNORECASE)
FORMAT: Final = re.compile(r"\bformat\s+(\w+)\s*;?\s*$", re.IGNORECASE)


class Engine:
    """The engine, its faults to come, and what was asked of it."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self.client: Any = clickhouse_connect.get_client(dsn=f"chdb://{folder}")
        self.user, self.password = user, password
        self.lock = threading.Lock()
        self.faults: list[dict[str, float]] = []
        self.seen: list[str] = []

    def next_fault(self) -> Mapping[str, float]:
        return self.faults.pop(0) if self.faults else {}

    def run(self, told: Mapping[str, str], body: bytes) -> tuple[bytes, dict[str, str]]:
        """Do what a request asks for; its answer, and headers to send with it."""
        sql, data = told.get("query", ""), body
        if not sql:  # the statement, a line's end, then data
            found = BODY.match(body)
            sql, data = (found[1].decode(), body[found.end() :]) if found else (body.decode(), b"")
        self.seen.append(" ".join(sql.split()[:3]).lower())
        settings = {k: v for k, v in told.items() if k not in NO_SETTINGS and not k.startswith("param_")}
        with self.lock:
            if told.get("database"):
                self.client.database = told["database"]
            for name, value in told.items():
                if name.startswith("param_"):
                    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                    self.client.command(f"SET {name} = '{quoted}'")
            return self._answer(sql, data, settings, told.get("default_format", "TabSeparated"))

    def _answer(
        self, sql: str, data: bytes, settings: dict[str, str], form: str
    ) -> tuple[bytes, dict[str, str]]:
        if (insert := INSERT.match(sql)) and data:
            columns = [name.strip(' `"') for name in (insert[2] or "").strip("()").split(",") if name.strip()]
            done = self.client.raw_insert(
                insert[1], columns or None, insert_block=data, fmt=insert[4], settings=settings
            )
            return b"", {"X-ClickHouse-Summary": json.dumps(dict(done.summary))}
        if re.match(r"\s*insert\b", sql, re.IGNORECASE):
            self.client.command(sql, settings=settings)
            return b"", {}
        if inline := FORMAT.search(sql):
            form, sql = inline[1], sql[: inline.start()]
        answer = self.client.raw_query(sql, settings=settings, fmt=form) or b""
        return answer, {"X-ClickHouse-Format": form}


class Handler(BaseHTTPRequestHandler):
    """One connection to the interface."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    engine: Engine

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        self.respond(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            self.respond(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            return
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        self.respond(b"".join(parts))

    def respond(self, body: bytes) -> None:
        url = urlsplit(self.path)
        told = dict(parse_qsl(url.query, keep_blank_values=True))
        if url.path == "/ping":
            self.reply(200, b"Ok.\n", {})
        elif not self.may_enter(told):
            text = b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)"
            self.reply(403, text, {"X-ClickHouse-Exception-Code": "516"})
        else:
            self.perform(told, unpacked(body, self.headers.get("Content-Encoding")))

    def may_enter(self, told: Mapping[str, str]) -> bool:
        auth = self.headers.get("Authorization", "")
        if auth.startswith("Basic "):
            given = base64.b64decode(auth[6:]).decode()
        else:
            user = told.get("user", self.headers.get("X-ClickHouse-User", "default"))
            given = f"{user}:{told.get('password', self.headers.get('X-ClickHouse-Key', ''))}"
        return given == f"{self.engine.user}:{self.engine.password}"

    def perform(self, told: Mapping[str, str], body: bytes) -> None:
        fault = self.engine.next_fault()
        time.sleep(fault.get("slow_s", 0))
        if status := int(fault.get("status", 0)):
            self.engine.seen.append(f"refused with {status}")
            self.reply(status, b"Service Unavailable", {})
            return
        began = time.perf_counter_ns()
        try:
            answer, headers = self.engine.run(told, body)
        except ClickHouseError as error:
            text = str(error)
            code = re.search(r"[Cc]ode:? (\d+)", text)
            exception = {"X-ClickHouse-Exception-Code": code[1] if code else "1002"}
            self.reply(404 if "UNKNOWN_" in text else 500, text.encode(), exception)
            return
        time.sleep(fault.get("hang_s", 0))
        if fault.get("drop"):
            self.close_connection = True
            self.connection.close()
            return
        headers.setdefault(
            "X-ClickHouse-Summary", json.dumps({"elapsed_ns": str(time.perf_counter_ns() - began)})
        )
        headers |= {
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Query-Id": told.get("query_id") or str(uuid.uuid4()),
        }
        self.reply(200, answer, headers)

    def reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Control(BaseHTTPRequestHandler):
    """The test's own port: what is to go wrong, and what was asked."""

    engine: Engine

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/fault":
            fault = {name: float(value) for name, value in parse_qsl(url.query)}
            self.engine.faults += [fault] * int(fault.pop("count"))
        elif url.path == "/heal":
            self.engine.faults.clear()
        body = json.dumps(self.engine.seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A thread a connection; one that breaks off is the client's affair."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


def unpacked(data: bytes, encoding: str | None) -> bytes:
    if not encoding or not data:
        return data
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    known = {"gzip": gzip.decompress, "lz4": lz4.frame.decompress}
    return bytes(known[encoding](data))


def serve() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--folder", type=Path, required=True)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--control", type=int, required=True)
    words.add_argument("--user", required=True)
    words.add_argument("--certificate", type=Path)
    told = words.parse_args()
    engine = Engine(told.folder, told.user, sys.stdin.readline().rstrip("\n"))
    Handler.engine = Control.engine = engine
    server = Server(("127.0.0.1", told.port), Handler)
    if told.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(told.certificate)
        # The handshake belongs to the connection's own thread: one that never comes must not stop the others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    control = Server(("127.0.0.1", told.control), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()

    def leave(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, leave)
    print("ready", flush=True)
    server.serve_forever()
    with engine.lock:
        engine.client.close()


if __name__ == "__main__":
    serve()
