"""What a query in PromQL names: metrics, labels and the values they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

import pytest
import yaml

from flows.connectors.telemetry import metrics
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codes import BREAKERS, LEVELS, STATUSES
from schemas.dead_letter import Reason

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "infra" / "prometheus"

FLOWS = ("market", "intake", "clearing", "audit")
OF_PROMETHEUS = {
    "up",
    "ALERTS",
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
}
OF_A_SCRAPE = {"job", "instance", "le", "alertstate"}
HISTOGRAM = re.compile(r"_(bucket|sum|count)$")

CLOSED: dict[str, set[str]] = {
    "flow": set(FLOWS),
    "job": set(FLOWS),
    "kind": set(en.KIND_NAMES),
    "type": set(ev.TYPE_NAMES),
    "level": set(LEVELS.values()),
    "status": set(STATUSES.values()),
    "breaker": set(BREAKERS.values()),
    "reason": {reason.value for reason in Reason} | set(metrics.STOPS),
    "by": set(metrics.BEARERS),
    "part": {"general"},
}
"""Labels whose values are known beforehand."""

LABELS = {each.name: set(each.labels) for each in metrics.every()}


class Selector(NamedTuple):
    """A metric with its matchers."""

    metric: str
    matchers: tuple[tuple[str, str], ...]


def selectors(expr: str) -> Iterator[Selector]:
    """Every metric that a query reads."""
    for name, inside in re.findall(r"\b((?:marginline|process)_\w+|up|ALERTS)\b(?:\{([^}]*)\})?", expr):
        matchers = re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', inside)
        yield Selector(name, tuple(matchers))


def grouped(expr: str) -> set[str]:
    """Labels that a query sums or matches by."""
    found = re.findall(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)", expr)
    return {label.strip() for each in found for label in each.split(",") if label.strip()}


def unknown(expr: str) -> list[str]:
    """What a query names that there is not."""
    wrong = []
    known: set[str] = set(OF_A_SCRAPE)
    for metric, matchers in selectors(expr):
        name = metric if metric in LABELS else HISTOGRAM.sub("", metric)
        if name not in LABELS and metric not in OF_PROMETHEUS:
            wrong.append(metric)
            continue
        own = LABELS.get(name, set()) | OF_A_SCRAPE
        known |= own
        for label, value in matchers:
            if label not in own:
                wrong.append(f"{metric}: label {label}")
            values = [each for each in value.split("|") if "$" not in each]
            wrong += [f"{label}={each}" for each in values if each not in CLOSED.get(label, {each})]
    return wrong + [f"label {label}" for label in sorted(grouped(expr) - known)]


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    told = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())
    return [rule for group in told["groups"] for rule in group["rules"]]


def promtool() -> str:
    """Where it is; the test is skipped where it is not."""
    own = ROOT / "build" / "promtool" / "usr" / "bin" / "promtool"
    found = str(own) if own.exists() else which("promtool")
    if found is None:
        pytest.skip("promtool is not here: `make promtool` fetches it on Debian")
    return found
