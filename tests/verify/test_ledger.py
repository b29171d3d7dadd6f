"""The books made again from events are the pool's own, and they notice what does not add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import events as ev
from flows.verify.ledger import Ledger
from flows.verify.opinion.state import State
from flows.verify.plain import PlainPool
from tests.audit.story import Story, story
from tests.worlds import History, answers, pool

SEEDS = (1, 3, 7)


def booked(of: Story, *cuts: int) -> Ledger:
    ledger = Ledger(of.pool)
    for part in np.split(of.events, sorted(cuts)):
        ledger.add(part)
    return ledger


def marks(state: State) -> list[int]:
    return [market.mark_ticks for market in state.markets]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_are_the_pools(seed: int) -> None:
    of = story(seed)
    ledger, state = booked(of), of.plain.state
    assert ledger.conserved() == state.conserved()
    assert ledger.zero_sum()
    count = ledger.accounts
    assert ledger.balance_quanta[:count].tolist() == [each.balance_quanta for each in state.accounts]
    for market in range(len(of.pool.markets)):
        assert ledger.lots[market, :count].tolist() == [each.lots(market) for each in state.accounts]
    assert ledger.fees_quanta == state.fees_quanta
    assert ledger.fund_quanta == [*(market.fund_quanta for market in state.markets), state.fund_quanta]


@pytest.mark.parametrize("seed", SEEDS)
def test_worth_is_what_the_pool_values(seed: int) -> None:
    of = story(seed)
    ledger, state = booked(of), of.plain.state
    lows = [asset.low_quanta for asset in state.assets]
    worth, equity = ledger.worth_quanta(marks(state), lows), ledger.equity_quanta(marks(state))
    for account in state.accounts:
        value = state.value(account)
        assert worth[account.row] == value.equity_low_quanta
        assert equity[account.row] == value.equity_low_quanta - state.collateral(account)[2]


@pytest.mark.parametrize("seed", SEEDS)
def test_other_assets_are_booked_in_their_units(seed: int) -> None:
    of = story(seed)
    ledger, state = booked(of), of.plain.state
    assert ledger.assets_conserved()
    assert ledger.units[1, : ledger.accounts].tolist() == [each.units[1] for each in state.accounts]
    assert (ledger.fund_units[1], ledger.deposited_units[1]) == (
        state.fund_units[1],
        state.deposited_units[1],
    )


@settings(max_examples=20)
@given(st.integers(0, 2), st.lists(st.integers(0, 4_000), max_size=12))
def test_no_cut_shows(which: int, cuts: list[int]) -> None:
    of = story(SEEDS[which])
    whole, parts = booked(of), booked(of, *cuts)
    assert whole.conserved() == parts.conserved()
    assert np.array_equal(whole.balance_quanta[: whole.accounts], parts.balance_quanta[: parts.accounts])
    assert np.array_equal(whole.funded_quanta[:, :9], parts.funded_quanta[:, :9])


def test_compartments_and_shared_losses() -> None:
    """Every market has a part of the fund, and a day so bad that all traders bear it."""
    of = pool(fund_opening_quanta=50_000_000, fund_floor_quanta=10_000_000, vault_opening_quanta=1_000_000)
    of = replace(of, markets=tuple(replace(each, fund_opening_quanta=7_000_000) for each in of.markets))
    history, plain = History(0, of, 6), PlainPool(of)
    ledger, done, seen = Ledger(of), 0, set()
    for _ in range(900):
        history.step()
        while done < len(history.rows):
            events = plain.apply(history.rows[done])
            done += 1
            answers(history, events, history.dice)
            seen |= {event[ev.TYPE] for event in events}
            ledger.add(np.array(events, np.int64).reshape(-1, ev.WIDTH))
    assert {ev.ADL_CASH, ev.LOSS_CHARGE, ev.FUND} <= seen
    assert ledger.conserved() == plain.state.conserved()
    assert ledger.fund_quanta == [
        *(each.fund_quanta for each in plain.state.markets),
        plain.state.fund_quanta,
    ]


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        (ev.COLLATERAL, ev.QUANTA),
        (ev.POSITION, ev.BALANCE_QUANTA),
        (ev.POSITION, ev.POSITION_COST_QUANTA),
        (ev.POSITION, ev.FEE_QUANTA),
        (ev.FUND, ev.BALANCE_QUANTA),
    ],
    ids=["deposits", "balance", "cost", "fees", "fund"],
)
def test_a_quantum_too_many_is_noticed(kind: int, column: int) -> None:
    of = story(3)
    events = of.events.copy()
    told = (events[:, ev.TYPE] == kind) & (events[:, ev.MARKET] <= 0)
    events[told, column] += 1
    ledger = Ledger(of.pool)
    ledger.add(events)
    held, brought_in = ledger.conserved()
    assert held != brought_in


def test_a_unit_too_many_is_noticed() -> None:
    of = story(3)
    events = of.events.copy()
    moved = np.flatnonzero(
        (events[:, ev.TYPE] == ev.COLLATERAL)
        & (events[:, ev.MARKET] == 1)
        & (events[:, ev.COUNTER_ACCOUNT] >= 0)
    )
    events[moved[-1], ev.QUANTA] += 1
    ledger = Ledger(of.pool)
    ledger.add(events)
    assert not ledger.assets_conserved()


def test_a_lot_too_many_is_noticed() -> None:
    of = story(3)
    events = of.events.copy()
    open_ = np.flatnonzero((events[:, ev.TYPE] == ev.POSITION) & (events[:, ev.MARKET] == 0))
    events[open_, ev.POSITION_LOTS] += 1
    ledger = Ledger(of.pool)
    ledger.add(events)
    assert not ledger.zero_sum()
