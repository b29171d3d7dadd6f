"""Index, mark and what is averaged: against sums over the clocks in exact fractions."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from flows.journal import entries as en
from flows.pricing.columns import market as m
from tests.pricing.world import BTC, NANO, POOL, SECOND_NS, START_NS, Run, markets_of, opened, say

S = SECOND_NS
T = START_NS + 70 * S


def half_even(value: Fraction) -> int:
    return round(value)


@pytest.mark.parametrize("seed", range(4))
def test_the_twap_is_the_integral_of_the_index_over_its_clocks(seed: int) -> None:
    """Ticks are the indices at clocks; a silence of the index over 30 s counts for nothing."""
    dice, run = random.Random(seed), Run()
    price, now, silent, ticks, valid = 60_000_000, START_NS, 0, [], 0
    for _ in range(450):
        now += dice.choice((1, 1, 1, 2)) * S
        price += dice.randrange(-4_000, 4_001)
        if now >= silent and dice.random() < 0.004:
            silent = now + 9 * S
        if now >= silent:
            run.script.quotes(BTC, now, price * 1_000_000)
        run.script.clock(now)
        run.play()
        state = run.stage.state.markets[BTC]
        if state[m.STATUS] < 2:
            ticks.append((now, int(state[m.INDEX_SUBTICKS])))
        area, covered, start = 0, 0, now - 300 * S
        for (at, tick), (end, _) in zip(ticks, [*ticks[1:], (now, 0)], strict=False):
            if end - at <= 30 * S:
                inside = max(0, end - max(at, start))
                area, covered = area + tick * inside, covered + inside
        twap = 0
        if 2 * covered >= 300 * S:
            twap, valid = half_even(Fraction(half_even(Fraction(area, covered)), 1_000)), valid + 1
        assert state[m.TWAP_TICKS] == twap
    assert valid > 100


def test_an_area_near_its_bound_is_counted_anew() -> None:
    tall = replace(POOL, markets=tuple(replace(each, max_price_ticks=15_000_000) for each in POOL.markets))
    run = opened(tall, index=1_490_000, seconds=900)
    last = markets_of(run.states[0], BTC)[-1]
    assert say(last, "twap_ticks", "index_ticks") == (14_900_000, 14_900_000)


def test_the_mark_follows_the_books_basis_and_forgets_it_by_halves() -> None:
    run = opened()
    for second in range(71, 71 + 900):
        t = START_NS + second * S
        run.script.clock(t)
        run.script.quotes(BTC, t, 60_000 * NANO)
        if second < 71 + 450:
            run.script.depth(BTC, t, [(601_100, 50)], [(601_300, 50)])
        else:
            run.script.depth(BTC, t, [(599_900, 50)], [(600_100, 50)])
    states = markets_of(run.play(), BTC)
    assert run.stage.state.markets[BTC, m.BASIS_SUBTICKS] == pytest.approx(1_200_000 * 0.125, rel=0.15)
    seconds = (states[:, en.TIME_NS] - START_NS) // S
    # Median of index + basis, the book's middle while nothing was traded, and the index: index + basis.
    (at_first,) = states[seconds == 73][-1:]
    assert say(at_first, "mark_ticks") == (601_200,), "an average of one value is that value"
    (near_end,) = states[seconds == 71 + 449][-1:]
    assert say(near_end, "mark_ticks") == (601_200,)
    assert say(states[-1], "mark_ticks") == (600_000,), "the book at the index, index: two of three"


def test_a_book_that_does_not_count_drops_out_and_freezes_the_basis() -> None:
    run = opened()
    for second in range(71, 80):
        run.script.clock(START_NS + second * S)
        run.script.quotes(BTC, START_NS + second * S, 60_000 * NANO)
        run.script.depth(BTC, START_NS + second * S, [(600_100, 50)], [(600_300, 50)])
    run.play()
    assert run.stage.state.markets[BTC, m.BASIS_SUBTICKS] == pytest.approx(200_000, abs=1)
    before = run.stage.state.markets[BTC, m.BASIS_SUBTICKS]
    for bids, asks in (
        ([], [(600_900, 5)]),
        ([(600_500, 5)], []),
        ([(600_300, 5)], [(600_300, 5)]),
        ([(597_000, 5)], [(603_100, 5)]),
    ):
        run.script.depth(BTC, START_NS + 79 * S + 1, bids, asks)
        run.script.clock(START_NS + 80 * S)
        run.script.quotes(BTC, START_NS + 80 * S, 60_000 * NANO)
        run.play()
        assert run.stage.state.markets[BTC, m.BOOK_COUNTS] == 0
        assert run.stage.state.markets[BTC, m.BASIS_SUBTICKS] == before
        # Two are left, index + basis and the index: the one nearer the index.
        assert run.stage.state.markets[BTC, m.MARK_TICKS] == 600_000


def test_a_book_is_stale_after_five_seconds_by_the_clock() -> None:
    run = opened()
    run.script.depth(BTC, T, [(599_000, 50)], [(601_000, 70)])
    run.script.clock(T + 5 * S)
    run.script.quotes(BTC, T + 5 * S, 60_000 * NANO)
    state = markets_of(run.play(), BTC)[-1]
    assert say(state, "bid_ticks", "ask_ticks", "bid_depth_lots") == (599_000, 601_000, 0)
    assert state[en.MarketState.BID_DEPTH_LOTS + 1] == 50, "a bid a sixth of a percent off"
    run.script.clock(T + 5 * S + 1)
    state = markets_of(run.play(), BTC)[-1]
    assert say(state, "bid_ticks", "ask_ticks") == (0, 0)
    assert not state[en.MarketState.BID_DEPTH_LOTS : en.MarketState.ASK_DEPTH_LOTS + 6].any()


def test_depth_is_summed_to_each_distance_inclusive() -> None:
    run = opened()
    run.script.depth(
        BTC,
        T,
        [(599_900, 1), (599_400, 2), (599_399, 4), (570_000, 8), (569_999, 16)],
        [(600_100, 1), (600_600, 2), (603_000, 4), (603_001, 8), (630_000, 16)],
    )
    run.script.clock(T + S)
    state = markets_of(run.play(), BTC)[-1]
    bids, asks = en.MarketState.BID_DEPTH_LOTS, en.MarketState.ASK_DEPTH_LOTS
    assert state[bids : bids + 6].tolist() == [3, 7, 7, 7, 7, 15]
    assert state[asks : asks + 6].tolist() == [3, 3, 7, 15, 15, 31]


def test_an_older_snapshot_comes_too_late() -> None:
    run = opened()
    run.script.depth(BTC, T, [(599_900, 1)], [(600_100, 1)])
    run.script.depth(BTC, T - 1, [(599_000, 1)], [(600_100, 1)])
    run.script.clock(T + S)
    assert say(markets_of(run.play(), BTC)[-1], "bid_ticks") == (599_900,)


def test_a_clamp_holds_the_index_and_degrades_it() -> None:
    run = opened(clamp_ppm=(1_000, 0))
    run.script.quotes(BTC, T, 60_100 * NANO)
    state = markets_of(run.play(), BTC)[-1]
    assert say(state, "index_ticks", "status") == (600_600, 1)
    run.script.clock(T + S)
    state = markets_of(run.play(), BTC)[-1]
    # A second at 60,100 takes along the mean of the 40 since the index was trusted: 25 ticks and, as they fade, one.
    assert say(state, "index_ticks", "index_high_ticks", "status") == (600_626, 601_001, 1)
    assert run.stage.state.markets[BTC, m.RAW_SUBTICKS] == 601_000_000
    run.script.quotes(BTC, T + S, 60_000 * NANO)
    run.script.clock(T + 2 * S)
    assert say(markets_of(run.play(), BTC)[-1], "index_ticks", "status") == (600_000, 1)
