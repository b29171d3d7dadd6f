"""Checkpoints: the newest one that serves is found, whatever became of the others, and what was wrong is told."""

from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from flows.connectors.checkpoints import KEPT, Checkpoints
from flows.connectors.errors import RunError
from tests.connectors.telemetry.values import shown


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "state", "clearing", "usd")


def path(of: Checkpoints, place: int) -> Path:
    """The file of a checkpoint."""
    [found] = of.folder.glob(f"{of.flow}-{of.pool}-*{place}.checkpoint")
    return found


def found(of: Checkpoints, at_most: int = 1 << 40) -> tuple[Any, list[str]]:
    """What `newest` gives, and what it says to the log."""
    with capture_logs() as logs:
        answer = of.newest(at_most)
    return answer, [f"{entry.get('place', '')} {entry.get('why', entry['event'])}".strip() for entry in logs]


def test_the_newest_at_or_before_a_place(kept: Checkpoints) -> None:
    for place in (3, 70, 500):
        kept.save(place, {"at": place})
    assert kept.places() == [3, 70, 500]
    assert found(kept) == ((500, {"at": 500}), [])
    assert found(kept, 500) == ((500, {"at": 500}), [])
    assert found(kept, 499) == ((70, {"at": 70}), [])
    assert found(kept, 2) == (None, []), "none so early is no trouble: it is a first start"


def test_there_are_none(kept: Checkpoints) -> None:
    assert found(kept) == (None, [])
    assert kept.places() == []


def test_a_few_are_kept(kept: Checkpoints) -> None:
    for place in range(KEPT + 3):
        kept.save(place, place)
    assert kept.places() == [3, 4, 5, 6, 7]


def test_another_flow_and_a_pool_of_a_longer_name_keep_their_own(tmp_path: Path) -> None:
    all_of = [
        Checkpoints(tmp_path, flow, pool)
        for flow, pool in (("clearing", "usd"), ("clearing", "usd-2"), ("intake", "usd"), ("clearing", "sd"))
    ]
    for number, each in enumerate(all_of):
        each.save(number, each.pool)
        for place in range(100 * number, 100 * number + KEPT):
            each.save(place, each.pool)
    for number, each in enumerate(all_of):
        assert each.places() == list(range(100 * number, 100 * number + KEPT))
        assert found(each) == ((100 * number + KEPT - 1, each.pool), [])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: b"", "its hash does not match"),
        (lambda data: data[:20], "its hash does not match"),
        (lambda data: data[:-1], "its hash does not match"),
        (lambda data: data + b"x", "its hash does not match"),
        (lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], "its hash does not match"),
        (lambda data: bytes([data[0] ^ 1]) + data[1:], "its hash does not match"),
    ],
    ids=["empty", "half_a_hash", "cut", "longer", "a_bit_of_the_body", "a_bit_of_the_hash"],
)
def test_a_damaged_one_is_passed_over_aloud(kept: Checkpoints, damage: Any, why: str) -> None:
    kept.save(1, ["one"])
    kept.save(2, ["two"])
    path(kept, 2).write_bytes(damage(path(kept, 2).read_bytes()))
    assert found(kept) == ((1, ["one"]), [f"2 {why}"])
    path(kept, 1).write_bytes(b"")
    answer, said = found(kept)
    assert answer is None
    assert said == [
        f"2 {why}",
        "1 its hash does not match",
        "no checkpoint serves; from the lane's beginning",
    ]


def test_one_that_another_version_wrote_is_passed_over_aloud(kept: Checkpoints) -> None:
    kept.save(1, "one")
    kept.save(2, "two")
    body = b"cflows.pool.gone\nClass\n."
    path(kept, 2).write_bytes(hashlib.sha256(body).digest() + body)
    answer, [said] = found(kept)
    assert answer == (1, "one")
    assert said.startswith("2 No module named 'flows.pool.gone'")


def test_one_that_cannot_be_read_is_passed_over_aloud(kept: Checkpoints) -> None:
    kept.save(1, "one")
    kept.save(2, "two")
    file = path(kept, 2)
    file.unlink()
    file.mkdir()
    answer, [said] = found(kept)
    assert answer == (1, "one")
    assert "Is a directory" in said


def test_a_save_that_broke_off_leaves_the_former_ones(kept: Checkpoints) -> None:
    kept.save(1, "one")
    with pytest.raises(TypeError):
        kept.save(2, threading.Lock())
    assert found(kept) == ((1, "one"), [])


def test_a_folder_that_is_gone_is_told_by_whoever_joins(kept: Checkpoints) -> None:
    kept.save_beside(1, lambda: "one")
    kept.join()
    path(kept, 1).unlink()
    kept.folder.rmdir()
    kept.save_beside(2, lambda: "two")
    with pytest.raises(RunError, match="cannot be written"):
        kept.join()
    kept.join()
    kept.folder.mkdir()
    kept.save(3, "three")
    assert found(kept) == ((3, "three"), [])


class Slow:
    """A state that is written only once it may be."""

    def __init__(self, may: threading.Event, says: str) -> None:
        self.may, self.says = may, says

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        assert self.may.wait(20)
        return str, (self.says,)


def test_beside_means_that_nobody_waits(kept: Checkpoints) -> None:
    may = threading.Event()
    asked: list[int] = []

    def make(place: int) -> Slow:
        asked.append(place)
        return Slow(may, f"at {place}")

    kept.save_beside(1, lambda: make(1))
    kept.save_beside(2, lambda: make(2))  # the first is still being written: this one is left out
    assert asked == [1]
    assert kept.places() == []
    may.set()
    kept.join()
    kept.save_beside(3, lambda: make(3))
    kept.save(4, "at 4")
    assert asked == [1, 3]
    assert kept.places() == [1, 3, 4]
    assert found(kept, 3) == ((3, "at 3"), [])


def test_a_copy_is_taken_before_the_state_goes_on(kept: Checkpoints) -> None:
    state = [1, 2]
    kept.save_beside(1, lambda: list(state))
    state.append(3)
    kept.join()
    assert found(kept) == ((1, [1, 2]), [])


def shows(of: Checkpoints, name: str) -> float:
    return shown(f"checkpoint_{name}", flow=of.flow, pool=of.pool)


def test_what_a_checkpoint_took_is_shown(tmp_path: Path) -> None:
    of = Checkpoints(tmp_path, "clearing", "shown")
    before_s = time.time()
    of.save(7_000, {"at": 7_000}, length=12)
    assert shows(of, "position_entries") == 12
    assert shows(of, "bytes") == path(of, 7_000).stat().st_size
    assert before_s <= shows(of, "timestamp_seconds") <= time.time()
    assert 0 < shows(of, "duration_seconds") < 60
    of.save_beside(7_001, lambda: {"at": 7_001})
    of.join()
    assert shows(of, "position_entries") == 7_001, "a place that is a count of entries says it itself"
    path(of, 7_001).write_bytes(b"")
    assert found(of)[0] == (7_000, {"at": 7_000})
    assert shows(of, "faults_total") == 1
