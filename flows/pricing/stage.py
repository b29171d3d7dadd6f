"""The market stage of one pool: quotes, depth, trades and clocks in, market-states and asset-states out.

What a run of records gives does not depend on where it was cut, and `MarketStage.snapshot` at any record continues it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flows.journal.entries import WIDTH as ENTRY_WIDTH
from flows.journal.entries import Rows
from flows.pricing import records as record
from flows.pricing.feeds import Feed, feeds_of
from flows.pricing.kernel import run
from flows.pricing.publish import Output
from flows.pricing.state import KEPT, Ints64, State, initial, set_parameters

if TYPE_CHECKING:
    from flows.registry.market_stage import MarketStageParameters
    from flows.registry.parameters import PoolParameters


class MarketStage:
    """The prices of one pool. Nothing here reads a clock: time is the clock records'."""

    def __init__(self, pool: PoolParameters, settings: MarketStageParameters) -> None:
        self.pool = pool
        self.settings = settings
        self.feeds: tuple[Feed, ...] = feeds_of(pool)
        self.state: State = initial(pool, settings)

    def apply(self, records: record.Records, levels: record.Levels) -> tuple[Rows, Ints64]:
        """Apply records in their order: the states that they make, and for each the record that it follows.

        Several states may follow one record; ``after`` never falls. A state carries its record's origin.
        """
        room = self._states_most(records[:, record.KIND])
        out = Output(np.empty((room, ENTRY_WIDTH), np.int64), np.empty(room, np.int64))
        made = run(self.state, records, levels, out)
        return out.rows[:made], out.after[:made]

    def _states_most(self, kinds: Ints64) -> int:
        """How many rows these records may need. A row that turns out to be no news is begun, too."""
        count = np.bincount(kinds, minlength=record.CLOCK + 1)
        by_quote = max(len(feed.market_rows) for feed in self.feeds) + 1
        by_clock = len(self.feeds) + len(self.pool.markets)
        most = count[record.QUOTE] * by_quote + count[record.CLOCK] * by_clock
        return int(most + count[record.DEPTH] + count[record.TRADE]) + 1

    def snapshot(self) -> bytes:
        """All that the stage remembers, as bytes that `restore` takes."""
        return b"".join(getattr(self.state, name).tobytes() for name in KEPT)

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of a stage with the same feeds and markets; parameters are this one's."""
        kept: list[np.ndarray] = [getattr(self.state, name) for name in KEPT]
        if len(snapshot) != sum(each.nbytes for each in kept):
            raise ValueError(
                f"a snapshot of {len(snapshot):,} bytes for a stage of {sum(each.nbytes for each in kept):,}: "
                f"it was made with other feeds, markets or windows"
            )
        start = 0
        for each in kept:
            each[...] = np.frombuffer(snapshot, each.dtype, each.size, start).reshape(each.shape)
            start += each.nbytes
        set_parameters(self.state, self.pool, self.settings, self.feeds)
