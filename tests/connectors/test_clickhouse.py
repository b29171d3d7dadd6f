"""The audit database on the real engine: tables, repeats, failures on the way."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError, ProgrammingError

from flows.connectors import clickhouse as ch
from flows.connectors.clickhouse import Client, DeadLetterRow, Writer
from flows.connectors.exits import ExitCode, answer
from flows.connectors.telemetry import metrics
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.canonical import canonical_entries, canonical_events
from flows.journal.codec import ENTRY_COLUMNS
from flows.journal.entries import Rows
from tests.connectors.engine import NewDatabase
from tests.connectors.telemetry.values import shown

LETTERS = [
    DeadLetterRow("fills", 0, 7, "not_json", "", "unexpected end", b"\xff{", 2),
    DeadLetterRow("fills", 0, 9, "unknown_market", "market", "no market DOGE-PERP", b"{}", 2),
    DeadLetterRow("trades", 0, 7, "duplicate", "number", "seen", b"{}", 2),
]
BULK_LETTERS = [
    DeadLetterRow("fills", 0, 8, "late", "time_ns", "late", b"{}", 2, row=row) for row in range(3)
]


def block(count: int = 50, seed: int = 1) -> tuple[Rows, dict[int, str], Rows]:
    """Entries and events with every column at work: bounds of int64 among them."""
    dice = np.random.default_rng(seed)
    entries = dice.integers(-(2**62), 2**62, (count, en.WIDTH))
    entries[:, en.KIND] = dice.integers(1, len(en.KIND_NAMES), count)
    entries[:, en.TOPIC] = dice.integers(0, len(en.TOPICS), count)
    entries[:, en.TIME_NS] = 1_744_000_000_000_000_000 + np.arange(count)
    entries[0, en.KIND] = en.GENESIS
    events = dice.integers(-(2**62), 2**62, (2 * count, ev.WIDTH))
    events[:, ev.OFFSET], events[:, ev.INDEX] = np.arange(2 * count) // 2, np.arange(2 * count) % 2
    events[:, ev.TYPE] = dice.integers(1, len(ev.TYPE_NAMES), 2 * count)
    events[:, ev.QUANTA] = [2**63 - 1, -(2**63)] * count
    return entries, {0: '{"version":3}', 4: "alice", 7: "Zoë \U0001f600"}, events


def everything(client: Client) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, not under FINAL: a repeat would show."""
    return {
        table: client.query(f"select * from {table} order by all").result_rows
        for table in ("journal", "events", "accounts", "parameters", "dead_letters")
    }


@pytest.fixture(scope="module")
def empty(new_database: NewDatabase) -> Client:
    """A database for tests that only look."""
    return new_database()


# ---- tables ----------------------------------------------------------------------------------------------------------
def columns_of(client: Client, table: str) -> list[str]:
    kinds = client.query(f"describe table {table}").result_rows
    return [row[0] for row in kinds if row[2] not in ("ALIAS", "MATERIALIZED")]


def test_the_tables_hold_every_column_of_the_journal(empty: Client) -> None:
    assert columns_of(empty, "journal") == ["pool", "journal_offset", *ENTRY_COLUMNS, "text"]
    assert columns_of(empty, "events") == ["pool", *ev.COLUMNS]


def test_the_tables_are_what_the_writer_writes(empty: Client) -> None:
    entries, texts, events = block()
    for table, arrow in {
        "journal": ch.journal_table("p", 0, entries, texts),
        "events": ch.events_table("p", events),
        "accounts": ch.accounts_table("p", 0, texts, events),
        "parameters": ch.parameters_table("p", 0, entries, texts),
        "dead_letters": ch.dead_letters_table("p", LETTERS),
    }.items():
        assert arrow.column_names == columns_of(empty, table)


@pytest.mark.parametrize(
    ("view", "kind"),
    [
        ("market_state", en.MarketState),
        ("asset_state", en.AssetState),
        ("deposits", en.Deposit),
        ("transfers", en.Transfer),
        ("fills", en.Fill),
        ("order_checks", en.OrderCheck),
        ("bids", en.Bid),
    ],
)
def test_a_view_names_the_payload_as_the_journal_does(
    view: str, kind: type, new_database: NewDatabase
) -> None:
    """Each payload column holds its own place; the view must find it under the name of entries.py."""
    client = new_database()
    rows = en.empty(len(en.KIND_NAMES))
    rows[:, en.KIND] = np.arange(len(rows))
    rows[:, en.PAYLOAD :] = np.arange(en.PAYLOAD, en.WIDTH)
    Writer(client).insert_block("p", 0, rows, {0: "{}"}, np.zeros((0, ev.WIDTH), np.int64))
    answer = client.query(f"select * from {view} limit 1")
    found = dict(zip(answer.column_names, answer.result_rows[0], strict=True))
    names = {name.lower(): place for name, place in vars(kind).items() if name.isupper()}
    for name, place in names.items():
        value = found[name]
        assert (value[0] if isinstance(value, list) else value) == place, name
    assert set(found) - set(names) <= {"pool", "journal_offset", "kind", "time_ns", "time", "text"}


