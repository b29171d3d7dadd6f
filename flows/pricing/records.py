"""What the market stage reads: decoded records, one int64 row each, in the order in which they take effect.

Depth levels lie in an array of their own, a row a level, `(price in ticks, lots)`, best first, a snapshot's bids and
then its asks; the record says where they start and how many they are. A column that a kind does not use holds 0.
Admission has judged every record before: what a schema refuses, what is early, late or out of range never comes here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Records = NDArray[np.int64]
Levels = NDArray[np.int64]

KIND: Final = 0
TIME_NS: Final = 1  # event time
SENT_NS: Final = 2
TOPIC: Final = 3  # origin, as in flows.journal.entries
PARTITION: Final = 4
ORIGIN_OFFSET: Final = 5
NUMBER: Final = 6  # the producer's rising number: the slot of R-O1
ROW: Final = 7  # quote: the feed (flows.pricing.feeds); depth and trade: the market
SOURCE_SLOT: Final = 8  # quote: the source's place in its feed
PRICE: Final = 9  # quote: nano; trade: ticks
CONFIDENCE_NANO: Final = 10  # quote
LOTS: Final = 11  # trade
LEVEL: Final = 12  # depth: row of its best bid in the levels
BIDS: Final = 13  # depth: levels a side
ASKS: Final = 14
WIDTH: Final = 15

QUOTE: Final = 0
DEPTH: Final = 1
TRADE: Final = 2
CLOCK: Final = 3

LEVELS_MOST: Final = 50
"""Levels a side that a depth record may have."""

NANO: Final = 1_000_000_000
"""Nano in one unit of the settlement asset: the scale of quotes, whatever market or collateral they price."""

NANO_MOST: Final = 10**16
"""Largest price of a quote: ten million of the settlement asset. What lies above is out of range at admission."""


def empty(count: int) -> Records:
    """``count`` rows of zeros."""
    return np.zeros((count, WIDTH), np.int64)
