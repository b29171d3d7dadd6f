"""The counter of an embedded database: what it answers, what it refuses, and what its client says when nobody is there."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import audit
from flows.connectors import ask_server
from flows.connectors.ask_client import AskClient, open_database
from flows.connectors.ask_server import AskServer, address_file
from flows.connectors.clickhouse import (
    FOLDER,
    DatabaseBusy,
    DatabaseError,
    DatabaseUnreachable,
    Writer,
    ask,
    connect,
    migrate,
)
from flows.connectors.errors import SettingError
from flows.connectors.exits import ExitCode
from flows.connectors.questions import NoQuestion, check, names, places
from flows.connectors.settings import ROOT
from tests.audit.story import Story, story
from tests.connectors.engine import held

HOLD = """
import sys
from pathlib import Path
from flows.connectors import clickhouse
from flows.connectors.ask_server import AskServer
from tests.audit.story import story
folder, of = Path(sys.argv[1]), story(7)
client = clickhouse.connect(folder)
clickhouse.migrate(client)
clickhouse.Writer(client).insert_block(of.pool.id, 0, of.entries, of.texts, of.events)
server = AskServer(folder, "127.0.0.1:0", lambda: {"read_to": {"usdt": 7}})
print(server.address, flush=True)
sys.stdin.read()
server.close()
"""


class Opened:
    """A story in a database that this process holds, with its counter."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.of = folder, story(7)
        self.client = connect(folder)
        migrate(self.client)
        Writer(self.client).insert_block(self.of.pool.id, 0, self.of.entries, self.of.texts, self.of.events)
        self.server = AskServer(folder, "127.0.0.1:0", lambda: {"read_to": {"usdt": 7}})


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    made = Opened(tmp_path_factory.mktemp("run") / FOLDER)
    yield made
    made.server.close()
    made.client.close()


