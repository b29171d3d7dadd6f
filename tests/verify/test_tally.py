"""Totals of a run, against the pool they come from and the same counted slowly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import events as ev
from flows.rules.collateral.value import asset_value
from flows.verify import tally as counted
from flows.verify.summary import figures
from flows.verify.tally import Tally
from tests.audit.story import Story, story
from tests.verify.by_hand import event, rows, summarized, told
from tests.worlds import pool

SEEDS = (1, 3, 7)


def tallied(of: Story, *cuts: int) -> Tally:
    return summarized(of, cuts).tallies()[of.pool.id]


def opened(*accounts: int) -> Tally:
    """A tally of a pool with these accounts and the vault."""
    tally = Tally(pool())
    tally.add_events(rows(*(event(ev.ACCOUNT_OPENED, account=row) for row in (0, *accounts))))
    return tally


@settings(max_examples=15)
@given(st.integers(0, 2), st.lists(st.integers(1, 900), max_size=8))
def test_no_cut_shows(which: int, cuts: list[int]) -> None:
    of = story(SEEDS[which])
    whole, parts = tallied(of), tallied(of, *cuts)
    assert figures(whole) == figures(parts)
    assert whole.worst() == parts.worst()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_and_entry_is_counted(seed: int) -> None:
    of = story(seed)
    tally = tallied(of)
    assert tally.events == {
        ev.TYPE_NAMES[kind]: count for kind, count in Counter(of.events[:, ev.TYPE].tolist()).items()
    }
    assert tally.entries == {
        en.KIND_NAMES[kind]: count for kind, count in Counter(of.entries[:, en.KIND].tolist()).items()
    }
    assert tally.accounts == len(of.plain.state.accounts) - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_the_waterfall_adds_up(seed: int) -> None:
    of = story(seed)
    tally, state = tallied(of), of.plain.state
    assert tally.fund_quanta == state.fund_quanta + sum(each.fund_quanta for each in state.markets)
    assert tally.fund_quanta == sum(tally.fund_flows.values())
    assert tally.fund_first_quanta == of.pool.fund_opening_quanta
    assert tally.fund_low_quanta == min(each["balance_quanta"] for each in told(of, ev.FUND))
    assert tally.ledger.fund_units == state.fund_units
    assert tally.vault_worth_quanta() == state.value(state.accounts[0]).equity_low_quanta
    assert tally.socialized_quanta == sum(each["quanta"] for each in told(of, ev.LOSS_CHARGE))
    closed = {(each["journal_offset"], each["counter_account"], each["market"]) for each in told(of, ev.ADL)}
    assert tally.adl_positions == len(closed)
    haircuts = sum(each["fee_quanta"] for each in told(of, ev.ADL, ev.ADL_CASH))
    assert tally.adl_haircut_quanta == haircuts
    charged = tally.drawn_quanta() + haircuts + tally.socialized_quanta + tally.unborne_quanta
    assert 0 < charged <= tally.deficit_quanta, "collateral in kind pays the rest"


@pytest.mark.parametrize("seed", SEEDS)
def test_accounts_are_counted_once(seed: int) -> None:
    of = story(seed)
    tally = tallied(of)
    for fate, kinds in (
        (counted.CALLED, [ev.MARGIN_CALL]),
        (counted.AUCTIONED, [ev.OFFER_FILL]),
        (counted.TAKEN, [ev.TAKEOVER]),
        (counted.BANKRUPTED, [ev.BANKRUPT]),
        (counted.DELEVERAGED, [ev.ADL, ev.ADL_CASH]),
        (counted.CHARGED, [ev.LOSS_CHARGE]),
        (counted.SOFTLY | counted.PARTLY | counted.FULLY, [ev.LIQUIDATION_FILL]),
    ):
        hit = {each["account"] for each in told(of, *kinds)} - {0}
        assert tally.touched(fate) == len(hit), kinds


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_go_from_the_first_mark_to_the_last(seed: int) -> None:
    of = story(seed)
    states = of.entries[of.entries[:, en.KIND] == en.MARKET_STATE]
    for row, market in enumerate(tallied(of).markets):
        marks = states[states[:, en.MarketState.MARKET] == row, en.MarketState.MARK_TICKS]
        path = (market.first_ticks, market.low_ticks, market.high_ticks, market.last_ticks)
        assert path == (marks[0], marks.min(), marks.max(), marks[-1])
        assert market.states == len(marks)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_worst_hit_lost_most(seed: int) -> None:
    of = story(seed)
    state, worst = of.plain.state, tallied(of).worst()
    hurt = {
        each["account"]
        for each in told(of, ev.LIQUIDATION_FILL, ev.OFFER_FILL, ev.TAKEOVER, ev.BANKRUPT, ev.LOSS_CHARGE)
    } - {0}
    lost: Counter[int] = Counter()
    coins: Counter[int] = Counter()
    for each in told(of, ev.COLLATERAL):
        if each["rule"] != 1002:
            (coins if each["market"] else lost)[each["account"]] += each["quanta"]
    for row in hurt:
        paid_in = asset_value(coins[row], state.assets[1].low_quanta, of.pool.assets[1].unit_scale)
        lost[row] += paid_in - state.value(state.accounts[row]).equity_low_quanta
    expected = sorted(hurt, key=lambda row: (-lost[row], row))[: counted.WORST]
    assert [hit.account for hit in worst] == expected
    assert [hit.lost_quanta for hit in worst] == [lost[row] for row in expected]
    for hit in worst:
        fees = sum(
            each["fee_quanta"]
            for each in told(of, ev.LIQUIDATION_FILL, ev.OFFER_FILL)
            if each["account"] == hit.account
        )
        assert hit.cost_quanta == fees
        closed = [
            abs(each["lots"]) * each["mark_ticks"] * of.pool.markets[each["market"]].lot_tick_quanta
            if each["type"] == ev.TAKEOVER
            else abs(each["quanta"])
            for each in told(of, ev.LIQUIDATION_FILL, ev.OFFER_FILL, ev.TAKEOVER, ev.ADL)
            if each["counter_account" if each["type"] == ev.ADL else "account"] == hit.account
        ]
        assert hit.forced_quanta == sum(closed)


def test_only_what_the_vault_sells_at_a_price_is_unwound() -> None:
    tally = opened(1)
    sale = {"account": 0, "market": 1, "lots": -3, "price_ticks": 50}
    tally.add_events(
        rows(
            event(ev.POSITION, 1, 0, **sale),
            event(ev.POSITION, 1, 1, **{**sale, "account": 1, "lots": 3}),
            event(ev.POSITION, 2, 0, **{**sale, "price_ticks": 0, "lots": 9}),  # taken over
        )
    )
    assert (tally.vault_fills, tally.vault_sold_quanta) == (1, 3 * 50 * 100)


def test_what_the_vault_takes_comes_with_its_equity() -> None:
    tally = opened(1)
    takeover = {"account": 1, "counter_account": 0, "market": 0, "mark_ticks": 10}
    tally.add_events(
        rows(
            event(ev.TAKEOVER, 1, 0, lots=-4, fee_quanta=30, **takeover),
            event(ev.TAKEOVER, 1, 1, lots=-6, code=1, **takeover),
            event(ev.COLLATERAL, 1, 2, account=1, counter_account=0, market=0, quanta=-12, rule=1002),
            event(ev.COLLATERAL, 1, 3, account=0, counter_account=1, market=0, quanta=12, rule=1002),
        )
    )
    assert (tally.vault_taken_quanta, tally.vault_equity_quanta) == (10 * 10 * 100, 42)
    assert tally.markets[0].liquidated_quanta == 10 * 10 * 100


def test_a_breaker_trips_when_it_begins() -> None:
    tally = opened()
    changes = [(0, 0, 1), (0, 1, 3), (1, 3, 1), (0, 1, 0), (2, 0, 0), (2, 0, 1)]
    former = (0, 0)
    for place, (status, bits_before, bits) in enumerate(changes):
        tally.add_events(
            rows(
                event(
                    ev.MARKET_STATUS,
                    place,
                    market=1,
                    code=status,
                    former_code=former[0],
                    quanta=bits,
                    fee_quanta=bits_before,
                )
            )
        )
        former = (status, bits)
    assert tally.markets[1].trips == {"limit state": 2, "pause": 1, "degraded index": 1, "halted index": 1}
    assert tally.markets[0].trips == {}


def test_the_largest_fill_is_the_example_to_ask_about() -> None:
    tally = opened(1)
    order = event(ev.LIQUIDATION_ORDER, 4, account=1, market=0, lots=-9, position_lots=9, code=3)
    fills = [
        event(
            ev.LIQUIDATION_FILL,
            at,
            account=1,
            market=0,
            lots=-2,
            quanta=-size,
            reference_offset=4,
            reference_index=0,
        )
        for at, size in ((5, 70), (6, 90), (7, 90))
    ]
    tally.add_events(rows(order, *fills))
    assert tally.largest == (90, 6, 0)
    assert tally.steps.stages["full"].quanta == 250


def test_pool_time_does_not_run_back() -> None:
    of = pool()
    tally = Tally(of)
    entries = en.empty(3)
    entries[:, en.KIND] = en.MARKET_STATE
    entries[:, en.TIME_NS] = (600 * 10**9, 540 * 10**9, 660 * 10**9)
    entries[:, en.MarketState.MARK_TICKS] = (7, 8, 9)
    tally.add_entries(entries)
    assert tally.minutes.series(10, 11).mark_ticks[0].tolist() == [8, 9]
    assert tally.time_ns == 660 * 10**9


def test_a_run_without_events_is_all_zeros() -> None:
    tally = Tally(replace(pool(), fund_opening_quanta=0))
    tally.add_entries(en.empty(0))
    tally.add_events(np.zeros((0, ev.WIDTH), np.int64))
    assert tally.accounts == 0
    assert tally.worst() == []
    assert not tally.events
    assert tally.ledger.conserved() == (0, 0)
