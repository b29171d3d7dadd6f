"""`marginline dead-letters`: refused records, and sending them again once what was wrong is mended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from flows.connectors.telemetry import logs
from schemas.dead_letter import Reason

if TYPE_CHECKING:
    from flows.connectors.kafka.settings import KafkaSettings
    from flows.lanes.refused import Letter, Wanted

EXAMPLE = """[bold]Example[/bold]

    [cyan]marginline dead-letters list --topic fills --reason market_not_open[/cyan]

    [cyan]marginline dead-letters replay --topic fills --reason market_not_open --dry-run[/cyan]
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Look at refused records, and send them again.",
    epilog=EXAMPLE,
)

Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--kafka", help="Broker, host:port; MARGINLINE_KAFKA_BOOTSTRAP by default.", show_default=False
    ),
]
OfTopic = Annotated[str, typer.Option("--topic", help="Only records of this topic.", show_default=False)]
OfReason = Annotated[
    Reason | None, typer.Option("--reason", help="Only what was refused for this reason.", show_default=False)
]
OfSource = Annotated[str, typer.Option("--source", help="Only records of this producer.", show_default=False)]
Since = Annotated[
    str,
    typer.Option("--since", help="Refused at or after this time: 2025-04-07T06:00, UTC.", show_default=False),
]
Until = Annotated[str, typer.Option("--until", help="Refused before this time.", show_default=False)]


@app.command("list", epilog=EXAMPLE)
def list_(
    topic: OfTopic = "",
    reason: OfReason = None,
    source: OfSource = "",
    since: Since = "",
    until: Until = "",
    kafka: Bootstrap = None,
    database: Annotated[
        str,
        typer.Option(
            help="Ask ClickHouse, a folder or a URL, instead of the broker; times are then those of sending.",
            show_default=False,
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the letters as JSON, a line each.")] = False,
) -> None:
    """Show refused records: where each came from, why it was refused, and whether it was sent again."""
    logs.configure("auto", "error")
    wanted = _wanted(topic, reason, source, since, until)
    from flows.lanes import refused  # noqa: PLC0415 - help and mistakes come first

    found = (
        refused.in_database(database if "//" in database else Path(database), wanted)
        if database
        else refused.on_topic(_settings(kafka), wanted)
    )
    shown = found[-limit:]
    if as_json:
        for each in shown:
            print(json.dumps(each.said | {"id": each.id, "time_ns": each.time_ns}))
        return
    _show(shown, [_state(each) for each in shown], "Refused records")
    print(f"{len(found)} in all{f', the newest {limit} are shown' if len(found) > limit else ''}.")


@app.command(epilog=EXAMPLE)
def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Records as list names them: topic/partition/offset.", show_default=False),
    ] = None,
    topic: OfTopic = "",
    reason: OfReason = None,
    source: OfSource = "",
    since: Since = "",
    until: Until = "",
    kafka: Bootstrap = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was sent again already.")] = False,
) -> None:
    """Send refused records again, as they were, to the topic and partition that they were refused on.

    Name them, or choose them as for list. Each is shown first; one that cannot be sent whole is left out, and exit code
    1 says so. A record is sent again once, unless --again. What is refused again is a new dead letter, and what had come
    in after all is a duplicate: no record enters the journal twice.
    """
    logs.configure("auto", "error")
    wanted = _wanted(topic, reason, source, since, until, ids or ())
    if wanted.is_all:
        raise typer.BadParameter(
            "name records, or choose them with --topic, --reason, --source, --since or --until."
        )
    from flows.lanes import refused  # noqa: PLC0415 - help and mistakes come first

    settings = _settings(kafka)
    found = refused.on_topic(settings, wanted)
    missing = sorted(wanted.ids - {each.id for each in found})
    why = [refused.hindrance(each, again=again) for each in found]
    _show(found, [each or "to be sent" for each in why], f"To be sent again at {settings.bootstrap}")
    for name in missing:
        print(f"{name}: there is no such dead letter.")
    chosen = [each for each, hindered in zip(found, why, strict=True) if not hindered]
    if len(chosen) > refused.AT_ONCE:
        raise typer.BadParameter(
            f"{len(chosen):,} records are chosen, {refused.AT_ONCE:,} at once are the most."
        )
    left = len(found) - len(chosen) + len(missing)
    if dry_run:
        print(f"{len(chosen)} would be sent, {left} would not. Nothing was sent.")
    else:
        for each, offset in refused.replay(settings, chosen):
            print(f"{each.id}: sent again, offset {offset}.")
        print(f"{len(chosen)} sent, {left} not.")
    if left:
        raise typer.Exit(1)


def _wanted(topic: str, reason: Reason | None, source: str, since: str, until: str, ids: Any = ()) -> Wanted:
    from flows.lanes.refused import Wanted  # noqa: PLC0415 - help and mistakes come first

    return Wanted(
        topic,
        reason.value if reason else "",
        source,
        _time_ns(since, "--since"),
        _time_ns(until, "--until"),
        frozenset(each.removesuffix("/0") if each.count("/") == 3 else each for each in ids),
    )


def _time_ns(text: str, option: str) -> int:
    if not text:
        return 0
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time such as 2025-04-07T06:00.", param_hint=option) from None
    at = told if told.tzinfo else told.replace(tzinfo=UTC)
    return int(at.timestamp() * 1_000) * 1_000_000


def _settings(kafka: str | None) -> KafkaSettings:
    from flows.connectors.kafka.settings import kafka_settings  # noqa: PLC0415

    return kafka_settings(**({"bootstrap": kafka} if kafka else {}))


def _state(letter: Letter) -> str:
    return "" if letter.replayed_offset is None else f"sent again, offset {letter.replayed_offset}"


def _show(letters: list[Letter], states: list[str], title: str) -> None:
    table = Table(
        "record", "time", "source", "reason", "field", "detail", "", title=title, title_justify="left"
    )
    for each, state in zip(letters, states, strict=True):
        at = datetime.fromtimestamp(each.time_ns // 1_000_000_000, UTC) if each.time_ns else None
        said = each.said
        cells = (each.id, f"{at:%Y-%m-%d %H:%M:%S}" if at else "", each.source, said["reason"], said["field"])
        table.add_row(*map(_plain, (*cells, said["detail"], state)))
    console = Console()
    (console if console.is_terminal else Console(width=200)).print(table)


def _plain(text: str) -> str:
    """Without what a terminal or the table would obey: it comes from whoever sent the record."""
    return "".join(each if each.isprintable() else "?" for each in text).replace("[", r"\[")
