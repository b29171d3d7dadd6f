"""Every metric, defined once: its name, its labels, what it says. docs/reference/metrics.md is written from this page.

    metrics.journal_entries("intake", "usdt", "fill").inc(count)

Called with its labels' values, a metric gives the child that holds them, the same each time: bind it outside of a hot
loop. Names end in their unit, base units only; counters end in ``_total``. Label values come from closed lists (flows,
topics, pools, markets, reasons): an account's id is never one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from schemas.dead_letter import Reason

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series a counter that says what `start` says

PREFIX: Final = "marginline_"
UNITS: Final = ("seconds", "records", "entries", "bytes", "quanta", "accounts", "number", "bool", "info")
"""What a metric's name may end in, beside ``total``; ``bool`` is 0 or 1, ``info`` always 1."""

STOPS: Final = ("gap", "poison", "unrepeated")
"""Why a pool may stand still: entries are missing before the next one, the next one cannot be applied, or a start made
other market-states of the same records than are published."""

GAP, POISON, UNREPEATED = STOPS

LANES: Final = ("market-state", "journal", "events")
"""Topics of batches, which flows alone write to."""

BEARERS: Final = ("fund", "floor", "winners", "traders")
"""Who bears a deficit, in this order (R-K, L, M)."""

REGISTRY: Final = CollectorRegistry()
"""All of this process: a flow's metrics, and the process's own memory, processor time, open files and start (so a
restart is a change of ``process_start_time_seconds``)."""

ProcessCollector(registry=REGISTRY)

Child = TypeVar("Child", Counter, Gauge, Histogram)


