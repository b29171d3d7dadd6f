"""Feeds and parameters as the stage takes them from the registry, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.journal import entries as en
from flows.pricing.columns import feed as f
from flows.pricing.columns import market as m
from flows.pricing.feeds import Feed, feeds_of
from tests.pricing.world import BTC, NANO, SECOND_NS, START_NS, Run, markets_of, opened, say, stage
from tests.worlds import asset, market, pool

S = SECOND_NS


def test_an_asset_is_one_feed_whatever_it_serves() -> None:
    of = pool(
        markets=(market("ETH-PERP"), market("BTC-PERP"), market("XBT-PERP", index_asset="BTC")),
        assets=(asset("USDT"), asset("BTC"), asset("SOL")),
    )
    told = {"sources": ("a", "b", "c"), "weights": (1, 1, 1), "heartbeat_ns": (S, S, S)}
    assert feeds_of(of) == (
        Feed(asset="BTC", market_rows=(1, 2), asset_row=1, **told),
        Feed(asset="ETH", market_rows=(0,), asset_row=-1, **told),
        Feed(asset="SOL", market_rows=(), asset_row=2, **told),
    )


def test_two_markets_of_one_asset_follow_the_same_quotes() -> None:
    of = pool(markets=(market("BTC-PERP"), market("XBT-PERP", price_scale=100, index_asset="BTC")))
    run = opened(of)
    for row, ticks in ((0, 600_000), (1, 6_000_000)):
        states = markets_of(run.states[0], row)
        assert say(states[-1], "index_ticks", "status") == (ticks, 0)
    assert len(markets_of(run.states[0], 0)) == len(markets_of(run.states[0], 1))


def test_an_asset_with_two_lists_of_sources_is_refused() -> None:
    of = pool(assets=(asset("USDT"), replace(asset("BTC"), source_weights=(2, 1, 1))))
    with pytest.raises(ValueError, match="BTC has one list of sources at BTC-PERP, another at BTC"):
        feeds_of(of)


@pytest.mark.parametrize("count", [0, 9])
def test_no_source_or_more_than_there_are_slots_is_refused(count: int) -> None:
    oracle = {
        "sources": tuple("abcdefghi"[:count]),
        "source_weights": (1,) * count,
        "heartbeat_ns": (S,) * count,
    }
    with pytest.raises(ValueError, match=f"ETH has {count} sources; 1 to 8 are possible"):
        feeds_of(pool(markets=(market("BTC-PERP"), market("ETH-PERP", **oracle))))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"max_price_ticks": 15_372_287}, "max_price_ticks x twap_window leaves int64"),
        ({"max_price_ticks": 15_372_286}, ""),
    ],
)
def test_a_market_that_could_leave_int64_is_refused(changes: dict[str, int], fault: str) -> None:
    of = pool(markets=(replace(market("BTC-PERP"), **changes), market("ETH-PERP")))
    if fault:
        with pytest.raises(ValueError, match=fault):
            stage(of)
    else:
        stage(of)


def test_a_short_window_does_not_widen_the_bound() -> None:
    most = (1 << 62) // 10**9
    for ticks, fits in ((most, True), (most + 1, False)):
        of = pool(markets=(market("BTC-PERP", max_price_ticks=ticks, price_scale=3), market("ETH-PERP")))
        if fits:
            made = stage(of, twap_window_ns=1_000).state.markets[BTC]
            assert int(made[m.NANO_MOST]) * int(made[m.SUBTICKS_UP]) <= 1 << 62
        else:
            with pytest.raises(ValueError, match="leaves int64"):
                stage(of, twap_window_ns=1_000)


@pytest.mark.parametrize(
    ("tick_scale", "ticks"), [(1, 60_000), (3, 180_001), (8, 480_002), (100_000, 6_000_025_000)]
)
def test_any_tick_of_the_venues_is_priced_half_to_even(tick_scale: int, ticks: int) -> None:
    of = pool(markets=(market("BTC-PERP", price_scale=tick_scale), market("ETH-PERP")))
    run = Run(of, twap_window_ns=30 * S)
    run.script.clock(START_NS)
    run.script.quotes(BTC, START_NS, 60_000 * NANO + 250_000_000)
    if ticks > of.markets[0].max_price_ticks:
        assert len(run.play()) == 0 or run.stage.state.markets[BTC, m.STATUS] == 2
    else:
        assert say(markets_of(run.play(), BTC)[-1], "index_ticks") == (ticks,)


def test_a_restored_stage_keeps_its_own_parameters() -> None:
    first, second = stage(interest_ppb=1), stage(interest_ppb=2, asset_sigma_ppm=7)
    second.restore(first.snapshot())
    assert second.snapshot() != first.snapshot() or (second.state.settings != first.state.settings).any()
    assert (second.state.settings == stage(interest_ppb=2).state.settings).all()
    assert second.state.feeds[0, f.SOURCES] == 3


def test_a_price_below_half_a_tick_opens_no_market() -> None:
    run = Run(pool(markets=(market("BTC-PERP", price_scale=1), market("ETH-PERP"))))
    run.script.clock(START_NS)
    run.script.quotes(BTC, START_NS, NANO // 2)
    assert len(markets_of(run.play(), 0)) == 0
    run.script.quotes(BTC, START_NS, NANO // 2 + 1_000_000)
    assert say(markets_of(run.play(), 0)[-1], "index_ticks", "index_low_ticks", "mark_ticks") == (1, 1, 1)


def test_an_asset_that_begins_beyond_its_bound_is_not_shown() -> None:
    assets = (asset("USDT"), replace(asset("BTC"), max_price_quanta=59_999 * 10**6))
    run = opened(pool(assets=assets))
    assert len(markets_of(run.states[0], 0)) > 0
    assert not (run.states[0][:, en.KIND] == en.ASSET_STATE).any()
