"""How many fills and quotes a second it bears: 100,000 accounts, both at once, for two minutes; what lags, what limits."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.live.report import Report, tell_load
from benchmarks.live.rig import Rig
from benchmarks.live.sample import Sampler, between
from benchmarks.live.world import World
from flows.lanes.check import Checked

SETTLE_S = 3.0


def run(asked: argparse.Namespace, folder: Path) -> Report:
    """Open, load, watch, stop, check."""
    rates = {"oracle-prices": asked.quotes, "fills": asked.fills}
    report = Report("throughput", " ".join(sys.argv[1:]), vars(asked) | {"folder": ""})
    with Rig(folder, World(asked.accounts), audit=not asked.no_audit, compression=asked.compression) as rig:
        tell_opening(report, asked.accounts, rig.open_accounts())
        with Sampler(rig) as sampler:
            time.sleep(SETTLE_S)
            from_ns, until_ns = rig.begin_load(rates, asked.seconds)
            while time.time_ns() < until_ns:
                rig.check_alive()
                time.sleep(0.5)
            samples = between(sampler.samples, from_ns, until_ns)
        tell_load(report, samples)
        tell_producers(report, rig)
        took = rig.stop()
        for what, seconds in took.items():
            report.add(f"stop: {what}", f"{seconds:.1f} s")
        if not asked.no_check:
            tell_check(report, rig.check())
    return report


def tell_opening(report: Report, accounts: int, opened: dict[str, Any]) -> None:
    """How long it took, and what memory an account of each flow's."""
    grown = {flow: mb * 1e6 / accounts for flow, mb in opened["grown_mb"].items()}
    report.figures["bytes an account"] = grown
    said = ", ".join(f"{flow} {each:,.0f}" for flow, each in grown.items())
    report.add("accounts", f"{accounts:,}", f"open after {opened['opening_s']:.1f} s; bytes each: {said}")


def tell_producers(report: Report, rig: Rig) -> None:
    """What the producers say of themselves: whether one was a bottleneck."""
    rig.end_producers()
    for topic, producer in rig.producers.items():
        loads = [said for said in producer.told if said.get("use") == "load" and said["sent"]]
        if not loads:
            continue
        said = max(loads, key=lambda each: float(each["rate"]))
        seconds = said["sent"] / said["rate"]
        report.add(
            f"producer of {topic}",
            f"{said['cpu_s'] / seconds:.2f} cores",
            f"{said['sent']:,} sent, at most {said['behind_s']:.2f} s behind its plan",
        )


def tell_check(report: Report, checked: list[Checked]) -> None:
    """Whether the journal, executed again, gives what was published."""
    for each in checked:
        verdict = "sound" if each.is_sound else "; ".join(each.differences[:3])
        report.add(
            f"check of {each.pool}",
            verdict,
            f"{each.entries:,} entries, {each.events:,} events executed again",
        )
        report.figures[f"check {each.pool}"] = {
            "entries": each.entries,
            "events": each.events,
            "sound": each.is_sound,
            "differences": each.differences,
        }
