"""`marginline audit`: answers from the database alone, in words or as JSON."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from flows.cli.audit_why import why_json, why_text
from flows.cli.event_text import describe, event_id, event_json
from flows.connectors.ask_client import open_database
from flows.connectors.clickhouse import FOLDER, Database, DatabaseError, DatabaseMissing, ask
from flows.connectors.exits import ExitCode
from flows.connectors.settings import RUNS, environment
from flows.registry.canonical import from_canonical
from flows.verify.amounts import Amounts, time_text
from flows.verify.explain import Verdict, explain
from flows.verify.facts import NoSuchEvent, gather

"""Where runs are kept unless `--out` says otherwise."""

EVENT_ID: Final = re.compile(r"([a-z0-9-]{1,24}):([0-9]{1,18}):([0-9]{1,9})")
PIPE_WIDTH: Final = 240
"""Columns of a table that goes to a file or a pipe: wide enough that no line is broken."""

FOREVER_NS: Final = 2**63 - 1
TIMES: Final = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Ask a run's database: an account's history, the fund's ledger, why something happened.",
    epilog="Example: marginline audit liquidations --market BTC-PERP, then marginline audit why majors:88412:4",
)

Run = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="Folder of the run; by default the newest under runs/."),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Instead: a ClickHouse server, http://user:password@host:8123/database, or a running audit, audit://host:port.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON: decimals as text, and the integers behind them.")
]
Pool = Annotated[str, typer.Option("--pool", metavar="POOL", help="One pool only; by default all.")]


# ---- the database ----------------------------------------------------------------------------------------------------
class NotThere(LookupError):  # noqa: N818 - its name is what it says
    """What was asked for is not in the database."""


@contextmanager
def database(run: Path | None, url: str | None) -> Iterator[Database]:
    """The run's database, open for reading. What is wrong with it, or not in it, ends the command in one line."""
    try:
        client = open_database(url or _named(run) or (run or newest_run()) / FOLDER)
        try:
            yield client
        finally:
            client.close()
    except DatabaseError as error:
        _stop(str(error), ExitCode.DATABASE)
    except (NotThere, NoSuchEvent) as error:
        _stop(str(error), ExitCode.INPUT)


def _named(run: Path | None) -> str:
    """What MARGINLINE_DATABASE names, unless a run is asked for."""
    return "" if run else environment().database


def newest_run() -> Path:
    """The run under runs/ whose database was opened last."""
    runs = [folder.parent for folder in RUNS.glob(f"*/{FOLDER}")] if RUNS.is_dir() else []
    if not runs:
        raise DatabaseMissing(
            f"no run with a database under {RUNS}/: start one with marginline replay, or use --run"
        )
    return max(runs, key=lambda folder: ((folder / FOLDER).stat().st_mtime_ns, folder.name))


def _stop(line: str, code: ExitCode) -> None:
    print(line, file=sys.stderr)
    raise typer.Exit(code)


