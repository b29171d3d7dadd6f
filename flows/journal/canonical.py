"""Canonical bytes and the hashes over them: what two runs compare, and what a signature signs.

A row is its columns in schema order, integers as int64 little-endian, then its text, if the rows have texts, as its
length and its UTF-8 bytes. No float, no wall time, nothing of how batches were cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from flows.journal.entries import Rows

CHAIN_BLOCK: Final = 1_024
"""Entries under one hash of the chain: by journal offset, so the chain does not know how batches were cut."""

CHAIN_START: Final = bytes(32)
"""What stands before the first block."""


def canonical_entries(rows: Rows, texts: Mapping[int, str]) -> Iterator[bytes]:
    """The canonical bytes of entries, in pieces. ``texts`` by place in ``rows``; a missing one is empty."""
    start = 0
    for place in sorted(texts):
        if not texts[place]:
            continue
        yield _without_text(rows[start:place])
        text = texts[place].encode()
        yield rows[place].astype("<i8").tobytes() + len(text).to_bytes(8, "little") + text
        start = place + 1
    yield _without_text(rows[start:])


def canonical_events(rows: Rows) -> bytes:
    """The canonical bytes of events."""
    return rows.astype("<i8", copy=False).tobytes()


def _without_text(rows: Rows) -> bytes:
    wide = np.zeros((len(rows), rows.shape[1] + 1), "<i8")
    wide[:, :-1] = rows
    return wide.tobytes()


class Chain:
    """The journal's hash chain: one SHA-256 each `CHAIN_BLOCK` entries over the hash before and the block's bytes."""

    def __init__(self, length: int = 0, last: bytes = CHAIN_START) -> None:
        """Go on from a whole number of blocks."""
        assert length % CHAIN_BLOCK == 0, "a chain is resumed at the end of a block"
        self.length = length
        self._last = last
        self._open = hashlib.sha256(last)

    def add(self, rows: Rows, texts: Mapping[int, str]) -> None:
        """Entries that follow those added before."""
        start = 0
        while start < len(rows):
            end = min(len(rows), start + CHAIN_BLOCK - self.length % CHAIN_BLOCK)
            within = {place - start: text for place, text in texts.items() if start <= place < end}
            for piece in canonical_entries(rows[start:end], within):
                self._open.update(piece)
            self.length += end - start
            if self.length % CHAIN_BLOCK == 0:
                self._last = self._open.digest()
                self._open = hashlib.sha256(self._last)
            start = end

    def whole(self) -> tuple[int, bytes]:
        """Entries under whole blocks and the hash over them: what `Chain` can be resumed from."""
        return self.length - self.length % CHAIN_BLOCK, self._last

    def head(self) -> bytes:
        """The hash over all entries; the last block may be short."""
        return self._last if self.length % CHAIN_BLOCK == 0 else self._open.copy().digest()


def combined(by_pool: Mapping[str, bytes]) -> str:
    """One SHA-256, in hex, over each pool's, the pools by id."""
    whole = hashlib.sha256()
    for pool in sorted(by_pool):
        whole.update(by_pool[pool])
    return whole.hexdigest()
