"""Started, ready, live: what each says, and when."""

from __future__ import annotations

import itertools
import time

from flows.connectors.telemetry.health import Health
from tests.connectors.telemetry.values import shown

NAMES = (f"health-{number}" for number in itertools.count())


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Health, Watch]:
    watch = Watch()
    return Health(next(NAMES), clock=watch), watch


def test_a_flow_that_loads_its_state_is_neither_started_nor_ready_nor_dead() -> None:
    health, watch = made()
    watch.now += 3_600
    assert not health.startup().well
    assert not health.ready().well
    assert health.live().well
    health.started()
    assert health.startup().well
    assert health.ready().well


def test_a_started_flow_that_never_beats_hangs() -> None:
    health, watch = made()
    health.started()
    watch.now += 30
    assert health.live().well
    watch.now += 1
    assert health.live() == (False, f"{health.flow} has been silent for 31 s, at most 30")


def test_one_silent_part_is_enough() -> None:
    health, watch = made()
    health.started()
    health.beat("alts")
    health.beat("majors")
    watch.now += 40
    health.beat("majors")
    assert health.live() == (False, "alts has been silent for 40 s, at most 30")
    health.beat("alts")
    assert health.live().well


def test_a_part_that_ended_is_not_missed() -> None:
    health, watch = made()
    health.started()
    health.beat("alts")
    health.beat("majors")
    health.behind("alts", 100)
    health.forget("alts")
    watch.now += 20
    health.beat("majors")
    watch.now += 20
    assert health.live().well
    assert health.ready().well


def test_ready_is_caught_up_within_the_bound() -> None:
    health, _ = made()
    health.started()
    health.behind("majors", 5.0)
    assert health.ready().well
    health.behind("alts", 5.1)
    assert health.ready() == (False, "alts is 5.1 s behind, at most 5")
    health.behind("alts", 0.0)
    assert health.ready() == (True, f"{health.flow} is ready")


def test_both_are_metrics() -> None:
    health, watch = made()
    assert shown("flow_ready_bool", flow=health.flow) == 0
    health.started()
    health.beat("majors")
    watch.now += 12
    assert shown("flow_ready_bool", flow=health.flow) == 1
    assert abs(time.time() - 12 - shown("flow_beat_timestamp_seconds", flow=health.flow)) < 1


def test_a_part_that_stands_still_lives_and_is_not_ready() -> None:
    health, watch = made()
    health.stands_still("majors", "entry 7 cannot be applied")
    assert health.startup().well, "it is not waited for"
    health.beat("majors")
    watch.now += 20
    health.behind("majors", 0)
    assert health.live().well
    assert health.ready() == (False, "majors stands still: entry 7 cannot be applied")