class Metric(Generic[Child]):
    """One metric; called with its labels' values it gives the child."""

    def __init__(self, parent: Child, name: str, labels: tuple[str, ...], meaning: str) -> None:
        """``parent`` is registered already."""
        self.parent: Child = parent
        self.name, self.labels, self.meaning = PREFIX + name, labels, meaning
        self._children: dict[tuple[str, ...], Child] = {}

    def __call__(self, *values: str) -> Child:
        """The child with these values, in the order of the labels."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self.parent.labels(*values)
        return child


LATENCY_BUCKETS_S: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5),
    *(0.75, 1.0, 2.0, 5.0, 10.0),
)
"""1 ms to 10 s, closer together around the targets of 60 ms (median) and 300 ms (99th percentile)."""


def _counter(name: str, *labels: str, says: str) -> Metric[Counter]:
    return Metric(Counter(PREFIX + name, says, labels, registry=REGISTRY), name, labels, says)


def _gauge(name: str, *labels: str, says: str) -> Metric[Gauge]:
    return Metric(Gauge(PREFIX + name, says, labels, registry=REGISTRY), name, labels, says)


def _histogram(name: str, *labels: str, says: str) -> Metric[Histogram]:
    parent = Histogram(PREFIX + name, says, labels, registry=REGISTRY, buckets=LATENCY_BUCKETS_S)
    return Metric(parent, name, labels, says)


# --- the process ------------------------------------------------------------------------------------------------------
flow_info = _gauge("flow_info", "flow", "version", says="1: which flow, of which version of marginline.")
flow_ready = _gauge("flow_ready_bool", "flow", says="1 while the flow has started and has caught up.")
flow_beat = _gauge(
    "flow_beat_timestamp_seconds",
    "flow",
    says="When the part of the flow that is quiet longest gave its last beat.",
)

# --- what comes in ----------------------------------------------------------------------------------------------------
input_records = _counter("input_records_total", "flow", "topic", says="Records read.")
input_bytes = _counter("input_bytes_total", "flow", "topic", says="Bytes of the values of records read.")
input_lag = _gauge(
    "input_lag_records", "flow", "topic", "lane", says="Records of a lane that are not read yet."
)
input_lag_seconds = _gauge(
    *("input_lag_seconds", "flow", "topic", "lane"),
    says="Event time between the last record read and now while others wait unread; 0 while none does.",
)
dead_letters = _counter(
    "input_dead_letters_total", "topic", "reason", says="Records refused, by the topic they came on."
)
foreign = _counter(
    *("input_foreign_records_total", "flow", "topic"),
    says="Records of a lane passed over: they are no batch of its pool, and no flow wrote them there.",
)
shed = _counter(
    *("input_shed_records_total", "pool", "class"),
    says="Requests turned away under load, each a dead letter with the reason `shed`.",
)
conflated = _counter(
    "input_conflated_records_total",
    "pool",
    "class",
    says="Marks dropped under load because a later one replaces them.",
)

# --- what goes out ----------------------------------------------------------------------------------------------------
output_records = _counter(
    "output_records_total", "flow", "topic", says="Records that the broker acknowledged."
)
output_repeats = _counter(
    "output_repeated_records_total",
    "flow",
    "topic",
    says="Records not sent after a start: the topic had them already.",
)
unacknowledged = _gauge(
    "output_unacknowledged_records", "flow", says="Records sent that the broker has not acknowledged yet."
)
broker_errors = _counter(
    "broker_errors_total", "flow", "error", says="Errors of the Kafka client, by librdkafka's name for them."
)

# --- time -------------------------------------------------------------------------------------------------------------
clock_event = _gauge(
    "clock_event_timestamp_seconds", "flow", "pool", says="The last clock: where event time stands."
)
clock_moved = _gauge(
    "clock_moved_timestamp_seconds", "flow", "pool", says="When, by the wall, event time last moved on."
)
clock_skew = _gauge(
    "clock_skew_seconds", "flow", "pool", says="How far event time was behind the wall when it last moved on."
)
clock_setbacks = _counter(
    *("clock_setbacks_total", "flow", "pool"),
    says="Clocks earlier than one before: somebody set a clock back. Event time stands still meanwhile.",
)

# --- the journal ------------------------------------------------------------------------------------------------------
journal_entries = _counter(
    "journal_entries_total",
    "flow",
    "pool",
    "kind",
    says="Entries written by intake, applied by clearing, stored by audit.",
)
journal_position = _gauge(
    "journal_position_entries", "flow", "pool", says="Entries of the journal that the flow has behind it."
)
journal_term = _gauge(
    "journal_term_number", "flow", "pool", says="The term of the journal's writer, as the flow knows it."
)
lost_terms = _counter(
    "journal_lost_terms_total", "flow", "pool", says="Times that a writer found its term taken by another."
)
dropped_batches = _counter(
    *("journal_dropped_batches_total", "flow", "pool"),
    says="Batches passed over because another writer, or an older term, wrote them.",
)
stopped = _gauge(
    *("journal_stopped_bool", "flow", "pool", "reason"),
    says="1 while a pool stands still: something is missing (gap), cannot be applied (poison), or differs (unrepeated).",
)

# --- the pool ---------------------------------------------------------------------------------------------------------
pool_events = _counter("pool_events_total", "pool", "type", says="Events decided.")
pool_accounts = _gauge(
    "pool_accounts", "pool", "level", says="Accounts at each level of the ladder, without the vault."
)
called_accounts = _gauge(
    "pool_called_accounts", "pool", says="Accounts whose margin call is announced and not cleared."
)
deficit_accounts = _gauge(
    "pool_deficit_accounts", "pool", says="Accounts under water whose deficit nobody has borne yet."
)
deficit = _gauge(
    *("pool_deficit_quanta", "pool"),
    says="Deficits that nobody has borne yet: they wait for a halted market, or the pool is insolvent.",
)
deficit_found = _counter("pool_deficit_found_quanta_total", "pool", says="Deficits found.")
deficit_borne = _counter(
    "pool_deficit_borne_quanta_total",
    "pool",
    "by",
    says="Deficits borne: by the fund, its floor, winners, traders.",
)
withdrawals_closed = _gauge(
    "pool_withdrawals_closed_bool", "pool", says="1 while the withdrawal gate is closed."
)
quote_to_liquidation = _histogram(
    *("pool_quote_to_liquidation_seconds", "pool"),
    says="From the sending of a quote to the acknowledged liquidation order that it led to.",
)
fund = _gauge(
    "fund_quanta", "pool", "part", says="The insurance fund: the general part, and each market's compartment."
)
fund_floor = _gauge(
    "fund_floor_quanta",
    "pool",
    says="What the fund's general part keeps until winners have borne their share.",
)
breaker = _gauge("breaker_bool", "pool", "market", "breaker", says="1 while a circuit breaker holds.")
index_status = _gauge(
    "index_status_bool", "pool", "market", "status", says="1 for the status that a market's index is in."
)

# --- checkpoints ------------------------------------------------------------------------------------------------------
checkpoint_time = _gauge(
    "checkpoint_timestamp_seconds", "flow", "pool", says="When the last checkpoint was written."
)
checkpoint_position = _gauge(
    "checkpoint_position_entries",
    "flow",
    "pool",
    says="Entries, or market-states, before the last checkpoint: a start applies what follows.",
)
checkpoint_duration = _gauge(
    "checkpoint_duration_seconds",
    "flow",
    "pool",
    says="What the last checkpoint took, from the copy to the rename.",
)
checkpoint_bytes = _gauge("checkpoint_bytes", "flow", "pool", says="Size of the last checkpoint.")
checkpoint_faults = _counter(
    "checkpoint_faults_total", "flow", "pool", says="Checkpoints that a start found missing or damaged."
)

# --- the database -----------------------------------------------------------------------------------------------------
insert_seconds = _histogram("database_insert_seconds", "table", says="One insert, with its repetitions.")
inserted_rows = _counter("database_rows_total", "table", says="Rows inserted.")
failed_inserts = _counter(
    "database_failures_total", "table", says="Inserts that failed and were tried again."
)
backlog = _gauge(
    "database_backlog_entries", "pool", says="Entries that audit has read and the database does not have yet."
)
inserted_time = _gauge(
    "database_inserted_timestamp_seconds",
    "pool",
    says="When the last block of a pool went into the database.",
)


def prepare(flow: str, pools: Sequence[str], topics: Sequence[str]) -> None:
    """Show zeros for what alerts watch: a counter that is first seen at 5 would never be seen to rise."""
    for pool in pools:
        for of in (clock_setbacks, lost_terms, dropped_batches, checkpoint_faults):
            of(flow, pool)
        for reason in STOPS:
            stopped(flow, pool, reason)
    for topic in LANES:
        foreign(flow, topic)
    for topic in topics:
        for refused in Reason:
            dead_letters(topic, refused.value)


def every() -> list[Metric[Counter] | Metric[Gauge] | Metric[Histogram]]:
    """All of them, in this page's order."""
    return [each for each in globals().values() if isinstance(each, Metric)]
