"""``marginline live up``: the whole system on this machine, a recording played to it, and the check at its end."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli.report import next_commands, print_tables, report_console
from flows.connectors.exits import ExitCode
from flows.connectors.run_files import RunLock
from flows.connectors.settings import ACCOUNTS, RECORDING, RUNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.lanes.check import Checked
    from flows.live.session import Session

LEAST, MOST = 100, 1_000_000
SPEED: Final = 120.0

LOOK_S: Final = 0.5
LINE_S: Final = 5.0
"""Seconds between two lines of progress."""

EXAMPLE: Final = """[bold]Example[/bold]

    [cyan]marginline live up --speed 600 --accounts 2000[/cyan]

The same command again goes on where it was stopped. While it runs, in another terminal:

    [cyan]marginline audit liquidations --market BTC-PERP[/cyan]
"""


def up(
    recording: Annotated[
        str, typer.Option(help="A recording's folder, or its name: crash-2025-04-07 ships with the project.")
    ] = RECORDING,
    accounts: Annotated[
        int, typer.Option(min=LEAST, max=MOST, help="Generated accounts that trade through it.")
    ] = ACCOUNTS,
    speed: Annotated[
        float, typer.Option(min=0, help="Times the recording's own pace; 0: as fast as it goes.")
    ] = SPEED,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=1, help="Stop after so many seconds of playing.", show_default="the recording's end"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run. Default: runs/live-RECORDING-ACCOUNTS.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew: remove what the folder holds.")] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Lines of progress instead of the terminal view.")
    ] = False,
) -> None:
    """Start a Kafka broker, the four flows, an executor and a liquidator; play a recording; check what came of it.

    Everything runs on 127.0.0.1 and lies in one folder. Ctrl-C stops it cleanly, so does the recording's end; then the
    journal is executed again and compared with what was published and with what ClickHouse holds.
    """
    # The flows' rooms take a second to import: help and mistakes come first.
    from flows.connectors.telemetry import logs  # noqa: PLC0415
    from flows.live import needs, session  # noqa: PLC0415

    # The processes have logs of their own; what is wrong here is said in one line.
    logs.configure("auto", "error")
    folder = out or RUNS / f"live-{Path(recording).name}-{accounts}"
    console = report_console()
    view = not headless and console.is_terminal and sys.stdin.isatty()
    if lines := needs.missing(folder, view=view):
        for line in lines:
            print(line, file=sys.stderr)
        raise typer.Exit(ExitCode.USAGE)
    with RunLock(folder):
        if fresh:
            session.clear(folder)
        asked = session.Asked(recording, accounts, folder, speed, seconds)
        _tell(console, f"run        {folder}")
        of = session.Session(asked, lambda line: _tell(console, line))
        is_sound = _run(console, of, view=view)
    if not is_sound:
        raise typer.Exit(ExitCode.DIFFERENCE)


def _tell(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True)


def _run(console: Console, of: Session, *, view: bool) -> bool:
    """From start to check; whatever happens, nothing is left running."""

    def stop(_number: int, _frame: object) -> None:
        if of.is_stopped:
            raise KeyboardInterrupt
        of.is_stopped = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        of.start()
        if not of.is_stopped:
            _watch(console, of, view=view)
        of.stop()
        _tell(console, "checking   the journal is executed again")
        checked = of.check()
        _report(console, of, checked)
        of.close()
    except KeyboardInterrupt:
        of.kill()
        raise
    except BaseException as error:
        _last_words(of, error)
        of.close()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return all(each.is_sound for each in checked)


def _watch(console: Console, of: Session, *, view: bool) -> None:
    from flows.live import panels  # noqa: PLC0415

    if view:
        from flows.live.view import LiveView  # noqa: PLC0415 - an extra

        LiveView(of.board, of.look, of.asked.folder.name).show()
        return
    told_s = 0.0
    while of.look():
        if time.monotonic() - told_s >= LINE_S:
            told_s = time.monotonic()
            _tell(console, panels.line(of.board))
        time.sleep(LOOK_S)
    _tell(console, panels.line(of.board))


def _last_words(of: Session, error: BaseException) -> None:
    """Of a process that ended by itself, what it said."""
    for process in of.processes.values():
        if process.code and not process.asked and process.name in str(error):
            for line in process.last_lines():
                print(f"{process.name}: {line}", file=sys.stderr)


# ---- the end ---------------------------------------------------------------------------------------------------------
def _report(console: Console, of: Session, checked: Sequence[Checked]) -> None:
    """What happened, whether it holds, and where to look next."""
    from flows.live.outcome import outcome  # noqa: PLC0415

    found = outcome(of.live)
    tallies = found.counted.tallies()
    print_tables(console, tallies, found.counted.name, found.dead_letters)
    console.print(check_table(checked))
    for each in checked:
        for line in each.differences:
            console.print(Text(f"{each.pool}: {line}", style="bold red"), soft_wrap=True)
    if all(each.is_sound for each in checked):
        _tell(
            console,
            "\nSound: the journal, executed again, gives exactly the events that were published and that ClickHouse holds.",
        )
    else:
        _tell(console, "\nNOT sound: see above.")
    console.print(Text("\nNext", style="bold"))
    for command in next_commands(tallies, found.counted.name, of.asked.folder):
        _tell(console, f"  {command}")
    _tell(console, "  the same command again goes on from here; --fresh begins anew")


def check_table(checked: Sequence[Checked]) -> Table:
    """A line a pool: what was executed, what was published, what ClickHouse holds."""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        title="\nThe journal, executed again",
        title_style="bold",
        title_justify="left",
    )
    table.add_column("pool")
    for name in ("entries", "events", "typed\nmessages", "in\nClickHouse", "terms", "repeats"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("events, sha256", no_wrap=True)
    table.add_column("")
    for each in checked:
        figures = (each.entries, each.events, each.views.total(), each.in_database, each.terms, each.dropped)
        verdict = Text("the same", style="green") if each.is_sound else Text("DIFFERENT", style="bold red")
        table.add_row(each.pool, *(f"{figure:,}" for figure in figures), each.events_sha256[:12], verdict)
    return table
