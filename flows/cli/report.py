"""What a replay prints when it is done: prices, the ladder, the waterfall, the worst hit, where to look next."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.connectors.settings import RUNS
from flows.verify.amounts import Amounts, decimal_text, time_text
from flows.verify.minutes import BREAKERS, INDEX_STATES, MINUTE_NS
from flows.verify.tally import (
    AUCTIONED,
    BANKRUPTED,
    CALLED,
    CHARGED,
    DELEVERAGED,
    OF_STAGE,
    TAKEN,
    WORST,
    Hit,
    MarketTally,
    Tally,
)
from schemas.dead_letter import MEANINGS, Reason

WIDTH: Final = 100
"""Columns at most."""

POOLS_ABREAST: Final = 2
"""Pools beside each other in one table."""

NOT_REACHED: Final = "not reached"

Names = Callable[[str, int], str]


def report_console() -> Console:
    """Where the report goes: no wider than it is made for, and as wide as that into a file or a pipe."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not sys.stdout.isatty() or console.width > WIDTH:
        console.width = WIDTH
    return console


def print_report(
    console: Console,
    summary: Mapping[str, Any],
    tallies: Mapping[str, Tally],
    names: Names,
    folder: Path,
    database: str,
) -> None:
    """The report of a finished run in ``folder``; ``summary`` is `RunSummary.result`, ``names`` gives an account's."""
    title = f"{summary['recording']}, {summary['accounts']:,} accounts{_when(tallies)}"
    console.print(Text(f"\n{title}", style="bold"))
    print_tables(console, tallies, names, summary["dead_letters"])
    for line in (*_soundness(summary), *_places(summary, folder, database)):
        console.print(line, soft_wrap=True)
    console.print(Text("\nNext", style="bold"))
    for command in next_commands(tallies, names, folder):
        console.print(f"  {command}", soft_wrap=True)


def print_tables(
    console: Console, tallies: Mapping[str, Tally], names: Names, dead_letters: Mapping[str, int]
) -> None:
    """Prices, the ladder, the worst hit, what was refused."""
    console.print(_markets(tallies))
    pools = list(tallies)
    for first in range(0, len(pools), POOLS_ABREAST):
        console.print(_ladder({pool: tallies[pool] for pool in pools[first : first + POOLS_ABREAST]}))
    for part in (_worst(tallies, names), _dead_letters(dead_letters)):
        console.print(part)


def _when(tallies: Mapping[str, Tally]) -> str:
    """From the first market-state to the last entry."""
    starts = [tally.minutes.first * MINUTE_NS for tally in tallies.values() if tally.minutes.first]
    if not starts:
        return ""
    end_ns = max(tally.time_ns for tally in tallies.values())
    return f", {time_text(min(starts))} to {time_text(end_ns)} UTC"


# ---- prices ----------------------------------------------------------------------------------------------------------
def _markets(tallies: Mapping[str, Tally]) -> Table:
    """A line a market; of the unusual states only those that any market was in."""
    began = [
        state
        for state in (*BREAKERS, *INDEX_STATES.values())
        if any(market.trips[state] for tally in tallies.values() for market in tally.markets)
    ]
    title = (
        "Prices, and how often each breaker tripped or index state began"
        if began
        else "Prices; no breaker tripped"
    )
    paths = (">first", ">low", ">high", ">last", ">change")
    table = _table(title, "market", "pool", *paths, *(">" + state.replace(" ", "\n") for state in began))
    for pool, tally in tallies.items():
        amounts = Amounts(tally.of)
        for row, market in enumerate(tally.markets):
            path = (market.first_ticks, market.low_ticks, market.high_ticks, market.last_ticks)
            prices = [amounts.price(row, ticks) if ticks else "-" for ticks in path]
            trips = [f"{market.trips[state]:,}" if market.trips[state] else "-" for state in began]
            table.add_row(market.id, pool, *prices, change_text(market), *trips)
    return table


def change_text(market: MarketTally) -> str:
    """``-6.27 %`` from the first mark to the last."""
    if market.first_ticks == 0:
        return "-"
    return f"{(market.last_ticks - market.first_ticks) / market.first_ticks:+.2%}".replace("%", " %")


# ---- the ladder and the waterfall ------------------------------------------------------------------------------------
Count = Callable[[Tally], int]


