"""Events and entries written by hand, and a story counted the slow way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codec import EntryBatch, EventBatch
from flows.verify.summary import RunSummary
from tests.audit.story import Story, story
from tests.worlds import START

MINUTE = 60_000_000_000


def event(kind: int, at: int = 0, index: int = 0, minute: float = 0, **columns: int) -> list[int]:
    """An event of journal entry ``at``; columns by their names."""
    row = list(ev.BLANK)
    row[ev.OFFSET], row[ev.INDEX], row[ev.TYPE] = at, index, kind
    row[ev.TIME_NS] = START // MINUTE * MINUTE + int(minute * MINUTE)
    for name, value in columns.items():
        row[ev.COLUMNS.index(name)] = value
    return row


def rows(*events: list[int]) -> en.Rows:
    return np.array(events, np.int64).reshape(-1, ev.WIDTH)


def told(of: Story, *types: int) -> Iterable[dict[str, int]]:
    """A story's events of some types, one by one, by column name."""
    for row in of.events.tolist():
        if row[ev.TYPE] in types:
            yield dict(zip(ev.COLUMNS, row, strict=True))


def batches(of: Story, cuts: Iterable[int] = ()) -> list[tuple[EntryBatch, EventBatch]]:
    """A story as batches, cut before these journal offsets."""
    edges = sorted({0, len(of.entries), *cuts})
    made = []
    for first, end in pairwise(edges):
        texts = {place - first: text for place, text in of.texts.items() if first <= place < end}
        within = (of.events[:, ev.OFFSET] >= first) & (of.events[:, ev.OFFSET] < end)
        entries = EntryBatch(of.pool.id, first, of.entries[first:end], texts)
        made.append((entries, EventBatch(of.pool.id, first, end, of.events[within])))
    return made


def summarized(of: Story, cuts: Iterable[int] = ()) -> RunSummary:
    """The summary of a story, fed in these pieces."""
    summary = RunSummary([of.pool])
    for entries, events in batches(of, cuts):
        summary.add(of.pool.id, entries)
        summary.add_events(of.pool.id, events)
    return summary


def result(of: Story, cuts: Iterable[int] = ()) -> dict[str, Any]:
    return summarized(of, cuts).result("a-recording", 9, 2.0, {"late": 2, "early": 0, "duplicate": 1})


def two_pools() -> tuple[RunSummary, dict[str, Story]]:
    """Two stories as the pools of one run."""
    stories = {"coins": story(1), "other": story(3)}
    summary = RunSummary([replace(of.pool, id=pool) for pool, of in stories.items()])
    for pool, of in stories.items():
        for entries, events in batches(of, [300]):
            summary.add(pool, replace(entries, pool=pool))
            summary.add_events(pool, replace(events, pool=pool))
    return summary, stories
