"""Audit: journal and events of each pool into ClickHouse, in blocks that the journal itself cuts.

    journal, events -> cut -> clickhouse

What fails                      what is seen                              what is lost    what to do
ClickHouse is down or slow      inserts are tried again; audit lags       nothing         nothing
a block is inserted twice       its token is known, it is dropped         nothing         nothing
another process holds the       one line, at the start                    nothing         end it, or wait
database folder
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.connectors import clickhouse
from flows.connectors.blocks import Block, BlockCutter
from flows.connectors.engine import Item, Keyed, Parts, Sinks
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import frames
from flows.connectors.settings import EVENTS, JOURNAL, Environment, Run, run_from_environment
from flows.journal.codec import EntryBatch, EventBatch, decode_entries, decode_events

PAUSE_S: Final = 0.2
"""How long the tail of a run waits before it looks again for more."""


class Both:
    """One pool's journal and events, read side by side as they grow; a batch and the events of just its entries."""

    def __init__(self, run: Run, key: str, position: tuple[int, int] | None) -> None:
        """From the start, or behind the frames that were read."""
        self.key, self.pool = key, pool_of(key)
        self.journal_at, self.events_at = position or (0, 0)
        self.paths = (run.read_folder / JOURNAL.format(self.pool), run.read_folder / EVENTS.format(self.pool))

    def read(self) -> list[tuple[str, Item]] | None:
        """The next batch with its events; None while there is none that is whole."""
        if not all(path.exists() for path in self.paths):
            return None
        journal = next(frames(self.paths[0], self.journal_at), None)
        events = next(frames(self.paths[1], self.events_at), None)
        if journal is None or events is None:
            return None
        batch, decided = decode_entries(journal[0]), decode_events(events[0])
        assert batch.first_offset == decided.first_offset, "a frame of events is of one frame of the journal"
        self.journal_at, self.events_at = journal[1], events[1]
        return [(self.key, Item(self.pool, (batch, decided)))]

    def snapshot(self) -> tuple[int, int]:
        """Lengths of the files that have been read."""
        return self.journal_at, self.events_at

    def close(self) -> None:
        """Nothing is held open."""


class Cut:
    """One pool's blocks. Its state is where the block that is not whole yet begins."""

    def __init__(self, run: Run, pool: str, first_offset: int | None) -> None:
        """``first_offset`` begins a block."""
        self.cutter = BlockCutter(pool, run.venue.pool(pool).audit_block_ns, first_offset or 0)

    def apply(self, both: tuple[EntryBatch, EventBatch]) -> Iterable[Block]:
        """The blocks that are now whole. Entries before the first block's are in the database already."""
        batch, decided = both
        known = max(0, self.cutter.next_offset - batch.first_offset)
        if known >= len(batch.rows) and len(batch.rows):
            return []
        texts = {place - known: text for place, text in batch.texts.items() if place >= known}
        events = decided.rows[decided.rows[:, 0] >= batch.first_offset + known]
        return self.cutter.add(batch.rows[known:], texts, events)

    def snapshot(self) -> int:
        """Where the open block begins."""
        return self.cutter.snapshot()


class Database:
    """Blocks into ClickHouse; safe once inserted, a repeat is dropped."""

    def __init__(self, client: Any) -> None:
        """Tables are made if they are missing."""
        clickhouse.migrate(client)
        self.writer = clickhouse.Writer(client)

    def write(self, items: Sequence[Item]) -> None:
        """One insert a table and block."""
        for item in items:
            block: Block = item.body
            self.writer.insert_block(block.pool, block.first_offset, block.entries, block.texts, block.events)

    def snapshot(self) -> None:
        """An insert that has returned is safe."""

    def close(self) -> None:
        """The client is its owner's."""


class Tail(threading.Thread):
    """Audit beside a replay: the same steps in a plain loop, on the run's files as they grow."""

    def __init__(self, run: Run, database: Path | str) -> None:
        """The database is opened here, so that a folder somebody holds is told at the start."""
        super().__init__(name="audit", daemon=True)
        self.client = clickhouse.connect(database)
        self.sink = Database(self.client)
        self.readers: list[Both] = []
        self.cuts: dict[str, Cut] = {}
        for pool in run.venue.pools:
            self.readers.append(Both(run, pool.id, None))
            self.cuts[pool.id] = Cut(run, pool.id, self.sink.writer.next_offset(pool.id))
        self.ended = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Read and insert until the run has ended and nothing is left."""
        try:
            while True:
                last = self.ended.is_set()
                while self._pass():
                    pass
                if last:
                    return
                self.ended.wait(PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - handed to whoever joins
            self.error = error

    def _pass(self) -> bool:
        """One batch a pool; whether there was any."""
        found = False
        for reader in self.readers:
            for _, item in reader.read() or ():
                found = True
                blocks = self.cuts[reader.pool].apply(item.body)
                self.sink.write([Item(reader.pool, block) for block in blocks])
        return found

    def finish(self) -> None:
        """The run is whole: wait for the rest, insert the last blocks, give the folder back."""
        self.ended.set()
        self.join()
        try:
            if self.error is not None:
                raise self.error
            for pool, cut in self.cuts.items():
                self.sink.write([Item(pool, block) for block in cut.cutter.finish()])
        finally:
            self.client.close()

    def stop(self) -> None:
        """The run was broken off: stop without the last blocks, which a later start will make whole."""
        self.ended.set()
        self.join()
        self.client.close()


def audit(both: Parts[tuple[str, Item]], blocks: Sinks[Item], run: Run) -> Dataflow:
    """The flow as a table of its steps."""
    flow = Dataflow("audit")
    read = op.input("journal", flow, both)
    cut = op.stateful_batch("cut", read, partial(Keyed, partial(Cut, run)))
    op.output("clickhouse", cut, blocks)
    return flow


def flow() -> Dataflow:
    """``python -m bytewax.run flows.audit``: a run's files into ClickHouse; settings come from the environment."""
    run = run_from_environment()
    settings = Environment()
    client = clickhouse.connect(settings.database or run.folder / clickhouse.FOLDER)
    keys = list(keys_for([pool.id for pool in run.venue.pools]).values())
    return audit(Parts(keys, partial(Both, run)), Sinks(keys, lambda _key, _state: Database(client)), run)
