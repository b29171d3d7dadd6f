"""Past an entry that a pool cannot apply: a signed skip further on in its journal, and the state behind it made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from flows.connectors.checkpoints import Checkpoints
from flows.connectors.kafka.inbox import Inbox
from flows.journal.codec import EntryBatch, decode_entries
from flows.journal.terms import Standing, Verdict, judge
from flows.lanes.lane import OWN, READ_S
from flows.lanes.settings import Live
from flows.pool import checkpoint
from flows.pool.driver import Driver
from flows.pool.pool import Pool, PoolStoppedError
from flows.pool.skips import note_skips

log = structlog.get_logger()


def pass_over(
    live: Live, pool: str, checkpoints: Checkpoints, stop: PoolStoppedError, skips: dict[int, int], until: int
) -> Driver:
    """The pool behind the ``until`` entries of its journal, now that it may pass over where it stopped.

    Without a skip of that entry the stop stands: raised again, the pool stands still, and the next start looks again.
    """
    found = checkpoints.newest(until)
    state: Mapping[str, Any] | None = found[1] if found else None
    known: dict[int, int] = {}
    for batch in _journal(live, pool, state):
        note_skips(known, batch.rows, batch.first_offset)
    if stop.offset not in known or stop.offset in skips:
        raise stop
    skips[stop.offset] = known[stop.offset]
    log.warning("entry passed over", pool=pool, entry=stop.offset, skip=known[stop.offset], why=str(stop))
    driver = Driver(Pool(live.pool(pool), skips=skips), None)
    if state is not None:
        checkpoint.load(driver.pool.state, state["pool"])
        driver.length = state["length"]
    for batch in _journal(live, pool, state):
        if batch.first_offset >= until:
            break
        driver.drive(batch.rows, batch.texts)
    return driver


def _journal(live: Live, pool: str, state: Mapping[str, Any] | None) -> Iterator[EntryBatch]:
    """The batches that count from a checkpoint on, up to the lane's present end."""
    at = (OWN, live.lane(pool))
    standing = Standing() if state is None else Standing.restore(state["standing"])
    inbox = Inbox(live.kafka, f"clearing-{pool}-skips", {at: standing.record}, {OWN: "journal"})
    try:
        end = inbox.end(at)
        while inbox.positions[at] < end:
            inbox.fetch(READ_S)
            for each in inbox.take([at]).get(at, ()):
                if judge(standing, pool, each.offset, each.value) is Verdict.COUNTS:
                    yield decode_entries(each.value)
    finally:
        inbox.close()
