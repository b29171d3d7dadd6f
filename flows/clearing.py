"""Clearing: each pool's admitted entries in, its journal and its decisions out. One pool, one key, one writer.

    admitted -> clear (journal, pool, whoever answers) -> journal and events

What fails                              what is seen                        what is lost    what to do
an entry cannot be applied              the pool stops, naming its offset   nothing         mend the bug, or sign a skip of it
the process dies                        the flow ends                       nothing         start it again
a checkpoint is missing or damaged      an earlier one, or none, is used    time            nothing
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import bytewax.operators as op
import structlog
from bytewax.dataflow import Dataflow

from flows.connectors.engine import Item, Keyed, Parts, Sinks
from flows.connectors.exits import end_in_one_line
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import FrameFile, frames, write_whole
from flows.connectors.settings import (
    CHECKPOINTS,
    JOURNAL,
    Run,
    events_file,
    journal_of,
    rerun_from_environment,
)
from flows.journal import entries as en
from flows.journal.admission import Admitted
from flows.journal.codec import EventBatch, decode_entries, encode_events
from flows.journal.dead_letters import DeadLetter
from flows.journal.entries import Rows
from flows.lanes.run import over_kafka
from flows.pool import checkpoint
from flows.pool.driver import Driver
from flows.pool.pool import Pool, PoolStoppedError
from flows.pool.skips import note_skips
from flows.venue.paper import PaperState, PaperVenue

CHECKPOINT_ENTRIES: Final = 250_000
"""Entries between two checkpoints: what a start has to re-execute at most, a few seconds' work."""

KEPT: Final = 3
"""Checkpoints kept: the cut that a start goes on from may be older than the newest."""

MAKER, BIDDER = "mm-", "liq-"
"""What the names of generated market makers and liquidators begin with."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a run of admitted entries came to."""

    first_offset: int
    rows: Rows
    texts: Mapping[int, str]
    events: Rows
    dead: Sequence[DeadLetter] = ()


class Clear:
    """One pool's state machine, with the paper venue answering it."""

    def __init__(self, run: Run, pool: str, state: dict[str, Any] | None) -> None:
        """From genesis, or where an earlier one stood: a checkpoint, then the journal's tail again."""
        self.pool = pool
        self.folder = run.folder / CHECKPOINTS
        parameters = run.venue.pool(pool)
        self.venue = PaperVenue()
        self.driver = Driver(Pool(parameters), self.venue)
        self.saved: list[int] = []
        if state is None:
            return
        self.venue.state = _paper_state(state["paper"])
        self.venue.makers, self.venue.bidders = state["makers"], state["bidders"]
        self.saved = [offset for offset in state["saved"] if self._path(offset).exists()]
        first = self._load(parameters)
        _run_again(self.driver.pool, run, pool, first, state["length"])
        self.driver.length = state["length"]

    def apply(self, item: Admitted) -> Iterable[Cleared]:
        """Entries become journal, decisions follow, answers are appended behind what they answer."""
        self._meet(item)
        driven = self.driver.drive(item.rows, item.texts)
        last = self.saved[-1] if self.saved else 0
        if self.driver.length - last >= CHECKPOINT_ENTRIES:
            self._save()
        return [Cleared(driven.first_offset, driven.rows, driven.texts, driven.events, item.dead)]

    def snapshot(self) -> dict[str, Any]:
        """A cursor: journal length, checkpoints, the venue's small memory; never the book."""
        return {
            "length": self.driver.length,
            "saved": list(self.saved),
            "paper": asdict(self.venue.state) | {"used": list(self.venue.state.used.items())},
            "makers": list(self.venue.makers),
            "bidders": list(self.venue.bidders),
        }

    def _meet(self, item: Admitted) -> None:
        """Market makers and liquidators are known by their names."""
        for place, text in item.texts.items():
            row = item.rows[place]
            if row[en.KIND] == en.DEPOSIT and row[en.Deposit.OPENS]:
                if text.startswith(MAKER):
                    self.venue.makers.append(int(row[en.Deposit.ACCOUNT]))
                elif text.startswith(BIDDER):
                    self.venue.bidders.append(int(row[en.Deposit.ACCOUNT]))

    def _path(self, offset: int) -> Any:
        return self.folder / f"{self.pool}-{offset}.checkpoint"

    def _save(self) -> None:
        """A checkpoint, after everything has been counted anew."""
        self.driver.pool.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._path(self.driver.length), checkpoint.save(self.driver.pool.state))
        self.saved.append(self.driver.length)
        for old in self.saved[:-KEPT]:
            self._path(old).unlink(missing_ok=True)
        self.saved = self.saved[-KEPT:]

    def _load(self, parameters: Any) -> int:
        """Load the newest checkpoint that is whole; the journal offset to go on from."""
        for offset in reversed(self.saved):
            pool = Pool(parameters)
            try:
                checkpoint.load(pool.state, self._path(offset).read_bytes())
            except (checkpoint.CheckpointDamagedError, OSError) as error:
                log.warning("checkpoint not used", pool=self.pool, offset=offset, why=str(error))
                continue
            self.driver.pool = pool
            return offset
        return 0


