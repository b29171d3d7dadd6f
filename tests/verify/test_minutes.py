"""Minutes: what stands is carried on, what flows is not, an account counts once a level and minute."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import events as ev
from flows.rules.call.levels import BACKSTOP, BANKRUPT, CALL, OK, PARTIAL, SOFT
from flows.verify.minutes import CHANNELS, LEVELS, MINUTE_NS, Minutes, Span, states_of
from tests.audit.story import Story, story
from tests.verify.by_hand import summarized, told

SEEDS = (1, 3, 7)
FIRST = 100
"""Minute at which the small cases start."""


def ints(*values: float) -> np.ndarray:
    return np.array([int(value) for value in values], np.int64)


def at(*minutes: float) -> np.ndarray:
    return ints(*((FIRST + minute) * MINUTE_NS for minute in minutes))


def moved(*moves: tuple[float, int, int, int], cut: int = 99) -> Minutes:
    """Moves as (minute, account, former level, level), fed in two pieces."""
    minutes = Minutes(1)
    for part in (moves[:cut], moves[cut:]):
        if part:
            when, account, former, level = zip(*part, strict=True)
            minutes.move(at(*when), ints(*account), ints(*former), ints(*level))
    return minutes


def under(minutes: Minutes, last: int = 3) -> list[list[int]]:
    """By minute from FIRST on: accounts under each level."""
    return minutes.series(FIRST, FIRST + last).under.T.tolist()


# ---- levels ----------------------------------------------------------------------------------------------------------
def test_what_stands_is_carried_on() -> None:
    minutes = moved((0, 1, OK, CALL), (2, 1, CALL, OK))
    assert under(minutes) == [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]


def test_a_fall_through_all_levels_counts_once_at_each() -> None:
    fall = [(0.1, 1, OK, CALL), (0.2, 1, CALL, SOFT), (0.3, 1, SOFT, PARTIAL), (0.4, 1, PARTIAL, BANKRUPT)]
    minutes = moved(*fall, (0.5, 1, BANKRUPT, OK))
    assert under(minutes, 1) == [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]


def test_to_and_fro_counts_once() -> None:
    minutes = moved((0.1, 1, OK, CALL), (0.2, 1, CALL, OK), (0.3, 1, OK, CALL), (0.4, 2, OK, SOFT))
    assert under(minutes, 0) == [[2, 1, 0, 0, 0]]


def test_who_stood_there_at_the_start_is_not_counted_anew() -> None:
    minutes = moved((0, 1, OK, SOFT), (1.1, 1, SOFT, OK), (1.2, 1, OK, SOFT), (1.3, 1, SOFT, BACKSTOP))
    assert under(minutes, 2) == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]


@pytest.mark.parametrize("cut", range(5))
def test_a_minute_may_come_in_pieces(cut: int) -> None:
    moves = [(0.1, 1, OK, CALL), (0.2, 1, CALL, OK), (0.9, 1, OK, CALL), (1.1, 1, CALL, OK)]
    assert under(moved(*moves, cut=cut), 2) == [[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]


def slowly_under(of: Story) -> dict[int, list[int]]:
    """Accounts under each level by minute, one account at a time."""
    level: dict[int, int] = defaultdict(int)
    worst: dict[int, dict[int, int]] = {}
    for each in told(of, ev.LEVEL):
        minute = worst.setdefault(each["time_ns"] // MINUTE_NS, dict(level))
        minute[each["account"]] = max(minute.get(each["account"], 0), each["code"])
        level[each["account"]] = each["code"]
    return {
        minute: [
            sum(1 for reached in levels.values() if reached >= rung) for rung in range(1, len(LEVELS) + 1)
        ]
        for minute, levels in worst.items()
    }


@settings(max_examples=20)
@given(st.integers(0, 2), st.lists(st.integers(1, 900), max_size=8))
def test_a_storys_levels_are_those_counted_slowly(which: int, cuts: list[int]) -> None:
    of = story(SEEDS[which])
    minutes = summarized(of, cuts).tallies()[of.pool.id].minutes
    series = minutes.series(minutes.first, minutes.last)
    expected = slowly_under(of)
    shown = {int(minute): series.under[:, place].tolist() for place, minute in enumerate(series.minutes)}
    assert {minute: shown[minute] for minute in expected} == expected
    assert list(minutes.standing().values()) == [
        sum(1 for each in of.plain.state.accounts if each.level == rung) for rung in range(1, len(LEVELS) + 1)
    ]


# ---- flows, prices, fund ---------------------------------------------------------------------------------------------
def test_what_flows_is_not_carried_on() -> None:
    minutes = Minutes(1)
    minutes.liquidate(0, at(0, 0.5, 2), ints(3, 4, 5))
    minutes.liquidate(2, at(2.5), ints(8))
    assert minutes.series(FIRST, FIRST + 3).liquidated_quanta[[0, 2]].tolist() == [[7, 0, 5, 0], [0, 0, 8, 0]]


def test_marks_and_fund_are_those_at_the_end_of_the_minute() -> None:
    minutes = Minutes(2)
    minutes.mark(1, at(1, 1.9, 3), ints(50, 60, 70))
    minutes.fund(at(0, 0.1, 2), ints(1_000, 900, 800))
    series = minutes.series(FIRST, FIRST + 4)
    assert series.mark_ticks.tolist() == [[0] * 5, [0, 60, 60, 70, 70]]
    assert series.fund_quanta.tolist() == [900, 900, 800, 800, 800]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storys_minutes_are_those_counted_slowly(seed: int) -> None:
    of = story(seed)
    minutes = summarized(of, range(0, 900, 70)).tallies()[of.pool.id].minutes
    series = minutes.series(int(of.events[0, ev.TIME_NS]) // MINUTE_NS, minutes.last)
    by_minute = {int(minute): place for place, minute in enumerate(series.minutes)}
    closed = np.zeros_like(series.liquidated_quanta)
    channel = {ev.LIQUIDATION_FILL: 0, ev.OFFER_FILL: 1, ev.TAKEOVER: 2, ev.ADL: 3}
    for each in told(of, *channel):
        unit = of.pool.markets[each["market"]].lot_tick_quanta
        worth = (
            abs(each["lots"]) * each["mark_ticks"] * unit
            if each["type"] == ev.TAKEOVER
            else abs(each["quanta"])
        )
        closed[channel[each["type"]], by_minute[each["time_ns"] // MINUTE_NS]] += worth
    assert np.array_equal(series.liquidated_quanta, closed)
    assert (series.liquidated_quanta.sum(axis=1) > 0).all(), f"the story uses all of {CHANNELS}"
    parts: dict[int, int] = {}
    for each in told(of, ev.FUND):
        parts[each["market"]] = each["balance_quanta"]
        last = (each["time_ns"] // MINUTE_NS, sum(parts.values()))
    assert series.fund_quanta[by_minute[last[0]]] == last[1] == series.fund_quanta[-1]
    states = of.entries[of.entries[:, en.KIND] == en.MARKET_STATE]
    for row in states.tolist():
        if row[en.MarketState.MARKET] == 1:
            mark = (by_minute[row[en.TIME_NS] // MINUTE_NS], row[en.MarketState.MARK_TICKS])
    assert series.mark_ticks[1, mark[0]] == mark[1] == series.mark_ticks[1, -1]


# ---- breakers --------------------------------------------------------------------------------------------------------
def test_states_have_names() -> None:
    assert states_of(0, 0) == []
    assert states_of(1, 0b0000011) == ["limit state", "pause", "degraded index"]
    assert states_of(2, 0b1110000) == ["divergence", "open-interest jump", "venue-wide pause", "halted index"]


def test_spans_begin_and_end_with_their_state() -> None:
    minutes = Minutes(1)
    minutes.change_states(0, 10, ["limit state"])
    minutes.change_states(0, 20, ["limit state", "halted index"])
    minutes.change_states(0, 30, ["halted index"])
    assert minutes.spans(0, 90) == [Span("limit state", 10, 30), Span("halted index", 20, 90)]
