"""A journal with an entry that no pool can apply, executed again: it stops there, or passes over it by a signed skip."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from flows.clearing import Execute
from flows.connectors.run_files import FrameFile
from flows.connectors.settings import JOURNAL, Run, journal_of
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codec import EntryBatch, encode_entries
from flows.pool.pool import PoolStoppedError
from flows.rules.breaker.command import SKIP
from tests.worlds import History, pool

POOL = pool()


def journal(folder: Path, *skipped: int) -> tuple[Run, list[int]]:
    """A run whose journal has entries that open the vault again, at 60 and 75, and skips of some; where those are."""
    history = History(5, POOL)
    while len(history.rows) < 120:
        history.step()
        if len(history.rows) in (60, 75):
            history.entry(en.GENESIS)
    skips = []
    for named in skipped:
        skips.append(len(history.rows))
        history.entry(en.COMMAND, command=SKIP, market=-1, journal_offset=named, cancels=-1)
    rows = np.array(history.rows, np.int64)
    folder.mkdir(exist_ok=True)
    file = FrameFile(folder / JOURNAL.format(POOL.id), 0)
    for start in range(0, len(rows), 16):
        file.append(encode_entries(EntryBatch(POOL.id, start, rows[start : start + 16])))
    file.close()
    venue: Any = SimpleNamespace(pool=lambda _: POOL, pools=(POOL,))
    return Run(venue, (), (0, 1), folder), skips


def poisons(run: Run) -> list[int]:
    rows = np.concatenate([batch.rows for batch in journal_of(run, POOL.id)])
    return np.flatnonzero(rows[1:, en.KIND] == en.GENESIS).tolist()


def executed(run: Run, begun: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Events of the batches from an offset on."""
    flow = Execute(run, POOL.id, begun or None)
    batches = [batch for batch in journal_of(run, POOL.id) if batch.first_offset >= begun]
    return np.concatenate([made.events for batch in batches for made in flow.apply(batch)])


def test_without_a_skip_it_stops_at_the_first(tmp_path: Path) -> None:
    run, _ = journal(tmp_path)
    first = poisons(run)[0] + 1
    with pytest.raises(PoolStoppedError) as stop:
        executed(run)
    assert stop.value.offset == first


def test_a_skip_of_one_leaves_the_other(tmp_path: Path) -> None:
    first, second = (each + 1 for each in poisons(journal(tmp_path / "look")[0]))
    run, _ = journal(tmp_path, first)
    with pytest.raises(PoolStoppedError) as stop:
        executed(run)
    assert stop.value.offset == second


def test_with_both_it_goes_on_and_a_skip_of_anything_else_is_void(tmp_path: Path) -> None:
    first, second = (each + 1 for each in poisons(journal(tmp_path / "look")[0]))
    run, skips = journal(tmp_path, first, 6, second)
    events = executed(run)
    passed = events[events[:, ev.TYPE] == ev.ENTRY_SKIPPED]
    assert passed[:, [ev.OFFSET, ev.REFERENCE_OFFSET]].tolist() == [[first, skips[0]], [second, skips[2]]]
    ends = events[np.isin(events[:, ev.TYPE], (ev.COMMAND_EFFECTIVE, ev.COMMAND_VOID))]
    assert ends[:, [ev.OFFSET, ev.TYPE]].tolist() == [
        [skips[0], ev.COMMAND_EFFECTIVE],
        [skips[1], ev.COMMAND_VOID],
        [skips[2], ev.COMMAND_EFFECTIVE],
    ]
    assert 6 in events[:, ev.OFFSET], "what can be applied is"


def test_a_start_behind_them_says_the_same(tmp_path: Path) -> None:
    first, second = (each + 1 for each in poisons(journal(tmp_path / "look")[0]))
    run, _ = journal(tmp_path, first, second)
    whole = executed(run)
    for begun in (64, 80, 112):
        assert np.array_equal(executed(run, begun), whole[whole[:, ev.OFFSET] >= begun])