def _paper_state(kept: dict[str, Any]) -> PaperState:
    used = {tuple(key): tuple(value) for key, value in kept["used"]}
    promised = [tuple(each) for each in kept["promised"]]
    return PaperState(used, kept["turn"], kept["bidder_turn"], promised, kept["number"])


def _run_again(pool: Pool, run: Run, name: str, first: int, end: int) -> None:
    """Re-execute the journal from ``first`` up to ``end``; its events are known already."""
    for batch in journal_of(run, name):
        start = max(0, first - batch.first_offset)
        stop = min(len(batch.rows), end - batch.first_offset)
        if start < stop:
            pool.run(batch.rows[:stop], start, batch.first_offset, answering=False, texts=batch.texts)
            pool.take_events()


# --- alone: a journal's re-execution ----------------------------------------------------------------------------------
class JournalFrames:
    """Batches of one pool's journal, under the pool's key."""

    def __init__(self, run: Run, key: str, position: int | None) -> None:
        """From the start, or behind the frames that were read."""
        self.key, self.pool = key, pool_of(key)
        self.position = position or 0
        self.frames = frames(run.read_folder / JOURNAL.format(self.pool), self.position)

    def read(self) -> list[tuple[str, Item]] | None:
        """The next batch; None after the last whole one."""
        found = next(self.frames, None)
        if found is None:
            return None
        data, self.position = found
        batch = decode_entries(data)
        return [(self.key, Item(self.pool, batch))]

    def snapshot(self) -> int:
        """Length of the file that has been read."""
        return self.position

    def close(self) -> None:
        """Nothing is held open."""


class Execute:
    """A pool over a journal that exists already: nobody answers, the answers are entries."""

    def __init__(self, run: Run, pool: str, length: int | None) -> None:
        """From genesis, or behind ``length`` entries."""
        self.run, self.pool = run, pool
        self.known: dict[int, int] = {}  # what the journal's skips name
        self.skips: dict[int, int] = {}  # what of it the pool stopped at
        for batch in journal_of(run, pool):
            note_skips(self.known, batch.rows, batch.first_offset)
        self._begin(length or 0)

    def _begin(self, length: int) -> None:
        """Behind so many entries; one that the pool stops at is passed over, if a skip names it."""
        self.driver = Driver(Pool(self.run.venue.pool(self.pool), skips=self.skips), None, length)
        try:
            _run_again(self.driver.pool, self.run, self.pool, 0, length)
        except PoolStoppedError as stop:
            self._pass(stop)
            self._begin(length)

    def _pass(self, stop: PoolStoppedError) -> None:
        if stop.offset not in self.known or stop.offset in self.skips:
            raise stop
        self.skips[stop.offset] = self.known[stop.offset]

    def apply(self, batch: Any) -> Iterable[Cleared]:
        """The events that follow."""
        try:
            driven = self.driver.drive(batch.rows, batch.texts)
        except PoolStoppedError as stop:
            self._pass(stop)
            self._begin(batch.first_offset)
            return self.apply(batch)
        return [Cleared(driven.first_offset, driven.rows, driven.texts, driven.events)]

    def snapshot(self) -> int:
        """Entries applied."""
        return self.driver.length


class EventsFile:
    """A pool's events as frames of a file."""

    def __init__(self, run: Run, key: str, length: int | None) -> None:
        """Cut back to ``length`` after a crash."""
        self.pool = pool_of(key)
        self.file = FrameFile(events_file(run, self.pool), length or 0)

    def write(self, items: Sequence[Item]) -> None:
        """One frame an item: the events of whole entries."""
        for item in items:
            end = item.body.first_offset + len(item.body.rows)
            self.file.append(
                encode_events(EventBatch(self.pool, item.body.first_offset, end, item.body.events))
            )

    def snapshot(self) -> int:
        """On the disk."""
        return self.file.sync()

    def close(self) -> None:
        """Let go of it."""
        self.file.close()


def clearing(journal: Parts[tuple[str, Item]], events: Sinks[Item], run: Run) -> Dataflow:
    """The flow as a table of its steps."""
    flow = Dataflow("clearing")
    entries = op.input("journal", flow, journal)
    decided = op.stateful_batch("clear", entries, partial(Keyed, partial(Execute, run)))
    op.output("events", decided, events)
    return flow


def flow() -> Dataflow:
    """``python -m bytewax.run flows.clearing``: over Kafka if a venue is named, else re-executes a run's journal."""
    end_in_one_line()
    if (live := over_kafka("clearing")) is not None:
        return live
    run = rerun_from_environment()
    keys = list(keys_for([pool.id for pool in run.venue.pools]).values())
    return clearing(Parts(keys, partial(JournalFrames, run)), Sinks(keys, partial(EventsFile, run)), run)
