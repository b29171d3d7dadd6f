"""The tape against sums over all trades, counted anew at each clock."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.pricing.columns import market as m
from flows.rules.breaker.band import OPENED
from tests.pricing.world import BTC, SECOND_NS, START_NS, Run, markets_of, opened, say

STEPS = st.lists(
    st.one_of(
        st.integers(1, 400).map(lambda seconds: ("clock", seconds, 0)),
        st.tuples(st.just("trade"), st.integers(-400 * 10**9, 2 * 10**9), st.integers(1, 1_000)),
        st.tuples(st.just("trade"), st.integers(-3 * 10**9, 10**9), st.integers(1, 1_000)),
    ),
    max_size=60,
)


@given(STEPS)
@settings(max_examples=100)
def test_volume_and_mean_are_those_of_the_window(steps: list[tuple[str, int, int]]) -> None:
    run, now, trades = Run(), START_NS, []
    run.script.clock(now)
    run.play()
    for kind, by, lots in steps:
        if kind == "clock":
            now += by * SECOND_NS
            run.script.clock(now)
        else:
            run.script.trade(BTC, now + by, 1_000 * lots, lots)
            if now + by >= now - 300 * SECOND_NS:
                trades.append((now + by, 1_000 * lots, lots))
        run.play()
        if kind != "clock":
            continue
        row = run.stage.state.markets[BTC]
        assert row[m.VOLUME_LOTS] == sum(lots for at, _, lots in trades if now - 60 * SECOND_NS <= at < now)
        window = [ticks for at, ticks, _ in trades if now - 300 * SECOND_NS <= at < now]
        assert (row[m.MEAN_TICKS_SUM], row[m.MEAN_TRADES]) == (sum(window), len(window))


def test_the_last_trade_is_the_newest_not_the_last_to_come() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    run.script.trade(BTC, t, 600_100, 5)
    run.script.trade(BTC, t - 1, 600_200, 6)
    run.script.clock(t + SECOND_NS)
    state = markets_of(run.play(), BTC)[-1]
    assert say(state, "last_ticks", "volume_60s_lots") == (600_100, 11)
    run.script.trade(BTC, t, 600_300, 1)
    run.play()
    assert run.stage.state.markets[BTC, m.LAST_TICKS] == 600_300


def test_a_trade_speaks_in_the_mark_beside_a_book() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    run.script.depth(BTC, t, [(599_000, 10)], [(601_000, 10)])
    run.script.trade(BTC, t, 600_400, 1)
    run.script.clock(t + SECOND_NS)
    state = markets_of(run.play(), BTC)[-1]
    # index 600,000; last within the book 600,400; index again: the median is the index.
    assert say(state, "mark_ticks", "bid_ticks", "ask_ticks") == (600_000, 599_000, 601_000)


def test_trades_before_an_opening_have_volume_and_no_vote() -> None:
    run, t = opened(), START_NS + 70 * SECOND_NS
    run.stage.state.markets[BTC, m.BAND + OPENED] = t
    run.script.clock(t + SECOND_NS)
    run.script.trade(BTC, t - 1, 600_000, 2)
    run.script.trade(BTC, t, 600_000, 3)
    run.play()
    row = run.stage.state.markets[BTC]
    assert (row[m.VOLUME_LOTS], row[m.MEAN_TRADES]) == (5, 1)
