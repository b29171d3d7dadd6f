"""The report: what it says is what the events say, in a hundred columns of plain text."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flows.cli import main as cli
from flows.cli.report import (
    WIDTH,
    change_text,
    money_text,
    next_commands,
    print_report,
    report_console,
    worst,
)
from flows.journal import entries as en
from flows.journal import events as ev
from flows.verify.summary import RunSummary
from flows.verify.tally import MarketTally, Tally
from tests.tables import table
from tests.verify.by_hand import told, two_pools
from tests.worlds import asset, pool

RUN = Path("runs/a-recording")


def report_of(summary: RunSummary, dead_letters: dict[str, int] | None = None, **changed: Any) -> str:
    out = io.StringIO()
    result = {**summary.result("a-recording", 9, 2.0, dead_letters or {}), **changed}
    console = Console(file=out, width=WIDTH, highlight=False, markup=False, emoji=False)
    print_report(console, result, summary.tallies(), summary.name, RUN, "runs/a-recording/clickhouse")
    return out.getvalue()


def line_of(report: str, label: str) -> list[str]:
    """The cells of the line with this label."""
    found = [line for line in report.splitlines() if line.strip().startswith(label)]
    assert len(found) == 1, f"{label}: {found}"
    return re.split(r"  +", found[0].strip())[1:]


def money(of: Tally, quanta: int) -> str:
    return money_text(of, quanta)


def test_it_fits_a_plain_terminal() -> None:
    report = report_of(two_pools()[0], {"duplicate": 3})
    assert max(len(line.rstrip()) for line in report.splitlines()) <= WIDTH
    assert "\x1b" not in report
    assert all(character.isprintable() or character == "\n" for character in report)


def test_counts_and_amounts_are_those_of_the_events() -> None:
    summary, stories = two_pools()
    report = report_of(summary)
    one, two = summary.tallies().values()
    calls = []
    for of in stories.values():
        accounts = {each["account"] for each in told(of, ev.MARGIN_CALL)}
        calls += [str(len(accounts)), str(sum(1 for _ in told(of, ev.MARGIN_CALL)))]
    assert line_of(report, "announced") == calls
    taken = []
    for tally, of in zip((one, two), stories.values(), strict=True):
        fills = list(told(of, ev.OFFER_FILL))
        accounts = {each["account"] for each in fills}
        taken += [
            str(len(accounts)),
            str(len(fills)),
            money(tally, sum(abs(each["quanta"]) for each in fills)),
        ]
    assert line_of(report, "taken by liquidators") == taken
    before, after, deficit = [], [], []
    for tally, of in zip((one, two), stories.values(), strict=True):
        fund = list(told(of, ev.FUND))
        before.append(money(tally, fund[0]["balance_quanta"]))
        after.append(money(tally, fund[-1]["balance_quanta"]))
        found = list(told(of, ev.BANKRUPT))
        accounts = {each["account"] for each in found} - {0}
        total = sum(each["quanta"] for each in found)
        deficit += [str(len(accounts)), str(len(found)), money(tally, total)]
    assert line_of(report, "before") == before
    assert line_of(report, "after") == after
    assert line_of(report, "bankrupt, deficit found") == deficit


def test_a_market_has_its_path_and_its_trips() -> None:
    summary, stories = two_pools()
    report = report_of(summary)
    of = stories["other"]
    states = of.entries[of.entries[:, en.KIND] == en.MARKET_STATE]
    marks = states[states[:, en.MarketState.MARKET] == 1, en.MarketState.MARK_TICKS].tolist()
    line = next(line for line in report.splitlines() if line.startswith("ETH-PERP") and "other" in line)
    cells = re.split(r"  +", line.strip())
    path = [f"{ticks / 10:,.1f}" for ticks in (marks[0], min(marks), max(marks), marks[-1])]
    assert cells[2:6] == path
    trips = Counter(
        each["code"]
        for each in told(of, ev.MARKET_STATUS)
        if each["market"] == 1 and each["code"] and each["code"] != each["former_code"]
    )
    assert cells[7:] == [str(trips[code]) if trips[code] else "-" for code in (1, 2)]
    assert "degraded" in report


def test_what_was_not_reached_is_said() -> None:
    quiet = RunSummary([pool()])
    report = report_of(quiet)
    for label in ("deleveraged", "socialized loss", "insolvent"):
        assert line_of(report, label) == ["not reached"]
    assert "Nobody was liquidated." in report
    assert "no breaker tripped" in report
    assert "Dead letters: none." in report


def test_what_was_reached_has_its_amount() -> None:
    summary, stories = two_pools()
    cells = line_of(report_of(summary), "socialized loss")
    for place, (tally, of) in enumerate(zip(summary.tallies().values(), stories.values(), strict=True)):
        charges = list(told(of, ev.LOSS_CHARGE))
        accounts = {each["account"] for each in charges} - {0}
        events = sum(1 for _ in told(of, ev.SOCIALIZED_LOSS))
        expected = [str(len(accounts)), str(events), money(tally, sum(each["quanta"] for each in charges))]
        assert cells[3 * place : 3 * place + 3] == expected


def test_the_worst_hit_are_named_in_order() -> None:
    summary, _ = two_pools()
    report = report_of(summary)
    shown = re.findall(r"^(trader-\d+) +(coins|other) +([\d,.-]+)", report, re.MULTILINE)
    hits = worst(summary.tallies())
    assert [(name, of) for name, of, _ in shown] == [(summary.name(of, hit.account), of) for of, hit in hits]
    losses = [hit.lost_quanta for _, hit in hits]
    assert losses == sorted(losses, reverse=True)


def test_dead_letters_are_told_with_what_they_mean() -> None:
    report = report_of(two_pools()[0], {"time_order": 12, "duplicate": 3, "early": 0})
    assert "Dead letters: 15" in report
    assert line_of(report, "time_order") == ["12", "sent before its predecessor, or outside the recording"]
    assert "early" not in report


def test_soundness_is_said_either_way() -> None:
    summary, _ = two_pools()
    assert "conserved to the quantum in every pool" in report_of(summary)
    broken = {"other": {"left_quanta": 1, "right_quanta": 2, "ok": False}}
    report = report_of(summary, value_conserved=broken, positions_zero_sum=False)
    assert "NOT conserved in other" in report
    assert "do NOT sum to zero" in report


def test_speed_hashes_and_places_are_said() -> None:
    summary, stories = two_pools()
    report = report_of(summary)
    entries = sum(len(of.entries) for of in stories.values())
    assert f"{entries:,} entries and" in report
    assert f"in 2.0 s: {round(entries / 2):,} entries a second" in report
    assert summary.result("", 0, 1.0, {})["events_sha256"] in report
    assert "runs/a-recording/clickhouse" in report
    assert "runs/a-recording/picture.html" in report


# ---- next ------------------------------------------------------------------------------------------------------------
def test_each_next_command_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    summary, stories = two_pools()
    commands = next_commands(summary.tallies(), summary.name, RUN)
    assert len(commands) == 5
    for command in commands:
        words = command.split()
        assert words[0] == "marginline"
        assert cli.main([*words[1:3], "--help"]) == 0
        shown = capsys.readouterr().out
        assert all(word in shown for word in words if word.startswith("--"))
    of, offset, index = commands[0].split()[-1].split(":")
    fills = list(told(stories[of], ev.LIQUIDATION_FILL))
    asked = next(
        each for each in fills if (each["journal_offset"], each["event_index"]) == (int(offset), int(index))
    )
    every = [each for of in stories.values() for each in told(of, ev.LIQUIDATION_FILL)]
    assert abs(asked["quanta"]) == max(abs(each["quanta"]) for each in every)


def test_a_run_elsewhere_is_named() -> None:
    summary, _ = two_pools()
    here = next_commands(summary.tallies(), summary.name, RUN)
    there = next_commands(summary.tallies(), summary.name, Path("other/place"))
    assert there == [f"{command} --run other/place" for command in here]


# ---- texts -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quanta", "text", "why"),
    table("""
        0                0.00           nothing
        9_999            0.00           less_than_a_cent_is_cut
        1_230_000        1.23           cents_below_a_thousand
        999_999_999      999.99         cut_and_not_rounded
        1_000_000_000    1,000          whole_from_a_thousand_on
        1_234_567_999_999  1,234,567    whole_units_cut
        -1_500_000       -1.50          below_zero
        -1_234_999_999   -1,234         towards_zero
    """),
)
def test_money(quanta: str, text: str, why: str) -> None:
    assert money_text(Tally(pool()), int(quanta)) == text


def test_an_asset_without_cents_is_shown_whole() -> None:
    coarse = pool(assets=(replace(asset("USDT"), unit_scale=10),))
    assert money_text(Tally(coarse), 57) == "5"


@pytest.mark.parametrize(
    ("first", "last", "text"), [(100, 94, "-6.00 %"), (100, 100, "+0.00 %"), (3, 4, "+33.33 %"), (0, 0, "-")]
)
def test_change(first: int, last: int, text: str) -> None:
    assert change_text(MarketTally("X", first_ticks=first, last_ticks=last)) == text


def test_into_a_pipe_it_is_as_wide_as_it_is_made_for() -> None:
    assert report_console().width == WIDTH
