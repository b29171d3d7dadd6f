"""Does anything grow? Minutes at a moderate load: the slope of each process's memory and of each flow's lag."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.live.report import Report, tell_load
from benchmarks.live.rig import Rig
from benchmarks.live.sample import Sample, Sampler, between, slope
from benchmarks.live.throughput import SETTLE_S, tell_check, tell_opening, tell_producers
from benchmarks.live.world import World

SETTLED = 0.25
"""The part of the time that is left out: checkpoints, caches and the database fill up at first."""


def run(asked: argparse.Namespace, folder: Path) -> Report:
    """Open, load for long, look at the slopes."""
    rates = {"oracle-prices": asked.quotes / 10, "fills": asked.fills / 10}
    seconds = asked.minutes * 60
    report = Report("soak", " ".join(sys.argv[1:]), vars(asked) | {"folder": ""})
    with Rig(folder, World(asked.accounts), audit=not asked.no_audit, compression=asked.compression) as rig:
        tell_opening(report, asked.accounts, rig.open_accounts())
        with Sampler(rig) as sampler:
            time.sleep(SETTLE_S)
            from_ns, until_ns = rig.begin_load(rates, seconds)
            while time.time_ns() < until_ns:
                rig.check_alive()
                time.sleep(1.0)
            samples = between(sampler.samples, from_ns, until_ns)
        tell_load(report, samples)
        _tell_slopes(report, samples[int(len(samples) * SETTLED) :])
        tell_producers(report, rig)
        rig.stop()
        if not asked.no_check:
            tell_check(report, rig.check())
    return report


def _tell_slopes(report: Report, samples: list[Sample]) -> None:
    for name in samples[-1].rss_mb:
        a_minute = 60 * slope(samples, lambda each, name=name: each.rss_mb.get(name, 0.0))
        report.figures[f"slope of memory {name}"] = a_minute
        report.add(
            f"memory of {name}",
            f"{a_minute:+.2f} MB a minute",
            f"{samples[-1].rss_mb[name]:,.0f} MB at the end",
        )
    for flow in samples[-1].lag_s:
        a_minute = 60 * slope(samples, lambda each, flow=flow: each.lag_s[flow])
        report.figures[f"slope of lag {flow}"] = a_minute
        report.add(f"lag of {flow}", f"{a_minute * 1e3:+.1f} ms a minute")
