"""Replay: a recording through the whole dataflow in one process, and what it did to every account.

    recording -> market -> intake -> clear -> record (journal, events, dead letters) -> audit (beside)

What fails                            what is seen                           what is lost      what to do
the process dies at any moment        no summary: the run is not whole       at most a cut's   the same command again
                                                                             work, redone
the disk is full, the folder shut     one line                               nothing           make room; the same command again
a second run on the same folder       one line                               nothing           another --out
the database folder is held           one line                               nothing           end who holds it
"""

from __future__ import annotations

import json
import pickle
import shutil
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.audit import Tail, letters_of
from flows.clearing import Clear, Cleared
from flows.connectors.clickhouse import FOLDER
from flows.connectors.engine import Item, Keyed, Parts, Sinks, run_flow
from flows.connectors.errors import RunDiffers, RunError
from flows.connectors.exits import end_in_one_line
from flows.connectors.files import hashes
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import FrameFile, GrowingFile, RunLock, write_whole
from flows.connectors.settings import (
    CHECKPOINTS,
    DEAD_LETTERS,
    EVENTS,
    JOURNAL,
    MANIFEST,
    SUMMARY,
    Manifest,
    Run,
    environment,
    events_file,
    events_of,
    journal_file,
    journal_of,
    read_manifest,
    venue_of,
)
from flows.intake import Admit
from flows.journal import entries as en
from flows.journal.codec import EntryBatch, EventBatch, Settled, encode_entries, encode_events
from flows.journal.merge import SLICE_RECORDS
from flows.market import PriceMarkets, RecordingSlices, recording
from flows.recording import accounts as generated
from flows.recording import files, manifest
from flows.registry.canonical import parameters_hash
from flows.rules.scale.time import SECOND_NS
from flows.verify.summary import RunSummary

RECOVERY: Final = "recovery"
CUT: Final = "cut.pickle"
TOPICS: Final = "topics"

_FILES: Final = tuple(name.format("*") for name in (JOURNAL, EVENTS, DEAD_LETTERS))
LEFT: Final = (
    SUMMARY,
    "picture.*",
    RECOVERY,
    CUT,
    CHECKPOINTS,
    FOLDER,
    *_FILES,
    TOPICS,
    ".*.draft",
    MANIFEST,
)
"""All that a run leaves, in the order in which it is removed: cut short anywhere, that leaves a run to be taken up."""

PLAIN_CUT_SLICES: Final = 40
"""Slices between two cuts of the plain loop: some seconds' work."""

Progress = Callable[[int, int], None]
"""Told as the run goes on: event time reached, and entries added since it was told last."""


def unheard(_time_ns: int, _entries: int) -> None:
    """Progress that nobody watches."""


class RunFinished(RunError):  # noqa: N818 - its name is what it says
    """The folder holds a run that is whole."""


@dataclass(frozen=True)
class Replay:
    """What a replay is asked to do."""

    recording: str
    accounts: int
    out: Path
    workers: int = 1
    plain: bool = False
    slice_records: int = SLICE_RECORDS
    database: bool = True


def _nobody(_pool: str) -> None:
    pass


@dataclass(frozen=True)
class Watch:
    """Who hears of the files: of more in them, and of each pool's being opened (cut back by then) and closed."""

    progress: Progress = unheard
    opened: Callable[[str], None] = _nobody
    closed: Callable[[str], None] = _nobody


class Record:
    """One pool's journal, events and dead letters, as files that only grow. A frame of events is of a frame of journal."""

    def __init__(self, run: Run, watch: Watch, key: str, lengths: tuple[int, int, int] | None) -> None:
        """Cut back to the lengths of the last cut through the run."""
        self.pool, self.watch = pool_of(key), watch
        journal, events, letters = lengths or (0, 0, 0)
        self.journal = FrameFile(journal_file(run, self.pool), journal)
        self.events = FrameFile(events_file(run, self.pool), events)
        self.letters = GrowingFile(run.folder / DEAD_LETTERS.format(self.pool), letters)
        watch.opened(self.pool)

    def write(self, items: Sequence[Item]) -> None:
        """Journal first, then what follows from it."""
        for item in items:
            assert item.pool == self.pool, "a pool's records go to its own files"
            self._one(item.body)

    def _one(self, item: Cleared) -> None:
        batch = EntryBatch(self.pool, item.first_offset, item.rows, item.texts, settled=_settled(item))
        self.journal.append(encode_entries(batch))
        end = item.first_offset + len(item.rows)
        self.events.append(encode_events(EventBatch(self.pool, item.first_offset, end, item.events)))
        if item.dead:
            self.letters.append(b"".join(letter.line() + b"\n" for letter in item.dead))
        if len(item.rows):
            self.watch.progress(int(item.rows[-1, en.TIME_NS]), len(item.rows))

    def snapshot(self) -> tuple[int, int, int]:
        """All on the disk: the barrier before a cut is made."""
        return self.journal.sync(), self.events.sync(), self.letters.sync()

    def close(self) -> None:
        """Let go of the files."""
        for each in (self.journal, self.events, self.letters):
            each.close()
        self.watch.closed(self.pool)