@dataclass(frozen=True)
class Line:
    """A line of the ladder: how many accounts, how often, how much; what is None stays empty."""

    label: str
    accounts: Count | None = None
    times: Count | None = None
    amount: Count | None = None
    or_else: str = ""  # stands for an amount of nothing

    def cells(self, tally: Tally) -> tuple[str, str, str]:
        """The line's three cells for one pool."""
        amount = self.amount(tally) if self.amount else 0
        if self.or_else and amount == 0:
            return "", "", self.or_else
        counts = ["" if count is None else f"{count(tally):,}" for count in (self.accounts, self.times)]
        return counts[0], counts[1], "" if self.amount is None else money_text(tally, amount)


def _ladder(tallies: Mapping[str, Tally]) -> Table:
    units = sorted({tally.of.assets[0].id for tally in tallies.values()})
    heads = (head for pool in tallies for head in (f">{pool}\naccounts", ">\ntimes", ">\namount"))
    table = _table(f"The ladder, amounts in {' and '.join(units)}", "", *heads)
    for title, lines in LADDER:
        table.add_row(Text(title, style="bold"))
        for line in lines:
            table.add_row(
                f"  {line.label}", *(cell for tally in tallies.values() for cell in line.cells(tally))
            )
    return table


def money_text(tally: Tally, quanta: int) -> str:
    """Whole units from a thousand on, else cents; cut, never rounded up."""
    scale = tally.of.assets[0].unit_scale
    whole, sign = abs(quanta) // scale, -1 if quanta < 0 else 1
    if whole >= 1_000 or scale < 100:
        return f"{sign * whole:,}"
    return decimal_text(sign * (abs(quanta) * 100 // scale), 100)


def _stage(label: str, stage: str) -> Line:
    return Line(
        label,
        accounts=lambda tally: tally.touched(OF_STAGE[stage]),
        times=lambda tally: tally.steps.stages[stage].fills,
        amount=lambda tally: tally.steps.stages[stage].quanta,
    )


def _events(kind: str) -> Count:
    return lambda tally: tally.events[kind]


def _reached(*fates: int) -> Count:
    return lambda tally: tally.touched(*fates)


LADDER: Final[tuple[tuple[str, tuple[Line, ...]], ...]] = (
    (
        "margin calls",
        (
            Line("announced", accounts=_reached(CALLED), times=_events("margin-call")),
            Line("cured by their holders", times=lambda tally: tally.steps.calls_cured),
            Line("cleared after a forced step", times=lambda tally: tally.steps.calls_forced),
            Line("open at the end", times=lambda tally: len(tally.steps.calls_open)),
        ),
    ),
    (
        "liquidations, by market order",
        (
            _stage("soft, while the window runs", "soft"),
            _stage("partial", "partial"),
            _stage("full, all that was left", "full"),
            Line("orders that lapsed", times=lambda tally: tally.steps.lapsed),
            Line(
                "penalties",
                amount=lambda tally: sum(each.penalty_quanta for each in tally.steps.stages.values()),
            ),
        ),
    ),
    (
        "auction",
        (
            Line("offers opened", times=_events("offer-opened")),
            Line(
                "taken by liquidators",
                accounts=_reached(AUCTIONED),
                times=_events("offer-fill"),
                amount=lambda tally: tally.auction_quanta,
            ),
            Line("bonuses", amount=lambda tally: tally.bonus_quanta),
        ),
    ),
    (
        "vault",
        (
            Line(
                "taken over",
                accounts=_reached(TAKEN),
                times=_events("takeover"),
                amount=lambda tally: tally.vault_taken_quanta,
            ),
            Line(
                "unwound",
                times=lambda tally: tally.vault_fills,
                amount=lambda tally: tally.vault_sold_quanta,
            ),
            Line("worth before", amount=lambda tally: tally.of.vault_opening_quanta),
            Line("worth after, at the last prices", amount=Tally.vault_worth_quanta),
        ),
    ),
    (
        "insurance fund",
        (
            Line("before", amount=lambda tally: tally.fund_first_quanta),
            Line("lowest", amount=lambda tally: tally.fund_low_quanta),
            Line("after", amount=lambda tally: tally.fund_quanta),
            Line("paid for deficits", amount=Tally.drawn_quanta),
            Line("paid for collateral", amount=lambda tally: -tally.fund_flows["collateral"]),
        ),
    ),
    (
        "under water",
        (
            Line(
                "bankrupt, deficit found",
                accounts=_reached(BANKRUPTED),
                times=_events("bankrupt"),
                amount=lambda tally: tally.deficit_quanta,
            ),
            Line(
                "deleveraged, positions closed",
                accounts=_reached(DELEVERAGED),
                times=lambda tally: tally.adl_positions,
                amount=lambda tally: tally.adl_quanta,
                or_else=NOT_REACHED,
            ),
            Line("taken from their gains", amount=lambda tally: tally.adl_haircut_quanta),
            Line(
                "socialized loss",
                accounts=_reached(CHARGED),
                times=_events("socialized-loss"),
                amount=lambda tally: tally.socialized_quanta,
                or_else=NOT_REACHED,
            ),
            Line(
                "insolvent, borne by nobody",
                times=_events("insolvent"),
                amount=lambda tally: tally.unborne_quanta,
                or_else=NOT_REACHED,
            ),
        ),
    ),
)
"""The ladder from its first rung to its last: title, then its lines."""


# ---- accounts, records -----------------------------------------------------------------------------------------------
def worst(tallies: Mapping[str, Tally]) -> list[tuple[str, Hit]]:
    """The worst hit of all pools, with their pools."""
    hits = [(pool, hit) for pool, tally in tallies.items() for hit in tally.worst()]
    return sorted(hits, key=lambda each: (-each[1].lost_quanta, each[0], each[1].account))[:WORST]


def _worst(tallies: Mapping[str, Tally], names: Names) -> Table | Text:
    hits = worst(tallies)
    if not hits:
        return Text("\nNobody was liquidated.")
    columns = ("account", "pool", ">lost", ">closed by force", ">penalty, bonus")
    table = _table("Worst hit of the liquidated", *columns)
    table.add_column("went through", overflow="fold")
    for pool, hit in hits:
        money = [
            money_text(tallies[pool], each) for each in (hit.lost_quanta, hit.forced_quanta, hit.cost_quanta)
        ]
        fates = ", ".join(fate for fate in hit.fates if fate != "called")
        table.add_row(names(pool, hit.account), pool, *money, fates)
    return table


def _dead_letters(dead_letters: Mapping[str, int]) -> Table | Text:
    if not dead_letters:
        return Text("\nDead letters: none.")
    table = _table(f"Dead letters: {sum(dead_letters.values()):,}", "reason", ">records", "because")
    for reason, count in dead_letters.items():
        table.add_row(
            reason, f"{count:,}", MEANINGS.get(Reason(reason), "") if reason in list(Reason) else ""
        )
    return table


def _soundness(summary: Mapping[str, Any]) -> Iterator[str]:
    """Whether the books balance; said where they do not, pool by pool."""
    broken = [pool for pool, sides in summary["value_conserved"].items() if not sides["ok"]]
    yield ""
    if broken:
        yield f"Value is NOT conserved in {', '.join(broken)}."
    else:
        yield "Value is conserved to the quantum in every pool, booked again from the events."
    if summary["positions_zero_sum"]:
        yield "Every long lot has a short lot."
    else:
        yield "Positions do NOT sum to zero."


def _places(summary: Mapping[str, Any], folder: Path, database: str) -> Iterator[str]:
    """What it took, and where everything is."""
    entries, seconds = summary["journal_entries"], summary["wall_s"]
    yield (
        f"{entries:,} entries and {summary['events']:,} events in {seconds:,.1f} s: "
        f"{summary['entries_per_s']:,} entries a second."
    )
    yield f"events   sha256 {summary['events_sha256']}"
    yield f"journal  sha256 {summary['journal_sha256']}"
    yield f"database {database}"
    yield f"picture  {folder / 'picture.html'} and picture.png"


def next_commands(tallies: Mapping[str, Tally], names: Names, folder: Path) -> list[str]:
    """Commands that go on from here, on what this run brought."""
    known = folder.absolute().parent == RUNS.absolute()
    where = "" if known else f" --run {folder}"
    commands = []
    largest = max((tally.largest, pool) for pool, tally in tallies.items())
    if largest[0][0]:
        (_, offset, index), pool = largest
        market = max(tallies[pool].markets, key=lambda each: each.liquidated_quanta)
        commands = [
            f"marginline audit why {pool}:{offset}:{index}{where}",
            f"marginline audit liquidations --market {market.id}{where}",
        ]
    for pool, hit in worst(tallies)[:1]:
        commands.append(f"marginline audit account {names(pool, hit.account)}{where}")
    first = min(tallies, key=lambda pool: tallies[pool].fund_low_quanta - tallies[pool].fund_first_quanta)
    commands.append(f"marginline audit fund --pool {first}{where}")
    if any(tally.adl_positions for tally in tallies.values()):
        commands.append(f"marginline audit adl{where}")
    return commands


def _table(title: str, *columns: str) -> Table:
    """A table without a frame; ``>`` before a name sets its column to the right."""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        title=f"\n{title}",
        title_style="bold",
        title_justify="left",
    )
    for name in columns:
        right = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if right else "left", no_wrap=right)
    return table
