"""80 times the usual order checks for 20 s: what becomes of liquidations and of added margin meanwhile, and of the checks."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import orjson

from benchmarks.live.latency import FALL_PPM_S, LEAD_S, tell_spans, tell_spread, world_of
from benchmarks.live.report import Report, tell_load
from benchmarks.live.rig import Rig
from benchmarks.live.sample import Sampler, between
from benchmarks.live.throughput import SETTLE_S, tell_check, tell_opening, tell_producers
from benchmarks.live.trace import Listener, deposits, liquidations
from flows.lanes.accounted import account
from flows.lanes.check import records

SURGE_S = 20.0
AFTER_S = 20.0
DEPOSITS = 100.0
"""A second, over both pools."""


def run(asked: argparse.Namespace, folder: Path) -> Report:
    """Open, load, surge, listen, trace; then count what became of every record."""
    rates = {"oracle-prices": asked.quotes / 10, "fills": asked.fills / 10, "collateral": DEPOSITS}
    report = Report("surge", " ".join(sys.argv[1:]), vars(asked) | {"folder": ""})
    seconds = LEAD_S + SURGE_S + AFTER_S
    world = world_of(asked.accounts, seconds)
    with Rig(folder, world, audit=not asked.no_audit, compression=asked.compression) as rig:
        tell_opening(report, asked.accounts, rig.open_accounts())
        rig.execute()
        checks, lanes = rig.produce("order-checks"), len(rig.pools)
        with (
            Sampler(rig) as sampler,
            Listener(rig.live, "liquidations", lanes) as orders,
            Listener(rig.live, "events", lanes) as events,
        ):
            time.sleep(SETTLE_S)
            from_ns, until_ns = rig.begin_load(rates, seconds, FALL_PPM_S)
            surge_ns = from_ns + int(LEAD_S * 1e9)
            calm_ns = surge_ns + int(SURGE_S * 1e9)
            checks.tell(rate=asked.usual, from_ns=from_ns, until_ns=surge_ns)
            checks.tell(rate=asked.usual * asked.times, from_ns=surge_ns, until_ns=calm_ns)
            checks.tell(rate=asked.usual, from_ns=calm_ns, until_ns=until_ns)
            while time.time_ns() < until_ns:
                rig.check_alive()
                time.sleep(0.5)
            time.sleep(2.0)
        report.add(
            "order checks usually",
            f"{asked.usual:,.0f}/s",
            f"in the surge {asked.usual * asked.times:,.0f}/s",
        )
        tell_load(report, between(sampler.samples, surge_ns, calm_ns))
        tell_producers(report, rig)
        rig.stop()
        told = liquidations(rig.live, orders.heard, surge_ns, calm_ns)
        tell_spans(report, told, "surge: quote to liquidation order")
        for name, start, end in (
            ("before", from_ns, surge_ns),
            ("surge", surge_ns, calm_ns),
            ("after", calm_ns, until_ns),
        ):
            tell_spread(report, f"{name}: deposit to event", deposits(rig.live, events.heard, start, end))
        _tell_fates(report, rig)
        if not asked.no_check:
            tell_check(report, rig.check())
    return report


def _tell_fates(report: Report, rig: Rig) -> None:
    """What became of every record, by topic; and why some were refused."""
    fates: Counter[tuple[str, str]] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for each in account(rig.live):
        fates.update(each.fates)
        for difference in each.differences:
            report.add("differs", difference)
    for pool in rig.pools:
        letters = [orjson.loads(each.value) for each in records(rig.live, "dead-letters", pool)]
        reasons.update((letter["topic"], letter["reason"]) for letter in letters)
    for (topic, fate), count in sorted(fates.items()):
        report.add(f"{topic}: {fate}", f"{count:,}")
    for (topic, reason), count in sorted(reasons.items()):
        report.add(f"dead letters of {topic}", f"{count:,}", reason)
    report.figures["fates"] = {" ".join(name): count for name, count in fates.items()}
    report.figures["reasons"] = {" ".join(name): count for name, count in reasons.items()}