@dataclass(frozen=True)
class Pools:
    """The pools of a database: how each writes its amounts, and who its account rows are."""

    client: Database
    amounts: Mapping[str, Amounts]

    @classmethod
    def of(cls, client: Database, *, grouped: bool) -> Pools:
        """Read the parameters last in force."""
        return cls(
            client,
            {
                row["pool"]: Amounts(from_canonical(row["text"].encode()), grouped=grouped)
                for row in ask(client, "parameters_last")
            },
        )

    def names(self, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
        """Names of all accounts in some rows."""
        found: dict[tuple[str, int], str] = {}
        for pool in self.amounts:
            wanted = {
                row[column]
                for row in rows
                if row["pool"] == pool
                for column in ("account", "counter_account")
                if row.get(column, -1) >= 0
            }
            if wanted:
                known = ask(self.client, "account_names", pool=pool, accounts=sorted(wanted))
                found.update({(pool, row["account"]): row["name"] for row in known})
        return found


# ---- printing --------------------------------------------------------------------------------------------------------
def show(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A table; no frame, so that it can be cut and pasted."""
    if not lines:
        print(f"{title}: nothing.")
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    for line in lines:
        table.add_row(*line)
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False, markup=False, emoji=False).print(table)


def show_json(answer: Any) -> None:
    """JSON, keys as they come."""
    sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")


def events_json(pools: Pools, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Events for machines."""
    names = pools.names(rows)
    return [event_json(row, pools.amounts[row["pool"]], partial(_name, names, row["pool"])) for row in rows]


def event_lines(pools: Pools, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Events for people: id, time, account, phrase."""
    names = pools.names(rows)
    lines: list[tuple[str, ...]] = []
    for row in rows:
        name = partial(_name, names, row["pool"])
        who = name(row["account"]) if row["account"] >= 0 else ""
        lines.append(
            (event_id(row), time_text(row["time_ns"]), who, describe(row, pools.amounts[row["pool"]], name))
        )
    return lines


def _name(names: Mapping[tuple[str, int], str], pool: str, account: int) -> str:
    return names.get((pool, account), f"account {account}")


# ---- the questions ---------------------------------------------------------------------------------------------------
@app.command(epilog="Example: marginline audit account a-000017 --last 20")
def account(
    name: Annotated[str, typer.Argument(metavar="ID", help="The account's id, as on the wire.")],
    pool: Pool = "",
    last: Annotated[
        int, typer.Option("--last", min=1, max=1_000_000, help="Steps to show, from the end.")
    ] = 50,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Also the evidence rows before each decision.")
    ] = False,
    run: Run = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """An account's history: each step, and the journal entry that caused it."""
    with database(run, url) as client:
        pools = Pools.of(client, grouped=not as_json)
        found = ask(client, "accounts_named", name=name, pool=pool)
        if not found:
            raise NotThere(f"no account {name} in this database" + (f"'s pool {pool}" if pool else ""))
        for row in found:
            steps = ask(
                client,
                "account",
                pool=row["pool"],
                account=row["account"],
                evidence=int(evidence),
                limit=last,
            )
            if as_json:
                show_json({"pool": row["pool"], "account": name, "steps": events_json(pools, steps)})
                continue
            causes = [
                f"{step['cause_kind']} {step['cause_topic']}:{step['cause_origin_offset']}" for step in steps
            ]
            lines = [
                (each[0], each[1], each[3], cause)
                for each, cause in zip(event_lines(pools, steps), causes, strict=True)
            ]
            show(f"{name} in {row['pool']}", ("event", "time", "what happened", "caused by"), lines)


@app.command(epilog="Example: marginline audit liquidations --market BTC-PERP --from 2025-04-07T06:00")
def liquidations(
    market: Annotated[
        str, typer.Option("--market", metavar="ID", help="One market only; by default all.")
    ] = "",
    start: Annotated[
        datetime | None, typer.Option("--from", formats=TIMES, help="From this time on, UTC.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=TIMES, help="Before this time, UTC.")
    ] = None,
    pool: Pool = "",
    run: Run = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Everything forced: orders and their fills, offers taken, takeovers, bankruptcies."""
    with database(run, url) as client:
        rows = ask(
            client,
            "liquidations",
            market_name=market,
            pool=pool,
            from_ns=_time_ns(start, 0),
            to_ns=_time_ns(end, FOREVER_NS),
        )
        _show_events(client, "liquidations", rows, as_json=as_json)


@app.command(epilog="Example: marginline audit fund --pool majors")
def fund(pool: Pool = "", run: Run = None, url: Url = None, as_json: Json = False) -> None:
    """The insurance fund's ledger: every movement, why, and what was left."""
    with database(run, url) as client:
        pools = Pools.of(client, grouped=not as_json)
        lines = []
        rows = ask(client, "fund", pool=pool)
        names = pools.names(rows)
        for row in rows:
            amounts = pools.amounts[row["pool"]]
            lines.append(
                {
                    "id": event_id(row),
                    "time": time_text(row["time_ns"]),
                    "part": amounts.market(row["market"]) or "general",
                    "reason": row["reason"],
                    "amount": amounts.money(row["quanta"]),
                    "balance": amounts.money(row["balance_quanta"]),
                    "account": names.get((row["pool"], row["account"]), ""),
                }
            )
        if as_json:
            show_json(lines)
        else:
            columns = ("event", "time", "part", "reason", "amount", "balance after", "account")
            show("insurance fund", columns, [tuple(line.values()) for line in lines])


@app.command(epilog="Example: marginline audit adl --json")
def adl(pool: Pool = "", run: Run = None, url: Url = None, as_json: Json = False) -> None:
    """Who was deleveraged or charged, for whose bankruptcy, and at what cost."""
    with database(run, url) as client:
        _show_events(
            client, "deleveraging and socialized loss", ask(client, "adl", pool=pool), as_json=as_json
        )


@app.command(epilog="Example: marginline audit why majors:88412:4")
def why(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="An event's id: pool:offset:index.")],
    run: Run = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Why an event happened: prices and their quotes, equity, margins, threshold, rule, cure; then the same recomputed.

    Exit code 1 where recomputing with the plain rules gives another figure.
    """
    found = EVENT_ID.fullmatch(event)
    if found is None:
        raise typer.BadParameter(f"{event} is no event id: pool:offset:index, such as majors:88412:4.")
    with database(run, url) as client:
        explanation = explain(gather(client, found[1], int(found[2]), int(found[3])))
    if as_json:
        show_json(why_json(explanation))
    else:
        print(why_text(explanation))
    if explanation.verdict is Verdict.DIFFERENT:
        raise typer.Exit(ExitCode.DIFFERENCE)


def _show_events(client: Database, title: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    pools = Pools.of(client, grouped=not as_json)
    if as_json:
        show_json(events_json(pools, rows))
    else:
        show(title, ("event", "time", "account", "what happened"), event_lines(pools, rows))


def _time_ns(time: datetime | None, otherwise: int) -> int:
    """Nanoseconds of a UTC time given to the second."""
    return otherwise if time is None else int(time.replace(tzinfo=UTC).timestamp()) * 1_000_000_000
