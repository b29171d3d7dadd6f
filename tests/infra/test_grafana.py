"""The dashboard is what its page says, and shows only what there is."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.connectors.telemetry import metrics
from infra.grafana import generate
from tests.infra.promql import HISTOGRAM, ROOT, promtool, selectors, unknown

GRAFANA = ROOT / "infra" / "grafana"
PANELS = [panel for panel in generate.dashboard()["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]

NOT_DRAWN = {
    *("flow_info", "flow_beat_timestamp_seconds", "input_lag_records", "input_bytes_total"),
    *("output_records_total", "output_repeated_records_total", "clock_event_timestamp_seconds"),
    *("clock_moved_timestamp_seconds", "clock_setbacks_total", "journal_lost_terms_total"),
    *(
        "journal_dropped_batches_total",
        "pool_deficit_accounts",
        "checkpoint_position_entries",
        "checkpoint_bytes",
    ),
    *("checkpoint_faults_total", "database_inserted_timestamp_seconds"),
}
"""What has an alert, or is looked up when a picture raises a question."""


def test_the_file_is_fresh() -> None:
    assert generate.PAGE.read_text() == generate.text(), "run `make docs`"


@pytest.mark.parametrize(("title", "expr"), QUERIES)
def test_a_query_reads_what_there_is(title: str, expr: str) -> None:
    assert not unknown(expr)


def test_every_metric_is_drawn_or_known_not_to_be() -> None:
    drawn = {HISTOGRAM.sub("", each.metric) for _, expr in QUERIES for each in selectors(expr)}
    missing = {each.name.removeprefix(metrics.PREFIX) for each in metrics.every() if each.name not in drawn}
    assert missing == NOT_DRAWN


def test_queries_are_promql(tmp_path: Path) -> None:
    def plain(expr: str) -> str:
        return expr.replace("$__rate_interval", "1m").replace("$pool", ".*")

    made = [{"record": f"panel:{at}", "expr": plain(expr)} for at, (_, expr) in enumerate(QUERIES)]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": made}]}))
    run = subprocess.run(
        [promtool(), "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    panels = generate.dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)

    def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= generate.WIDTH
        return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}

    assert not any(cells(one) & cells(other) for one, other in itertools.combinations(panels, 2))


def test_every_panel_says_what_it_means() -> None:
    assert not [panel["title"] for panel in PANELS if not panel["description"].endswith(".")]


def test_grafana_finds_source_and_dashboard() -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    assert [each["uid"] for each in sources] == [generate.SOURCE["uid"]]
    assert {json.dumps(panel["datasource"]) for panel in PANELS} == {json.dumps(generate.SOURCE)}
