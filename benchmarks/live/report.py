"""A scenario's figures: a table a person reads, and the same as JSON under build/benchmarks."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.live.sample import Sample, rate, slope

FOLDER: Final = Path("build/benchmarks")

BOUNDED_S: Final = 5.0
BOUNDED_SLOPE: Final = 0.02
"""A lag is bounded that ends below so many seconds, and in the second half grew by less than so many a second."""

BLOCK_S: Final = 10.0
"""What the audit is behind at any rate: it waits for a block of five seconds to be whole, and inserts it."""


@dataclass
class Report:
    """What a scenario came to."""

    name: str
    command: str
    settings: dict[str, Any]
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])
    cores: int = field(default_factory=lambda: os.cpu_count() or 0)
    python: str = field(default_factory=platform.python_version)
    rows: list[tuple[str, str, str]] = field(default_factory=list)  # what, figure, note
    figures: dict[str, Any] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, figure: str, note: str = "") -> None:
        """A row."""
        self.rows.append((what, figure, note))

    def show(self, console: Console) -> None:
        """The table."""
        title = f"{self.name}, {self.began}, {self.cores} cores, load average before {self.load_before:.1f}"
        table = Table(title=title, title_justify="left")
        table.add_column("")
        table.add_column("", justify="right")
        table.add_column("")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)

    def write(self, folder: Path = FOLDER) -> Path:
        """As JSON, under the scenario's name and time."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"live-{self.name}-{self.began.replace(':', '').replace('+0000', 'Z')}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path


def tell_load(report: Report, samples: Sequence[Sample]) -> None:
    """Rates, lags and processes over a stretch of samples."""
    found = list(samples)
    if len(found) < 3:
        report.add("samples", str(len(found)), "too few")
        return
    report.samples = [asdict(each) for each in found]
    half = found[len(found) // 2 :]
    for topic in ("fills", "oracle-prices", "collateral", "order-checks"):
        if per_s := rate(found, topic):
            report.add(f"{topic} sent", f"{per_s:,.0f}/s")
    for kind in ("states", "journal", "events"):
        names = [name for name in found[-1].ends if name.startswith(f"{kind} ")]
        of = {"states": "market-states", "journal": "entries", "events": "entries cleared"}[kind]
        report.figures[of] = rate(found, *names)
        report.add(of, f"{report.figures[of]:,.0f}/s", f"{rate(half, *names):,.0f}/s in the second half")
    for topic in ("market-state", "journal", "events"):
        report.add(f"records of {topic}", f"{rate(found, topic):,.0f}/s")
    for flow in found[-1].lag_s:
        _tell_lag(report, flow, found, half)
    for name in found[-1].cpu:
        _tell_process(report, name, found)
    all_cores = sum(report.figures[f"cpu {name}"] for name in found[-1].cpu)
    report.figures["cpu"] = all_cores
    report.add("all of these", f"{all_cores:.2f} cores", f"load average {found[-1].load:.1f} at the end")


def _tell_process(report: Report, name: str, found: list[Sample]) -> None:
    """Its memory and processor time; of a flow also what a record costs it, while others make it wait or not."""
    used = [each.cpu[name] for each in found if name in each.cpu]
    cores = report.figures[f"cpu {name}"] = sum(used) / len(used)
    report.figures[f"rss {name}"] = found[-1].rss_mb.get(name, 0)
    note = f"{found[-1].rss_mb.get(name, 0):,.0f} MB at the end"
    counted = {
        "market": ("quote", rate(found, "oracle-prices")),
        "intake": ("entry", report.figures["entries"]),
        "clearing": ("entry", report.figures["entries cleared"]),
        "audit": ("entry", report.figures["entries cleared"]),
    }
    if name in counted and counted[name][1] > 0:
        what, a_second = counted[name]
        report.figures[f"us {name}"] = cores / a_second * 1e6
        note += f"; {cores / a_second * 1e6:.1f} us of processor time a {what}".replace("a entry", "an entry")
    report.add(name, f"{cores:.2f} cores", note)


def _tell_lag(report: Report, flow: str, found: list[Sample], half: list[Sample]) -> None:
    grows = slope(half, lambda each: each.lag_s[flow])
    last, most = found[-1].lag_s[flow], max(each.lag_s[flow] for each in found)
    allowed = BOUNDED_S + (BLOCK_S if flow == "audit" else 0.0)
    bounded = last < allowed and grows < BOUNDED_SLOPE
    report.figures[f"lag {flow}"] = {
        "median_s": median([each.lag_s[flow] for each in found]),
        "last_s": last,
        "most_s": most,
        "grows": grows,
        "bounded": bounded,
    }
    verdict = "bounded" if bounded else f"grows by {grows:.2f} s a second"
    report.add(
        f"lag of {flow}",
        f"{last:.2f} s",
        f"{verdict}; median {median([each.lag_s[flow] for each in found]):.2f} s, most {most:.2f} s,"
        f" {found[-1].lag_records[flow]:,} records at the end",
    )


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return quantile(values, 0.5)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that so large a share is at or below."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else float("nan")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, tails and the most."""
    return {
        "count": len(values),
        "median": median(values),
        "p90": quantile(values, 0.9),
        "p99": quantile(values, 0.99),
        "max": max(values, default=float("nan")),
    }
