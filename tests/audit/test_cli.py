"""`marginline audit` as a person meets it: tables, JSON, and one line for whatever is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from flows.cli import audit
from flows.connectors.clickhouse import FOLDER, Writer, connect, migrate
from flows.connectors.exits import ExitCode
from flows.journal import events as ev
from tests.audit.story import Story, story
from tests.connectors.engine import held

SEED = 7


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run of the story, its database closed, and an older run that holds nothing."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "runs" / "empty").mkdir(parents=True)
    client, of = connect(folder / "runs" / "day" / FOLDER), story(SEED)
    migrate(client)
    Writer(client).insert_block(of.pool.id, 0, of.entries, of.texts, of.events)
    client.close()
    return folder


@pytest.fixture(autouse=True)
def at_home(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(audit.app, list(arguments))


def event(of: Story, type_: int) -> str:
    offset, index = of.events[of.first(type_), [ev.OFFSET, ev.INDEX]].tolist()
    return f"{of.pool.id}:{offset}:{index}"


def test_an_accounts_history_names_the_entries_behind_it() -> None:
    answer = ask("account", "trader-1", "--last", "3")
    assert answer.exit_code == 0, answer.output
    title, head, *lines = answer.stdout.splitlines()
    assert title.split() == ["trader-1", "in", "usdt"]
    assert head.split() == ["event", "time", "what", "happened", "caused", "by"]
    assert len(lines) == 3
    assert all(re.match(r"usdt:\d+:\d+ +2025-04-07 .* fills:\d+ *$", line) for line in lines)


def test_an_accounts_history_as_json() -> None:
    answer = orjson.loads(ask("account", "trader-1", "--json").stdout)
    step = answer["steps"][0]
    assert (answer["pool"], answer["account"]) == ("usdt", "trader-1")
    assert set(step["caused_by"]) == {
        "kind",
        "topic",
        "partition",
        "origin_offset",
        "source",
        "number",
        "time_ns",
    }
    assert set(ev.COLUMNS) - {"type"} == set(step["columns"])


@pytest.mark.parametrize("question", ["liquidations", "fund", "adl"])
def test_a_question_answers_as_table_and_as_json(question: str) -> None:
    answer = ask(question)
    assert answer.exit_code == 0, answer.output
    rows = orjson.loads(ask(question, "--json").stdout)
    assert len(answer.stdout.splitlines()) == len(rows) + 2 > 2
    for row in rows:
        assert row["id"] in answer.stdout


def test_a_window_is_given_in_utc() -> None:
    everything = orjson.loads(ask("liquidations", "--json").stdout)
    last = everything[-1]["time"][:19]
    late = orjson.loads(ask("liquidations", "--json", "--from", last).stdout)
    early = orjson.loads(ask("liquidations", "--json", "--to", last.replace(" ", "T")).stdout)
    assert [*early, *late] == everything
    assert 0 < len(late) < len(everything)


def test_nothing_to_show_is_said() -> None:
    assert ask("liquidations", "--market", "DOGE-PERP").stdout == "liquidations: nothing.\n"
    assert orjson.loads(ask("liquidations", "--market", "DOGE-PERP", "--json").stdout) == []


def test_why_says_what_it_rests_on_and_that_it_comes_out_the_same() -> None:
    answer = ask("why", event(story(SEED), ev.MARGIN_CALL))
    assert answer.exit_code == 0, answer.output
    for line in (
        r"^trader-\d+: margin call: [\d,.]+ clears it, until 2025-04-07",
        r"^  caused by +[a-z-]+ +journal offset [\d,]+: from fills, partition 0, offset \d+ by engine, number \d+$",
        r"^  health +-?\d+\.\d{3} +trader-\d+, level so far ok$",
        r"^  equity +-?[\d,]+\.\d{6} +balance .*, unrealized ",
        r"^  maintenance margin +[\d,]+\.\d{6} +rule R-D1 on each position$",
        r"^    (BTC|ETH)-PERP +[\d,]+\.\d{6} +[\d.]+ % of .*: -?[\d.]+ from [\d,.]+ to [\d,.]+, ",
        r"^  threshold +[\d,]+\.\d{6} +call level: 1.25 x maintenance margin, rule R-A5$",
        r"^  mark (BTC|ETH)-PERP +[\d,]+\.\d +offset \d+: index [\d,]+\.\d \(ok\) of quotes a \d+, c \d+$",
        r"^  rule +R-G2 v1 +parameters version 1$",
        r"^  cure +[\d,]+\.\d{6} +to deposit, rule R-G2.*: back to 1.35$",
        r"^recomputed: same \(\d+ figures, ",
    ):
        assert re.search(line, answer.stdout, re.MULTILINE), f"{line}\n{answer.stdout}"


def test_why_as_json() -> None:
    answer = orjson.loads(ask("why", event(story(SEED), ev.LIQUIDATION_ORDER), "--json").stdout)
    assert answer["recomputed"] == "same"
    assert answer["event"]["type"] == "liquidation-order"
    assert answer["market_states"][0]["quotes"][0]["source"] == "a"
    assert all(check["same"] for check in answer["checks"])


@pytest.mark.parametrize("type_", range(len(ev.TYPE_NAMES)), ids=ev.TYPE_NAMES)
def test_every_type_of_event_has_words(type_: int) -> None:
    """No phrase may fail, whatever the pool decides."""
    of = story(SEED)
    if not (of.events[:, ev.TYPE] == type_).any():
        pytest.skip("not in this story")
    answer = ask("why", event(of, type_))
    assert answer.exit_code == 0, answer.output
    assert "recomputed: " in answer.stdout


def test_a_tampered_event_is_shown_and_ends_in_a_code(tmp_path: Path) -> None:
    of = story(SEED)
    row = of.first(ev.BANKRUPT)
    events = of.events.copy()
    events[row, ev.QUANTA] += 1
    client = connect(tmp_path / "run" / FOLDER)
    migrate(client)
    Writer(client).insert_block(of.pool.id, 0, of.entries, of.texts, events)
    client.close()
    answer = ask("why", event(of, ev.BANKRUPT), "--run", str(tmp_path / "run"))
    assert answer.exit_code == ExitCode.DIFFERENCE
    assert re.search(
        r"recomputed: DIFFERENT \(1 of \d+ figures\)\n  deficit \(R-L1\): recorded ", answer.stdout
    )


# ---- what can be wrong -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        pytest.param(("why", "12"), ExitCode.USAGE, "12 is no event id: pool:offset:index", id="no_event_id"),
        pytest.param(
            ("why", "usdt:0:999"), ExitCode.INPUT, "there is no event usdt:0:999", id="no_such_event"
        ),
        pytest.param(
            ("account", "nobody"), ExitCode.INPUT, "no account nobody in this database", id="no_such_account"
        ),
        pytest.param(
            ("fund", "--run", "runs/empty"), ExitCode.DATABASE, "no audit database in ", id="no_database"
        ),
        pytest.param(
            ("fund", "--url", "http://127.0.0.1:9"),
            ExitCode.DATABASE,
            "no ClickHouse answers at http://127.0.0.1:9: Connection refused",
            id="no_server",
        ),
    ],
)
def test_what_is_wrong_is_one_line(arguments: tuple[str, ...], code: ExitCode, line: str) -> None:
    answer = ask(*arguments)
    assert answer.exit_code == code
    assert line in answer.stderr
    assert code is ExitCode.USAGE or len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_no_run_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("fund")
    assert answer.exit_code == ExitCode.DATABASE
    assert answer.stderr == (
        "no run with a database under runs/: start one with marginline replay, or use --run\n"
    )


def test_while_a_run_holds_the_database_it_says_so_in_one_line(runs: Path) -> None:
    folder = runs / "runs" / "day" / FOLDER
    with held(folder) as holder:
        answer = ask("fund")
    assert answer.exit_code == ExitCode.DATABASE
    assert answer.stderr == (
        f"{folder} is held by a run that is still going (process {holder.pid}): ask again when it is done\n"
    )


@pytest.mark.parametrize("command", ["account", "liquidations", "fund", "adl", "why"])
def test_every_help_ends_with_an_example(command: str) -> None:
    assert f"Example: marginline audit {command}" in ask(command, "--help").output
