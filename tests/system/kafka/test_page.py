"""docs/how-to/kafka.md: its commands do what it says, against a broker with TLS and passwords."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.connectors.kafka.settings import PREFIX
from flows.connectors.settings import ROOT, VENUES
from flows.live.properties import Secured
from tests.certificates import authority, server
from tests.system.kafka.conftest import NewBroker

pytestmark = pytest.mark.kafka

VENUE = VENUES / "crash-2025-04-07.toml"
PAGE = (ROOT / "docs" / "how-to" / "kafka.md").read_text()


def blocks() -> list[str]:
    """The page's blocks of commands."""
    found: list[str] = re.findall(r"((?:^ {4}.+\n)+)", PAGE, re.MULTILINE)
    return found


def test_its_commands_run_as_they_stand(lone_broker: NewBroker, tmp_path: Path) -> None:
    ours = authority(tmp_path, "ca")
    told = Secured(server(tmp_path, ours), ours.file, scram={"operator": "a word"}, supers=("operator",))
    broker = lone_broker(secured=told)
    (tmp_path / "password").write_text("a word\n")
    script = "\n".join(blocks())
    for said, here in {
        "kafka-1.example:9093": broker.secured_bootstrap,
        ".toml\n": ".toml --replication 1\n",  # the page's cluster has three brokers, this one is alone
        "--json": "--replication 1 --json",
        "crash-2025-04-07.toml": str(VENUE),
    }.items():
        script = script.replace(said, here)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = [line for line in done.stdout.splitlines() if line.startswith(("Planned", "Done"))]
    assert said == ["Planned: create 22.", "Done: create 22.", "Done: nothing 22."]
    assert done.stdout.count('"action": "nothing"') == 22
