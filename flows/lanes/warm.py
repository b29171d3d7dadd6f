"""A flow's compiled code, loaded before the flow takes records: the first one must not wait for a compiler.

A lane that was claimed and then compiles for a minute is a venue that stands still; what comes meanwhile grows old.
"""

from __future__ import annotations

import numpy as np

from flows.journal import entries as en
from flows.journal.admission import genesis
from flows.lanes.settings import Live
from flows.pool.driver import Driver
from flows.pool.pool import Pool
from flows.pricing import records
from flows.pricing.stage import MarketStage
from flows.registry.parameters import PoolParameters
from flows.rules.scale.time import SECOND_NS


def warm(live: Live, flow: str) -> None:
    """Have the flow's kernels compiled, or read from where they are kept, by a pool that is thrown away."""
    pool = live.venue.pools[0]
    if flow == "market":
        _prices(live, pool)
    elif flow == "clearing":
        _clears(pool)


def _prices(live: Live, pool: PoolParameters) -> None:
    clock = records.empty(1)
    clock[0, records.KIND], clock[0, records.TIME_NS] = records.CLOCK, SECOND_NS
    MarketStage(pool, live.venue.market_stage(pool.id)).apply(clock, np.zeros((0, 2), np.int64))


def _clears(pool: PoolParameters) -> None:
    first, text = genesis(pool, SECOND_NS)
    clock = en.empty(1)
    clock[0, en.KIND], clock[0, en.TIME_NS] = en.CLOCK, 2 * SECOND_NS
    Driver(Pool(pool), None).drive(np.concatenate([first, clock]), {0: text})
