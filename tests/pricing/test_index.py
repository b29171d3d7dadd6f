"""Feeds: who is heard, who is not, and for how long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flows.journal import entries as en
from flows.pricing.columns import feed, slot
from flows.pricing.records import NANO_MOST
from tests.pricing.world import BTC, NANO, SECOND_NS, START_NS, Run, assets_of, markets_of, opened, say
from tests.worlds import asset, market, pool

OK, DEGRADED, HALTED = 0, 1, 2


def of_sources(count: int, heartbeat_ns: int = 3 * SECOND_NS) -> object:
    """A pool whose BTC has so many sources of equal weight."""
    oracle = {
        "sources": tuple("abcdefgh"[:count]),
        "source_weights": (1,) * count,
        "heartbeat_ns": (heartbeat_ns,) * count,
    }
    return pool(
        markets=(market("BTC-PERP", **oracle), market("ETH-PERP")),
        assets=(asset("USDT"), replace(asset("BTC"), **oracle)),
    )


def test_a_start_is_halted_and_rises_a_level_each_30_seconds() -> None:
    run = opened()
    states = markets_of(run.states[0], BTC)
    changes = states[states[:, en.MarketState.FLAGS] & en.FLAG_STATUS > 0]
    seconds = (changes[:, en.TIME_NS] - START_NS) // SECOND_NS
    assert list(zip(seconds, changes[:, en.MarketState.STATUS], strict=True)) == [
        (0, HALTED),
        (31, DEGRADED),
        (61, OK),
    ]
    assert say(states[-1], "index_ticks", "mark_ticks", "quote_number") == (600_000, 600_000, 69)


def test_one_liar_of_three_moves_nothing_but_a_third_is_enough_to_halt() -> None:
    run, t = opened(), START_NS + 71 * SECOND_NS
    for second in range(20):
        run.script.clock(t + second * SECOND_NS)
        run.script.quote(BTC, 0, t + second * SECOND_NS, 60_000 * NANO)
        run.script.quote(BTC, 1, t + second * SECOND_NS, 60_000 * NANO)
        run.script.quote(BTC, 2, t + second * SECOND_NS, 70_000 * NANO)
    states = markets_of(run.play(), BTC)
    assert set(states[:, en.MarketState.INDEX_TICKS]) == {600_000}
    assert set(states[:, en.MarketState.MARK_TICKS]) == {600_000}
    # Its votes are beyond the upper quartile: the confidence is 17 %, and R-O5 halts at 2 %.
    assert states[-1, en.MarketState.STATUS] == HALTED
    # Flagged each second, but a third of the weight is more than the quarter that may be excluded.
    assert run.stage.state.slots[BTC, 2, slot.FLAGGED_ROUNDS] == 19
    assert run.stage.state.feeds[BTC, feed.EXCLUSIONS] == 0


def test_one_liar_of_four_is_not_even_felt() -> None:
    run = Run(of_sources(4))
    for second in range(80):
        run.script.clock(START_NS + second * SECOND_NS)
        for place in range(4):
            told = 70_000 if place == 1 and second >= 65 else 60_000
            run.script.quote(BTC, place, START_NS + second * SECOND_NS, told * NANO)
    states = markets_of(run.play(), BTC)
    assert set(states[:, en.MarketState.INDEX_TICKS]) == {600_000}
    assert say(states[-1], "status", "index_low_ticks", "index_high_ticks") == (OK, 599_999, 600_001)


def test_a_drifting_source_of_five_is_excluded_for_a_minute() -> None:
    run, t = Run(of_sources(5)), START_NS
    for second in range(80):
        run.script.clock(t + second * SECOND_NS)
        told = 60_000 if second < 70 else 60_600
        for place in range(5):
            run.script.quote(BTC, place, t + second * SECOND_NS, (told if place == 4 else 60_000) * NANO)
    last = markets_of(run.play(), BTC)[-1]
    assert run.stage.state.feeds[BTC, feed.EXCLUSIONS] == 1
    until_ns = run.stage.state.slots[BTC, 4, slot.EXCLUDED_UNTIL_NS]
    assert until_ns == t + (73 + 60) * SECOND_NS, "flagged at 71, 72, 73"
    assert say(last, "status", "index_ticks") == (OK, 600_000)
    assert last[en.MarketState.QUOTE_NUMBER : en.MarketState.QUOTE_NUMBER + 6].tolist() == [78] * 4 + [-1] * 2


def test_quotes_age_out_by_the_clock_and_by_nothing_else() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    run.script.clock(t + 3 * SECOND_NS)
    still = markets_of(run.play(), BTC)
    assert [*still[:, en.MarketState.STATUS]] in ([], [OK]), "three heartbeats exactly are fresh"
    run.script.trade(BTC, t + 4 * SECOND_NS, 600_000, 1)
    run.script.quote(1, 0, t + 5 * SECOND_NS, 1_500 * NANO)
    run.play()
    assert run.stage.state.feeds[BTC, feed.STATUS] == OK
    run.script.clock(t + 3 * SECOND_NS + 1)
    (state,) = markets_of(run.play(), BTC)
    assert say(state, "status", "index_ticks", "mark_ticks") == (HALTED, 600_000, 600_000)
    assert state[en.MarketState.FLAGS] & en.FLAG_STATUS


def test_sources_that_fall_silent_take_the_status_down_step_by_step() -> None:
    run = Run(of_sources(5))
    for second in range(120):
        run.script.clock(START_NS + second * SECOND_NS)
        for place in range(5 if second < 70 else 3 if second < 85 else 2 if second < 100 else 1):
            run.script.quote(BTC, place, START_NS + second * SECOND_NS, 60_000 * NANO)
    states = markets_of(run.play(), BTC)
    changes = states[states[:, en.MarketState.FLAGS] & en.FLAG_STATUS > 0]
    seconds = (changes[:, en.TIME_NS] - START_NS) // SECOND_NS
    seen = list(zip(seconds, changes[:, en.MarketState.STATUS], strict=True))
    # Three of five are 60 % of the weight: short of two thirds. The last quote of a second s is fresh to s + 9.
    assert seen == [(0, HALTED), (31, DEGRADED), (61, OK), (79, DEGRADED), (109, HALTED)]


def test_a_halted_market_keeps_its_prices_until_it_is_trusted_again() -> None:
    run, t = opened(), START_NS + 90 * SECOND_NS
    for second in range(32):
        run.script.clock(t + second * SECOND_NS)
        run.script.quotes(BTC, t + second * SECOND_NS, 59_000 * NANO)
    states = markets_of(run.play(), BTC)
    prices = [say(row, "status", "index_ticks", "mark_ticks") for row in states]
    assert (HALTED, 590_000, 590_000) not in prices
    assert prices[-1] == (DEGRADED, 590_000, 590_000)
    assert {row[:2] for row in prices} == {(HALTED, 600_000), (DEGRADED, 590_000)}


def test_a_lone_jump_waits_for_a_second_source() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    run.script.quote(BTC, 0, t + 1, 600_000 * NANO)
    assert len(run.play()) == 0
    assert run.stage.state.feeds[BTC, feed.HELD] == 1
    run.script.quote(BTC, 1, t + 2, 25_000 * NANO)
    run.play()
    assert run.stage.state.feeds[BTC, feed.INDEX_NANO] == 60_000 * NANO
    assert run.stage.state.feeds[BTC, feed.HELD] == 2, "two that jump to different places confirm nothing"
    run.script.quote(BTC, 2, t + 3, 25_100 * NANO)
    state = markets_of(run.play(), BTC)[-1]
    # Both are heard now. With the third still at 60,000 that is no price to act on, but no longer one to ignore.
    assert say(state, "status", "index_ticks") == (HALTED, 600_000)
    assert run.stage.state.feeds[BTC, feed.MOMENT_NANO] == 25_100 * NANO
    assert run.stage.state.slots[BTC, :3, slot.NANO].tolist() == [60_000 * NANO, 25_000 * NANO, 25_100 * NANO]


def test_repeats_and_late_quotes_change_nothing_and_a_contradiction_puts_out() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    before = run.stage.snapshot()
    run.script.quote(BTC, 0, t, 60_000 * NANO, number=70)
    assert len(run.play()) == 0
    assert run.stage.snapshot() == before
    run.script.quote(BTC, 0, t, 61_000 * NANO, number=12)
    assert len(run.play()) == 0
    assert run.stage.state.feeds[BTC, feed.LATE] == 1
    run.script.quote(BTC, 0, t, 61_000 * NANO, number=70)
    state = markets_of(run.play(), BTC)[-1]
    assert say(state, "status", "index_ticks") == (DEGRADED, 600_000), "two of three are left"
    assert run.stage.state.slots[BTC, 0, slot.OUT_UNTIL_NS] == t + 600 * SECOND_NS


def test_quotes_that_no_rule_admits_are_counted_and_dropped() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    before = run.stage.state.slots.copy()
    run.script.quote(BTC, 0, t, 60_000 * NANO, confidence=300 * NANO + 1)  # over 50 bp
    run.script.quote(BTC, 0, t + 2 * SECOND_NS + 1, 60_000 * NANO)  # from the future
    run.script.quote(BTC, 0, t, NANO_MOST + 1)
    assert len(run.play()) == 0
    assert run.stage.state.feeds[BTC, feed.REFUSED] == 3
    assert np.array_equal(run.stage.state.slots, before)


def test_a_price_beyond_the_markets_bound_halts_it_and_is_never_shown() -> None:
    narrow = pool(markets=(market("BTC-PERP", max_price_ticks=601_000), market("ETH-PERP")))
    run, t = opened(narrow), START_NS + 71 * SECOND_NS
    run.script.quotes(BTC, t, 60_100 * NANO)
    assert say(markets_of(run.play(), BTC)[-1], "status", "index_ticks") == (OK, 601_000)
    run.script.quotes(BTC, t, 60_101 * NANO)
    assert say(markets_of(run.play(), BTC)[-1], "status", "index_ticks") == (HALTED, 601_000)


def test_a_price_beyond_the_assets_bound_halts_the_asset_alone() -> None:
    assets = (asset("USDT"), replace(asset("BTC"), max_price_quanta=60_100 * 10**6))
    run, t = opened(pool(assets=assets)), START_NS + 71 * SECOND_NS
    run.script.quotes(BTC, t, 60_101 * NANO)
    rows = run.play()
    (last,) = assets_of(rows, 1)[-1:]
    assert last[en.AssetState.STATUS] == HALTED
    assert last[en.AssetState.HIGH_QUANTA] <= 60_100 * 10**6
    assert say(markets_of(rows, BTC)[-1], "status", "index_ticks") == (OK, 601_010)


def test_an_asset_state_follows_more_than_a_basis_point_and_a_minute() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    published = assets_of(run.states[0], 1)
    seconds = (published[:, en.TIME_NS] - START_NS) // SECOND_NS
    assert seconds.tolist() == [0, 31, 61], "opened, degraded, ok"
    at = published[-1, en.AssetState.LOW_QUANTA : en.AssetState.HIGH_QUANTA + 1]
    assert at.tolist() == [59_999_999_999, 60_000_000_001], "outward from a confidence of a billionth"
    run.script.quotes(BTC, t, 59_998 * NANO)  # 0.3 bp
    assert len(assets_of(run.play(), 1)) == 0
    run.script.quotes(BTC, t, 59_993 * NANO)  # 1.2 bp from what was published
    assert len(assets_of(run.play(), 1)) >= 1
    run.script.quotes(BTC, t, 59_993 * NANO)
    run.play()
    for second in range(71, 130):
        run.script.clock(START_NS + second * SECOND_NS)
        run.script.quotes(BTC, START_NS + second * SECOND_NS, 59_993 * NANO)
    assert len(assets_of(run.play(), 1)) == 0
    run.script.clock(START_NS + 130 * SECOND_NS)
    assert len(assets_of(run.play(), 1)) == 1
