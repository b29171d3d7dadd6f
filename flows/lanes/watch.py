"""What an operator sees of a flow: its health, and how far its lanes are read. Nothing is decided here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from flows.connectors.kafka.inbox import Inbox
from flows.connectors.telemetry import begin as telemetry
from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.health import Health
from flows.connectors.telemetry.progress import Lag
from flows.journal.arrivals import Arrived
from flows.journal.terms import Partition, Standing, Verdict, judge
from flows.lanes.every import Every
from flows.lanes.settings import Live

LOOK_S: Final = 1.0
"""How often lag is looked at."""

WARN_S: Final = 30.0
"""How often it is said that records are passed over."""

JOURNAL: Final = "journal"

_OF: dict[str, Health] = {}

log = structlog.get_logger()


def begin(flow: str, live: Live, topics: Sequence[str]) -> None:
    """Logs, metrics at zero, the page: once a process."""
    _OF[flow] = telemetry.begin(flow, [pool.id for pool in live.venue.pools], topics)


def beat(flow: str, pool: str) -> None:
    """A pool's part of the flow was called."""
    if flow in _OF:
        _OF[flow].beat(pool)


def stands_still(flow: str, pool: str, why: str) -> None:
    """A pool's part of the flow takes nothing up any more."""
    if flow in _OF:
        _OF[flow].stands_still(pool, why)


class Judge:
    """Tells which records of a pool's lane count, and of what is news what did not."""

    def __init__(self, flow: str, topic: str, pool: str) -> None:
        self.flow, self.topic, self.pool = flow, topic, pool
        self.news_from = 0  # records before were judged by an earlier start
        self.warn = Every(WARN_S)
        self.is_warned = False

    def counts(self, standing: Standing, each: Arrived) -> bool:
        """Whether a record counts; then it is the last of the standing. JournalGapError."""
        return self.verdict(standing, each) is Verdict.COUNTS

    def verdict(self, standing: Standing, each: Arrived) -> Verdict:
        """What a record is."""
        verdict = judge(standing, self.pool, each.offset, each.value)
        if each.offset >= self.news_from:
            self._tell(standing, verdict, each.offset)
        return verdict

    def _tell(self, standing: Standing, verdict: Verdict, record: int) -> None:
        if verdict is Verdict.FOREIGN:
            self.foreign(record)
        elif verdict is Verdict.DROPPED:
            metrics.dropped_batches(self.flow, self.pool).inc()
        elif verdict is Verdict.CLAIM and self.topic == JOURNAL:
            metrics.journal_term(self.flow, self.pool).set(standing.term)

    def foreign(self, record: int) -> None:
        """A record that none of the flows wrote is passed over; many of them are told of now and then."""
        metrics.foreign(self.flow, self.topic).inc()
        if not self.is_warned or self.warn.is_due():
            self.is_warned = True
            log.warning(
                "passed over: no batch of this pool",
                flow=self.flow,
                pool=self.pool,
                topic=self.topic,
                record=record,
            )


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
