"""The driver: gives admitted entries their journal offsets, lets the pool run, and lets answers in at once.

    entries -> journal -> pool -> events -> answer? -> more entries, appended next

Who answers is passed in: the paper venue in a replay, nobody in a re-execution or live (there Kafka stands between).
An answer follows the entry that it answers, before any other entry, so no cut of the input shows in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.pool import Pool

ANSWERS_MOST = 100_000
"""Answers that one entry may lead to: each uses up depth or an offer, and there are not this many."""


class Answerer(Protocol):
    """Somebody who answers events with entries; a pure function of the journal."""

    def answer(self, pool: Pool, events: en.Rows) -> Sequence[list[int]]:
        """Entries that answer the events of one entry, in their order."""

    def next_due_ns(self) -> int:
        """The first clock at which it has something to say without being asked."""

    def on_clock(self, pool: Pool, time_ns: int) -> Sequence[list[int]]:
        """What it says at that clock."""


@dataclass(slots=True)
class Driven:
    """What a run of entries came to: the journal's next rows, with their texts by place, and the events."""

    first_offset: int
    rows: en.Rows
    texts: Mapping[int, str]
    events: en.Rows


@dataclass(slots=True)
class _Parts:
    rows: list[en.Rows] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)
    events: list[en.Rows] = field(default_factory=list)
    count: int = 0


class Driver:
    """One pool's writer: ``length`` is the number of entries in its journal."""

    def __init__(self, pool: Pool, answerer: Answerer | None, length: int = 0) -> None:
        """Go on behind the ``length`` entries that the pool has applied."""
        self.pool = pool
        self.answerer = answerer
        self.length = length

    def drive(self, rows: en.Rows, texts: Mapping[int, str]) -> Driven:
        """Append entries and apply them, with all that is answered to them."""
        first = self.length
        parts = _Parts()
        start = 0
        while start < len(rows):
            end = self._until_due(rows, start)
            stop, answerable = self._run(rows[:end], texts, start, parts)
            last = stop - 1
            start = stop
            if answerable:
                self._answer(parts)
            if self.answerer is not None and _is_due(self.answerer, rows[last]):
                self._settle(list(self.answerer.on_clock(self.pool, int(rows[last, en.TIME_NS]))), parts)
        return Driven(
            first,
            np.concatenate(parts.rows) if parts.rows else en.empty(0),
            parts.texts,
            np.concatenate(parts.events) if parts.events else np.zeros((0, ev.WIDTH), np.int64),
        )

    def _until_due(self, rows: en.Rows, start: int) -> int:
        """One past the first clock at which the answerer speaks unasked, or all rows."""
        if self.answerer is None:
            return len(rows)
        due = np.flatnonzero(
            (rows[start:, en.KIND] == en.CLOCK) & (rows[start:, en.TIME_NS] >= self.answerer.next_due_ns())
        )
        return start + int(due[0]) + 1 if len(due) else len(rows)

    def _run(self, rows: en.Rows, texts: Mapping[int, str], start: int, parts: _Parts) -> tuple[int, bool]:
        """Run from ``start`` until the end or an entry that may be answered; note what was appended."""
        stop, answerable = self.pool.run(
            rows, start, self.length - start, answering=self.answerer is not None, texts=texts
        )
        parts.rows.append(rows[start:stop])
        for place, text in texts.items():
            if start <= place < stop:
                parts.texts[parts.count + place - start] = text
        parts.count += stop - start
        self.length += stop - start
        parts.events.append(self.pool.take_events())
        return stop, answerable

    def _answer(self, parts: _Parts) -> None:
        """Ask for answers to the last entry."""
        assert self.answerer is not None, "only an answerer makes a run stop"
        self._settle(list(self.answerer.answer(self.pool, self._last_events(parts))), parts)

    def _settle(self, waiting: list[list[int]], parts: _Parts) -> None:
        """Append answers one by one; what answers an answer goes before the answers still waiting."""
        answered = 0
        while waiting:
            answered += 1
            assert answered <= ANSWERS_MOST, "answers do not come to an end"
            row = np.array([waiting.pop(0)], np.int64)
            _, answerable = self._run(row, {}, 0, parts)
            if answerable:
                assert self.answerer is not None, "only an answerer makes a run stop"
                waiting = [*self.answerer.answer(self.pool, self._last_events(parts)), *waiting]

    def _last_events(self, parts: _Parts) -> en.Rows:
        """Events of the last entry appended."""
        events = parts.events[-1]
        return events[np.searchsorted(events[:, ev.OFFSET], self.length - 1) :]


def _is_due(answerer: Answerer, row: en.Rows) -> bool:
    return bool(row[en.KIND] == en.CLOCK and row[en.TIME_NS] >= answerer.next_due_ns())
