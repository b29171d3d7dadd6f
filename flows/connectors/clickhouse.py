"""The audit database: ClickHouse, embedded in this process (chDB) or a server, by one client and the same SQL.

    connect -> migrate -> Writer.insert_block ...        connect -> ask

An embedded database is a folder that one process holds at a time, and a process holds one folder at a time.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver import client as driver
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from flows.connectors import tables
from flows.connectors.database_settings import database_settings
from flows.connectors.tables import (
    accounts_table,
    dead_letters_table,
    events_table,
    journal_table,
    parameters_table,
)
from flows.connectors.telemetry import metrics
from flows.journal.entries import Rows

Client: TypeAlias = driver.Client
"""What `connect` gives."""

DeadLetterRow: TypeAlias = tables.DeadLetterRow
"""What `Writer.insert_dead_letters` takes."""

INFRA: Final = Path(__file__).resolve().parents[2] / "infra" / "clickhouse"
MIGRATIONS: Final = INFRA / "migrations"
QUESTIONS: Final = INFRA / "questions"

DATABASE: Final = "marginline"
"""Name of the database where the URL names none."""

FOLDER: Final = "clickhouse"
"""Where a run's folder keeps its embedded database."""

ATTEMPTS: Final = 6
FIRST_PAUSE_S: Final = 0.25
"""Pauses between attempts double: 0.25 s to 4 s, 8 s in all."""

PASSING: Final = frozenset({159, 202, 209, 210, 241, 242, 252, 319, 425, 473, 999})
"""ClickHouse errors that a later attempt may not meet: timeouts, too many queries or parts, memory, read-only."""


# What goes wrong is told by the exceptions below, once: the driver's own warnings are not for the screen.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())


class DatabaseError(Exception):
    """The audit database did not do what was asked. One line for the person at the screen."""


class DatabaseBusy(DatabaseError):  # noqa: N818 - its name is what it says
    """Another process holds the embedded database."""


class DatabaseMissing(DatabaseError):  # noqa: N818 - the same
    """There is no audit database here."""


class DatabaseUnreachable(DatabaseError):  # noqa: N818 - the same
    """The server does not answer, or the folder cannot be opened."""


