"""The command `marginline`: its sub-commands, each loaded when it is asked for, and how any of them ends.

Starting must stay quick, so the table below carries each command's one line, and its module is imported only to run it
or to show its help.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated, Any, Final, NoReturn, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command, get_group

from flows.connectors.exits import ExitCode, answer

COMMANDS: Final = {
    "replay": "Run a recording through the whole dataflow and show what it did to every account.",
    "run": "Run one flow over Kafka: market, intake, clearing or audit.",
    "live": "A venue over Kafka on one machine: play a recording into it.",
    "audit": "Ask a run's database: an account's history, the fund's ledger, why something happened.",
    "recording": "Build, inspect or validate a recording.",
    "scenario": "Run scenarios in Gherkin against the real state machine.",
    "schemas": "Show or export the schema of every topic.",
    "chaos": "Strike the real flows with faults while a crash is played, and check everything afterwards.",
    "topics": "Plan or apply the Kafka topics that a venue needs.",
    "dead-letters": "Look at refused records, and send them again once what was wrong is mended.",
    "command": "Write, sign and show orders of people: halt, release, skip, parameters, cancel.",
}
"""Each command's one line; its page is the module of that name in this room, its Typer application there `app`."""

SINGLE: Final = frozenset({"replay", "run", "chaos"})
"""Commands without sub-commands of their own."""

EXAMPLE: Final = """[bold]Example[/bold]

A crash from end to end, then a question about it:

    [cyan]marginline replay crash-2025-04-07 --accounts 10000[/cyan]

    [cyan]marginline audit liquidations --market BTC-PERP[/cyan]
"""


class Commands(TyperGroup):
    """The sub-commands as a table of names; resolving one imports its module."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=line) for name, line in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Replace the table's entry by the command itself, once it is known which one is wanted."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else known, rest


def load(name: str) -> TyperCommand | TyperGroup:
    """Import a sub-command's module and take its command from there."""
    application: typer.Typer = importlib.import_module(f"flows.cli.{name.replace('-', '_')}").app
    command: Any = get_command(application) if name in SINGLE else get_group(application)
    command.name = name
    return cast("TyperCommand | TyperGroup", command)


def _show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(f"marginline {metadata.version('marginline')}")
        raise typer.Exit


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=True, rich_markup_mode="rich")


@app.callback(epilog=EXAMPLE)
def marginline(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """The risk plane of a leveraged-derivatives venue, as a streaming dataflow.

    Every decision it takes is a pure function of a sequenced journal: replay it, ask why, recompute the answer.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. Whatever a user can cause ends in one line on stderr."""
    if not __debug__:
        print(
            "marginline relies on its asserts: start Python without -O and unset PYTHONOPTIMIZE.",
            file=sys.stderr,
        )
        return ExitCode.USAGE
    try:
        result = get_command(app).main(arguments, prog_name="marginline", standalone_mode=False)
    except typer.Abort:
        print("Stopped.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - the outermost frame: what it does not know it prints whole
        return _report(error)
    if result == ExitCode.INTERRUPTED:  # Typer turns Ctrl-C into this code without a word
        print("Stopped. The same command takes a run up again.", file=sys.stderr)
    return result if isinstance(result, int) else ExitCode.OK


def _report(error: BaseException) -> int:
    """Say on stderr how a command ended, and return its exit code."""
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, TyperException):
        return _report_usage(error)
    if (known := answer(error)) is not None:
        code, line = known
        print(line, file=sys.stderr)
        return code
    traceback.print_exception(error)
    print("This is a bug of marginline: please report it with the lines above.", file=sys.stderr)
    return ExitCode.BUG


def _report_usage(error: TyperException) -> int:
    """Say in one line what is wrong with the command line, and where its help is."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # its help is printed already
        return ExitCode.USAGE
    where = context.command_path if context is not None else "marginline"
    print(f"{where}: {error.format_message()} See {where} --help.", file=sys.stderr)
    return ExitCode.USAGE


def run() -> NoReturn:
    """Entry point of the `marginline` script."""
    sys.exit(main())
