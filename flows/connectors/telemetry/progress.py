"""How far a flow has come: event time beside the wall's, and what waits unread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from flows.connectors.telemetry import metrics

SECOND_NS = 1_000_000_000


class EventClock:
    """A pool's event time as one flow sees it."""

    def __init__(self, flow: str, pool: str, wall: Callable[[], float] = time.time) -> None:
        """Nothing was heard yet."""
        self.wall = wall
        self.latest_ns = 0
        self.skew_s = math.inf  # how far event time was behind the wall when it last moved on
        self._event = metrics.clock_event(flow, pool)
        self._moved = metrics.clock_moved(flow, pool)
        self._skew = metrics.clock_skew(flow, pool)
        self._setbacks = metrics.clock_setbacks(flow, pool)

    def resume(self, time_ns: int) -> None:
        """Go on from the last clock that an earlier start had heard."""
        self.latest_ns = max(self.latest_ns, time_ns)
        self._event.set(self.latest_ns / SECOND_NS)

    def tick(self, time_ns: int) -> bool:
        """A clock was read; whether event time moves on with it. One that says the same again is a repeat."""
        if time_ns <= self.latest_ns:
            if time_ns < self.latest_ns:
                self._setbacks.inc()
            return False
        self.latest_ns = time_ns
        now_s, event_s = self.wall(), time_ns / SECOND_NS
        self._event.set(event_s)
        self._moved.set(now_s)
        self.skew_s = now_s - event_s
        self._skew.set(self.skew_s)
        return True


class Lag:
    """How far a flow is behind on one lane of a topic."""

    def __init__(self, flow: str, topic: str, lane: str) -> None:
        """Nothing was read yet."""
        self._records = metrics.input_lag(flow, topic, lane)
        self._seconds = metrics.input_lag_seconds(flow, topic, lane)

    def read(self, position: int, end: int, last_ns: int, now_ns: int) -> float:
        """After a read: the next offset, the offset of the lane's end, the time of the last record read, and now.

        Both times are of one clock; the seconds are returned, for `Health.behind`.
        """
        unread = max(0, end - position)
        seconds = max(0, now_ns - last_ns) / SECOND_NS if unread else 0.0
        self._records.set(unread)
        self._seconds.set(seconds)
        return seconds
