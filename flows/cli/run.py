"""`marginline run`: one flow over Kafka, as a process of its own, until it is asked to stop."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

EXAMPLE = """[bold]Example[/bold]

    [cyan]marginline run clearing --venue venues/crash-2025-04-07.toml --kafka 127.0.0.1:9092[/cyan]

The same flow with bytewax's own options for workers, addresses and recovery:

    [cyan]MARGINLINE_VENUE=venues/crash-2025-04-07.toml python -m bytewax.run flows.clearing -w 2[/cyan]
"""


class Flow(StrEnum):
    """The flows that run over Kafka."""

    MARKET = "market"
    INTAKE = "intake"
    CLEARING = "clearing"
    AUDIT = "audit"


class Time(StrEnum):
    """Who says what time it is."""

    WALL = "wall"
    TOPIC = "topic"


@app.command(epilog=EXAMPLE)
def run(
    flow: Annotated[Flow, typer.Argument(help="Which one.", show_default=False)],
    venue: Annotated[
        str | None, typer.Option(help="The venue's file, or the name of one that ships.", show_default=False)
    ] = None,
    kafka: Annotated[
        str | None, typer.Option(help="Broker, host:port; 127.0.0.1:9092 by default.", show_default=False)
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder of checkpoints; state by default.", show_default=False)
    ] = None,
    time: Annotated[
        Time | None,
        typer.Option(
            help="Intake writes the topic clock from this machine's, or only reads it; wall by default."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Threads that share the pools.")] = 1,
) -> None:
    """Run one flow over Kafka until SIGTERM: it stops taking in, flushes, writes a checkpoint and ends with 0.

    What is not given is read from the environment: MARGINLINE_VENUE, MARGINLINE_STATE, MARGINLINE_TIME, and the
    settings of the broker MARGINLINE_KAFKA_..., passwords among them.
    """
    given: dict[str, Any] = {
        "MARGINLINE_VENUE": venue,
        "MARGINLINE_KAFKA_BOOTSTRAP": kafka,
        "MARGINLINE_STATE": state,
        "MARGINLINE_TIME": time,
    }
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    # bytewax and the compiler take a second to import: help and mistakes come first.
    from flows.lanes.run import run_lane  # noqa: PLC0415

    run_lane(flow.value, workers)
