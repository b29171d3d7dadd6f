"""Event time beside the wall's, and lag."""

from __future__ import annotations

from flows.connectors.telemetry.progress import EventClock, Lag
from tests.connectors.telemetry.values import shown

SECOND = 1_000_000_000


def test_the_event_clock_tells_how_far_it_is_behind_the_wall() -> None:
    clock = EventClock("intake", "skew", wall=lambda: 1_003.5)
    assert clock.tick(1_000 * SECOND)
    of = {"flow": "intake", "pool": "skew"}
    assert shown("clock_event_timestamp_seconds", **of) == 1_000
    assert shown("clock_moved_timestamp_seconds", **of) == 1_003.5
    assert shown("clock_skew_seconds", **of) == 3.5
    assert shown("clock_setbacks_total", **of) == 0


def test_a_clock_set_back_is_counted_and_moves_nothing() -> None:
    clock = EventClock("intake", "back", wall=lambda: 2_000.0)
    told = [clock.tick(at * SECOND) for at in (100, 101, 50, 51, 101, 102)]
    assert told == [True, True, False, False, False, True]
    of = {"flow": "intake", "pool": "back"}
    assert shown("clock_setbacks_total", **of) == 2, "the second 101 is a repeat, no setback"
    assert shown("clock_event_timestamp_seconds", **of) == 102


def test_a_clock_that_was_set_back_while_nobody_listened_is_counted() -> None:
    clock = EventClock("intake", "resumed", wall=lambda: 2_000.0)
    clock.resume(100 * SECOND)
    of = {"flow": "intake", "pool": "resumed"}
    assert shown("clock_event_timestamp_seconds", **of) == 100
    assert [clock.tick(at * SECOND) for at in (90, 100, 101)] == [False, False, True]
    assert shown("clock_setbacks_total", **of) == 1
    assert clock.skew_s == 1_899


def test_lag_in_records_and_seconds() -> None:
    lag = Lag("intake", "fills", "3")
    of = {"flow": "intake", "topic": "fills", "lane": "3"}
    assert lag.read(position=40, end=100, last_ns=7 * SECOND, now_ns=9 * SECOND) == 2.0
    assert shown("input_lag_records", **of) == 60
    assert shown("input_lag_seconds", **of) == 2
    assert lag.read(position=100, end=100, last_ns=7 * SECOND, now_ns=900 * SECOND) == 0.0
    assert shown("input_lag_records", **of) == 0
    assert shown("input_lag_seconds", **of) == 0, "an idle lane is not late"
