"""`marginline chaos`: faults on purpose, against the real flows on a real broker, and the check afterwards."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import orjson
import typer

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

EXAMPLE = """[bold]Example[/bold]

    [cyan]marginline chaos --seed 7 --minutes 5[/cyan]

One fault alone, three drills of it:

    [cyan]marginline chaos --seed 7 --drills 3 --fault broker-kill[/cyan]
"""


@app.command(epilog=EXAMPLE)
def chaos(
    seed: Annotated[int, typer.Option(help="Of the first drill; each next one has the next.")] = 1,
    minutes: Annotated[float, typer.Option(min=0, help="No drill begins after so many.")] = 5.0,
    drills: Annotated[
        int | None, typer.Option(min=1, help="So many drills, however long they take.", show_default=False)
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="Only these, each as often as one likes; kill: kill -9 of any flow.", show_default=False
        ),
    ] = None,
    each: Annotated[
        str, typer.Option(help="How many faults a drill has, LEAST-MOST.", metavar="LEAST-MOST")
    ] = "2-4",
    speed: Annotated[float, typer.Option(min=1, help="Seconds of the recording that a second plays.")] = 10.0,
    patience: Annotated[
        float, typer.Option(min=1, help="Multiplies all limits of time, on a machine that others load.")
    ] = 1.0,
    folder: Annotated[Path, typer.Option(help="Where drills are held; what fails is left there.")] = Path(
        "runs/chaos"
    ),
    json: Annotated[bool, typer.Option("--json", help="A line of JSON a drill instead of text.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the table of detection and recovery here.", show_default=False)
    ] = None,
) -> None:
    """Strike the real flows with faults while a crash is played to them, and check everything afterwards.

    A drill plays some minutes of the recording, with faults that its seed draws. Afterwards the journal,
    executed again, must give the events that were published and that ClickHouse holds; value must be conserved; and each
    record that was sent must have been admitted once, refused with its origin, or be market data. A drill that fails
    names its seed; the same seed strikes with the same faults again.
    """
    from flows.connectors.telemetry import logs  # noqa: PLC0415
    from flows.live.broker import Broker  # noqa: PLC0415
    from flows.live.chaos import report as reports  # noqa: PLC0415 - broker, compiler and engine take a second
    from flows.live.chaos.drill import Drilled, drill, plan  # noqa: PLC0415
    from flows.live.chaos.show import chosen, line, span  # noqa: PLC0415

    logs.configure("text", "error")  # what clients say of a broker that we stop is no news
    among, (least, most) = chosen(fault or []), span(each)
    end, found = time.monotonic() + minutes * 60, list[Drilled]()
    folder.mkdir(parents=True, exist_ok=True)
    with Broker(folder.absolute() / "kafka") as broker:
        while len(found) < drills if drills is not None else time.monotonic() < end:
            done = drill(
                broker, folder.absolute(), plan(seed + len(found), among, least, most), speed, patience
            )
            found.append(done)
            typer.echo(orjson.dumps(done.told()).decode() if json else line(done))
    failed = [str(done.seed) for done in found if not done.is_sound]
    if report is not None:
        report.write_text(reports.page(found, f"--seed {seed}"), "utf-8")
    if not json:
        bad = f"; FAILED: seeds {', '.join(failed)}" if failed else ""
        typer.echo(f"{len(found)} drills, {sum(len(done.struck) for done in found)} faults{bad}")
    raise typer.Exit(1 if failed else 0)
