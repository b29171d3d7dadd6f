"""``marginline replay``: run a recording through the whole dataflow, then show what it did to every account."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flows import replay as replaying
from flows.cli.picture import write_picture
from flows.cli.report import print_report, report_console
from flows.connectors.clickhouse import FOLDER
from flows.connectors.run_files import write_whole
from flows.connectors.settings import ACCOUNTS, RECORDING, RUNS
from flows.journal.merge import SLICE_RECORDS
from flows.recording import files, manifest

LEAST, MOST = 100, 1_000_000

EXAMPLE: Final = """[bold]Example[/bold]

    [cyan]marginline replay crash-2025-04-07 --accounts 100000[/cyan]

The same command again takes up a run that was broken off; a finished one is kept unless --fresh says otherwise.
"""

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class EventTime(ProgressColumn):
    """The recording's clock, and entries a second."""

    def render(self, task: Task) -> Text:
        """As text."""
        moment = datetime.fromtimestamp(task.fields["time_ns"] // 1_000_000_000, UTC)
        rate = task.fields["entries"] / max(task.elapsed or 0.0, 0.001)
        return Text(f"{moment:%m-%d %H:%M:%S} UTC  {rate:,.0f} entries/s")


class Bar:
    """A progress bar over event time, fed by the flow's sink."""

    def __init__(self, console: Console, start_ns: int, end_ns: int) -> None:
        """Nothing has been done."""
        self.progress = Progress(
            TextColumn("replaying"),
            BarColumn(),
            TaskProgressColumn(),
            EventTime(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,  # in a file or a pipe it would be an empty line
        )
        self.start_ns = start_ns
        self.entries = 0
        self.reached_ns = start_ns
        self.task = self.progress.add_task("replay", total=end_ns - start_ns, time_ns=start_ns, entries=0)

    def __call__(self, time_ns: int, entries: int) -> None:
        """One more batch of one pool."""
        self.entries += entries
        self.reached_ns = max(self.reached_ns, time_ns)
        self.progress.update(
            self.task,
            completed=self.reached_ns - self.start_ns,
            time_ns=self.reached_ns,
            entries=self.entries,
        )


@app.command(epilog=EXAMPLE)
def replay(
    recording: Annotated[
        str,
        typer.Argument(help="A recording's folder, or its name: crash-2025-04-07 ships with the project."),
    ] = RECORDING,
    accounts: Annotated[
        int, typer.Option(min=LEAST, max=MOST, help="Generated accounts that trade through it.")
    ] = ACCOUNTS,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run. Default: runs/RECORDING-ACCOUNTS.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Workers of bytewax; pools are spread over them.")
    ] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Replace a run that the folder holds.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Run the same steps in a plain loop, without bytewax.")
    ] = False,
    slice_records: Annotated[
        int,
        typer.Option("--slice", min=100, max=1_000_000, help="Records a slice; changes nothing but speed."),
    ] = SLICE_RECORDS,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the summary to this file.")
    ] = None,
) -> None:
    """Run a recording through the whole pipeline and show what it did to every account."""
    found = manifest.load(files.find(recording))
    folder = out or RUNS / f"{found.name}-{accounts}"
    console = report_console()
    asked = replaying.Replay(
        recording=recording,
        accounts=accounts,
        out=folder,
        workers=workers,
        plain=plain,
        slice_records=slice_records,
    )
    bar = Bar(Console(stderr=True), found.start_s * 1_000_000_000, found.end_s * 1_000_000_000)
    started = time.monotonic()
    with bar.progress:
        done = replaying.execute(asked, bar, fresh=fresh)
    tallies = done.counted.tallies()
    write_picture(folder, done.described.title, tallies, "; ".join(each.provenance for each in found.series))
    if json_file is not None:
        write_whole(json_file, json.dumps(done.summary, indent=2).encode() + b"\n")
    print_report(console, done.summary, tallies, done.counted.name, folder, str(folder / FOLDER))
    console.print(f"took      {time.monotonic() - started:.1f} s in all")
