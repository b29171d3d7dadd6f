"""The page on giving orders, done as it says: its commands, in their order, in a folder with a venue of one's own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from tests.docs.test_commands import ROOT, shown
from tests.lanes.memory import Memory

PAGE = ROOT / "docs" / "how-to" / "give-orders.md"


def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    memory = Memory().install(monkeypatch)
    venue = (ROOT / "venues" / "crash-2025-04-07.toml").read_text()
    Path("venue.toml").write_text(venue)
    lines = [line for line in shown(PAGE) if len(line.split()) > 3]
    assert len(lines) == 7
    outputs = {}
    for line in lines:
        answer = CliRunner().invoke(app, shlex.split(line)[1:])
        assert answer.exit_code == 0, (line, answer.output)
        outputs[line.split()[2]] = answer.stdout
        if line.startswith("marginline command key"):
            # "puts the line that it prints into the file"
            venue = re.sub(r'^risk = ".*"$', answer.stdout.strip(), venue, flags=re.MULTILINE)
            Path("venue.toml").write_text(venue)
            changed = venue.replace("version = 1", "version = 2", 1).replace(
                'call = "125 %"', 'call = "120 %"', 1
            )
            Path("new.toml").write_text(changed)
    assert len(memory.logs["commands", 0]) == 1
    told = re.search(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert told is not None
    for line, real in zip(told[1].splitlines(), outputs["show"].splitlines(), strict=True):
        name = line.split()[0]
        if name in {"id", "expires"}:  # of the moment
            assert real.split()[0] == name
        else:
            assert real == line
