"""`marginline topics`: what the broker holds against what infra/kafka/topics.toml declares, and making it so."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from flows.connectors.settings import venue_of
from flows.connectors.telemetry import logs

EXAMPLE = """[bold]Example[/bold]

    [cyan]marginline topics plan --venue venues/crash-2025-04-07.toml[/cyan]

    [cyan]marginline topics apply --venue venues/crash-2025-04-07.toml --replication 1[/cyan]
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Plan or apply the Kafka topics that a venue needs.",
    epilog=EXAMPLE,
)

VenueFile = Annotated[
    str,
    typer.Option("--venue", help="The venue's file, or the name of one that ships.", show_default=False),
]
Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--kafka", help="Broker, host:port; MARGINLINE_KAFKA_BOOTSTRAP by default.", show_default=False
    ),
]
Replication = Annotated[
    int | None,
    typer.Option(
        min=1, max=9, help="Copies of each topic, instead of those declared: 1 for a broker of your own."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the steps as JSON.")]


@app.command(epilog=EXAMPLE)
def plan(
    venue: VenueFile, kafka: Bootstrap = None, replication: Replication = None, as_json: AsJson = False
) -> None:
    """Show what apply would do, and do nothing. Exit code 7 if it would refuse."""
    _run(venue, kafka, replication, as_json, apply=False)


@app.command(epilog=EXAMPLE)
def apply(
    venue: VenueFile, kafka: Bootstrap = None, replication: Replication = None, as_json: AsJson = False
) -> None:
    """Make the broker hold what infra/kafka/topics.toml declares; a second time does nothing.

    It shows its plan first. It only ever adds: what would take records away (fewer partitions, a shorter retention) is
    refused, and then nothing is done. Security is read from MARGINLINE_KAFKA_... in the environment.
    """
    _run(venue, kafka, replication, as_json, apply=True)


def _run(venue: str, kafka: str | None, replication: int | None, as_json: bool, *, apply: bool) -> None:
    logs.configure("auto", "error")  # what is wrong is said in one line at the end
    lanes = len(venue_of(venue).pools)
    from flows.connectors.kafka import topics  # noqa: PLC0415 - help and mistakes come first
    from flows.connectors.kafka.settings import kafka_settings  # noqa: PLC0415

    settings = kafka_settings(**({"bootstrap": kafka} if kafka else {}))
    steps = topics.plan(settings, lanes, replication)
    if as_json:
        print(json.dumps([_plain(step) for step in steps], indent=2))
    else:
        _show(steps, f"Topics of {venue} at {settings.bootstrap}, {lanes} lanes")
    topics.refuse(steps)
    if apply:
        topics.apply(settings, steps)
    if not as_json:
        counts = Counter(step.action.value for step in steps)
        said = ", ".join(f"{action} {count}" for action, count in counts.items())
        print(f"{'Done' if apply else 'Planned'}: {said}.")


def _plain(step: Any) -> dict[str, Any]:
    return {
        "topic": step.topic,
        "action": step.action.value,
        "detail": step.detail,
        "settings": step.settings or {},
    }


def _show(steps: list[Any], title: str) -> None:
    table = Table("topic", "step", "", title=title, title_justify="left")
    for step in steps:
        table.add_row(step.topic, step.action.value, step.detail)
    console = Console()
    # Into a file or a pipe a table is as wide as it needs to be.
    (console if console.is_terminal else Console(width=160)).print(table)
