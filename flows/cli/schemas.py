"""`marginline schemas`: the wire as JSON Schema and AsyncAPI, on the screen or in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from flows.connectors.exits import ExitCode
from schemas.catalogue import BY_NAME, TOPICS
from schemas.config.venue import Venue
from schemas.export import FOLDER, json_schema, stale, write

EXAMPLE = "[bold]Example[/bold]\n\n    [cyan]marginline schemas show fills[/cyan]\n"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Show or export the schema of every topic.",
    epilog=EXAMPLE,
)


@app.command(epilog="[bold]Example[/bold]\n\n    [cyan]marginline schemas export --check[/cyan]\n")
def export(
    folder: Annotated[
        Path, typer.Argument(help="Folder for jsonschema/*.json and asyncapi.json.", show_default="schemas")
    ] = FOLDER,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is stale.")] = False,
) -> None:
    """Write JSON Schema of every topic and of the venue's file, and an AsyncAPI 3 document of them all."""
    if check:
        differing = stale(folder)
        for path in differing:
            print(f"{folder / path}: stale; write it with marginline schemas export.")
        if differing:
            raise typer.Exit(ExitCode.DIFFERENCE)
        print(f"{folder}: up to date.")
        return
    print(f"{folder}: {len(write(folder))} files written.")


@app.command(epilog="[bold]Example[/bold]\n\n    [cyan]marginline schemas show order-checks[/cyan]\n")
def show(
    topic: Annotated[
        str,
        typer.Argument(help="A topic, venue for the venue's file, or nothing for a list.", metavar="[TOPIC]"),
    ] = "",
) -> None:
    """Print the JSON Schema of a topic: each field with its meaning and an example."""
    if not topic:
        for each in TOPICS:
            print(f"{each.name:22}{each.direction:8}key {each.key:8}{each.description}")
        return
    if topic != "venue" and topic not in BY_NAME:
        known = ", ".join([*BY_NAME, "venue"])
        raise typer.BadParameter(f"there is no topic {topic}; there are: {known}.", param_hint="TOPIC")
    model = Venue if topic == "venue" else BY_NAME[topic].model
    print(json.dumps(json_schema(model), indent=2, ensure_ascii=False))
