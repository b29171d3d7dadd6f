"""Audit: journal and events of each pool into ClickHouse, in blocks that the journal itself cuts.

    journal, events -> cut -> clickhouse

The database is its memory: how far it has come is asked there, and blocks are the same wherever a reader begins.

What fails                      what is seen                              what is lost    what to do
ClickHouse is down or slow      inserts are tried again; audit lags       nothing         nothing
a block is inserted twice       its token is known, it is dropped         nothing         nothing
kill -9 amid a block            its tables are counted at the start       nothing         nothing
another process holds the       one line, at the start                    nothing         end it, or wait
database folder
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import bytewax.operators as op
import orjson
from bytewax.dataflow import Dataflow

from flows.connectors import clickhouse
from flows.connectors.blocks import Block, BlockCutter
from flows.connectors.engine import Item, Keyed, Parts, Sinks
from flows.connectors.exits import end_in_one_line
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import frames
from flows.connectors.settings import (
    DEAD_LETTERS,
    EVENTS,
    JOURNAL,
    SUMMARY,
    Run,
    environment,
    run_from_environment,
)
from flows.journal.codec import EntryBatch, EventBatch, decode_entries, decode_events
from flows.lanes.run import over_kafka

PAUSE_S: Final = 0.2
"""How long the tail of a run waits before it looks again for more."""


class Both:
    """One pool's journal and events, read side by side as they grow; a batch and the events of just its entries."""

    def __init__(self, run: Run, key: str) -> None:
        """From the start."""
        self.key, self.pool = key, pool_of(key)
        self.journal_at = self.events_at = 0
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

    def snapshot(self) -> None:
        """Nothing: a later start reads from the beginning and passes over what the database has."""

    def close(self) -> None:
        """Nothing is held open."""


class Letters(NamedTuple):
    """A pool's dead letters, all of them: a repeat replaces itself."""

    pool: str
    rows: list[clickhouse.DeadLetterRow]


class Cut:
    """One pool's blocks, from the first one on that the database does not have."""

    def __init__(self, run: Run, pool: str, first_offset: int) -> None:
        """``first_offset`` begins a block."""
        self.run, self.pool = run, pool
        self.cutter = BlockCutter(pool, run.venue.pool(pool).audit_block_ns, first_offset)

    def apply(self, both: tuple[EntryBatch, EventBatch]) -> Iterable[Block]:
        """The blocks that are now whole. Entries before the first block's are in the database already."""
        batch, decided = both
        known = max(0, self.cutter.next_offset - batch.first_offset)
        if known >= len(batch.rows) and len(batch.rows):
            return []
        texts = {place - known: text for place, text in batch.texts.items() if place >= known}
        events = decided.rows[decided.rows[:, 0] >= batch.first_offset + known]
        return self.cutter.add(batch.rows[known:], texts, events)

    def end(self) -> Iterable[Block | Letters]:
        """The input is over, but only a run that is whole has a last block: a short one would bear a long one's token."""
        return self.last() if (self.run.read_folder / SUMMARY).exists() else []

    def last(self) -> Iterator[Block | Letters]:
        """The journal ends here."""
        yield from self.cutter.finish()
        if letters := [_row(line) for line in letters_of(self.run, self.pool)]:
            yield Letters(self.pool, letters)

    def snapshot(self) -> None:
        """Nothing: the database knows."""


def letters_of(run: Run, pool: str) -> list[bytes]:
    """A pool's dead letters, a line each."""
    path = run.read_folder / DEAD_LETTERS.format(pool)
    return path.read_bytes().splitlines() if path.exists() else []


def _row(line: bytes) -> clickhouse.DeadLetterRow:
    letter = orjson.loads(line)
    return clickhouse.DeadLetterRow(**letter | {"raw": base64.b64decode(letter["raw"])})


class Database:
    """Blocks and dead letters into ClickHouse; safe once inserted, a repeat is dropped."""

    def __init__(self, client: Any) -> None:
        """Tables are made if they are missing."""
        clickhouse.migrate(client)
        self.writer = clickhouse.Writer(client)

    def write(self, items: Sequence[Item]) -> None:
        """One insert a table and block."""
        for item in items:
            made: Block | Letters = item.body
            if isinstance(made, Letters):
                self.writer.insert_dead_letters(made.pool, made.rows)
            else:
                self.writer.insert_block(made.pool, made.first_offset, made.entries, made.texts, made.events)

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
        self.readers = [Both(run, key) for key in keys_for([pool.id for pool in run.venue.pools]).values()]
        self.cuts = {each.pool: _cut(run, self.sink, each.pool) for each in self.readers}
        self.followed: set[str] = set()
        self.ended, self.broken_off = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def follow(self, pool: str) -> None:
        """From now on this pool's files only grow: what lay behind the cut after a crash has been cut off."""
        self.followed.add(pool)

    def run(self) -> None:
        """Read and insert until the run has ended and nothing is left."""
        try:
            while not self.broken_off.is_set():
                last = self.ended.is_set()
                while self._pass():
                    pass
                if last:
                    return
                self.ended.wait(PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - handed to whoever finishes
            self.error = error

    def _pass(self) -> bool:
        """One batch a pool; whether there was any."""
        found = False
        for reader in self.readers:
            if self.broken_off.is_set():
                return False
            if reader.pool in self.followed or self.ended.is_set():
                for _, item in reader.read() or ():
                    found = True
                    blocks = self.cuts[reader.pool].apply(item.body)
                    self.sink.write([Item(reader.pool, block) for block in blocks])
        return found

    def finish(self) -> None:
        """All files are whole: wait for the rest, insert the last blocks and the dead letters."""
        self.ended.set()
        self.join()
        if self.error is not None:
            raise self.error
        for pool, cut in self.cuts.items():
            self.sink.write([Item(pool, made) for made in cut.last()])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the folder back, whatever was inserted: a later start makes it whole."""
        self.broken_off.set()
        self.ended.set()
        self.join()
        self.client.close()


def _cut(run: Run, database: Database, pool: str, _state: object = None) -> Cut:
    """Blocks behind the last one that is in the database."""
    return Cut(run, pool, database.writer.next_offset(pool))


def audit(both: Parts[tuple[str, Item]], database: Database, keys: Sequence[str], run: Run) -> Dataflow:
    """The flow as a table of its steps."""
    flow = Dataflow("audit")
    read = op.input("journal", flow, both)
    cut = op.stateful_batch("cut", read, partial(Keyed, partial(_cut, run, database)))
    op.output("clickhouse", cut, Sinks(keys, lambda _key, _state: database))
    return flow


def flow() -> Dataflow:
    """``python -m bytewax.run flows.audit``: over Kafka if a venue is named, else a run's files into ClickHouse."""
    end_in_one_line()
    if (live := over_kafka("audit")) is not None:
        return live
    run = run_from_environment()
    database = Database(clickhouse.connect(environment().database or run.folder / clickhouse.FOLDER))
    keys = list(keys_for([pool.id for pool in run.venue.pools]).values())
    return audit(Parts(keys, lambda key, _position: Both(run, key)), database, keys, run)
