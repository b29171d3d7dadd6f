"""A recording with one bad line in a hundred ends, counts each by its reason, and decides what the clean lines decide."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flows import replay
from flows.audit import letters_of
from flows.connectors import clickhouse
from flows.recording import files
from schemas.dead_letter import RAW_BYTES_KEPT, Reason
from tests.system import database, short
from tests.system.short import TOPICS, Short
from tests.system.spoil import KINDS, Spoilt, spoil


@pytest.fixture(scope="module")
def spoilt(fall: Short, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    return spoil(fall, tmp_path_factory.mktemp("spoilt"), seed=7)


def run(of: Short, out: Path, **settings: Any) -> replay.Done:
    """Replay a recording whose account topics lie ready."""
    shutil.copytree(of.topics, out / replay.TOPICS)
    return replay.execute(short.asked(of, out, **settings), replay.unheard)


@pytest.fixture(scope="module")
def clean(spoilt: Spoilt, tmp_path_factory: pytest.TempPathFactory) -> replay.Done:
    return run(spoilt.clean, tmp_path_factory.mktemp("clean") / "run", plain=True)


@pytest.fixture(scope="module")
def reasons(spoilt: Spoilt, clean: replay.Done) -> dict[str, int]:
    """What must be counted. A spoilt deposit opens no account, so the clean lines have dead letters of their own."""
    refused = {(letter["topic"], letter["raw_bytes"], letter["offset"]) for letter in letters(clean)}
    own = Counter(clean.summary["dead_letters"])
    told_twice: Counter[str] = Counter()
    for topic, repeats in spoilt.repeats.items():
        lines = list(files.read_lines(spoilt.clean.file(topic)))
        again = [(topic, len(line), place) for place, line in enumerate(lines) if line in set(repeats)]
        for each in again:
            told_twice[Reason.UNKNOWN_ACCOUNT if each in refused else Reason.DUPLICATE] += 1
    return dict(spoilt.reasons + own + told_twice)


def letters(done: replay.Done) -> list[dict[str, Any]]:
    """A run's dead letters."""
    return [json.loads(line) for pool in done.run.venue.pools for line in letters_of(done.run, pool.id)]


def test_there_is_a_bad_line_of_every_kind_in_every_topic(spoilt: Spoilt, clean: replay.Done) -> None:
    assert spoilt.reasons.total() >= spoilt.lines // 100
    assert min(spoilt.reasons.values()) > 0
    assert spoilt.reasons[Reason.TOO_LARGE] == len(TOPICS)
    assert len(KINDS) == 9
    assert clean.summary["event_counts"]["liquidation-fill"] > 0


@pytest.mark.parametrize(
    "settings",
    [{"plain": True}, {"workers": 2, "slice_records": 1_000}],
    ids=["plain", "two-workers"],
)
def test_bad_lines_are_counted_and_decide_nothing(
    spoilt: Spoilt, clean: replay.Done, reasons: dict[str, int], tmp_path: Path, settings: dict[str, Any]
) -> None:
    done = run(spoilt.bad, tmp_path / "run", database=True, **settings)
    assert done.summary["dead_letters"] == dict(sorted(reasons.items()))
    assert done.summary["events_sha256"] == clean.summary["events_sha256"]
    assert done.summary["journal_entries"] == clean.summary["journal_entries"]
    for pool in done.run.venue.pools:
        assert short.event_rows(done.run, pool.id).tobytes() == short.event_rows(clean.run, pool.id).tobytes()
    counted = "select reason, count() from dead_letters group by reason"
    assert dict(database.asked(done.run.folder / clickhouse.FOLDER, counted)) == reasons


def test_a_dead_letter_names_its_line(spoilt: Spoilt, tmp_path: Path) -> None:
    done = run(spoilt.bad, tmp_path / "run", plain=True)
    lines = {topic: list(files.read_lines(spoilt.bad.file(topic))) for topic in TOPICS}
    for letter in letters(done):
        line = lines[letter["topic"]][letter["offset"]]
        assert letter["raw_bytes"] == len(line)
        assert len(letter["raw"]) <= RAW_BYTES_KEPT * 4 // 3 + 4
