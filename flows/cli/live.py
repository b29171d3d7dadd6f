"""``marginline live``: a venue over Kafka on one machine. ``play`` lets a recording happen to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.text import Text

from flows.cli import live_up
from flows.connectors.settings import ACCOUNTS, RECORDING, RUNS

if TYPE_CHECKING:
    from flows.live import player

LEAST, MOST = 100, 1_000_000
SECOND_NS: Final = 1_000_000_000

EXAMPLE: Final = """[bold]Example[/bold]

    [cyan]marginline live play crash-2025-04-07 --speed 10[/cyan]

The same command again goes on where the topics end. To begin anew, give topics of another name:

    [cyan]marginline live play crash-2025-04-07 --prefix second. --now[/cyan]
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="A venue over Kafka on one machine.",
    epilog=EXAMPLE,
)


@app.callback()
def live() -> None:
    """A venue over Kafka on one machine."""


app.command(epilog=live_up.EXAMPLE)(live_up.up)


class Pace(ProgressColumn):
    """The recording's clock, records a second, and how late they are."""

    def render(self, task: Task) -> Text:
        """As text."""
        moment = datetime.fromtimestamp(task.fields["time_ns"] // SECOND_NS, UTC)
        rate = task.fields["sent"] / max(task.elapsed or 0.0, 0.001)
        behind = task.fields["behind_s"]
        late = f"  {behind:,.1f} s behind" if behind >= 1 else ""
        return Text(f"{moment:%m-%d %H:%M:%S} UTC  {rate:,.0f} records/s{late}")


class Bar:
    """A progress bar over the recording's time."""

    def __init__(self, console: Console, horizon: tuple[int, int]) -> None:
        """Nothing is sent."""
        self.start_ns, end_ns = horizon
        self.progress = Progress(
            TextColumn("playing"),
            BarColumn(),
            TaskProgressColumn(),
            Pace(),
            console=console,
            transient=True,
            disable=not console.is_terminal,  # in a file or a pipe it would be an empty line
        )
        total = end_ns - self.start_ns
        self.task = self.progress.add_task("play", total=total, time_ns=self.start_ns, sent=0, behind_s=0.0)

    def __call__(self, told: player.Progress) -> None:
        """So far it is."""
        self.progress.update(
            self.task,
            completed=told.time_ns - self.start_ns,
            time_ns=told.time_ns,
            sent=told.sent,
            behind_s=told.behind_s,
        )


@app.command(epilog=EXAMPLE)
def play(
    recording: Annotated[
        str,
        typer.Argument(help="A recording's folder, or its name: crash-2025-04-07 ships with the project."),
    ] = RECORDING,
    accounts: Annotated[
        int, typer.Option(min=LEAST, max=MOST, help="Generated accounts that trade through it.")
    ] = ACCOUNTS,
    speed: Annotated[
        float, typer.Option(min=0, help="Times the recording's own pace; 0: as fast as the broker takes it.")
    ] = 1.0,
    now: Annotated[
        bool, typer.Option("--now", help="Move all times, so that the recording starts now.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Refuse to go on with what an earlier start has begun.")
    ] = False,
    kafka: Annotated[
        str | None,
        typer.Option(help="Broker, host:port; MARGINLINE_KAFKA_BOOTSTRAP by default.", show_default=False),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            help="What stands before the topics' names; MARGINLINE_KAFKA_TOPIC_PREFIX by default.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the generated accounts. Default: runs/live-RECORDING-ACCOUNTS."),
    ] = None,
) -> None:
    """Play a recording into Kafka: prices, trades, books, the generated accounts' topics, and the clock.

    Intake must not write the clock itself: run it with --time topic. Accepted order checks trade where
    examples/executor.py runs with --match.
    """
    # Readers and the compiler take a second to import: help and mistakes come first.
    from flows.connectors.kafka.settings import kafka_settings  # noqa: PLC0415
    from flows.connectors.stop import STOP, stop_on_sigterm  # noqa: PLC0415
    from flows.connectors.telemetry import logs  # noqa: PLC0415
    from flows.live import played, player, script  # noqa: PLC0415

    logs.configure("auto", "error")  # what is wrong is said in one line at the end
    given: dict[str, Any] = {"bootstrap": kafka, "topic_prefix": prefix}
    settings = kafka_settings(**{name: value for name, value in given.items() if value is not None})
    console = Console(stderr=True)
    found = script.prepare(recording, accounts, out or RUNS / f"live-{Path(recording).name}-{accounts}")
    stop_on_sigterm()
    bar = Bar(console, found.horizon)
    asked = played.Play(settings, found.venue, found.folders, found.horizon, speed, now, fresh)
    playing = player.Player(asked, STOP.is_set, bar)
    with bar.progress:
        ended = playing.run()
    where = "to its end" if ended else "until it was stopped; the same command goes on"
    console.print(f"played    {playing.sent:,} records and clocks, {where}")