def test_what_is_written_is_read_back_to_the_bit(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    Writer(client).insert_block("p", 0, entries, texts, events)
    kinds = {name: code for code, name in enumerate(en.KIND_NAMES)}
    topics = {name: code for code, name in enumerate(en.TOPICS)}
    types = {name: code for code, name in enumerate(ev.TYPE_NAMES)}
    named = ", ".join(f"`{name}`" for name in ENTRY_COLUMNS)
    rows = client.query(f"select {named}, text from journal order by journal_offset").result_rows
    again = np.array([[kinds[row[0]], row[1], topics[row[2]], *row[3:-1]] for row in rows], np.int64)
    written = {place: row[-1] for place, row in enumerate(rows) if row[-1]}
    assert written == texts
    assert b"".join(canonical_entries(again, written)) == b"".join(canonical_entries(entries, texts))
    rows = client.query(
        f"select {', '.join(ev.COLUMNS)} from events order by journal_offset, event_index"
    ).result_rows
    again = np.array([[*row[:2], types[row[2]], *row[3:]] for row in rows], np.int64)
    assert canonical_events(again) == canonical_events(events)


def test_times_and_ids_are_there_to_read(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    Writer(client).insert_block("p", 0, entries, texts, events)
    answer = client.query(
        "select toString(time) from journal where journal_offset = 3 union all select id from events"
        " where journal_offset = 3 and event_index = 1"
    )
    assert sorted(row[0] for row in answer.result_rows) == ["2025-04-07 04:26:40.000000003", "p:3:1"]


def test_accounts_and_parameters_come_from_the_block(new_database: NewDatabase) -> None:
    client = new_database()
    entries = en.empty(4)
    entries[0, en.KIND] = en.GENESIS
    entries[1:, en.KIND] = en.DEPOSIT
    events = np.zeros((3, ev.WIDTH), np.int64)
    columns = [ev.OFFSET, ev.TYPE, ev.ACCOUNT, ev.COUNTER_ACCOUNT, ev.MARKET]
    events[:, columns] = [
        [10, ev.ACCOUNT_OPENED, 0, 0, -1],
        [11, ev.ACCOUNT_OPENED, 1, 1, -1],
        [13, 0, 2, 1, 5],
    ]
    Writer(client).insert_block(
        "p", 10, entries, {0: '{"version":3}', 1: "bob bob", 3: "bob:X-PERP bob"}, events
    )
    accounts = client.query(
        "select account, name, owner, isolated_market, opened_offset from accounts order by all"
    )
    assert accounts.result_rows == [
        (0, "vault", 0, -1, 10),
        (1, "bob", 1, -1, 11),
        (2, "bob:X-PERP", 1, 5, 13),
    ]
    parameters = client.query("select journal_offset, version, text from parameters").result_rows
    assert parameters == [(10, 3, '{"version":3}')]


# ---- repeats ---------------------------------------------------------------------------------------------------------
def test_a_repeat_of_a_block_adds_nothing(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    writer = Writer(client)
    writer.insert_block("p", 0, entries, texts, events)
    once = everything(client)
    assert [len(rows) for rows in once.values()] == [50, 100, 0, 1, 0]
    writer.insert_block("p", 0, entries, texts, events)
    Writer(client).insert_block("p", 0, entries, texts, events)
    assert everything(client) == once


def test_rows_that_a_kill_left_without_their_token_are_not_doubled(new_database: NewDatabase) -> None:
    """As if the process died between the commit of the rows and the note of their token; half a table, too."""
    client, (entries, texts, events) = new_database(), block()
    kept, half = {"async_insert": 0, "insert_deduplicate": 0}, events[:60]
    client.insert_arrow("parameters", ch.parameters_table("p", 0, entries, texts), settings=kept)
    client.insert_arrow("events", ch.events_table("p", half), settings=kept)
    client.insert_arrow("events", ch.events_table("q", events), settings=kept)
    Writer(client).insert_block("p", 0, entries, texts, events)
    assert [len(rows) for rows in everything(client).values()] == [50, 200, 0, 1, 0]


def test_a_token_that_a_kill_left_without_its_rows_loses_nothing(new_database: NewDatabase) -> None:
    """As if the process died between the note of the token and the commit of the rows: of the journal's, the last."""
    client, (entries, texts, events) = new_database(), block()
    token = {"async_insert": 0, "insert_deduplication_token": "p:journal:0"}
    client.insert_arrow("journal", ch.journal_table("q", 0, entries[:1], {}), settings=token)
    client.command("delete from journal where pool = 'q'")
    Writer(client).insert_block("p", 0, entries, texts, events)
    assert [len(rows) for rows in everything(client).values()] == [50, 100, 0, 1, 0]


@pytest.mark.parametrize("inserts", range(4))
def test_a_block_cut_short_is_made_whole(inserts: int, new_database: NewDatabase) -> None:
    """A crash after any of a block's inserts; the journal's rows are the last, so the block is then due again."""
    client, (entries, texts, events) = new_database(), block()
    writer = Writer(FailingClient(client, after=inserts))  # type: ignore[arg-type]
    try:
        writer.insert_block("p", 0, entries, texts, events)
        crashed = False
    except KeyboardInterrupt:
        crashed = True
    assert crashed == (inserts < 3)
    assert Writer(client).next_offset("p") == (0 if crashed else 50)
    Writer(client).insert_block("p", 0, entries, texts, events)
    assert [len(rows) for rows in everything(client).values()] == [50, 100, 0, 1, 0]


def test_two_pools_and_two_blocks_do_not_shadow_each_other(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    writer = Writer(client)
    writer.insert_block("p", 0, entries, texts, events)
    writer.insert_block("q", 0, entries, texts, events)
    later = events.copy()
    later[:, ev.OFFSET] += 50
    writer.insert_block("p", 50, entries, texts, later)
    assert [len(rows) for rows in everything(client).values()] == [150, 300, 0, 3, 0]
    assert (writer.next_offset("p"), writer.next_offset("q"), writer.next_offset("r")) == (100, 50, 0)


def test_a_row_that_slips_past_the_token_is_one_row_under_final(new_database: NewDatabase) -> None:
    client, (_, _, events) = new_database(), block()
    for token in ("a", "b"):
        client.insert_arrow(
            "events",
            ch.events_table("p", events),
            settings={"insert_deduplication_token": token, "async_insert": 0},
        )
    counts = client.query("select count() from events union all select count() from events final").result_rows
    assert sorted(counts) == [(100,), (200,)]


def test_two_rows_of_a_bulk_record_are_two_dead_letters(new_database: NewDatabase) -> None:
    client = new_database()
    writer = Writer(client)
    writer.insert_dead_letters("p", BULK_LETTERS)
    writer.insert_dead_letters("p", [BULK_LETTERS[1]._replace(replayed_offset=77), *BULK_LETTERS[:1]])
    found = client.query("select `row`, replayed_offset from dead_letters final order by `row`").result_rows
    assert found == [(0, -1), (1, 77), (2, -1)], "the last word of each is kept"


def test_a_migration_that_was_cut_short_is_run_again(new_database: NewDatabase) -> None:
    client = new_database()
    for file in sorted(ch.MIGRATIONS.glob("*.sql")):
        for statement in ch.statements(file.read_text("utf-8")):
            client.command(statement)
    assert ch.migrate(client) == []


def test_dead_letters_may_be_cut_anyhow(new_database: NewDatabase) -> None:
    client = new_database()
    writer = Writer(client)
    writer.insert_dead_letters("p", LETTERS[:2])
    writer.insert_dead_letters("p", LETTERS)
    writer.insert_dead_letters("p", [])
    rows = client.query(
        "select topic, origin_offset, reason, hex(raw) from dead_letters final order by topic, origin_offset"
    ).result_rows
    assert rows == [
        ("fills", 7, "not_json", "FF7B"),
        ("fills", 9, "unknown_market", "7B7D"),
        ("trades", 7, "duplicate", "7B7D"),
    ]


# ---- failures --------------------------------------------------------------------------------------------------------
class FailingClient:
    """A client whose inserts stop: as by kill -9 after so many, or with these errors before or after each is done."""

    def __init__(
        self,
        client: Client,
        after: int | None = None,
        errors: list[ClickHouseError] | None = None,
        *,
        lost: bool = False,
    ) -> None:
        self.client, self.after, self.errors, self.lost = client, after, errors or [], lost
        self.inserts = 0

    def query(self, *args: Any, **settings: Any) -> Any:
        return self.client.query(*args, **settings)

    def insert_arrow(self, *args: Any, **settings: Any) -> Any:
        if self.after is not None and self.inserts == self.after:
            raise KeyboardInterrupt
        self.inserts += 1
        if self.errors:
            error = self.errors.pop()
            if self.lost:  # the server did it, the answer got lost
                self.client.insert_arrow(*args, **settings)
            raise error
        return self.client.insert_arrow(*args, **settings)


def test_an_insert_whose_answer_was_lost_is_repeated_without_harm(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    pauses: list[float] = []
    failing = FailingClient(client, errors=[OperationalError("the connection was closed")] * 3, lost=True)
    Writer(failing, pauses.append).insert_block("p", 0, entries, texts, events)  # type: ignore[arg-type]
    assert pauses == [0.25, 0.5, 1.0]
    assert [len(rows) for rows in everything(client).values()] == [50, 100, 0, 1, 0]


def test_a_server_that_stays_away_ends_in_one_line(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    pauses: list[float] = []
    failing = FailingClient(client, errors=[ProgrammingError("Code: 252. DB::Exception: Too many parts")] * 9)
    with pytest.raises(ch.DatabaseError, match=r"cannot write parameters: Code: 252"):
        Writer(failing, pauses.append).insert_block("p", 0, entries, texts, events)  # type: ignore[arg-type]
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert shown("database_failures_total", table="parameters") >= 6


def test_what_was_inserted_is_shown(new_database: NewDatabase) -> None:
    entries, texts, events = block()
    told = [("database_rows_total", "journal"), ("database_insert_seconds_count", "journal")]
    metrics.inserted_rows("journal")
    metrics.insert_seconds("journal")
    before = [shown(name, table=table) for name, table in told]
    Writer(new_database()).insert_block("shown", 0, entries, texts, events)
    assert [shown(name, table=table) for name, table in told] == [before[0] + len(entries), before[1] + 1]
    assert shown("database_inserted_timestamp_seconds", pool="shown") == pytest.approx(time.time(), abs=60)


def test_an_embedded_database_without_its_engine_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(**_: Any) -> None:
        raise ImportError("The chdb backend requires the chdb package.")

    monkeypatch.setattr(ch.clickhouse_connect, "get_client", missing)
    with pytest.raises(ch.DatabaseError) as caught:
        ch.connect(tmp_path / "none")
    code, line = answer(caught.value) or (0, "")
    assert code == ExitCode.DATABASE
    assert "chdb is not installed here: install marginline[embedded], or name a server's URL" in line


def test_what_will_not_pass_is_not_tried_again(new_database: NewDatabase) -> None:
    client, (entries, texts, events) = new_database(), block()
    failing = FailingClient(client, errors=[ProgrammingError("Code: 60. DB::Exception: Unknown table")])
    with pytest.raises(ch.DatabaseError, match="Unknown table"):
        Writer(failing, lambda _: pytest.fail("no pause")).insert_block("p", 0, entries, texts, events)  # type: ignore[arg-type]


# ---- migrations and questions ----------------------------------------------------------------------------------------
def test_migrations_run_once_and_never_change(new_database: NewDatabase, tmp_path: Path) -> None:
    client = new_database()
    assert ch.migrate(client) == []
    assert [file.name for file in sorted(ch.MIGRATIONS.glob("*.sql"))] == [
        row[0] for row in client.query("select name from migrations order by name").result_rows
    ]
    one = tmp_path / "0003_more.sql"
    one.write_text("-- a comment;\ncreate table if not exists more (a Int64)\nengine = Memory;\n")
    assert ch.migrate(client, tmp_path) == ["0003_more.sql"]
    one.write_text("create table if not exists more (a Int64, b Int64)\nengine = Memory;\n")
    with pytest.raises(ch.DatabaseError, match=r"0003_more.sql has changed since it ran here"):
        ch.migrate(client, tmp_path)


def test_a_broken_migration_names_its_file(new_database: NewDatabase, tmp_path: Path) -> None:
    (tmp_path / "0009_broken.sql").write_text("create table wrong;\n")
    with pytest.raises(ch.DatabaseError, match=r"^0009_broken.sql: Code: "):
        ch.migrate(new_database(), tmp_path)


def test_statements_end_with_a_line() -> None:
    text = "-- one; two\nselect 1;\nselect ';'\n  as x;  \n\n"
    assert ch.statements(text) == ["select 1", "select ';'\n  as x"]


@pytest.mark.parametrize("file", sorted(ch.QUESTIONS.glob("*.sql")), ids=lambda file: file.stem)
def test_every_question_can_be_asked_of_an_empty_database(file: Path, empty: Client) -> None:
    """With each of its parameters bound by type."""
    values = {"String": "", "Int64": 0, "UInt8": 0, "UInt64": 5, "Array(Int64)": [1, 2]}
    parameters = {name: values[kind] for name, kind in re.findall(r"\{(\w+):([\w()]+)\}", file.read_text())}
    assert ch.ask(empty, file.stem, **parameters) == []
