"""When a state is published, and what its columns say of where it came from."""

from __future__ import annotations

from flows.journal import entries as en
from tests.pricing.world import BTC, NANO, SECOND_NS, START_NS, Run, markets_of, opened, say

S = SECOND_NS
T = START_NS + 70 * S


def test_a_tick_is_published_at_once_and_less_than_one_at_the_next_clock() -> None:
    run = opened()
    run.script.quotes(BTC, T, 60_000 * NANO + 40_000_000)
    assert len(run.play()) == 0
    run.script.quotes(BTC, T, 60_000 * NANO + 60_000_000)
    (state,) = markets_of(run.play(), BTC)
    assert say(state, "flags", "index_ticks", "mark_ticks") == (en.FLAG_MOVED, 600_001, 600_001)
    run.script.clock(T + S)
    (state,) = markets_of(run.play(), BTC)
    assert say(state, "flags") == (0,)


def test_depth_and_volume_wait_for_the_clock_and_an_unchanged_market_is_silent() -> None:
    run = opened()
    run.script.clock(T + S)
    run.script.quotes(BTC, T + S, 60_000 * NANO)
    run.script.clock(T + 2 * S)
    run.play()
    run.script.depth(BTC, T + 2 * S, [(599_990, 5)], [(600_010, 7)])
    run.script.trade(BTC, T + 2 * S, 600_000, 3)
    assert len(run.play()) == 0
    run.script.clock(T + 3 * S)
    (state,) = markets_of(run.play(), BTC)
    assert say(state, "flags", "volume_60s_lots", "bid_depth_lots", "ask_depth_lots") == (0, 3, 5, 7)


def test_a_market_of_which_nothing_changes_says_nothing() -> None:
    run = Run()
    run.script.clock(START_NS)
    for slot in range(3):
        run.script.quote(BTC, slot, START_NS, 60_000 * NANO)
    run.script.clock(START_NS + S)
    run.script.clock(START_NS + 2 * S)
    run.play()
    run.script.clock(START_NS + 200 * S)
    run.play()
    # The index is halted, and what stands still is no sample of volatility.
    for second in range(201, 230):
        run.script.clock(START_NS + second * S)
    assert len(run.play()) == 0


def test_a_state_carries_its_causes_origin_and_a_number_of_its_own() -> None:
    run = opened()
    run.script.quotes(BTC, T + 1, 60_020 * NANO)
    records, rows = run.script.records, run.play()
    last = rows[-1]
    assert last[en.ORIGIN_OFFSET] == len(records) - 1
    assert (last[en.TOPIC], last[en.SOURCE], last[en.TIME_NS]) == (en.TOPIC_ORACLE_PRICES, -1, T + 1)
    assert rows[:, en.NUMBER].tolist() == list(range(rows[0, en.NUMBER], rows[0, en.NUMBER] + len(rows)))
    # The second quote moves the median, and two states follow it: the collateral asset's, then the market's.
    shared = rows[rows[:, en.ORIGIN_OFFSET] == last[en.ORIGIN_OFFSET] - 1]
    assert shared[:, en.KIND].tolist() == [en.ASSET_STATE, en.MARKET_STATE]


def test_a_late_record_does_not_turn_the_time_back() -> None:
    run = opened()
    for slot in range(3):
        run.script.quote(BTC, slot, T - 2 * S, 60_001 * NANO)
    rows = run.play()
    assert len(rows) > 0
    assert set(rows[:, en.TIME_NS]) == {T}


def test_a_funding_instant_is_said_once() -> None:
    run = opened()
    for second in range(3_595, 3_603):
        run.script.clock(START_NS + second * S)
        run.script.quotes(BTC, START_NS + second * S, 60_000 * NANO)
    states = markets_of(run.play(), BTC)
    due = states[:, en.MarketState.FLAGS] & (en.FLAG_FUNDING | en.FLAG_FUNDING_SKIPPED) > 0
    assert due.sum() == 1
    assert not states[~due, en.MarketState.FUNDING_RATE_PPB].any()
