"""Repeats of a producer, recognised by (source, number) in a window of the last 65,536 numbers a source."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.journal.compiled import kernel

WINDOW: Final = 65_536
NEW: Final = 0
KNOWN: Final = 1
OUTSIDE: Final = 2  # over the window ahead of the highest known number, or behind it: refused until a reset

Table = NDArray[np.int64]


class Numbers:
    """Numbers seen, one window a row: a ring of bits and the highest number (-1 before the first)."""

    def __init__(self, rows: int) -> None:
        """``rows`` producers."""
        self.highest = np.full(rows, -1, np.int64)
        self.bits = np.zeros((rows, WINDOW // 64), np.uint64)

    def judge(self, row: int, number: int) -> int:
        """`NEW`, `KNOWN` or `OUTSIDE`; nothing is noted."""
        return int(judge(self.highest, self.bits, row, number))

    def note(self, row: int, number: int) -> None:
        """A new number has been admitted."""
        note(self.highest, self.bits, row, number)

    def state(self) -> bytes:
        """All of it, for a checkpoint."""
        return self.highest.tobytes() + self.bits.tobytes()

    @classmethod
    def restore(cls, state: bytes) -> Numbers:
        """What `state` gave."""
        rows = len(state) // (8 + WINDOW // 8)
        numbers = cls(rows)
        numbers.highest = np.frombuffer(state[: rows * 8], np.int64).copy()
        numbers.bits = np.frombuffer(state[rows * 8 :], np.uint64).reshape(rows, -1).copy()
        return numbers


@kernel
def judge(highest: Table, bits: NDArray[np.uint64], row: int, number: int) -> int:
    """See `Numbers.judge`. A producer's first number may be any."""
    top = highest[row]
    if top < 0:
        return 0
    if number > top:
        return 2 if number - top > 65_536 else 0
    if top - number >= 65_536:
        return 2
    place = number % 65_536
    return 1 if (bits[row, place // 64] >> np.uint64(place % 64)) & np.uint64(1) else 0


@kernel
def note(highest: Table, bits: NDArray[np.uint64], row: int, number: int) -> None:
    """See `Numbers.note`. Places between the highest number and a new one are cleared: the ring forgets them."""
    top = highest[row]
    if number > top:
        first = top + 1 if top >= 0 else number
        if number - first >= 65_536:
            first = number - 65_535
        for skipped in range(first, number):
            place = skipped % 65_536
            bits[row, place // 64] &= ~(np.uint64(1) << np.uint64(place % 64))
        highest[row] = number
    place = number % 65_536
    bits[row, place // 64] |= np.uint64(1) << np.uint64(place % 64)
