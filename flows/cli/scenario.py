"""`marginline scenario`: runs features against the real state machine, and lists the sentences they may use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.cli.event_text import describe
from flows.connectors.exits import ExitCode
from flows.journal import entries as en
from flows.journal import events as ev
from flows.scenario import page
from flows.scenario.amounts import shown_time
from flows.scenario.errors import ScenarioError
from flows.scenario.feature import read
from flows.scenario.pools import PoolInPlay
from flows.scenario.run import Outcome
from flows.scenario.run import run as run_scenario
from flows.scenario.settings import CLAUSES
from flows.scenario.words import CHAPTERS
from flows.verify.amounts import Amounts
from flows.verify.plain import PlainPool

EXAMPLE = """[bold]Example[/bold]

    [cyan]marginline scenario run tests/scenarios/partial_liquidation.feature[/cyan]
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Run scenarios in Gherkin against the real state machine.",
    epilog=EXAMPLE,
)


@app.command(epilog=EXAMPLE)
def run(
    files: Annotated[
        list[Path], typer.Argument(help="Feature files, or folders of them.", metavar="FILE...")
    ],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print each scenario's entries and their events.")
    ] = False,
) -> None:
    """Run every scenario of the files; exit code 1 if one of them does not hold.

    The same journal also goes through the pool in plain Python, which must give the same events.
    """
    scenarios = [scenario for path in features(files) for scenario in read(path)]
    console = Console(soft_wrap=True, highlight=False)
    outcomes: list[Outcome] = []
    feature = ""
    for scenario in scenarios:
        if scenario.feature != feature:
            feature = scenario.feature
            console.print(f"[bold]{escape(feature)}[/bold]  {escape(str(scenario.path))}")
        outcome = run_scenario(scenario, [PlainPool])
        outcomes.append(outcome)
        show(console, outcome)
        if verbose:
            show_journal(console, outcome)
    console.print(summary(outcomes))
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(ExitCode.DIFFERENCE)


@app.command(epilog="[bold]Example[/bold]\n\n    [cyan]marginline scenario words[/cyan]\n")
def words(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/reference/scenarios.md instead.")
    ] = False,
) -> None:
    """List every sentence that a scenario may use, each with its meaning and an example."""
    if markdown:
        print(page.text(), end="")
        return
    console = Console(soft_wrap=True, highlight=False)
    for chapter in CHAPTERS:
        console.print(f"\n[bold]{escape(chapter.title)}[/bold]\n{escape(chapter.about)}")
        for sentence in chapter.sentences:
            console.print(f"\n  [cyan]{escape(sentence.pattern)}[/cyan]")
            console.print(f"      {escape(sentence.says)}")
            console.print(f"      [dim]{escape(sentence.example)}[/dim]")
            for column, meaning in sentence.columns.items():
                console.print(f"      | {escape(column)}: {escape(meaning)}")
            if "settings" in sentence.regex.groupindex:
                for clause in CLAUSES:
                    console.print(f"      , {escape(clause.pattern)}: {escape(clause.says)}")


# --- printing ---------------------------------------------------------------------------------------------------------
def features(files: list[Path]) -> list[Path]:
    """The files, and those in the folders among them."""
    found: list[Path] = []
    for path in files:
        inside = sorted(path.rglob("*.feature")) if path.is_dir() else [path]
        if not inside:
            raise ScenarioError(f"{path}: no .feature file in it.")
        found += inside
    return found


def show(console: Console, outcome: Outcome) -> None:
    """One line a scenario; below it, if it failed, the step and the difference."""
    name = escape(outcome.scenario.name)
    if outcome.failure is None:
        console.print(f"  [green]holds[/green]  {name}")
        return
    step, scenario = outcome.failure.step, outcome.scenario
    console.print(f"  [red]FAILS[/red]  {name}")
    console.print(f"         {escape(f'{scenario.path}:{step.line}: {step.keyword} {step.bound.text}')}")
    for line in str(outcome.failure.mismatch).splitlines():
        console.print(f"         {escape(line)}")


def summary(outcomes: list[Outcome]) -> Table:
    """A row a feature."""
    table = Table(box=None, pad_edge=False)
    table.add_column("feature")
    for head in ("scenarios", "failed", "entries", "events"):
        table.add_column(head, justify="right")
    paths: list[Path] = []
    for outcome in outcomes:
        if outcome.scenario.path not in paths:
            paths.append(outcome.scenario.path)
    for path in paths:
        table.add_row(path.stem, *figures([each for each in outcomes if each.scenario.path == path]))
    if len(paths) != 1:
        table.add_row("all", *figures(outcomes), style="bold")
    return table


def figures(outcomes: list[Outcome]) -> list[str]:
    """Scenarios, failures, entries, events."""
    failed = sum(not outcome.passed for outcome in outcomes)
    sums = (sum(each.entries for each in outcomes), sum(each.events for each in outcomes))
    return [str(len(outcomes)), str(failed), *(f"{number:,}" for number in sums)]


def show_journal(console: Console, outcome: Outcome) -> None:
    """Every entry of every pool, and what followed from it."""
    for pool in outcome.world.pools.values():
        if not pool.is_open:
            continue
        if len(outcome.world.pools) > 1:
            console.print(f"         pool {escape(pool.draft.id)}")
        amounts, at = Amounts(pool.parameters), 0
        for offset, row in enumerate(pool.rows):
            if row[en.KIND] == en.CLOCK and (at >= len(pool.events) or pool.events[at][ev.OFFSET] != offset):
                continue  # nothing was due
            kind = en.KIND_NAMES[row[en.KIND]]
            console.print(f"         [dim]{offset:>6}  {shown_time(row[en.TIME_NS])}[/dim]  {kind}")
            while at < len(pool.events) and pool.events[at][ev.OFFSET] == offset:
                console.print(f"                 {escape(event_line(pool, pool.events[at], amounts))}")
                at += 1


def event_line(pool: PoolInPlay, event: list[int], amounts: Amounts) -> str:
    """One event as a person reads it."""
    row = {**dict(zip(ev.COLUMNS, event, strict=True)), "type": ev.TYPE_NAMES[event[ev.TYPE]]}
    who = pool.name(event[ev.ACCOUNT])
    said = describe(row, amounts, pool.name)
    return f"{who}: {said}" if who else said
