"""What a live run came to, counted from its topics: the journal's entries and the events that were published of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from flows.journal import events as ev
from flows.journal.codec import EventBatch, decode_events
from flows.lanes.check import Checked, journal, records
from flows.lanes.settings import Live
from flows.verify.summary import RunSummary

LETTERS: Final = "dead-letters"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts, and refused records by reason."""

    counted: RunSummary
    dead_letters: dict[str, int]


def outcome(live: Live) -> Outcome:
    """Read all of it."""
    counted, letters = RunSummary(live.venue.pools), Counter[str]()
    for pool in (each.id for each in live.venue.pools):
        for entries in journal(live, pool, Checked(pool)):
            counted.add(pool, entries)
        for events in _events(live, pool):
            counted.add_events(pool, events)
        letters.update(orjson.loads(each.value)["reason"] for each in records(live, LETTERS, pool))
    return Outcome(counted, dict(sorted(letters.items())))


def _events(live: Live, pool: str) -> Iterator[EventBatch]:
    """Each entry's events once: a clearing process that was started again may have published some twice."""
    end = 0
    for each in records(live, "events", pool):
        batch = decode_events(each.value)
        if batch.end_offset > end:
            rows = batch.rows[batch.rows[:, ev.OFFSET] >= end]
            yield EventBatch(pool, max(end, batch.first_offset), batch.end_offset, rows)
            end = batch.end_offset
