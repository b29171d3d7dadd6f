"""The opening book: every position is one side of fills whose other side is another account's position.

Longs and shorts of a market meet in random order; what one side has too much of, the pool's market makers take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matches:
    """Fills of one pool's opening book, in no order yet. Rows below 0 are market makers: -1 is the first."""

    market: Column
    buyer: Column
    seller: Column
    lots: Column


def match(lots: Column, makers: int, rng: np.random.Generator) -> tuple[Matches, Column]:
    """Fills that give every row of ``lots`` (rows x markets, signed) its position, and the makers' own positions."""
    held = np.zeros((makers, lots.shape[1]), np.int64)
    columns: list[tuple[Column, Column, Column, Column]] = []
    for market in range(lots.shape[1]):
        position = lots[:, market]
        long, short = np.flatnonzero(position > 0), np.flatnonzero(position < 0)
        held[:, market] = _even(-int(position.sum()), makers)
        maker_rows = -1 - np.arange(makers)
        long = np.concatenate([long, maker_rows[held[:, market] > 0]])
        short = np.concatenate([short, maker_rows[held[:, market] < 0]])
        both = np.concatenate([position, held[::-1, market]])  # a maker's row counts from the end
        long, short = rng.permutation(long), rng.permutation(short)
        buyer, seller, size = _meet(long, both[long], short, -both[short])
        columns.append((np.full(len(size), market), buyer, seller, size))
    joined = [np.concatenate(each) for each in zip(*columns, strict=True)]
    return Matches(*joined), held


def _even(total: int, parts: int) -> Column:
    """Split a signed total into parts that differ by one lot at most."""
    each, rest = divmod(abs(total), parts)
    sign = 1 if total > 0 else -1
    return sign * (each + (np.arange(parts) < rest))


def _meet(long: Column, bought: Column, short: Column, sold: Column) -> tuple[Column, Column, Column]:
    """Lay both queues side by side and cut wherever one of them goes on to its next account."""
    ends_long, ends_short = np.cumsum(bought), np.cumsum(sold)
    cuts = np.union1d(ends_long, ends_short)
    size = np.diff(cuts, prepend=0)
    return long[np.searchsorted(ends_long, cuts)], short[np.searchsorted(ends_short, cuts)], size
