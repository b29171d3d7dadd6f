"""kill -9 at random moments of the real process, then the same command: the same hashes, and every row once."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from flows import replay
from flows.connectors import clickhouse
from flows.connectors.settings import CHECKPOINTS
from tests.system import database, process, short
from tests.system.short import ACCOUNTS, Short
from tests.system.spoil import spoil

KILLS = 8
SEED = int(os.environ.get("MARGINLINE_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
"""Other moments every time; a failure prints its seed."""

WAYS = {"plain": ["--plain"], "one-worker": [], "two-workers": ["--workers", "2"]}


@pytest.fixture(scope="module")
def bad(fall: Short, whole: replay.Done, tmp_path_factory: pytest.TempPathFactory) -> Short:
    """The fall with bad lines in it, so that there are dead letters to lose; ``whole`` has compiled the kernels."""
    assert whole.summary["dead_letters"] == {}
    return spoil(fall, tmp_path_factory.mktemp("spoilt"), seed=11).bad


@pytest.fixture(scope="module")
def undisturbed(bad: Short, tmp_path_factory: pytest.TempPathFactory) -> replay.Done:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    shutil.copytree(bad.topics, out / replay.TOPICS)
    return replay.execute(short.asked(bad, out, plain=True), replay.unheard)


def killed(command: list[str], out: Path, dice: random.Random, *, early: bool) -> bool:
    """Start it and kill it, in its first second or some time after it has begun to write; whether it was killed."""
    with process.started(command) as running:
        if early:
            time.sleep(dice.uniform(0, 1.5))
        else:
            before = process.sizes(out)
            process.until(running, lambda: process.sizes(out) != before)
            time.sleep(dice.uniform(0, 0.5))
        was_running = running.poll() is None
        running.kill()
        running.communicate()
    return was_running


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_kills_change_nothing(bad: Short, undisturbed: replay.Done, tmp_path: Path, way: str) -> None:
    print(f"MARGINLINE_KILL_SEED={SEED}")
    dice = random.Random(f"{SEED} {way}")
    out = tmp_path / "run"
    shutil.copytree(bad.topics, out / replay.TOPICS)
    arguments = ["replay", str(bad.folder), "--accounts", str(ACCOUNTS), "--out", str(out), "--slice", "150"]
    command = process.marginline([*arguments, *WAYS[way]])
    kills = 0
    for turn in range(KILLS):
        kills += killed(command, out, dice, early=turn % 4 == 1)
        if (out / replay.SUMMARY).exists():
            break
    assert kills >= 6, "the run is too short for its kills"
    if not (out / replay.SUMMARY).exists():
        ended = process.ended(command)
        assert ended.code == 0, ended
    summary = json.loads((out / replay.SUMMARY).read_bytes())
    assert comparable(summary) == comparable(undisturbed.summary)
    database.assert_holds_once(out / clickhouse.FOLDER, summary, undisturbed)
    assert len(list((out / CHECKPOINTS).iterdir())) > 0


def comparable(summary: dict[str, Any]) -> dict[str, Any]:
    """What two runs of one recording share."""
    return {key: value for key, value in summary.items() if key not in {"wall_s", "entries_per_s"}}