class Answers(Protocol):
    """A database that cannot be opened here, whose holder answers questions."""

    def ask(self, question: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a question of `QUESTIONS`, by column name."""

    def close(self) -> None:
        """Let go of it."""


Database: TypeAlias = Client | Answers
"""What can be asked."""


# ---- opening ---------------------------------------------------------------------------------------------------------
def connect(target: str | Path, database: str = DATABASE, *, create: bool = True) -> Client:
    """Open a folder (or ``chdb:///folder``) as an embedded database, or a server by ``http(s)://user:word@host:port/db``.

    ``create=False`` is for readers: what is not there is not made. Close the client to give an embedded folder back.
    """
    text = str(target)
    if text.startswith(("http://", "https://")):
        return _connect_server(text, database, create=create)
    return _connect_folder(Path(text.removeprefix("chdb://")).absolute(), database, create=create)


def _connect_folder(folder: Path, database: str, *, create: bool) -> Client:
    if not create and not (folder / "metadata").exists():
        raise DatabaseMissing(f"no audit database in {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_if_held(folder)
        client = clickhouse_connect.get_client(dsn=f"chdb://{folder}")
    except OSError as error:
        raise DatabaseUnreachable(f"{folder} cannot hold a database: {error.strerror}") from error
    except ImportError as error:
        raise DatabaseError(
            f"{folder} would be an embedded database, and chdb is not installed here: install marginline[embedded],"
            " or name a server's URL, to the audit as MARGINLINE_DATABASE"
        ) from error
    except ClickHouseError as error:
        _refuse_if_held(folder)
        raise DatabaseUnreachable(f"{folder} cannot be opened as a database: {_one_line(error)}") from error
    return _enter(client, database, str(folder), create=create)


def _refuse_if_held(folder: Path) -> None:
    """Raise `DatabaseBusy` where another process has the folder open.

    The engine locks `status` while it runs and writes its process into it. Asking here first keeps the engine from
    writing its own message to the screen; a second client of this very process is no conflict.
    """
    with suppress(FileNotFoundError), (folder / "status").open("rb") as status:
        try:
            fcntl.flock(status, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = re.search(rb"PID: *(\d+)", status.read())
            if holder is None or int(holder[1]) != os.getpid():
                process = f" (process {holder[1].decode()})" if holder else ""
                raise DatabaseBusy(
                    f"{folder} is held by a run that is still going{process}: ask again when it is done"
                ) from None


def _connect_server(url: str, database: str, *, create: bool) -> Client:
    server = database_settings(url)
    try:
        client = clickhouse_connect.get_client(
            **server.client(),
            autogenerate_session_id=False,  # a session would refuse a retry while the lost attempt still runs
        )
    except OperationalError as error:
        if "CERTIFICATE" in str(error):
            raise DatabaseUnreachable(
                f"no trusted connection to ClickHouse at {server.place}: check MARGINLINE_CLICKHOUSE_CA"
                f" ({_one_line(error)})"
            ) from error
        raise DatabaseUnreachable(f"no ClickHouse answers at {server.place}: {_one_line(error)}") from error
    except ClickHouseError as error:
        raise DatabaseUnreachable(f"ClickHouse at {server.place} refuses: {_one_line(error)}") from error
    return _enter(client, server.database or database, server.place, create=create)


def _enter(client: Client, database: str, place: str, *, create: bool) -> Client:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", database):
        client.close()
        raise DatabaseError(f"{database!r} is no name for a database: letters, digits and _ only")
    try:
        if create:
            client.command(f"create database if not exists {database}")
        elif str(client.command(f"exists database {database}")) != "1":
            client.close()
            raise DatabaseMissing(f"no database {database} at {place}")
        client.database = database
    except ClickHouseError as error:
        client.close()
        raise DatabaseUnreachable(f"{place}: {_one_line(error)}") from error
    return client


def migrate(client: Client, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the tables up to date and give the names of the migrations that ran.

    Each statement can be repeated, so a migration that was cut short is simply run again. A migration that has run
    must not change any more: what is in the tables came from the old text.
    """
    table = "create table if not exists migrations (name String, sha256 String) engine = ReplacingMergeTree order by name"
    _asked(partial(client.command, table), "migrations")
    known = _asked(partial(client.query, "select name, sha256 from migrations final"), "migrations")
    done = {row[0]: row[1] for row in known.result_rows}
    ran = []
    for file in sorted(folder.glob("*.sql")):
        text = file.read_text("utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if file.name in done:
            if done[file.name] != digest:
                raise DatabaseError(f"{file.name} has changed since it ran here: add a new migration instead")
            continue
        for statement in statements(text):
            _asked(partial(client.command, statement), file.name)
        names = pa.table({"name": [file.name], "sha256": [digest]})
        _asked(partial(client.insert_arrow, "migrations", names, settings={"async_insert": 0}), "migrations")
        ran.append(file.name)
    return ran


def statements(text: str) -> list[str]:
    """The statements of a SQL file: each ends with a semicolon at the end of a line."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [each.strip() for each in re.split(r";\s*(?:\n|$)", bare) if each.strip()]


# ---- reading ---------------------------------------------------------------------------------------------------------
def ask(database: Database, question: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of a question of `QUESTIONS`, by column name."""
    if not isinstance(database, Client):
        return database.ask(question, parameters)
    text = (QUESTIONS / f"{question}.sql").read_text("utf-8")
    answer = _asked(partial(database.query, text, parameters=parameters), question)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def _asked(call: Callable[[], Any], what: str) -> Any:
    try:
        return call()
    except ClickHouseError as error:
        if _code(error) in (60, 81):  # no such table, no such database
            raise DatabaseMissing(f"this database holds no audit tables: {_one_line(error)}") from error
        raise DatabaseError(f"{what}: {_one_line(error)}") from error


# ---- writing ---------------------------------------------------------------------------------------------------------
class Writer:
    """Inserts blocks of one database's pools. A repeat of a block adds nothing, wherever the first attempt ended.

    A block's token makes a repeat nothing. Across a kill a token is no witness: the engine logs it and commits the
    rows in two steps, so the block that a start begins with is counted table by table, and has tokens of its own.
    """

    def __init__(self, client: Client, pause: Callable[[float], None] = time.sleep) -> None:
        """``pause`` waits between attempts."""
        self.client = client
        self._pause = pause
        self._start = uuid.uuid4().hex
        self._begun: set[str] = set()

    def next_offset(self, pool: str) -> int:
        """One past the last journal entry that is in the database; a block's journal rows are its last insert."""
        text = "select if(count() = 0, 0, max(journal_offset) + 1) from journal where pool = {pool:String}"
        answer = _asked(partial(self.client.query, text, parameters={"pool": pool}), "journal")
        return int(answer.result_rows[0][0])

    def insert_block(
        self,
        pool: str,
        first_offset: int,
        entries: Rows,
        texts: Mapping[int, str],
        events: Rows,
    ) -> None:
        """Insert what `BlockCutter` cut: ``entries`` from ``first_offset`` on, their texts by place, their events."""
        tables = {
            "parameters": parameters_table(pool, first_offset, entries, texts),
            "accounts": accounts_table(pool, first_offset, texts, events),
            "events": events_table(pool, events),
            "journal": journal_table(pool, first_offset, entries, texts),
        }
        begins = pool not in self._begun
        for name, table in tables.items():
            if table.num_rows and not (begins and self._holds(name, pool, first_offset, table)):
                token = f"{pool}:{name}:{first_offset}" + (f":{self._start}" if begins else "")
                self._insert(name, table, {"insert_deduplication_token": token})
        self._begun.add(pool)
        metrics.inserted_time(pool).set(time.time())

    def insert_dead_letters(self, pool: str, dead_letters: Sequence[DeadLetterRow]) -> None:
        """Insert refused records, cut in any way: their origin is their key, so a repeat replaces itself."""
        if dead_letters:
            self._insert("dead_letters", dead_letters_table(pool, dead_letters), {"insert_deduplicate": 0})

    def _holds(self, name: str, pool: str, first_offset: int, table: pa.Table) -> bool:
        """Whether an earlier start has left these rows there; what it left of them in part is taken away."""
        column = "opened_offset" if name == "accounts" else "journal_offset"
        rows = f"from {name} where pool = {{pool:String}} and {column} >= {{first:Int64}}"
        bound = {"pool": pool, "first": first_offset}
        answer = _asked(partial(self.client.query, f"select count() {rows}", parameters=bound), name)
        found = int(answer.result_rows[0][0])
        if found not in (0, table.num_rows):
            _asked(partial(self.client.command, f"delete {rows}", parameters=bound), name)
        return bool(found == table.num_rows)

    def _insert(self, name: str, table: pa.Table, settings: dict[str, Any]) -> None:
        """One insert, again while what is wrong may pass: a lost answer is no harm, the token makes repeats nothing."""
        begun_s = time.perf_counter()
        for attempt in range(ATTEMPTS):
            try:
                self.client.insert_arrow(name, table, settings={**settings, "async_insert": 0})
            except ClickHouseError as error:
                metrics.failed_inserts(name).inc()
                passing = isinstance(error, OperationalError) or _code(error) in PASSING
                if not passing or attempt + 1 == ATTEMPTS:
                    raise DatabaseError(f"cannot write {name}: {_one_line(error)}") from error
                self._pause(FIRST_PAUSE_S * 2**attempt)
            else:
                metrics.insert_seconds(name).observe(time.perf_counter() - begun_s)
                metrics.inserted_rows(name).inc(table.num_rows)
                return


def _code(error: ClickHouseError) -> int | None:
    """ClickHouse's number for an error, from the error or, embedded, from its text."""
    code = getattr(error, "code", None)
    if code is None and (found := re.search(r"\bCode: (\d+)", str(error))):
        code = int(found[1])
    return code


def _one_line(error: Exception) -> str:
    if cause := re.search(r"(?:\[Errno \d+\] |(?=certificate verify failed))([^\"'()]+)", str(error)):
        return cause[1].strip()
    text = str(error).split(", Stack trace")[0]
    text = re.sub(r"\s+", " ", re.sub(r"\(for url [^)]*\)|.*server response: ", "", text)).strip()
    return text if len(text) <= 300 else f"{text[:297]}..."
