"""Volatility at the stage's edge: the table's until there is more, a restart after a silence."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from flows.journal import entries as en
from flows.pricing.columns import feed as f
from tests.pricing.world import BTC, NANO, SECOND_NS, START_NS, Run, markets_of, opened, say

S = SECOND_NS


def test_the_first_states_carry_the_tables() -> None:
    run = Run()
    run.script.clock(START_NS)
    run.script.quotes(BTC, START_NS, 60_000 * NANO)
    assert say(markets_of(run.play(), BTC)[-1], "sigma_ppm") == (40_000,)


def test_it_is_the_decayed_sum_of_squares() -> None:
    run, total, half_life = Run(), 0.0, 3_600.0
    total = 0.04**2 / 86_400 * half_life / math.log(2)
    prices = [60_000 + 7 * (each % 5) - 3 * (each % 3) for each in range(400)]
    for second, price in enumerate(prices):
        run.script.clock(START_NS + second * S)
        run.script.quotes(BTC, START_NS + second * S, price * NANO)
    states = markets_of(run.play(), BTC)
    # The first clock with a price is that of second 1, and each clock samples what the second before it was told.
    # A halted feed that was never better is sampled, too.
    for former, price in pairwise(prices[:-1]):
        total = total * 2 ** (-1 / half_life) + math.log(price / former) ** 2
    expected = math.sqrt(total * math.log(2) / half_life * 86_400) * 1e6
    assert states[-1][en.MarketState.SIGMA_PPM] == pytest.approx(expected, abs=1)


def test_a_silence_of_more_than_a_minute_starts_anew() -> None:
    run = opened()
    assert run.stage.state.feeds[BTC, f.SIGMA_PPM] < 40_000
    for second in range(71, 200):
        run.script.clock(START_NS + second * S)
        if second > 150:
            run.script.quotes(BTC, START_NS + second * S, 50_000 * NANO)
    run.play()
    assert run.stage.state.feeds[BTC, f.STATUS] < 2
    assert run.stage.state.feeds[BTC, f.SIGMA_PPM] == pytest.approx(40_000, rel=0.01)
    assert run.stage.state.feeds[BTC, f.SAMPLE_NANO] == 50_000 * NANO


def test_clocks_within_a_second_take_no_sample() -> None:
    run = opened()
    run.script.quotes(BTC, START_NS + 70 * S, 60_050 * NANO)
    run.script.clock(START_NS + 71 * S - 1)
    run.play()
    assert run.stage.state.feeds[BTC, f.SAMPLE_NS] == START_NS + 70 * S
    run.script.clock(START_NS + 71 * S)
    run.play()
    assert run.stage.state.feeds[BTC, f.SAMPLE_NANO] == 60_050 * NANO
