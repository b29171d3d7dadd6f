"""One recording, many ways: plain loop or bytewax, workers, slices, a stop anywhere. The same rows, to the byte."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import clearing, replay
from flows.connectors import blocks, clickhouse, engine
from flows.connectors.settings import CHECKPOINTS, SUMMARY
from flows.journal import events as ev
from tests.system import database, short
from tests.system.short import Short

WAYS: dict[str, dict[str, Any]] = {
    "plain-500": {"plain": True, "slice_records": 500},
    "plain-50000": {"plain": True, "slice_records": 50_000},
    "one-worker": {},
    "one-worker-500": {"slice_records": 500},
    "two-workers": {"workers": 2},
    "two-workers-5000": {"workers": 2, "slice_records": 5_000},
    "three-workers-50000": {"workers": 3, "slice_records": 50_000},
}


class CrashError(Exception):
    """Raised in the middle of a run, as far as a process can do that to itself."""


class Heard:
    """Counts the entries that were added."""

    def __init__(self) -> None:
        self.entries = 0

    def __call__(self, _time_ns: int, entries: int) -> None:
        self.entries += entries


class Crash:
    """Breaks a run off once it has added so many entries."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, _time_ns: int, entries: int) -> None:
        self.left -= entries
        if self.left < 0:
            raise CrashError


def assert_same(done: replay.Done, whole: replay.Done) -> None:
    """The same rows of every file, and so the same hashes and figures."""
    for pool in whole.run.venue.pools:
        rows, texts = short.journal_rows(done.run, pool.id)
        expected, expected_texts = short.journal_rows(whole.run, pool.id)
        assert rows.tobytes() == expected.tobytes()
        assert texts == expected_texts
        assert short.event_rows(done.run, pool.id).tobytes() == short.event_rows(whole.run, pool.id).tobytes()
    assert short.without_clock(done.summary) == short.without_clock(whole.summary)


def crash(fall: Short, out: Path, after: int, **settings: Any) -> None:
    """Run until so many entries have been added, and no further."""
    with pytest.raises((CrashError, RuntimeError)) as caught:  # bytewax wraps what a step raises
        replay.execute(short.asked(fall, out, **settings), Crash(after))
    error: BaseException | None = caught.value
    while not isinstance(error, CrashError):
        assert error is not None, caught.value
        error = error.__cause__
    assert not (out / SUMMARY).exists()


def test_the_short_fall_has_something_to_differ_in(whole: replay.Done) -> None:
    counts = whole.summary["event_counts"]
    for kind in (ev.LIQUIDATION_FILL, ev.OFFER_FILL, ev.TAKEOVER, ev.BANKRUPT, ev.ADL, ev.FUNDING):
        assert counts[ev.TYPE_NAMES[kind]] > 0
    assert all(each["ok"] for each in whole.summary["value_conserved"].values())
    assert whole.summary["positions_zero_sum"]
    assert whole.summary["dead_letters"] == {}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_rows(fall: Short, whole: replay.Done, tmp_path: Path, way: str) -> None:
    done = replay.execute(short.asked(fall, tmp_path / "run", **WAYS[way]), replay.unheard)
    assert_same(done, whole)


@pytest.mark.parametrize("way", ["plain", "one-worker", "two-workers"])
def test_a_stop_anywhere_changes_nothing(
    fall: Short, whole: replay.Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(engine, "EPOCH", timedelta(milliseconds=5))
    monkeypatch.setattr(replay, "PLAIN_CUT_SLICES", 3)
    settings = {"plain": {"plain": True}, "one-worker": {}, "two-workers": {"workers": 2}}[way]
    for after in (1, 12_000, 9_000, 6_000):
        crash(fall, tmp_path / "run", after, slice_records=500, **settings)
    heard = Heard()
    done = replay.execute(short.asked(fall, tmp_path / "run", slice_records=500, **settings), heard)
    assert_same(done, whole)
    assert 0 < heard.entries < whole.summary["journal_entries"] * 3 // 4, "it went on, and did not begin anew"


def test_a_run_may_go_on_in_another_way(
    fall: Short, whole: replay.Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are cut back and grow anew with other frames: neither way's stale cut nor the audit beside is misled."""
    monkeypatch.setattr(blocks, "BLOCK_ENTRIES", 1_500)
    out = tmp_path / "run"
    crash(fall, out, 20_000, plain=True, slice_records=200, database=True)
    crash(fall, out, 9_000, slice_records=500, database=True)
    crash(fall, out, 15_000, plain=True, slice_records=300, database=True)
    assert (out / replay.CUT).exists()
    asked = short.asked(fall, out, workers=2, slice_records=700, database=True)
    assert_same(replay.execute(asked, replay.unheard), whole)
    database.assert_holds_once(out / clickhouse.FOLDER, whole.summary, whole)


def damage(path: Path) -> None:
    """Flip one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "harm", ["none", "newest damaged", "newest gone", "newest empty", "all damaged", "all gone"]
)
def test_a_lost_checkpoint_costs_time_only(
    fall: Short,
    whole: replay.Done,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    harm: str,
) -> None:
    monkeypatch.setattr(clearing, "CHECKPOINT_ENTRIES", 2_000)
    monkeypatch.setattr(replay, "PLAIN_CUT_SLICES", 5)
    out, settings = tmp_path / "run", {"plain": True, "slice_records": 300}
    crash(fall, out, 24_000, **settings)
    for pool in whole.run.venue.pools:
        kept = sorted((out / CHECKPOINTS).glob(f"{pool.id}-*"), key=_offset)
        assert len(kept) == clearing.KEPT
        for path in kept if harm.startswith("all") else kept[-1:]:
            if harm.endswith("damaged"):
                damage(path)
            elif harm.endswith("gone"):
                path.unlink()
            elif harm.endswith("empty"):
                path.write_bytes(b"")
    capsys.readouterr()
    done = replay.execute(short.asked(fall, out, **settings), replay.unheard)
    told = capsys.readouterr().out.count("checkpoint not used")
    assert (told > 0) == harm.endswith(("damaged", "empty"))
    assert_same(done, whole)


def _offset(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
