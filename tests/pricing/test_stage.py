"""The stage as a whole: no cut shows, a snapshot continues it, plain Python says the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.pricing.columns import market as m
from tests.pricing.world import POOL, SECOND_NS, START_NS, Run, Script, markets_of, random_script, stage

SEEDS = st.integers(0, 2**32 - 1)


def whole(script: Script) -> tuple[np.ndarray, np.ndarray]:
    return stage().apply(script.records, script.levels)


@given(SEEDS, st.lists(st.integers(0, 300), max_size=6))
@settings(max_examples=40)
def test_no_cut_of_the_records_shows(seed: int, cuts: list[int]) -> None:
    script = random_script(seed, 300)
    expected, expected_after = whole(script)
    of, made, after = stage(), [], []
    ends = [*sorted(cuts), len(script.rows)]
    for start, end in zip([0, *ends], ends, strict=False):
        rows, follows = of.apply(script.records[start:end], script.levels)
        made.append(rows)
        after.append(follows + start)
    assert np.array_equal(np.concatenate(made), expected)
    assert np.array_equal(np.concatenate(after), expected_after)


@given(SEEDS, st.integers(0, 300))
@settings(max_examples=40)
def test_a_snapshot_anywhere_continues_the_stage(seed: int, cut: int) -> None:
    script = random_script(seed, 300)
    first, second = stage(), stage()
    before, _ = first.apply(script.records[:cut], script.levels)
    second.restore(first.snapshot())
    after, _ = second.apply(script.records[cut:], script.levels)
    assert np.array_equal(np.concatenate([before, after]), whole(script)[0])
    rest = stage()
    rest.apply(script.records, script.levels)
    assert second.snapshot() == rest.snapshot()


def test_a_snapshot_of_another_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="other feeds, markets or windows"):
        stage().restore(stage(twap_window_ns=200 * SECOND_NS).snapshot())


@given(SEEDS)
@settings(max_examples=60)
def test_what_holds_of_every_state(seed: int) -> None:
    script = random_script(seed, 400)
    rows, after = whole(script)
    records = script.records
    assert np.all(np.diff(after) >= 0)
    assert rows[:, en.NUMBER].tolist() == list(range(len(rows)))
    assert np.all(np.diff(rows[:, en.TIME_NS]) >= 0)
    assert np.array_equal(rows[:, en.ORIGIN_OFFSET], records[after, 5])
    of = en.MarketState
    states = rows[rows[:, en.KIND] == en.MARKET_STATE]
    index, mark = states[:, of.INDEX_TICKS], states[:, of.MARK_TICKS]
    assert np.all(index > 0)
    assert np.all(mark > 0)
    assert np.all(states[:, of.INDEX_LOW_TICKS] <= index)
    assert np.all(index <= states[:, of.INDEX_HIGH_TICKS])
    assert np.all(abs(mark - index) * 20 <= index + 40)  # the band of 5 %, and half a tick of rounding each
    assert np.all((states[:, of.BID_TICKS] < states[:, of.ASK_TICKS]) | (states[:, of.ASK_TICKS] == 0))
    depth = states[:, of.BID_DEPTH_LOTS : of.BID_DEPTH_LOTS + 6]
    assert np.all(np.diff(depth, axis=1) >= 0)
    for row in range(len(POOL.markets)):
        own = markets_of(rows, row)
        halted = own[1:, of.STATUS] == 2
        opened = np.cumsum(own[:, of.STATUS] != 2)[1:] > 0
        still = (np.diff(own[:, of.MARK_TICKS]) == 0) & (np.diff(own[:, of.INDEX_TICKS]) == 0)
        assert np.all(still[halted & opened]), "a halted market keeps its prices"


def test_quotes_alone_open_a_market_and_clocks_alone_end_things() -> None:
    run = Run()
    run.script.clock(START_NS)
    run.script.quotes(0, START_NS, 60_000 * 10**9)
    assert len(markets_of(run.play(), 0)) == 1
    before = run.stage.state.markets[0, m.STATUS]
    run.script.trade(0, START_NS + 90 * SECOND_NS, 600_000, 1)
    run.play()
    assert run.stage.state.markets[0, m.STATUS] == before


def test_a_clock_that_was_seen_changes_nothing() -> None:
    run = Run()
    run.script.clock(START_NS + SECOND_NS)
    run.play()
    before = run.stage.snapshot()
    run.script.clock(START_NS + SECOND_NS)
    run.script.clock(START_NS)
    assert len(run.play()) == 0
    assert run.stage.snapshot() == before


def digest(rows: np.ndarray, snapshot: bytes) -> str:
    return hashlib.sha256(rows.tobytes() + snapshot).hexdigest()


def speak() -> str:
    """What the process that runs this says of one script: rows and state, floats included."""
    script, of = random_script(7, 700), stage()
    rows, _ = of.apply(script.records, script.levels)
    return digest(rows, of.snapshot())


@pytest.mark.compiled
def test_plain_python_says_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from tests.pricing.test_stage import speak; print(speak())"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == speak()
