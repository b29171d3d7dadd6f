"""Alert rules name metrics that exist, lead to a page that exists, and are tested."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.promql import FLOWS, PROMETHEUS, ROOT, promtool, rules, selectors, unknown

RULES = rules()
RUNBOOKS = ROOT / "docs" / "how-to" / "runbooks"
by_name = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@by_name
def test_a_rule_reads_what_there_is(rule: dict[str, Any]) -> None:
    assert not unknown(rule["expr"])
    assert list(selectors(rule["expr"]))


@by_name
def test_a_rule_says_how_bad_what_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert set(rule["annotations"]) == {"summary", "runbook"}
    page = ROOT / rule["annotations"]["runbook"]
    assert page.parent == RUNBOOKS
    assert f"`{rule['alert']}`" in page.read_text(), "the page names the alerts that lead to it"


def test_every_page_is_some_rule_s() -> None:
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"index.md"}
    assert pages == {rule["annotations"]["runbook"].rpartition("/")[2] for rule in RULES}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_reads_what_there_is(page: Path) -> None:
    queries = [text for text in re.findall(r"`([^`]+)`", page.read_text()) if list(selectors(text))]
    assert not [wrong for query in queries for wrong in unknown(query)]


@by_name
def test_a_rule_is_seen_to_fire(rule: dict[str, Any]) -> None:
    told = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    fired = {each["alertname"] for test in told for each in test["alert_rule_test"] if each.get("exp_alerts")}
    assert rule["alert"] in fired


def test_names_are_one_each() -> None:
    names = [rule["alert"] for rule in RULES]
    assert sorted(set(names)) == sorted(names)


def test_every_flow_is_scraped() -> None:
    told = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert told["rule_files"] == ["alerts.yml"]
    jobs = {each["job_name"]: each["static_configs"][0]["targets"] for each in told["scrape_configs"]}
    assert jobs == {flow: [f"{flow}:9464"] for flow in FLOWS}


def test_pods_are_scraped_under_the_same_names() -> None:
    # Debian's promtool is built without Kubernetes' discovery, so it cannot be asked.
    told = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text())
    plain = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    scrape = told.pop("scrape_configs")
    assert told == {key: each for key, each in plain.items() if key != "scrape_configs"}
    relabel = {each["target_label"]: each["source_labels"] for each in scrape[0]["relabel_configs"][1:]}
    assert relabel["job"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_component"]
    assert relabel["instance"] == ["__meta_kubernetes_pod_name"]


@pytest.mark.parametrize(
    "words", ["check rules alerts.yml", "check config prometheus.yml", "test rules alerts_test.yml"]
)
def test_promtool_agrees(words: str) -> None:
    run = subprocess.run(
        [promtool(), *words.split()], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("marginline_no_such_metric > 0", "marginline_no_such_metric"),
        ('marginline_pool_accounts{account="7"}', "marginline_pool_accounts: label account"),
        ('marginline_pool_accounts{level=~"ok|fine"}', "level=fine"),
        ("sum by (market) (marginline_pool_accounts)", "label market"),
    ],
)
def test_what_does_not_exist_is_seen(expr: str, found: str) -> None:
    assert unknown(expr) == [found]
