"""Every metric has one name, in base units; what alerts watch shows zero from the start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import Counter, Histogram, generate_latest

from flows.connectors.telemetry import metrics
from schemas.dead_letter import Reason
from tests.connectors.telemetry.values import shown

ROOT = Path(__file__).resolve().parents[3]

EVERY = metrics.every()


def test_every_metric_is_listed_once() -> None:
    assert len({each.name for each in EVERY}) == len(EVERY)
    registered = set(metrics.REGISTRY._names_to_collectors)
    assert {each.name for each in EVERY} <= registered


def test_every_metric_is_told_by_some_flow() -> None:
    named = {name for name, each in vars(metrics).items() if isinstance(each, metrics.Metric)}
    files = [path for path in (ROOT / "flows").rglob("*.py") if path.name != "metrics.py"]
    told = {name for path in files for name in re.findall(r"metrics\.(\w+)\(", path.read_text())}
    assert named <= told


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_a_name_ends_in_its_unit(metric: metrics.Metric[Counter]) -> None:
    assert re.fullmatch(r"marginline(_[a-z]+)+", metric.name)
    last = metric.name.rpartition("_")[2]
    if isinstance(metric.parent, Counter):
        assert last == "total"
    else:
        assert last in metrics.UNITS
    if isinstance(metric.parent, Histogram):
        assert last == "seconds"


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_it_says_what_it_is_in_one_sentence_or_two(metric: metrics.Metric[Counter]) -> None:
    assert metric.meaning.endswith(".")
    assert len(metric.meaning) <= 128


def test_no_label_names_an_account() -> None:
    labels = {label for each in EVERY for label in each.labels}
    assert not {"account", "owner", "offset", "event", "id"} & labels


def test_a_child_is_made_once() -> None:
    first = metrics.journal_entries("intake", "p", "fill")
    first.inc(3)
    assert metrics.journal_entries("intake", "p", "fill") is first
    assert shown("journal_entries_total", flow="intake", pool="p", kind="fill") == 3


def test_a_label_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="label"):
        metrics.journal_entries("intake", "p")


def test_latency_is_told_from_1_ms_to_10_s() -> None:
    bounds = metrics.LATENCY_BUCKETS_S
    assert (bounds[0], bounds[-1]) == (0.001, 10.0)
    assert list(bounds) == sorted(bounds)
    metrics.quote_to_liquidation("latency").observe(0.055)
    told = "pool_quote_to_liquidation_seconds_bucket"
    assert shown(told, pool="latency", le="0.045") == 0
    assert shown(told, pool="latency", le="0.06") == 1


def test_what_alerts_watch_is_zero_from_the_start() -> None:
    metrics.prepare("intake", ["zero"], ["zero-topic"])
    assert shown("journal_lost_terms_total", flow="intake", pool="zero") == 0
    assert shown("clock_setbacks_total", flow="intake", pool="zero") == 0
    assert shown("journal_stopped_bool", flow="intake", pool="zero", reason="gap") == 0
    for reason in Reason:
        assert shown("input_dead_letters_total", topic="zero-topic", reason=reason.value) == 0


def test_a_counter_is_one_series() -> None:
    metrics.inserted_rows("one").inc()
    text = generate_latest(metrics.REGISTRY).decode()
    assert 'marginline_database_rows_total{table="one"} 1.0' in text
    assert "_created" not in text
    assert "process_start_time_seconds" in text, "restarts are told by it"
