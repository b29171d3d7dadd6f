"""Market: each pool's quotes, depth and trades in, its market-states out, each in the place of what made it.

    recording -> market -> states

What fails                            what is seen                    what is lost    what to do
a source is silent, late, or lies     status degraded, then halted    nothing         nothing: breakers act (R-O5, R-P)
a line cannot be read                 a dead letter                   nothing         mend the producer
the process dies                      the flow ends                   nothing         start it again: it goes on at its cut
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.connectors.engine import Item, Keyed, Parts, Sinks
from flows.connectors.exits import end_in_one_line
from flows.connectors.files import RecordingReader
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import FrameFile
from flows.connectors.settings import Run, rerun_from_environment
from flows.journal.admission import Merged
from flows.journal.codec import EntryBatch, encode_entries
from flows.lanes.run import over_kafka
from flows.pricing.decode import PoolSlice, Router
from flows.pricing.stage import MarketStage
from flows.registry.load import Venue


class RecordingSlices:
    """The recording's lines, merged in their order and routed: for each slice an item a pool, under the pool's key."""

    def __init__(self, run: Run, position: Any) -> None:
        """From the start (None), or from a position."""
        self.keys = keys_for([pool.id for pool in run.venue.pools])
        self.router = Router(run.venue, run.horizon[0])
        place = None
        if position is not None:
            place, numbers = position
            self.router.restore(numbers)
        self.reader = RecordingReader(run.sources, run.horizon, run.slice_records, place)

    def read(self) -> list[tuple[str, Item]] | None:
        """The next slice; None after the last."""
        pieces = self.reader.read()
        if pieces is None:
            return None
        routed = [each for piece in pieces for each in self.router.route(piece)]
        return [(self.keys[each.pool], Item(each.pool, each)) for each in routed]

    def snapshot(self) -> Any:
        """Where the next slice begins, and the producers' last numbers."""
        return self.reader.snapshot(), self.router.snapshot()

    def close(self) -> None:
        """Let go of the files."""
        self.reader.close()


class PriceMarkets:
    """One pool's market stage: records are replaced by the states they make."""

    def __init__(self, venue: Venue, pool: str, snapshot: bytes | None) -> None:
        """From the start, or from a snapshot."""
        self.stage = MarketStage(venue.pool(pool), venue.market_stage(pool))
        if snapshot is not None:
            self.stage.restore(snapshot)

    def apply(self, item: PoolSlice) -> Iterable[Merged]:
        """States in the places of their records, between the account topics' items."""
        states, after = self.stage.apply(item.records, item.levels)
        return [item.merged(states, after)]

    def snapshot(self) -> bytes:
        """All that the stage remembers."""
        return self.stage.snapshot()


class StatesFile:
    """Market-states of one pool as frames of a file: what this flow leaves when it runs alone."""

    def __init__(self, run: Run, key: str, length: int | None) -> None:
        """Cut back to ``length`` after a crash."""
        self.pool = pool_of(key)
        self.file = FrameFile(run.folder / f"states-{self.pool}.arrows", length or 0)

    def write(self, items: Sequence[Item]) -> None:
        """One frame an item."""
        for item in items:
            rows = item.body.rows[item.body.item < 0]
            self.file.append(encode_entries(EntryBatch(self.pool, 0, rows)))

    def snapshot(self) -> int:
        """On the disk."""
        return self.file.sync()

    def close(self) -> None:
        """Let go of it."""
        self.file.close()


def recording(run: Run) -> Parts[tuple[str, Item]]:
    """The recording as one partition."""
    return Parts(["recording"], lambda _, position: RecordingSlices(run, position))


def market(source: Parts[tuple[str, Item]], states: Sinks[Item], venue: Venue) -> Dataflow:
    """The flow as a table of its steps."""
    flow = Dataflow("market")
    slices = op.input("recording", flow, source)
    priced = op.stateful_batch("market", slices, partial(Keyed, partial(PriceMarkets, venue)))
    op.output("states", priced, states)
    return flow


def flow() -> Dataflow:
    """``python -m bytewax.run flows.market``: over Kafka if a venue is named, else a run's states once more."""
    end_in_one_line()
    if (live := over_kafka("market")) is not None:
        return live
    run = rerun_from_environment(on_recording=True)
    keys = keys_for([pool.id for pool in run.venue.pools])
    return market(recording(run), Sinks(list(keys.values()), partial(StatesFile, run)), run.venue)
