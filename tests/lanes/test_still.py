"""A pool that cannot go on stands still: the others go on, the page says why, and the process ends with a code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from flows.connectors.exits import ExitCode, answer
from flows.connectors.placement import keys_for
from flows.connectors.stop import STOP
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.health import Health
from flows.journal.codec import NoBatchError
from flows.journal.terms import JournalGapError
from flows.lanes import still, watch
from flows.lanes.audit import LaneGapError
from flows.lanes.market import NotRepeatedError
from flows.lanes.settings import Live
from flows.pool.pool import PoolStoppedError
from tests.connectors.telemetry.values import shown
from tests.lanes.processes import live

MAJORS, ALTS = "majors", "alts"


class Fails:
    """A reader and a step in one: gives or takes whatever comes, until it fails."""

    def __init__(self, error: Exception) -> None:
        self.error, self.calls, self.is_ended, self.is_closed = error, 0, False, False
        self.fails = False

    def read(self) -> list[str]:
        self.calls += 1
        if self.fails:
            raise self.error
        return ["item"]

    def apply(self, item: str) -> Iterator[str]:
        self.calls += 1
        yield item
        if self.fails:
            raise self.error

    def end(self) -> Iterable[str]:
        self.is_ended = True
        return ["end"]

    def snapshot(self) -> int:
        return self.calls

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A flow's name that nothing stands still of, with its health."""
    monkeypatch.setattr(still, "_WHY", {})
    monkeypatch.setattr(STOP, "is_set", lambda: False)
    name = f"still-{request.node.name}"
    monkeypatch.setitem(watch._OF, name, Health(name))
    return name


def readers(flow: str, of: Live, made: dict[str, Fails]) -> dict[str, still.StillReader]:
    keys = keys_for([MAJORS, ALTS])
    return {
        pool: still.StillReader(flow, of, lambda _, one=each: one, keys[pool]) for pool, each in made.items()
    }


REASONS: list[tuple[Exception, str]] = [
    (PoolStoppedError(MAJORS, 7, "cannot be applied"), "poison"),
    (NoBatchError("no Arrow stream"), "poison"),
    (JournalGapError("pool majors: record 9"), "gap"),
    (LaneGapError("pool majors: record 9"), "gap"),
    (NotRepeatedError("pool majors: states 4 on"), "unrepeated"),
]


@pytest.mark.parametrize(("error", "reason"), REASONS, ids=lambda each: type(each).__name__)
def test_a_step_that_cannot_go_on_takes_nothing_more(
    flow: str, tmp_path: Path, error: Exception, reason: str
) -> None:
    fails = Fails(error)
    step = still.StillStep(flow, live(tmp_path), lambda *_: fails, MAJORS, None)
    assert list(step.apply("first")) == ["first"]
    fails.fails = True
    with capture_logs() as logs:
        assert list(step.apply("second")) == [], "nothing of what it broke off at"
        assert list(step.apply("third")) == []
    assert fails.calls == 2
    assert list(step.end()) == []
    assert not fails.is_ended, "no checkpoint of a state that is half made"
    assert step.snapshot() == 2
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("pool stands still", reason)]
    assert shown("journal_stopped_bool", flow=flow, pool=MAJORS, reason=reason) == 1
    assert not watch._OF[flow].ready().well


def test_a_reader_that_cannot_go_on_beats_and_ends_when_it_is_asked_to(
    flow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {MAJORS: Fails(REASONS[2][0]), ALTS: Fails(REASONS[2][0])}
    both = readers(flow, live(tmp_path), made)
    made[MAJORS].fails = True
    assert both[MAJORS].read() == []
    for _ in range(3):
        assert both[MAJORS].read() == []
        assert both[ALTS].read() == ["item"], "the other pool goes on"
    assert made[MAJORS].calls == 1
    assert MAJORS in watch._OF[flow]._beats, "it stands, it does not hang"
    monkeypatch.setattr(STOP, "is_set", lambda: True)
    assert both[MAJORS].read() is None
    both[MAJORS].close()
    assert made[MAJORS].is_closed
    assert still.said(flow) == "pool majors: record 9"


def test_the_process_ends_once_every_pool_stands_still(flow: str, tmp_path: Path) -> None:
    made = {MAJORS: Fails(REASONS[0][0]), ALTS: Fails(JournalGapError("pool alts: record 3"))}
    both = readers(flow, live(tmp_path), made)
    for each in made.values():
        each.fails = True
    assert both[MAJORS].read() == []
    with pytest.raises(still.StandsStill) as caught:
        both[ALTS].read()
    wrapped = RuntimeError("error in step")
    wrapped.__cause__ = caught.value
    assert answer(wrapped) == (
        ExitCode.STILL,
        "pool alts: record 3; pool majors: entry 7 cannot be applied; the pool stops before it",
    )


def test_the_process_ends_once_a_skip_leads_on(flow: str, tmp_path: Path) -> None:
    class Leads(Fails):
        def may_go_on(self, item: str) -> bool:
            return item == "skip"

    fails = Leads(REASONS[0][0])
    step = still.StillStep(flow, live(tmp_path), lambda *_: fails, MAJORS, None)
    assert list(step.apply("skip")) == ["skip"]
    fails.fails = True
    assert list(step.apply("first")) == []
    assert list(step.apply("second")) == []
    with pytest.raises(still.StandsStill, match="the pool stops before it; its skip is signed: start again"):
        step.apply("skip")


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("another")], ids=repr)
def test_a_bug_ends_the_process_as_before(flow: str, tmp_path: Path, error: Exception) -> None:
    fails = Fails(error)
    fails.fails = True
    step = still.StillStep(flow, live(tmp_path), lambda *_: fails, MAJORS, None)
    with pytest.raises(type(error)):
        list(step.apply("first"))
    assert still.said(flow) == ""


def test_every_reason_is_on_the_page_from_the_start() -> None:
    assert set(still.REASONS.values()) == set(metrics.STOPS)


def test_a_step_without_an_end_has_none(flow: str, tmp_path: Path) -> None:
    class Endless:
        apply: Callable[[Any], list[Any]] = staticmethod(lambda item: [item])
        snapshot: Callable[[], int] = staticmethod(lambda: 0)

    step = still.StillStep(flow, live(tmp_path), lambda *_: Endless(), MAJORS, None)
    assert list(step.end()) == []
