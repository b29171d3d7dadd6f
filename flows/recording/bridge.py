"""A bar as a path of seconds: a seeded Brownian bridge that gives back exactly its bar.

The path goes from the open to the two extremes, in the order that the bar's direction makes likely (a falling bar had
its high first, a rising one its low: right in about 90 % of three-minute bars), and on to the close. It is a plausible
path, never the true one, and whatever is made from it is called derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.int64]

_RANGE_OF_WALK: Final = 1.596
"""Mean range of a Brownian walk over its standard deviation, sqrt(8 / pi) (Parkinson, 1980)."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one market, in time order: columns in one unit of price, starts in seconds since 1970."""

    start_s: Column
    open: Column
    high: Column
    low: Column
    close: Column


def bridge(bars: Bars, seconds: int, grid: int, rng: np.random.Generator) -> Column:
    """Last price of each second of each bar, on the price grid: an array of ``bars x seconds``."""
    path = np.empty((len(bars.start_s), seconds), np.int64)
    columns = (bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist())
    for row, (opened, high, low, closed) in enumerate(zip(*columns, strict=True)):
        path[row] = _one(opened, high, low, closed, seconds, grid, rng)
    return path


def aggregate(path: Column) -> tuple[Column, Column, Column, Column]:
    """Open, high, low, close of each row of a path: the bridge the other way."""
    return path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1]


def _one(
    opened: int, high: int, low: int, closed: int, seconds: int, grid: int, rng: np.random.Generator
) -> Column:
    """The path of one bar."""
    first, second = (high, low) if closed < opened else (low, high)
    times = _times(first == opened, second == closed, seconds, rng)
    knots_at = [0, *times, seconds - 1]
    knots = [opened, first, second, closed]
    step = (high - low) / (_RANGE_OF_WALK * seconds**0.5)
    values = np.empty(seconds, np.float64)
    values[0] = opened
    for (start, end), (here, there) in zip(pairwise(knots_at), pairwise(knots), strict=True):
        if end > start:
            values[start + 1 : end + 1] = _segment(here, there, end - start, step, rng)
    # Inside the bar a walk is folded back at the extremes; on the grid afterwards, knots last: they are the bar.
    folded = low + _fold(values - low, high - low)
    whole = np.clip(np.rint(folded / grid).astype(np.int64) * grid, low, high)
    whole[knots_at] = knots
    return whole


def _times(first_is_open: bool, second_is_close: bool, seconds: int, rng: np.random.Generator) -> list[int]:
    """Seconds of the two extremes, in order; one that is the open or the close lies at that end."""
    inner = np.sort(rng.choice(np.arange(1, seconds - 1), 2, replace=False)).tolist()
    return [0 if first_is_open else inner[0], seconds - 1 if second_is_close else inner[1]]


def _segment(here: int, there: int, steps: int, step: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A Brownian bridge from ``here`` to ``there``: its ``steps`` values after the first."""
    walk = np.cumsum(rng.standard_normal(steps)) * step
    part = np.arange(1, steps + 1) / steps
    bridged: NDArray[np.float64] = here + walk + part * (there - here - walk[-1])
    return bridged


def _fold(height: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Reflect at 0 and at ``span``, as often as needed."""
    if span == 0:
        return np.zeros_like(height)
    turned = np.mod(height, 2 * span)
    return np.where(turned > span, 2 * span - turned, turned)
