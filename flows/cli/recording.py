"""`marginline recording`: build, inspect and validate recordings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.connectors.exits import ExitCode
from flows.recording import build as building
from flows.recording import inspect as inspecting
from flows.recording import validate as validating
from flows.recording.files import MANIFEST, PROJECT, SHIPPED, SPECS, RecordingError, find
from flows.recording.manifest import Recording, load, utc
from flows.registry.load import load as load_venue
from flows.registry.parameters import PoolParameters

EXAMPLE: Final = "[bold]Example[/bold]\n\n    [cyan]marginline recording inspect crash-2025-04-07[/cyan]\n"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Build, inspect or validate a recording: a folder with one zstd NDJSON file a market topic.",
    epilog=EXAMPLE,
)

Name = Annotated[
    str, typer.Argument(metavar="RECORDING", help="A recording's folder, or the name of a shipped one.")
]


@app.command(
    epilog="[bold]Example[/bold]\n\n"
    "    [cyan]marginline recording build crash-2025-10-10 --prices ~/prices --out my/crash[/cyan]\n"
)
def build(
    name: Annotated[
        str,
        typer.Argument(
            metavar="SPEC", help="A specification (.toml), or the name of one in recordings/specs."
        ),
    ],
    prices: Annotated[
        Path,
        typer.Option(
            help="Folder of the price files that the specification names.", show_default="recordings/source"
        ),
    ] = SHIPPED / "source",
    out: Annotated[
        Path | None, typer.Option(help="Folder to make; it must not exist.", show_default="recordings/NAME")
    ] = None,
    level: Annotated[
        int, typer.Option(min=1, max=19, help="zstd level: 19 is small, 3 is quick.")
    ] = building.LEVEL,
) -> None:
    """Make a recording from price files: the same files and specification give the same bytes.

    A specification is a recording.toml without its table of files; docs/reference/recording.md has its fields, and how
    to bring price files of your own.
    """
    specification = _specification(name)
    recording = load(specification)
    folder = out or SHIPPED / recording.name
    with _bar() as bar:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, share: float) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=1.0)
            bar.update(tasks[step], completed=share)

        built = building.build(
            recording, specification, prices, folder, _pools(recording), level=level, progress=progress
        )
    table = Table("topic", "lines", "text, MB", "file, MB", title=str(folder), title_justify="left")
    for topic, written in built.files.items():
        size = (folder / f"{topic}.ndjson.zst").stat().st_size
        table.add_row(topic, f"{written.lines:,}", _mb(written.size), _mb(size))
    _say(table)
    if built.superseded:
        print(
            f"{built.superseded:,} quotes were left out: a newer one of the same source had arrived before."
        )
    print(f"Next: marginline recording validate {folder}")


@app.command(epilog=EXAMPLE)
def inspect(name: Name) -> None:
    """Say what a recording holds: range, provenance, each source's prices and silences, volume, depth."""
    folder = find(name)
    with _bar() as bar:
        seen = inspecting.inspect(folder, lambda topic: bar.update(bar.add_task(topic, total=None)))
    recording = seen.recording
    print(f"{recording.name}: {recording.title}")
    span = (recording.start_s * 10**9, recording.end_s * 10**9)
    print(f"{utc(span[0])} to {utc(span[1])} UTC, settled in {recording.settlement}, venue {recording.venue}")
    print(f"{sum(seen.sizes.values()) / 1e6:.1f} MB in {len(seen.sizes)} files, seed {recording.seed}\n")
    for table in (_provenance(recording), _quotes(seen), _markets(seen)):
        _say(table)
    if seen.skipped:
        print(f"{seen.skipped:,} lines cannot be read: marginline recording validate {name} says why.")