def _settled(item: Cleared) -> tuple[Settled, ...]:
    """The ranges of the topics' lines that these entries and dead letters settle."""
    found: dict[int, tuple[int, int]] = {}
    for topic in range(en.TOPIC_PAPER):
        lines = item.rows[item.rows[:, en.TOPIC] == topic, en.ORIGIN_OFFSET]
        if len(lines):
            found[topic] = int(lines.min()), int(lines.max())
    for letter in item.dead:
        topic = en.TOPICS.index(letter.topic)
        first, last = found.get(topic, (letter.offset, letter.offset))
        found[topic] = min(first, letter.offset), max(last, letter.offset)
    return tuple(Settled(topic, 0, first, last + 1) for topic, (first, last) in sorted(found.items()))


def replay(source: Parts[tuple[str, Item]], records: Sinks[Item], run: Run) -> Dataflow:
    """The flow as a table of its steps."""
    flow = Dataflow("replay")
    slices = op.input("recording", flow, source)
    priced = op.stateful_batch("market", slices, partial(Keyed, partial(PriceMarkets, run.venue)))
    admitted = op.stateful_batch("intake", priced, partial(Keyed, partial(Admit, run)))
    cleared = op.stateful_batch("clear", admitted, partial(Keyed, partial(Clear, run)))
    op.output("record", cleared, records)
    return flow


# --- the run ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Done:
    """A run that is whole."""

    run: Run
    described: Manifest
    counted: RunSummary
    summary: dict[str, Any]


def execute(asked: Replay, progress: Progress, *, fresh: bool = False) -> Done:
    """Run or resume to the end. A run without a summary is not whole, and the same call goes on with it."""
    started = time.monotonic()
    with RunLock(asked.out):
        run, described = prepare(asked, fresh=fresh)
        # The other way's cut would be stale: the files begin anew, or outgrow it.
        _remove(run.folder / (RECOVERY if asked.plain else CUT))
        go = run_plain if asked.plain else run_bytewax
        if asked.database:
            with Tail(run, run.folder / FOLDER) as tail:
                go(run, asked, Watch(progress, tail.follow))
                tail.finish()
        else:
            go(run, asked, Watch(progress))
        return conclude(run, described, started)


def conclude(run: Run, described: Manifest, started: float) -> Done:
    """All files are whole, and so is the database: count, and write the summary, which makes it a finished run."""
    counted = count(run)
    letters = Counter(
        json.loads(line)["reason"] for pool in run.venue.pools for line in letters_of(run, pool.id)
    )
    wall_s = time.monotonic() - started
    summary = counted.result(described.recording, described.accounts, wall_s, letters)
    write_whole(run.folder / SUMMARY, json.dumps(summary, indent=2).encode() + b"\n")
    return Done(run, described, counted, summary)


def prepare(asked: Replay, *, fresh: bool) -> tuple[Run, Manifest]:
    """The run's folder: begun anew, or found as an earlier start of the same run left it."""
    folder = asked.out
    if fresh:
        _clear(folder)
    if (folder / SUMMARY).exists():
        raise RunFinished(f"{folder}: holds a finished run; use --fresh to replace it, or another --out.")
    found = files.find(asked.recording)
    described = manifest.load(found)
    venue = venue_of(described.venue)
    asked_for = Manifest(
        recording=described.name,
        title=described.title,
        venue=described.venue,
        accounts=asked.accounts,
        sources=(str(found.resolve()), TOPICS),
        start_ns=described.start_s * SECOND_NS,
        end_ns=described.end_s * SECOND_NS,
        parameters={pool.id: parameters_hash(pool).hex() for pool in venue.pools},
        files=hashes(found),
    )
    earlier = read_manifest(folder)
    if earlier is None:
        asked_for.write(folder)
    elif earlier != asked_for.model_copy(update={"files": earlier.files}):
        raise RunDiffers(f"{folder}: holds a run begun with other settings; use --fresh, or another --out.")
    else:
        earlier.check_recording(folder, asked_for.files)
    run = asked_for.run(folder, asked.slice_records)
    _generate_accounts(run, described, found, asked.accounts)
    return run, asked_for


def _generate_accounts(run: Run, described: manifest.Recording, found: Path, accounts: int) -> None:
    """The account topics: whole, or not there."""
    target = run.folder / TOPICS
    if target.exists():
        return
    draft = run.folder / f".{TOPICS}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    generated.write_accounts(described, found, run.venue.pools, accounts, draft)
    draft.rename(target)


