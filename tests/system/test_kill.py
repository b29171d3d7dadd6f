"""kill -9 at random moments of the real process, then the same command: the same hashes, and every row once."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from flows import replay
from flows.connectors import clickhouse
from flows.connectors.settings import CHECKPOINTS, SUMMARY
from tests.system import database, process, short
from tests.system.short import ACCOUNTS, Short
from tests.system.spoil import spoil

KILLS = 6
"""At as many places of the journal; and one more in the first second of a start, one while the end is made up."""

SEED = int(os.environ.get("MARGINLINE_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
"""Other moments every time; a failure prints its seed."""

WAYS = {"plain": [["--plain"]], "bytewax": [["--workers", "1"], ["--workers", "2"]]}
"""What the starts of a run say in turn: on bytewax the pools move between workers."""


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


def kill_at(command: list[str], happened: Callable[[], bool]) -> None:
    """Start it, and kill it once something has happened."""
    with process.started(command) as running:
        assert process.until(running, happened), process.end_of(running)
        running.kill()
        running.communicate()


def moments(out: Path, length: int, dice: random.Random) -> list[Callable[[], bool]]:
    """Moments to kill at: as the journal grows past random lengths, early in a start, and after its last byte."""
    places = sorted(dice.randrange(length) for _ in range(KILLS))
    found: list[Callable[[], bool]] = [partial(_is_long, out, place, []) for place in places]
    found.insert(dice.randrange(1, KILLS), partial(_is_later, time.monotonic, dice.uniform(0.1, 1.5), []))
    return [*found, partial(_stands_still, out, [])]


def _is_long(out: Path, length: int, first: list[Mapping[str, int]]) -> bool:
    """Whether this start has written, and so cut back what the last one left, and got beyond the length."""
    now = process.sizes(out)
    first[:] = first or [now]
    return now != first[0] and sum(now.values()) >= length


def _is_later(clock: Callable[[], float], seconds: float, began: list[float]) -> bool:
    began[:] = began or [clock()]
    return clock() >= began[0] + seconds


def _stands_still(out: Path, seen: list[tuple[float, int]]) -> bool:
    """No byte more for a while: all is written, what is left is the database and the summary."""
    now, length = time.monotonic(), sum(process.sizes(out).values())
    if not seen or seen[-1][1] != length:
        seen.append((now, length))
    return len(seen) > 2 and now - seen[-1][0] > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_kills_change_nothing(bad: Short, undisturbed: replay.Done, tmp_path: Path, way: str) -> None:
    print(f"MARGINLINE_KILL_SEED={SEED}")
    out = tmp_path / "run"
    shutil.copytree(bad.topics, out / replay.TOPICS)
    arguments = ["replay", str(bad.folder), "--accounts", str(ACCOUNTS), "--out", str(out), "--slice", "200"]
    commands = cycle(process.marginline([*arguments, *more]) for more in WAYS[way])
    length = sum(process.sizes(undisturbed.run.folder).values())
    for happened in moments(out, length, random.Random(f"{SEED} {way}")):
        assert not (out / SUMMARY).exists(), "killed before it was whole"
        kill_at(next(commands), happened)
    if not (out / SUMMARY).exists():
        ended = process.ended(next(commands))
        assert ended.code == 0, ended
    summary = json.loads((out / SUMMARY).read_bytes())
    assert short.without_clock(summary) == short.without_clock(undisturbed.summary)
    database.assert_holds_once(out / clickhouse.FOLDER, summary, undisturbed)
    assert len(list((out / CHECKPOINTS).iterdir())) > 0
