"""Decimal text to integers, many at once: what the wire's `Amount` pattern accepts, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.journal.compiled import kernel

NANO: Final = 1_000_000_000
"""A decimal is carried as units of 1e-9: nine decimals are the most that the wire allows."""

GOOD: Final = 0
MALFORMED: Final = 1  # not ``[0-9]{1,12}(\\.[0-9]{1,9})?``
ZERO: Final = 2
TOO_LARGE: Final = 3  # over 9,223,372,036: 1e-9 units would leave int64

_WHOLE_DIGITS, _PART_DIGITS = 12, 9
_LARGEST_WHOLE: Final = 9_223_372_036 - 1


def parse_decimals(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Values in units of 1e-9, and for each what is wrong with it (`GOOD` if nothing)."""
    joined = "\n".join(texts).encode("utf-8", "replace")
    values = np.zeros(len(texts), np.int64)
    faults = np.zeros(len(texts), np.int8)
    if len(texts) == 0:
        return values, faults
    data = np.frombuffer(joined, np.uint8)
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    if int(lengths.sum()) + len(texts) - 1 != len(data):  # not plain ASCII somewhere: measure in bytes
        lengths = np.fromiter((len(text.encode("utf-8", "replace")) for text in texts), np.int64, len(texts))
    _parse(data, lengths, values, faults)
    return values, faults


@kernel
def _parse(
    data: NDArray[np.uint8], lengths: NDArray[np.int64], values: NDArray[np.int64], faults: NDArray[np.int8]
) -> None:
    start = 0
    for row in range(lengths.size):
        whole, part, digits, decimals, dots, bad = 0, 0, 0, 0, 0, False
        for place in range(start, start + lengths[row]):
            byte: int = np.int64(data[place])  # type: ignore[assignment]  # unsigned bytes would wrap
            if byte == 46 and dots == 0 and digits > 0:
                dots = 1
            elif 48 <= byte <= 57 and dots == 0 and digits < 12:
                whole = whole * 10 + (byte - 48)
                digits += 1
            elif 48 <= byte <= 57 and dots == 1 and decimals < 9:
                part = part * 10 + (byte - 48)
                decimals += 1
            else:
                bad = True
                break
        start += lengths[row] + 1
        if bad or digits == 0 or (dots == 1 and decimals == 0):
            faults[row] = 1
        elif whole > 9_223_372_035:
            faults[row] = 3
        else:
            while decimals < 9:
                part *= 10
                decimals += 1
            values[row] = whole * 1_000_000_000 + part
            if values[row] == 0:
                faults[row] = 2


def scaled(
    values: NDArray[np.int64], scale: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """``value x scale`` for values in units of 1e-9, and whether each is a whole number. Scales up to 1e9.

    A price of 60,000.05 at 10 ticks a unit is 600,000.5 ticks: not whole, so off the tick. A product beyond int64
    counts as not whole: no market's bounds reach that far.
    """
    whole, part = values // NANO, values % NANO
    product = part * scale
    fits = whole <= (np.int64(2**62) // np.maximum(scale, 1))
    result = np.where(fits, whole, 0) * scale + product // NANO
    return result, (product % NANO == 0) & fits
