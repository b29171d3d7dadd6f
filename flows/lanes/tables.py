"""The flows over Kafka as tables of their steps: one lane a pool, one partition of source and sink a lane.

    oracle-prices, depth, trades, clock -> market -> market-state
    market-state, collateral, fills, order-checks, liquidation-bids, clock -> intake -> journal
    journal -> clearing -> events and typed topics
    journal, events, dead-letters -> audit -> ClickHouse

What fails                             what is seen                         what is lost   what to do
a process dies                         the others wait for it               nothing        start it again
the broker is away                     sends wait; a minute later: one line nothing        bring it back, start again
a second writer claims a lane          the first one stops: one line        nothing        find out who started it
a checkpoint is missing or damaged     a warning; an earlier one is used    time           nothing
an entry cannot be applied, or misses  its pool stands still; others go on  nothing        its runbook
a stranger writes to a lane            a warning; it is passed over         nothing        find out who
records are gone before they were read one line, and no start               what is gone   restore them, or a new venue
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.connectors.engine import Sinks
from flows.connectors.placement import keys_for
from flows.lanes import audit as auditing
from flows.lanes import clearing as clears
from flows.lanes import intake as admits
from flows.lanes import market as prices
from flows.lanes import still
from flows.lanes.settings import Live


def _keys(live: Live) -> list[str]:
    return list(keys_for([pool.id for pool in live.venue.pools]).values())


def market(live: Live) -> Dataflow:
    """Quotes, depth and trades to market-states."""
    flow, keys = Dataflow("market"), _keys(live)
    polled = op.input("records", flow, still.parts("market", live, keys, partial(prices.reader, live)))
    priced = op.stateful_batch("price", polled, still.keyed("market", live, partial(prices.Price, live)))
    op.output("market-state", priced, Sinks(keys, partial(prices.writer, live)))
    return flow


def intake(live: Live) -> Dataflow:
    """Everything that can change a pool to its journal."""
    flow, keys = Dataflow("intake"), _keys(live)
    polled = op.input("records", flow, still.parts("intake", live, keys, partial(admits.reader, live)))
    admitted = op.stateful_batch("admit", polled, still.keyed("intake", live, partial(admits.Admit, live)))
    op.output("journal", admitted, Sinks(keys, partial(admits.writer, live)))
    return flow


def clearing(live: Live) -> Dataflow:
    """The journal to decisions."""
    flow, keys = Dataflow("clearing"), _keys(live)
    entries = op.input(
        "journal", flow, still.parts("clearing", live, keys, partial(clears.JournalReader, live))
    )
    decided = op.stateful_batch("clear", entries, still.keyed("clearing", live, partial(clears.Clear, live)))
    op.output("events", decided, Sinks(keys, partial(clears.EventsWriter, live)))
    return flow


def audit(live: Live) -> Dataflow:
    """Journal, events and dead letters to ClickHouse."""
    flow, keys = Dataflow("audit"), _keys(live)
    database = auditing.Held(live)
    read = op.input("lanes", flow, still.parts("audit", live, keys, partial(auditing.reader, live, database)))
    cut = op.stateful_batch("cut", read, still.keyed("audit", live, partial(auditing.Cut, live)))
    op.output("clickhouse", cut, Sinks(keys, partial(auditing.writer, live, database)))
    return flow


FLOWS: Final[dict[str, Any]] = {
    "market": market,
    "intake": intake,
    "clearing": clearing,
    "audit": audit,
}
"""By name."""
