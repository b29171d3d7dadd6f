"""From a quote to a liquidation at a tenth of the load: prices fall, accounts become liquidatable each second."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.live.report import Report, spread, tell_load
from benchmarks.live.rig import Rig
from benchmarks.live.sample import Sampler, between
from benchmarks.live.throughput import SETTLE_S, tell_check, tell_opening, tell_producers
from benchmarks.live.trace import Listener, Spans, liquidations
from benchmarks.live.world import World

FALL_PPM_S = 100.0
"""How fast the falling assets fall: 1 bp a second."""

VICTIMS_A_SECOND = 20
"""In each pool, once the fall has reached the first of them."""

LEAD_S = 30.0
"""Until then."""

PARTS = ("market", "intake", "clearing", "fetch")


def world_of(accounts: int, seconds: float) -> World:
    """Victims for the time that is left when the fall has reached the first one."""
    lasts = max(5.0, seconds - LEAD_S)
    return World(accounts, int(VICTIMS_A_SECOND * lasts), int(FALL_PPM_S * lasts))


def run(asked: argparse.Namespace, folder: Path) -> Report:
    """Open, let prices fall under load, listen, trace."""
    rates = {"oracle-prices": asked.quotes / 10, "fills": asked.fills / 10}
    report = Report("latency", " ".join(sys.argv[1:]), vars(asked) | {"folder": ""})
    world = world_of(asked.accounts, asked.seconds)
    with Rig(folder, world, audit=not asked.no_audit, compression=asked.compression) as rig:
        tell_opening(report, asked.accounts, rig.open_accounts())
        rig.execute()
        with Sampler(rig) as sampler, Listener(rig.live, "liquidations", len(rig.pools)) as listener:
            time.sleep(SETTLE_S)
            from_ns, until_ns = rig.begin_load(rates, asked.seconds, FALL_PPM_S)
            while time.time_ns() < until_ns:
                rig.check_alive()
                time.sleep(0.5)
            time.sleep(1.0)
        tell_load(report, between(sampler.samples, from_ns, until_ns))
        tell_producers(report, rig)
        rig.stop()
        tell_spans(
            report, liquidations(rig.live, listener.heard, from_ns, until_ns), "quote to liquidation order"
        )
        if not asked.no_check:
            tell_check(report, rig.check())
    return report


def tell_spans(report: Report, spans: Spans, what: str) -> None:
    """The whole, and its parts."""
    report.add(
        "orders traced to a quote",
        f"{len(spans.whole):,}",
        f"of {spans.accounts:,} accounts; {spans.by_clock:,} orders more followed from clocks, books and trades",
    )
    rows = [(what, spans.whole), ("the same by the message's time_ns", spans.by_pool_time)]
    rows += [(f"part: {name}", getattr(spans, name)) for name in PARTS]
    for name, values in rows:
        tell_spread(report, name, values)


def tell_spread(report: Report, name: str, values: list[float]) -> None:
    """A row of milliseconds."""
    found = report.figures[name] = spread(values)
    tails = ", ".join(f"{key} {found[key] * 1e3:,.0f}" for key in ("p90", "p99", "max"))
    report.add(name, f"{found['median'] * 1e3:,.1f} ms", f"median; {tails} ms; {len(values):,} measured")
