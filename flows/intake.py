"""Intake: states and the account topics' records in, admitted entries out; what may not enter is a dead letter.

    recording -> market -> intake -> admitted

What fails                            what is seen                          what is lost    what to do
a record is malformed or absurd       a dead letter with reason and field   nothing         mend the producer, send it again
a producer repeats itself             a dead letter: duplicate              nothing         nothing
a number jumps by more than 65,536    dead letters: number_jump             nothing         find the gap's cause
the process dies                      the flow ends                         nothing         start it again
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

import bytewax.operators as op
import numpy as np
from bytewax.dataflow import Dataflow

from flows.connectors.engine import Item, Keyed, Parts, Sinks
from flows.connectors.exits import end_in_one_line
from flows.connectors.placement import keys_for, pool_of
from flows.connectors.run_files import FrameFile, GrowingFile
from flows.connectors.settings import Run, journal_file, journal_of, rerun_from_environment
from flows.journal import entries as en
from flows.journal.admission import Admission, Admitted, Merged, genesis
from flows.journal.codec import EntryBatch, encode_entries
from flows.lanes.run import over_kafka
from flows.market import PriceMarkets, recording
from flows.rules.scale.time import SECOND_NS


class Admit:
    """One pool's door. Its state is read back from the journal, up to as many entries as it had admitted."""

    def __init__(self, run: Run, pool: str, admitted: int | None) -> None:
        """``admitted``: entries that went through before, genesis among them; None at the first start."""
        self.pool = run.venue.pool(pool)
        self.admission = Admission(self.pool)
        self.start_ns = run.horizon[0]
        self.admitted = 0
        if admitted is not None:
            self._read_back(run, admitted)

    def _read_back(self, run: Run, admitted: int) -> None:
        for batch in journal_of(run, self.pool.id):
            own = np.cumsum(batch.rows[:, en.TOPIC] != en.TOPIC_PAPER) + self.admitted
            rows = batch.rows[own <= admitted]
            texts = {place: text for place, text in batch.texts.items() if place < len(rows)}
            self.admission.replay(rows, texts)
            self.admitted = int(own[len(rows) - 1]) if len(rows) else self.admitted
            if len(rows) < len(batch.rows):
                break
        assert self.admitted == admitted, "the journal holds all that was admitted before the cut"

    def apply(self, item: Merged) -> Iterable[Admitted]:
        """What may enter, in its order; genesis first of all."""
        admitted = self.admission.admit(item)
        if self.admitted == 0:
            row, text = genesis(self.pool, self.start_ns - self.start_ns % SECOND_NS)
            texts = {place + 1: each for place, each in admitted.texts.items()} | {0: text}
            admitted = Admitted(np.concatenate([row, admitted.rows]), texts, admitted.dead)
        self.admitted += len(admitted.rows)
        return [admitted]

    def snapshot(self) -> int:
        """How many entries went through."""
        return self.admitted


class AdmittedFile:
    """Admitted entries of one pool as frames, and its dead letters as lines: what this flow leaves when it runs alone."""

    def __init__(self, run: Run, key: str, cut: tuple[int, int, int] | None) -> None:
        """Cut back to ``cut`` after a crash."""
        self.pool = pool_of(key)
        entries, letters, self.offset = cut or (0, 0, 0)
        self.file = FrameFile(journal_file(run, self.pool), entries)
        self.letters = GrowingFile(run.folder / f"dead-letters-{self.pool}.ndjson", letters)

    def write(self, items: Sequence[Item]) -> None:
        """One frame an item."""
        for item in items:
            self.file.append(
                encode_entries(EntryBatch(self.pool, self.offset, item.body.rows, item.body.texts))
            )
            self.offset += len(item.body.rows)
            self.letters.append(b"".join(letter.line() + b"\n" for letter in item.body.dead))

    def snapshot(self) -> tuple[int, int, int]:
        """On the disk."""
        return self.file.sync(), self.letters.sync(), self.offset

    def close(self) -> None:
        """Let go of them."""
        self.file.close()
        self.letters.close()


def intake(source: Parts[tuple[str, Item]], admitted: Sinks[Item], run: Run) -> Dataflow:
    """The flow as a table of its steps."""
    flow = Dataflow("intake")
    slices = op.input("recording", flow, source)
    priced = op.stateful_batch("market", slices, partial(Keyed, partial(PriceMarkets, run.venue)))
    entries = op.stateful_batch("intake", priced, partial(Keyed, partial(Admit, run)))
    op.output("admitted", entries, admitted)
    return flow


def flow() -> Dataflow:
    """``python -m bytewax.run flows.intake``: over Kafka if a venue is named, else what a run admits."""
    end_in_one_line()
    if (live := over_kafka("intake")) is not None:
        return live
    run = replace(
        rerun_from_environment(on_recording=True), journal_folder=None
    )  # what it had admitted is its own
    keys = keys_for([pool.id for pool in run.venue.pools])
    return intake(recording(run), Sinks(list(keys.values()), partial(AdmittedFile, run)), run)
