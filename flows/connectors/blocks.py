"""Blocks of a pool's journal for the database: the journal itself says where they end, so a repeat is the same block.

A block ends after `BLOCK_ENTRIES` entries or with a clock on a whole `audit_block`, whichever comes first. What one
poll, batch or restart brought has no part in it: the token of a block (pool, table, first offset) always names the
same rows, and a database that has seen it drops it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from flows.journal import entries as journal
from flows.journal import events as decided
from flows.journal.entries import Rows

BLOCK_ENTRIES: Final = 65_536
"""Entries a block has at most: an insert of some tens of megabytes."""


@dataclass(frozen=True, slots=True)
class Block:
    """Entries from ``first_offset`` on, without a gap, and all events that follow from them."""

    pool: str
    first_offset: int
    entries: Rows
    texts: Mapping[int, str]  # by place in entries
    events: Rows

    @property
    def end_offset(self) -> int:
        """One past the last entry."""
        return self.first_offset + len(self.entries)


class BlockCutter:
    """Cuts what comes of one pool's journal and events into blocks. Any cut of the input gives the same blocks."""

    def __init__(self, pool: str, audit_block_ns: int, first_offset: int = 0) -> None:
        """``first_offset`` begins a block: 0, or one past the last block that the database has."""
        assert audit_block_ns > 0, "a block of no time would be a block each clock"
        self.pool = pool
        self.audit_block_ns = audit_block_ns
        self._first_offset = first_offset
        self._entries: list[Rows] = []
        self._texts: dict[int, str] = {}  # by journal offset
        self._events: list[Rows] = []
        self._held = 0
        self._ends: list[int] = []  # journal offsets at which held blocks end

    @property
    def next_offset(self) -> int:
        """Journal offset of the entry that `add` takes next."""
        return self._first_offset + self._held

    def add(self, entries: Rows, texts: Mapping[int, str], events: Rows) -> list[Block]:
        """Take the entries from `next_offset` on, with all their events in order; give the blocks that are now whole.

        ``texts`` by place in ``entries``.
        """
        first = self.next_offset
        if len(entries):
            self._mark_ends(entries, first)
            self._entries.append(entries)
            self._held += len(entries)
            self._texts.update((first + place, text) for place, text in texts.items() if text)
        if len(events):
            offsets = events[:, decided.OFFSET]
            if offsets[0] < first or offsets[-1] >= self.next_offset or np.any(offsets[1:] < offsets[:-1]):
                raise ValueError(f"pool {self.pool}: events out of order after offset {first}")
            self._events.append(events)
        return [self._take(end) for end in list(self._ends)]

    def finish(self) -> list[Block]:
        """The last, short block, once the journal is known to end here.

        Never at a mere stop: the block that goes on would bear the same token, and its rest would be dropped.
        """
        return [self._take(self.next_offset)] if self._held else []

    def _mark_ends(self, entries: Rows, first: int) -> None:
        """Note where blocks end within entries that begin at ``first``."""
        on_the_block = entries[:, journal.TIME_NS] % self.audit_block_ns == 0
        clocks = np.flatnonzero((entries[:, journal.KIND] == journal.CLOCK) & on_the_block)
        for clock in clocks:
            end = first + int(clock) + 1
            self._mark_full(end)
            if end > self._last_end():
                self._ends.append(end)
        self._mark_full(first + len(entries))

    def _mark_full(self, end: int) -> None:
        """Note the blocks that are full before ``end``."""
        while end - self._last_end() >= BLOCK_ENTRIES:
            self._ends.append(self._last_end() + BLOCK_ENTRIES)

    def _last_end(self) -> int:
        return self._ends[-1] if self._ends else self._first_offset

    def _take(self, end: int) -> Block:
        """Cut the block that ends at ``end`` off what is held."""
        first, count = self._first_offset, end - self._first_offset
        held = _joined(self._entries, journal.WIDTH)
        events = _joined(self._events, decided.WIDTH)
        cut = int(np.searchsorted(events[:, decided.OFFSET], end)) if len(events) else 0
        texts = {offset - first: text for offset, text in self._texts.items() if offset < end}
        self._entries, self._events = [held[count:]], [events[cut:]]
        self._texts = {offset: text for offset, text in self._texts.items() if offset >= end}
        self._held -= count
        self._first_offset = end
        self._ends = [each for each in self._ends if each > end]
        return Block(self.pool, first, held[:count], texts, events[:cut])


def _joined(pieces: list[Rows], width: int) -> Rows:
    if not pieces:
        return np.zeros((0, width), np.int64)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