@app.command(
    epilog="[bold]Example[/bold]\n\n    [cyan]marginline recording validate crash-2025-04-07[/cyan]\n"
)
def validate(name: Name) -> None:
    """Check every line as a replay would, and the files against the manifest. Exit code 1 if anything is wrong."""
    folder = find(name)
    recording = load(folder)
    with _bar() as bar:
        totals = {topic: facts.lines for topic, facts in recording.files.items()}
        tasks: dict[str, TaskID] = {}

        def progress(topic: str, line: int) -> None:
            if topic not in tasks:
                tasks[topic] = bar.add_task(topic, total=totals.get(topic))
            bar.update(tasks[topic], completed=line)

        verdict = validating.validate(folder, _pools(recording), progress)
    for finding in verdict.findings:
        where = f", {finding.field}" if finding.field else ""
        print(f"{finding.topic}, line {finding.line}{where}: {finding.reason}: {finding.detail}")
    if verdict.reasons:
        table = Table("topic", "reason", "lines", title="Bad lines", title_justify="left")
        for (topic, reason), count in sorted(verdict.reasons.items()):
            table.add_row(topic, reason, f"{count:,}")
        _say(table)
    for topic in verdict.changed:
        print(f"{topic}: not what {MANIFEST} says was written: its hash differs.")
    for silence in verdict.silences:
        print(f"silence: {silence}")
    total = sum(verdict.lines.values())
    bad = sum(verdict.reasons.values())
    print(
        f"{folder}: {total:,} lines, {bad:,} bad, {len(verdict.changed)} files changed since they were built."
    )
    if not verdict.ok:
        raise typer.Exit(ExitCode.DIFFERENCE)


def _specification(name: str) -> Path:
    """A specification by path or by the name of a shipped one."""
    for path in (Path(name), SPECS / f"{name}.toml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(each.stem for each in SPECS.glob("*.toml")))
    raise RecordingError(
        f"{name}: no specification there; a path to a .toml file is needed, or one of {known}"
    )


def _pools(recording: Recording) -> tuple[PoolParameters, ...]:
    """Pools of the recording's venue: beside you, or in the project's venues."""
    path = Path(recording.venue)
    return load_venue(path if path.is_file() else PROJECT / "venues" / recording.venue).pools


def _provenance(recording: Recording) -> Table:
    table = Table(
        "series", "derived", "provenance", "licence", title="Where it comes from", title_justify="left"
    )
    for topic, origin in recording.topics.items():
        table.add_row(topic, "yes" if origin.derived else "no", origin.how, "")
    table.add_section()
    for series in recording.series:
        table.add_row(series.id, "yes" if series.derived else "no", series.provenance, series.licence)
    for source in recording.sources:
        said = f"quotes from {source.series}" if source.series else "quotes made from the other sources"
        table.add_row(source.id, "yes" if source.derived else "no", said, "")
    return table


def _quotes(seen: inspecting.Inspection) -> Table:
    names = ("asset", "source", "quotes", "open", "high", "low", "close", "longest silence, s")
    table = Table(*names, title="Quotes", title_justify="left")
    for (asset, source), told in seen.quotes.items():
        prices = (told.opened, told.high, told.low, told.closed)
        cells = [f"{price:,.6g}" for price in prices] if told.lines else ["-"] * 4
        table.add_row(asset, source, f"{told.lines:,}", *cells, f"{told.longest_silence_s:,.1f}")
    return table


def _markets(seen: inspecting.Inspection) -> Table:
    names = ("market", "trades", "volume", "books", "depth 1 %, median", "least", "widest spread, bps")
    table = Table(*names, title=f"Markets, amounts in {seen.recording.settlement}", title_justify="left")
    for market, told in seen.trades.items():
        book = seen.books[market]
        amounts = (f"{book.median:,.0f}", f"{book.least:,.0f}", f"{book.widest_bps:.1f}")
        table.add_row(market, f"{told.lines:,}", f"{told.volume:,.0f}", f"{book.snapshots:,}", *amounts)
    return table


def _bar() -> AbstractContextManager[Progress]:
    return Progress(
        TextColumn("{task.description:14}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _say(table: Table) -> None:
    console = Console()
    # Into a file or a pipe a table is as wide as it needs to be.
    (console if console.is_terminal else Console(width=160)).print(table)


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f}"
