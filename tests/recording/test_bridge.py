"""A bridged bar gives its bar back, whatever the bar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.recording.bridge import Bars, aggregate, bridge
from flows.recording.seeds import dice, seed
from tests.tables import table

GRID = 50


def one_bar(opened: int, high: int, low: int, closed: int) -> Bars:
    return Bars(*(np.array([each], np.int64) for each in (0, opened, high, low, closed)))


@st.composite
def bars(draw: st.DrawFn) -> tuple[int, int, int, int]:
    low = draw(st.integers(1, 10**6))
    high = low + draw(st.integers(0, 5_000))
    return draw(st.integers(low, high)), high, low, draw(st.integers(low, high))


@given(bars(), st.integers(0, 50), st.sampled_from([4, 60, 180, 300]))
@settings(max_examples=100)
def test_aggregating_the_path_gives_the_bar_back_exactly(
    bar: tuple[int, int, int, int], number: int, seconds: int
) -> None:
    opened, high, low, closed = (each * GRID for each in bar)
    path = bridge(one_bar(opened, high, low, closed), seconds, GRID, dice("test", str(number)))
    assert path.shape == (1, seconds)
    assert [int(each[0]) for each in aggregate(path)] == [opened, high, low, closed]
    assert not (path % GRID).any(), "a price off the grid"


@pytest.mark.parametrize(
    ("opened", "high", "low", "closed", "first", "_why"),
    table("""
    120   140   100   110   high   falling_bar_has_its_high_first
    110   140   100   120   low    rising_bar_has_its_low_first
    110   140   100   110   low    unmoved_bar_counts_as_rising
    """),
)
def test_extremes_come_in_the_likelier_order(
    opened: str, high: str, low: str, closed: str, first: str, _why: str
) -> None:
    for number in range(20):
        path = bridge(one_bar(int(opened), int(high), int(low), int(closed)), 180, 1, dice(str(number)))[0]
        came = "high" if path.argmax() < path.argmin() else "low"
        assert came == first


def test_a_flat_bar_stays_flat() -> None:
    assert set(bridge(one_bar(7, 7, 7, 7), 180, 1, dice("flat")).ravel().tolist()) == {7}


def test_a_path_wanders_over_its_whole_range() -> None:
    path = bridge(one_bar(10_000, 11_000, 9_000, 10_100), 180, 1, dice("walk"))[0]
    assert np.unique(path).size > 100
    assert np.abs(np.diff(path)).mean() < 400, "steps are a walk's, not jumps between the four prices"


def test_seeds_are_the_hash_of_their_parts_and_differ() -> None:
    assert seed("recording", "BTC", "meridian") == int(
        "".join(f"{each:02x}" for each in seed("recording/BTC/meridian").to_bytes(32, "big")), 16
    )
    drawn = {dice("recording", market, "x").integers(2**60) for market in ("BTC", "ETH", "ADA")}
    assert len(drawn) == 3
