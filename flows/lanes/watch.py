"""What an operator sees of a flow: its health, and how far its lanes are read. Nothing is decided here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from flows.connectors.kafka.inbox import Inbox
from flows.connectors.telemetry import begin as telemetry
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.health import Health
from flows.connectors.telemetry.progress import Lag
from flows.journal.arrivals import Arrived
from flows.journal.terms import Partition
from flows.lanes.every import Every
from flows.lanes.settings import Live

LOOK_S: Final = 1.0
"""How often lag is looked at."""

_OF: dict[str, Health] = {}


def begin(flow: str, live: Live, topics: Sequence[str]) -> None:
    """Logs, metrics at zero, the page: once a process."""
    _OF[flow] = telemetry.begin(flow, [pool.id for pool in live.venue.pools], topics)


class Reading:
    """One pool's reader: it beats, counts what it reads, and says how far behind it is."""

    def __init__(self, flow: str, pool: str) -> None:
        self.flow, self.pool = flow, pool
        self.health = _OF.get(flow)
        self.due = Every(LOOK_S)
        self.lags: dict[Partition, Lag] = {}

    def beat(self) -> None:
        """It was called."""
        if self.health is not None:
            self.health.beat(self.pool)

    def started(self) -> None:
        """It takes records."""
        if self.health is not None:
            self.health.started()

    def read(self, inbox: Inbox, taken: Mapping[Partition, Sequence[Arrived]]) -> None:
        """Records were taken; now and then, how many wait."""
        for at, records in taken.items():
            metrics.input_records(self.flow, inbox.name(at)).inc(len(records))
            metrics.input_bytes(self.flow, inbox.name(at)).inc(sum(len(each.value) for each in records))
        if self.due.is_due():
            self._look(inbox)

    def _look(self, inbox: Inbox) -> None:
        now, behind = time.time_ns(), 0.0
        for at, position in inbox.positions.items():
            if at not in self.lags:
                self.lags[at] = Lag(self.flow, inbox.name(at), str(at[1]))
            end = max(inbox.end_seen(at), position + len(inbox.waiting[at]))
            behind = max(behind, self.lags[at].read(position, end, inbox.stamped_ns.get(at, now), now))
        if self.health is not None:
            self.health.behind(self.pool, behind)
