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

import base64
import json
import pickle
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import bytewax.operators as op
from bytewax.dataflow import Dataflow

from flows.audit import Tail
from flows.clearing import Clear, Cleared
from flows.connectors.clickhouse import FOLDER, DeadLetterRow
from flows.connectors.engine import Item, Keyed, Parts, Sinks, run_flow
from flows.connectors.errors import RunError
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import FrameFile, GrowingFile, RunLock, write_whole
from flows.connectors.settings import (
    CHECKPOINTS,
    DEAD_LETTERS,
    Manifest,
    Run,
    events_file,
    events_of,
    journal_file,
    journal_of,
    read_manifest,
    run_from_environment,
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
from flows.verify.summary import RunSummary

SUMMARY: Final = "summary.json"
RECOVERY: Final = "recovery"
CUT: Final = "cut.pickle"
ACCOUNT_TOPICS: Final = ("collateral", "fills", "order-checks")
PLAIN_CUT_SLICES: Final = 40
"""Slices between two cuts of the plain loop: some seconds' work."""

Progress = Callable[[int, int], None]
"""Told as the run goes on: event time reached, and entries added since it was told last."""


class RunFinished(RunError):  # noqa: N818 - its name is what it says
    """The folder holds a run that is whole."""


class RunDiffers(RunError):  # noqa: N818 - the same
    """The folder holds a run that was begun with other settings."""


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


class Record:
    """One pool's journal, events and dead letters, as files that only grow. A frame of events is of a frame of journal."""

    def __init__(self, run: Run, progress: Progress, key: str, lengths: tuple[int, int, int] | None) -> None:
        """Cut back to the lengths of the last cut through the run."""
        self.pool = pool_of(key)
        journal, events, letters = lengths or (0, 0, 0)
        self.journal = FrameFile(journal_file(run, self.pool), journal)
        self.events = FrameFile(events_file(run, self.pool), events)
        self.letters = GrowingFile(run.folder / DEAD_LETTERS.format(self.pool), letters)
        self.progress = progress

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
            self.progress(int(item.rows[-1, en.TIME_NS]), len(item.rows))

    def snapshot(self) -> tuple[int, int, int]:
        """All on the disk: the barrier before a cut is made."""
        return self.journal.sync(), self.events.sync(), self.letters.sync()

    def close(self) -> None:
        """Let go of the files."""
        for each in (self.journal, self.events, self.letters):
            each.close()


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
        tail = Tail(run, run.folder / FOLDER) if asked.database else None
        try:
            if tail is not None:
                tail.start()
            (run_plain if asked.plain else run_bytewax)(run, asked, progress)
        except BaseException:
            if tail is not None:
                tail.stop()
            raise
        if tail is not None:
            _letters_to(tail, run)
            tail.finish()
        counted = count(run)
        letters = Counter(json.loads(line)["reason"] for line in _letters(run))
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
        sources=(str(found.resolve()), "topics"),
        start_ns=described.start_s * 1_000_000_000,
        end_ns=described.end_s * 1_000_000_000,
        parameters={pool.id: parameters_hash(pool).hex() for pool in venue.pools},
    )
    earlier = read_manifest(folder)
    if earlier is None:
        asked_for.write(folder)
    elif earlier != asked_for:
        raise RunDiffers(f"{folder}: holds a run begun with other settings; use --fresh, or another --out.")
    run = asked_for.run(folder, asked.slice_records)
    _generate_accounts(run, described, found, asked.accounts)
    return run, asked_for


def _generate_accounts(run: Run, described: manifest.Recording, found: Path, accounts: int) -> None:
    """The account topics: whole, or not there."""
    target = run.folder / "topics"
    if target.exists():
        return
    draft = run.folder / ".topics.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    generated.write_accounts(described, found, run.venue.pools, accounts, draft)
    draft.rename(target)


def _clear(folder: Path) -> None:
    """Remove what a run leaves, and nothing else."""
    for name in (RECOVERY, CHECKPOINTS, FOLDER, "topics", ".topics.draft"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for pattern in (
        SUMMARY,
        CUT,
        "run.json",
        "journal-*.arrows",
        "events-*.arrows",
        "dead-letters-*.ndjson",
        "picture.*",
    ):
        for path in folder.glob(pattern):
            path.unlink()


def run_bytewax(run: Run, asked: Replay, progress: Progress) -> None:
    """The flow on bytewax, which makes a cut each epoch and goes on at the last one."""
    keys = list(keys_for([pool.id for pool in run.venue.pools]).values())
    flow = replay(recording(run), Sinks(keys, partial(Record, run, progress)), run)
    run_flow(flow, run.folder / RECOVERY, asked.workers)


def run_plain(run: Run, asked: Replay, progress: Progress) -> None:
    """The same steps in a plain loop, with a cut every so many slices."""
    path = asked.out / CUT
    cut = pickle.loads(path.read_bytes()) if path.exists() else None  # noqa: S301 - our own file, under the run's lock
    source = RecordingSlices(run, cut["source"] if cut else None)
    chains: dict[str, list[Any]] = {}
    for pool, key in keys_for([pool.id for pool in run.venue.pools]).items():
        states = cut["pools"][pool] if cut else [None] * 4
        chains[pool] = [
            PriceMarkets(run.venue, pool, states[0]),
            Admit(run, pool, states[1]),
            Clear(run, pool, states[2]),
            Record(run, progress, key, states[3]),
        ]
    slices = 0
    while (items := source.read()) is not None:
        for _, item in items:
            price, admit, clear, record = chains[item.pool]
            for merged in price.apply(item.body):
                for admitted in admit.apply(merged):
                    record.write([Item(item.pool, cleared) for cleared in clear.apply(admitted)])
        slices += 1
        if slices % PLAIN_CUT_SLICES == 0:
            _cut(path, source, chains)
    _cut(path, source, chains)
    for chain in chains.values():
        chain[-1].close()
    source.close()


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


def _letters(run: Run) -> list[bytes]:
    lines: list[bytes] = []
    for pool in run.venue.pools:
        path = run.folder / DEAD_LETTERS.format(pool.id)
        if path.exists():
            lines.extend(path.read_bytes().splitlines())
    return lines


def _letters_to(tail: Tail, run: Run) -> None:
    """Dead letters into the database, by pool: a repeat is the same row."""
    tail.ended.set()
    tail.join()
    for pool in run.venue.pools:
        path = run.folder / DEAD_LETTERS.format(pool.id)
        rows = [_row(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        if rows:
            tail.sink.writer.insert_dead_letters(pool.id, rows)


def _row(line: bytes) -> DeadLetterRow:
    letter = json.loads(line)
    return DeadLetterRow(**letter | {"raw": base64.b64decode(letter["raw"])})


def flow() -> Dataflow:
    """``python -m bytewax.run flows.replay``: goes on with the run that ``MARGINLINE_RUN`` names, from its cut."""
    run = run_from_environment()
    keys = list(keys_for([pool.id for pool in run.venue.pools]).values())
    return replay(recording(run), Sinks(keys, partial(Record, run, lambda _time, _count: None)), run)
