"""How long a flow is away after kill -9: 100,000 accounts with open positions, load on, each flow killed and started again."""

from __future__ import annotations

import argparse
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.live.report import Report, median
from benchmarks.live.rig import FLOWS, Failed, Rig
from benchmarks.live.sample import Sampler
from benchmarks.live.throughput import SETTLE_S, tell_check, tell_opening
from benchmarks.live.trace import Listener
from benchmarks.live.world import World

BEFORE_S = 25.0
"""Under load before the first kill: each flow has written checkpoints by then."""

DOWN_S = 1.0
BETWEEN_S = 8.0
PATIENCE_S = 120.0
LEVEL_S = 2.0
"""A lag below which nothing waits."""

TOPIC_OF = {"market": "market-state", "intake": "journal", "clearing": "events"}

Heard = dict[str, Listener]


def run(asked: argparse.Namespace, folder: Path) -> Report:
    """Open, load, kill each in turn, watch what comes after."""
    rates = {"oracle-prices": asked.quotes / 10, "fills": asked.fills / 10}
    report = Report("recovery", " ".join(sys.argv[1:]), vars(asked) | {"folder": ""})
    names = FLOWS[:-1] if asked.no_audit else FLOWS
    with Rig(folder, World(asked.accounts), audit=not asked.no_audit, compression=asked.compression) as rig:
        tell_opening(report, asked.accounts, rig.open_accounts())
        lanes = len(rig.pools)
        heard = {flow: Listener(rig.live, topic, lanes) for flow, topic in TOPIC_OF.items()}
        with Sampler(rig) as sampler, heard["market"], heard["intake"], heard["clearing"]:
            time.sleep(SETTLE_S)
            rig.begin_load(rates, BEFORE_S + asked.repeats * len(names) * (PATIENCE_S + BETWEEN_S))
            time.sleep(BEFORE_S)
            for flow in names:
                times = [_kill(rig, flow, heard, sampler) for _ in range(asked.repeats)]
                _tell(report, flow, times)
        _checkpoints(report, rig)
        rig.stop()
        if not asked.no_check:
            tell_check(report, rig.check())
    return report


def _kill(rig: Rig, flow: str, heard: Heard, sampler: Sampler) -> tuple[float, float, float]:
    """Seconds from the start to publishing again, the same from the kill, and until nothing waits."""
    news = _news_of(rig, flow, heard)
    rig.flows[flow].kill()
    killed = time.time_ns()
    time.sleep(DOWN_S)
    rig.start(flow)
    started = time.time_ns()
    again = _wait(rig, lambda: news(started))
    caught = _wait(rig, lambda: time.time_ns() if _is_level(sampler, again) else None)
    time.sleep(BETWEEN_S)
    return (again - started) / 1e9, (again - killed) / 1e9, (caught - started) / 1e9


def _is_level(sampler: Sampler, since_ns: int) -> bool:
    last = sampler.samples[-1]
    behind = [seconds for flow, seconds in last.lag_s.items() if flow != "audit"]  # it waits for whole blocks
    return last.wall_ns > since_ns and max(behind) < LEVEL_S


def _wait(rig: Rig, found: Callable[[], int | None]) -> int:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (at := found()) is not None:
            return at
        rig.check_alive()
        time.sleep(0.01)
    raise Failed(f"it did not come back within {PATIENCE_S:.0f} s")


def _news_of(rig: Rig, flow: str, heard: Heard) -> Callable[[int], int | None]:
    """Says when every pool had news of a flow's new process, once it has."""
    if flow == "audit":
        before = rig.stored().get("stored_to", {})

        def stored(_started_ns: int) -> int | None:
            now = rig.stored().get("stored_to", {})
            return (
                time.time_ns() if all(now.get(pool, 0) > before.get(pool, 0) for pool in rig.pools) else None
            )

        return stored
    listener = heard[flow]
    seen = [
        max((int(each.value) for each in listener.heard if each.lane == lane), default=0) for lane in (0, 1)
    ]

    def published(started_ns: int) -> int | None:
        first: dict[int, int] = {}
        for each in reversed(listener.heard):
            if each.received_ns < started_ns:
                break
            if int(each.value) > seen[each.lane]:
                first[each.lane] = each.received_ns
        return max(first.values()) if len(first) == len(rig.pools) else None

    return published


def _tell(report: Report, flow: str, times: list[tuple[float, float, float]]) -> None:
    again, away, level = (median([each[at] for each in times]) for at in range(3))
    report.figures[f"recovery {flow}"] = times
    report.add(
        f"{flow}: publishing again",
        f"{again:.1f} s",
        f"median of {len(times)} from the start of its process (most {max(each[0] for each in times):.1f} s);"
        f" {away:.1f} s from the kill, nothing waits any more after {level:.1f} s",
    )


def _checkpoints(report: Report, rig: Rig) -> None:
    """Size of the newest of each flow, and how long it takes to be read."""
    for flow in FLOWS:
        newest: dict[str, Path] = {}
        for path in sorted(rig.live.state.glob(f"{flow}-*.checkpoint")):
            newest[path.name.rsplit("-", 1)[0]] = path
        for path in newest.values():
            data = path.read_bytes()
            at = time.perf_counter()
            pickle.loads(data[32:])
            took = time.perf_counter() - at
            report.figures[f"checkpoint {path.name}"] = [len(data), took]
            report.add(
                f"checkpoint {path.name.rsplit('-', 1)[0]}",
                f"{len(data) / 1e6:.2f} MB",
                f"read in {took * 1e3:.0f} ms",
            )
