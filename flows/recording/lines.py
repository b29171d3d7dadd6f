"""Messages as lines of JSON, made from columns: keys in a fixed order, decimals as text of fixed places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from flows.recording.series import E10

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Column = NDArray[np.int64]

CHUNK: Final = 50_000
"""Lines that are made, compressed and forgotten at a time."""


def places(grid_e10: int) -> int:
    """Decimals that a multiple of ``grid_e10`` (in 1e-10) needs."""
    return next(count for count in range(11) if grid_e10 % 10 ** (10 - count) == 0)


def decimals(units: Column, scale_places: int, shown: int | None = None) -> list[str]:
    """Text of ``units`` of 10^-scale_places each, with ``shown`` decimals (as many as the scale has, unless told)."""
    shown = scale_places if shown is None else shown
    cut = 10 ** (scale_places - shown)
    values, back = np.unique(units, return_inverse=True)
    scale = 10**shown
    texts = [
        f"{value // scale}.{value % scale:0{shown}d}" if shown else str(value)
        for value in (values // cut).tolist()
    ]
    return [texts[place] for place in back.tolist()]


def scaled(units: Column, scale: int) -> list[str]:
    """Text of ``units``, each 1/scale: exact, as the scale divides a power of ten."""
    count = next((each for each in range(10) if 10**each % scale == 0), None)
    if count is None:
        raise ValueError(f"a unit of 1/{scale} has no finite decimal of nine places")
    return decimals(units * (10**count // scale), count)


def e10_texts(values: Column, grid_e10: int) -> list[str]:
    """Text of prices in 1e-10 that are multiples of the grid."""
    return decimals(values, 10, places(grid_e10))


def ranks(groups: Column) -> Column:
    """Number from 1 of each row within its group, in the order of the rows."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(groups) else groups
    sizes = np.diff(np.concatenate([starts, [len(groups)]]))
    result = np.empty(len(groups), np.int64)
    result[order] = np.arange(len(groups)) - np.repeat(starts, sizes) + 1
    return result


def chunks(count: int) -> Iterator[slice]:
    """Slices of a run of rows, in order."""
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))


def to_units(values_e10: Column, scale: int) -> Column:
    """Prices in 1e-10 to units of 1/scale, to the nearest."""
    unit = E10 // scale
    return (values_e10 + unit // 2) // unit