def _clear(folder: Path) -> None:
    """Remove what a run leaves, and nothing else."""
    for name in LEFT:
        for path in sorted(folder.glob(name)):
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a file or a folder; a folder is never seen with a part of it missing."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    gone = path.with_name(f".{path.name.strip('.')}.gone")
    if gone != path:
        shutil.rmtree(gone, ignore_errors=True)
        path.rename(gone)
    shutil.rmtree(gone)


def run_bytewax(run: Run, asked: Replay, watch: Watch) -> None:
    """The flow on bytewax, which makes a cut each epoch and goes on at the last one."""
    run_flow(replay_of(run, watch), run.folder / RECOVERY, asked.workers)


def replay_of(run: Run, watch: Watch) -> Dataflow:
    """The flow over a run's recording, into the run's files."""
    keys = list(keys_for([pool.id for pool in run.venue.pools]).values())
    return replay(recording(run), Sinks(keys, partial(Record, run, watch)), run)


def run_plain(run: Run, asked: Replay, watch: Watch) -> None:
    """The same steps in a plain loop, with a cut every so many slices."""
    path = asked.out / CUT
    cut = pickle.loads(path.read_bytes()) if path.exists() else None  # noqa: S301 - our own file, under the run's lock
    with ExitStack() as files_open:
        source = RecordingSlices(run, cut["source"] if cut else None)
        files_open.callback(source.close)
        chains: dict[str, list[Any]] = {}
        for pool, key in keys_for([pool.id for pool in run.venue.pools]).items():
            states = cut["pools"][pool] if cut else [None] * 4
            record = Record(run, watch, key, states[3])
            files_open.callback(record.close)
            price = PriceMarkets(run.venue, pool, states[0])
            chains[pool] = [price, Admit(run, pool, states[1]), Clear(run, pool, states[2]), record]
        slices = 0
        while (items := source.read()) is not None:
            for _, item in items:
                _through(item, *chains[item.pool])
            slices += 1
            if slices % PLAIN_CUT_SLICES == 0:
                _cut(path, source, chains)
        _cut(path, source, chains)


def _through(item: Item, price: PriceMarkets, admit: Admit, clear: Clear, record: Record) -> None:
    for merged in price.apply(item.body):
        for admitted in admit.apply(merged):
            record.write([Item(item.pool, cleared) for cleared in clear.apply(admitted)])


def _cut(path: Path, source: RecordingSlices, chains: dict[str, list[Any]]) -> None:
    state = {
        "source": source.snapshot(),
        "pools": {pool: [each.snapshot() for each in chain] for pool, chain in chains.items()},
    }
    write_whole(path, pickle.dumps(state))


# --- what it came to --------------------------------------------------------------------------------------------------
def count(run: Run) -> RunSummary:
    """Everything counted anew from the run's files."""
    counted = RunSummary(run.venue.pools)
    for pool in run.venue.pools:
        for entries in journal_of(run, pool.id):
            counted.add(pool.id, entries)
        for events in events_of(run, pool.id):
            counted.add_events(pool.id, events)
    return counted


class Started:
    """A run that bytewax itself started: made whole when its last file is closed."""

    def __init__(self, run: Run, described: Manifest, lock: RunLock) -> None:
        """The lock is held as long as this is."""
        self.run, self.described, self.lock = run, described, lock
        self.open = len(run.venue.pools)
        self.turn = threading.Lock()
        self.started = time.monotonic()

    def closed(self, _pool: str) -> None:
        """A pool's files are closed: at the recording's end, or because the flow was broken off."""
        with self.turn:
            self.open -= 1
            if self.open == 0 and all(self._is_whole(pool.id) for pool in self.run.venue.pools):
                self._finish()

    def _is_whole(self, pool: str) -> bool:
        """Whether the last clock of the recording is in the journal."""
        end_ns = self.run.horizon[1] // SECOND_NS * SECOND_NS
        last = [each.rows for each in deque(journal_of(self.run, pool), maxlen=1)]
        return any((rows[rows[:, en.KIND] == en.CLOCK, en.TIME_NS] == end_ns).any() for rows in last)

    def _finish(self) -> None:
        with Tail(self.run, self.run.folder / FOLDER) as tail:
            tail.finish()
        conclude(self.run, self.described, self.started)


def flow() -> Dataflow:
    """``python -m bytewax.run flows.replay``: begins a run, or starts it again; settings come from the environment.

    With ``-r runs/.../recovery -s 1 -b 0`` it goes on at the last cut of a run, else it starts at the beginning.
    """
    end_in_one_line()
    settings = environment()
    folder, recorded, accounts = settings.run_folder, settings.recording, settings.accounts
    if (begun := read_manifest(folder)) is not None:
        recorded, accounts = begun.sources[0], begun.accounts
    lock = RunLock(folder)
    run, described = prepare(Replay(recorded, accounts, folder), fresh=False)
    _remove(run.folder / CUT)
    return replay_of(run, Watch(closed=Started(run, described, lock).closed))
