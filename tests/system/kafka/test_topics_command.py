"""`marginline topics`: the table first, then the steps; a second time there is nothing to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.connectors.kafka import topics
from flows.connectors.kafka.clients import partitions
from flows.connectors.settings import ROOT, VENUES
from tests.system.kafka.conftest import Broker, Kafka

pytestmark = pytest.mark.kafka

VENUE = str(VENUES / "crash-2025-04-07.toml")


def marginline(*words: str, prefix: str) -> tuple[int, str, str]:
    """A process of its own, as an operator's: nothing but its two streams tells what it did."""
    done = subprocess.run(
        [sys.executable, "-m", "flows", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "MARGINLINE_KAFKA_TOPIC_PREFIX": prefix, "COLUMNS": "160"},
    )
    return done.returncode, done.stdout, done.stderr


def test_plan_apply_and_nothing_to_do(broker: Broker, tmp_path: Path) -> None:
    prefix = f"{tmp_path.name}."
    settings = broker.settings(topic_prefix=prefix)
    given = ("--venue", VENUE, "--kafka", broker.bootstrap, "--replication", "1")
    code, planned, said = marginline("topics", "plan", *given, prefix=prefix)
    assert (code, said) == (0, "")
    assert f"{prefix}journal" in planned
    assert planned.endswith("Planned: create 22.\n")
    code, applied, said = marginline("topics", "apply", *given, prefix=prefix)
    assert (code, said) == (0, "")
    assert applied == planned.replace("Planned: create", "Done: create"), "apply shows its plan first"
    assert partitions(settings, "journal") == 2
    code, again, said = marginline("topics", "apply", *given, "--json", prefix=prefix)
    assert (code, said) == (0, "")
    steps = json.loads(again)
    assert {step["action"] for step in steps} == {"nothing"}
    assert steps[0] == {
        "topic": f"{prefix}oracle-prices",
        "action": "nothing",
        "detail": "1 partition",
        "settings": {},
    }


def test_a_refusal_shows_the_plan_and_says_why_in_one_line(broker: Broker, kafka: Kafka) -> None:
    settings = kafka(3)
    given = ("--venue", VENUE, "--kafka", broker.bootstrap, "--replication", "1")
    code, shown, said = marginline("topics", "apply", *given, prefix=settings.topic_prefix)
    assert code == 7
    assert "it has 3 partitions, 2 are declared; none can be taken away" in shown
    assert said == (
        f"topic {settings.topic('trades')}: it has 3 partitions, 2 are declared; none can be taken away"
        " (and 19 more). Nothing was changed.\n"
    )
    assert {step.action for step in topics.plan(settings, 3, replication=1)} == {topics.Action.NOTHING}