def said(of: Opened, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """An answer's status and what it says."""
    connection = http.client.HTTPConnection(of.server.address, timeout=20)
    connection.request(method, path, body or None, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    try:
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


# ---- questions -------------------------------------------------------------------------------------------------------
GOOD = {"String": "", "Int64": 1, "UInt64": 1, "UInt8": 1, "Array(Int64)": [1]}


def test_every_place_of_every_question_has_a_type_that_is_checked() -> None:
    for question in names():
        good = {name: GOOD[kind] for name, kind in places(question).items()}
        check(question, good)
        for name in good:
            with pytest.raises(NoQuestion, match=f"{question}: {name} must be"):
                check(question, good | {name: 1.5})


@pytest.mark.parametrize(
    ("question", "given", "line"),
    [
        pytest.param(
            "passwords", {}, "no question is called 'passwords'; there are account, ", id="no-such-question"
        ),
        pytest.param("../migrations/0001_tables", {}, "no question is called", id="a-path"),
        pytest.param("fund", {}, "fund asks for pool; it is given nothing", id="too-little"),
        pytest.param("fund", {"pool": "", "x": 1}, "fund asks for pool; it is given pool, x", id="too-much"),
        pytest.param(
            "entry", {"pool": "usdt", "offset": "1"}, "entry: offset must be Int64", id="text-for-a-number"
        ),
        pytest.param(
            "entry", {"pool": "usdt", "offset": 2**63}, "entry: offset must be Int64", id="over-int64"
        ),
        pytest.param(
            "entry", {"pool": "usdt", "offset": True}, "entry: offset must be Int64", id="a-yes-for-a-number"
        ),
        pytest.param("fund", {"pool": "x" * 201}, "fund: pool must be String", id="a-long-text"),
        pytest.param(
            "account_names",
            {"pool": "usdt", "accounts": ["1"]},
            "accounts must be Array\\(Int64\\)",
            id="a-list-of-texts",
        ),
    ],
)
def test_a_question_is_refused_in_one_line(question: str, given: dict[str, Any], line: str) -> None:
    with pytest.raises(NoQuestion, match=line):
        check(question, given)


# ---- answers ---------------------------------------------------------------------------------------------------------
def test_answers_are_the_databases_own(opened: Opened) -> None:
    client = AskClient(opened.server.address)
    pool = opened.of.pool.id
    for question, given in (
        ("parameters_last", {}),
        ("event_counts", {"pool": ""}),
        ("account_names", {"pool": pool, "accounts": [0, 1, 2]}),
        ("account", {"pool": pool, "account": 1, "evidence": 1, "limit": 1000}),
        ("fund", {"pool": pool}),
        ("liquidations", {"pool": "", "market_name": "", "from_ns": 0, "to_ns": 2**63 - 1}),
        ("entry", {"pool": pool, "offset": 1 << 40}),
    ):
        own = [
            {name: str(value) if isinstance(value, datetime) else value for name, value in row.items()}
            for row in ask(opened.client, question, **given)
        ]
        assert ask(client, question, **given) == own, question
    assert client.about["read_to"] == {"usdt": 7}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        pytest.param("POST", "/ask/passwords", b"{}", {}, 400, id="a-question-unknown"),
        pytest.param("POST", "/ask/fund", b"{}", {}, 400, id="values-missing"),
        pytest.param("POST", "/ask/fund", b"{", {}, 400, id="no-JSON"),
        pytest.param("POST", "/ask/fund", b"[]", {}, 400, id="a-list"),
        pytest.param("POST", "/ask/fund", b"[" * 100000, {}, 400, id="nested-without-end"),
        pytest.param("POST", "/fund", b"{}", {}, 404, id="another-place"),
        pytest.param("GET", "/ask/fund", b"", {}, 404, id="a-page-of-the-counter"),
        pytest.param(
            "POST", "/ask/fund", b"{}", {"Content-Type": "text/plain"}, 415, id="what-a-browsers-form-sends"
        ),
        pytest.param("POST", "/ask/fund", b"", {"Content-Length": str(1 << 30)}, 413, id="too-long"),
    ],
)
def test_what_is_no_question_is_refused(
    opened: Opened, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    code, answer = said(opened, method, path, body, **headers)
    assert code == status
    assert "\n" not in answer["error"]


def test_nothing_can_be_written_through_its_handle(opened: Opened) -> None:
    for statement in ("drop table events", "create table x (a Int8) engine = Memory", "truncate journal"):
        with pytest.raises(Exception, match=r"readonly|read-only|READONLY"):
            opened.server.client.command(statement)


def test_inserts_do_not_wait_for_questions(opened: Opened) -> None:
    of: Story = opened.of
    stop, answers, slow = threading.Event(), [0], []

    def keep_asking() -> None:
        client = AskClient(opened.server.address)
        while not stop.is_set():
            rows = ask(client, "liquidations", pool="", market_name="", from_ns=0, to_ns=2**63 - 1)
            answers[0] += len(rows) > 0

    askers = [threading.Thread(target=keep_asking) for _ in range(3)]
    for each in askers:
        each.start()
    writer = Writer(opened.client)
    for turn in range(8):
        begun = time.monotonic()
        writer.insert_block(f"pool-{turn}", 0, of.entries, of.texts, of.events)
        slow.append(time.monotonic() - begun)
    stop.set()
    for each in askers:
        each.join()
    assert answers[0] > 0
    assert max(slow) < ask_server.ANSWER_S / 3, slow
    counted = opened.client.query("select count() from journal where pool like 'pool-%'").result_rows
    assert counted == [(8 * len(of.entries),)]


# ---- its client ------------------------------------------------------------------------------------------------------
def test_a_held_folder_is_asked_about_through_its_holder(opened: Opened, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "live" / FOLDER
    folder.parent.mkdir(parents=True)
    expected = CliRunner().invoke(
        audit.app, ["adl", "--pool", "usdt", "--url", f"audit://{opened.server.address}"]
    )
    assert expected.exit_code == 0, expected.output
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        address = holder.stdout.readline().strip()
        for arguments in (["--run", str(folder.parent)], ["--url", f"audit://{address}"]):
            answer = CliRunner().invoke(audit.app, ["adl", "--pool", "usdt", *arguments])
            assert answer.exit_code == 0, answer.output
            assert answer.output == expected.output
        holder.communicate("")
    assert holder.returncode == 0
    assert not address_file(folder).exists()


def test_a_holder_that_answers_nobody_is_busy(tmp_path: Path) -> None:
    with held(tmp_path / FOLDER), pytest.raises(DatabaseBusy, match="is held by a run that is still going"):
        open_database(tmp_path / FOLDER)


def test_nobody_there_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = CliRunner().invoke(audit.app, ["fund", "--url", f"audit://127.0.0.1:{port}"])
    assert answer.exit_code == ExitCode.DATABASE
    assert answer.stderr.startswith(
        f"no audit flow answers at audit://127.0.0.1:{port} (Connection refused): is"
    )
    assert answer.stderr.count("\n") == 1
    with pytest.raises(DatabaseUnreachable, match="is no address"):
        open_database("audit://127.0.0.1:x")


def test_the_environment_names_the_counter(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARGINLINE_DATABASE", f"audit://{opened.server.address}")
    answer = CliRunner().invoke(audit.app, ["fund", "--json"])
    assert answer.exit_code == 0, answer.output
    assert isinstance(json.loads(answer.stdout), list)


def test_an_address_that_cannot_be_had_is_one_line(opened: Opened) -> None:
    for address in ("127.0.0.1", "x:y", opened.server.address):
        with pytest.raises(SettingError, match="MARGINLINE_ANSWERS"):
            AskServer(opened.folder, address, dict)


def test_what_the_counter_cannot_answer_is_said_as_the_database_says_it(opened: Opened) -> None:
    client = AskClient(opened.server.address)
    with pytest.raises(DatabaseError, match="fund: pool must be String"):
        client.ask("fund", {"pool": 5})
