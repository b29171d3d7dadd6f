"""Conflation: what is left out, what never is, and what the state that is left says of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal.conflate import HIGH, LOW, Conflated, conflate, is_conflation

FLAGS = {
    "m": en.FLAG_MOVED,
    "d": 0,
    "s": en.FLAG_STATUS,
    "b": en.FLAG_BREAKER | en.FLAG_MOVED,
    "f": en.FLAG_FUNDING,
    "k": en.FLAG_FUNDING_SKIPPED,
}
"""Moved, depth only, status, breaker, funding, funding skipped."""

OPEN = np.array([True, True, False])


def poll(script: str) -> tuple[en.Rows, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """``0m10 1s7 | 0m9``: market, flag and mark of each state; a clock; ``a3`` is a state of asset 3."""
    made, places, clocks = [], [], []
    for place, word in enumerate(script.split()):
        if word == "|":
            clocks.append(place)
            continue
        row = en.empty(1)[0]
        row[en.NUMBER], row[en.TIME_NS] = place, 1_000 + place
        if word[0] == "a":
            row[en.KIND], row[en.AssetState.ASSET] = en.ASSET_STATE, int(word[1:])
        else:
            row[en.KIND], row[en.MarketState.MARKET] = en.MARKET_STATE, int(word[0])
            row[en.MarketState.FLAGS] = FLAGS[word[1]]
            row[[en.MarketState.MARK_TICKS, LOW, HIGH]] = int(word[2:])
        made.append(row)
        places.append(place)
    states = np.array(made, np.int64).reshape(-1, en.WIDTH)
    return states, np.array(places, np.int64), np.array(clocks, np.int64)


def told(made: Conflated) -> str:
    """What is left: each state's number, with the extremes it keeps."""
    said = []
    for row in made.states.tolist():
        is_asset = row[en.KIND] == en.ASSET_STATE
        said.append(f"{row[en.NUMBER]}" if is_asset else f"{row[en.NUMBER]}:{row[LOW]}-{row[HIGH]}")
    return ",".join(said) or "-"


@pytest.mark.parametrize(
    ("script", "left", "why"),
    [
        ("0m10", "0:10-10", "one is the last"),
        ("0m10 0m12", "1:10-12", "a later one replaces it"),
        ("0m10 0m7 0m15 0m12", "3:7-15", "extremes of all that it swallowed"),
        ("0m10 0d10 0m11", "2:10-11", "depth alone is superseded, too"),
        ("0m10 1m5 0m11 1m4", "2:10-11,3:4-5", "each market has its own"),
        ("0m10 0s11 0m12 0m13", "1:10-11,3:12-13", "a status change stays, and keeps what was before it"),
        ("0m10 0b11 0m12", "1:10-11,2:12-12", "a breaker stays, though it moved as well"),
        ("0f10 0m11", "0:10-10,1:11-11", "a funding instant stays"),
        ("0k10 0m11", "0:10-10,1:11-11", "one passed over stays"),
        ("0m10 0m11 | 0m12 0m13", "1:10-11,4:12-13", "the last before a clock stays: timers go by it"),
        ("0m10 | 1m5 | 0m11", "0:10-10,2:5-5,4:11-11", "a clock between them, whatever else"),
        ("2m10 2m11 0m1 0m2", "0:10-10,1:11-11,3:1-2", "a market without a price gets its first one"),
        ("a1 0m10 a1 0m11 a1", "0,2,3:10-11,4", "assets' states stay"),
        ("|", "-", "nothing"),
    ],
)
def test_what_is_left(script: str, left: str, why: str) -> None:
    made = conflate(*poll(script), OPEN)
    assert told(made) == left, why
    assert made.places.tolist() == made.states[:, en.NUMBER].tolist(), "each lies where it lay"
    assert made.dropped + len(made.states) == len(poll(script)[0])


WORDS = st.one_of(
    st.just("|"),
    st.builds("{}{}{}".format, st.integers(0, 2), st.sampled_from("mmmmdsbfk"), st.integers(1, 99)),
    st.just("a1"),
)


@given(st.lists(WORDS, max_size=30).map(" ".join))
@settings(max_examples=150)
def test_nothing_that_counts_is_lost(script: str) -> None:
    states, places, clocks = poll(script)
    made = conflate(states, places, clocks, OPEN)
    left = set(made.states[:, en.NUMBER].tolist())
    for row in states.tolist():
        is_state = row[en.KIND] == en.MARKET_STATE
        if not is_state or row[en.MarketState.FLAGS] & ~en.FLAG_MOVED:
            assert row[en.NUMBER] in left, "what says more than a mark is never dropped"
    for market in range(3):
        of = states[(states[:, en.KIND] == en.MARKET_STATE) & (states[:, en.MarketState.MARKET] == market)]
        kept = made.states[
            (made.states[:, en.KIND] == en.MARKET_STATE) & (made.states[:, en.MarketState.MARKET] == market)
        ]
        if not len(of):
            continue
        others = [column for column in range(en.WIDTH) if column not in (LOW, HIGH)]
        assert kept[-1, others].tolist() == of[-1, others].tolist(), "the last state is the last state"
        assert (kept[:, LOW].min(), kept[:, HIGH].max()) == (of[:, LOW].min(), of[:, HIGH].max())
        for clock in clocks.tolist():
            before = of[of[:, en.NUMBER] < clock]
            if len(before):
                assert before[-1, en.NUMBER] in left, "what is in force at a clock is journalled"
    assert np.array_equal(conflate(made.states, made.places, clocks, OPEN).states, made.states)
    assert is_conflation(states, made.states)
    assert is_conflation(states, states)


@pytest.mark.parametrize(
    ("script", "left", "is_one", "why"),
    [
        ("0m10 0m10 0m10", [0, 1, 2], True, "all of them"),
        ("0m10 0m10 0m10", [2], True, "the last"),
        ("0m10 0m10 0m10", [0], False, "not the last"),
        ("0m10 0m10 0m10", [1, 0, 2], False, "another order"),
        ("0s10 0m10", [1], False, "a status change is missing"),
        ("a1 0m10", [1], False, "an asset's state is missing"),
        ("0m10 1m10", [0], False, "another market's does not replace it"),
        ("", [], True, "nothing of nothing"),
    ],
)
def test_what_is_a_conflation(script: str, left: list[int], is_one: bool, why: str) -> None:
    states = poll(script)[0]
    assert is_conflation(states, states[left]) is is_one, why


def test_extremes_must_be_those_that_were_swallowed() -> None:
    states, places, clocks = poll("0m10 0m14 0m12")
    made = conflate(states, places, clocks, OPEN).states
    assert is_conflation(states, made)
    made[0, HIGH] -= 1
    assert not is_conflation(states, made)
    assert not is_conflation(states, states[[2]]), "it says nothing of what it swallowed"
