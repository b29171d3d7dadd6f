"""docs/reference/sizing.md from the newest report of each scenario: ``python -m benchmarks.live.sizing``.

Nothing on that page is written by hand but its words: what was not measured is not there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from benchmarks.live.report import FOLDER
from benchmarks.live.scenarios import SCENARIOS
from flows.connectors.settings import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "sizing.md"
POOLS: Final = (2, 10, 100, 1_000)
FLOWS: Final = ("market", "intake", "clearing", "audit")

HEAD: Final = """<!-- Written by `python -m benchmarks.live.sizing` from the reports of `python -m benchmarks.live`. -->

# Sizing

What a venue costs, as it was measured: broker, flows and producers on one machine, over the loopback, JSON messages with
one event each. A pool is one key of each flow and cannot be split: its ceiling is what one worker does in a second. Pools
share nothing but quotes and clocks, so more of them need more workers, in more processes or on more machines.
"""


def newest(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """The last report of each scenario that has one."""
    found: dict[str, dict[str, Any]] = {}
    for name in SCENARIOS:
        paths = sorted(folder.glob(f"live-{name}-*.json"))
        if paths:
            found[name] = json.loads(paths[-1].read_text("utf-8"))
    return found


def page(reports: dict[str, dict[str, Any]]) -> str:
    """The page."""
    lines = [HEAD]
    lines += _runs(reports)
    if "throughput" in reports:
        lines += _costs(reports["throughput"]["figures"])
        lines += _pools(reports["throughput"]["figures"])
    if "recovery" in reports:
        lines += _recovery(reports["recovery"]["figures"])
    for name, report in reports.items():
        lines += ["", f"## {name}: all of it", "", "| | | |", "|---|---:|---|"]
        lines += [f"| {what} | {figure} | {note} |" for what, figure, note in report["rows"]]
    return "\n".join(lines) + "\n"


def _runs(reports: dict[str, dict[str, Any]]) -> list[str]:
    lines = ["## Runs", "", "| | when | cores | load before | command |", "|---|---|---:|---:|---|"]
    return lines + [
        f"| {name} | {each['began']} | {each['cores']} | {each['load_before']:.1f} |"
        f" `python -m benchmarks.live {each['command']}` |"
        for name, each in reports.items()
    ]


def _costs(figures: dict[str, Any]) -> list[str]:
    """Processor time and memory, by flow; a load average above the cores makes both look worse."""
    lines = [
        "",
        "## What a flow costs",
        "",
        "| flow | of | processor time | one worker's ceiling | memory an account |",
    ]
    lines.append("|---|---|---:|---:|---:|")
    for flow in FLOWS:
        if (us := figures.get(f"us {flow}")) is None:
            continue
        of = "quote" if flow == "market" else "entry"
        held = figures["bytes an account"].get(flow)
        memory = f"{held:,.0f} B" if held is not None and flow != "market" else ""
        lines.append(f"| {flow} | {of} | {us:.1f} us | {1e6 / us:,.0f}/s | {memory} |")
    return lines


def _pools(figures: dict[str, Any]) -> list[str]:
    """On paper: the same load in each of many pools."""
    costs = {flow: figures[f"us {flow}"] for flow in FLOWS if f"us {flow}" in figures}
    a_pool = figures["entries"] / 2
    lines = ["", "## More pools, on paper", ""]
    lines.append(
        f"Each pool as busy as one of that run, {a_pool:,.0f} entries a second; cores by the costs above, and"
    )
    lines += ["quotes, which every pool reads, at that run's rate.", ""]
    lines += ["| pools | " + " | ".join(f"{flow}, cores" for flow in costs) + " |"]
    lines += ["|---:|" + "---:|" * len(costs)]
    for pools in POOLS:
        cores = []
        for flow, us in costs.items():
            cores.append(figures["cpu market"] / 2 * pools if flow == "market" else us * a_pool * pools / 1e6)
        lines.append(f"| {pools:,} | " + " | ".join(f"{each:,.1f}" for each in cores) + " |")
    return lines


def _recovery(figures: dict[str, Any]) -> list[str]:
    lines = ["", "## A process that is killed", "", "| flow | publishing again | nothing waits any more |"]
    lines.append("|---|---:|---:|")
    for flow in FLOWS:
        if times := figures.get(f"recovery {flow}"):
            most, level = max(each[0] for each in times), max(each[2] for each in times)
            lines.append(f"| {flow} | {most:.1f} s | {level:.1f} s |")
    return lines


def main() -> None:
    """Write it."""
    PAGE.write_text(page(newest()), "utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
