"""Every compiled sum about an account is the plain pool's answer, up to the bounds that registration proves."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import events as ev
from flows.pool import auction, backstop, bookkeeping, sizing, valuation
from flows.pool.layout import HELD_INITIAL, HELD_MAINTENANCE, HELD_MARKET, HELD_PLACE
from flows.pool.orders import after_transfer, judge_order
from flows.pool.sizing import S_LOTS, S_MARKET, S_PASSES, S_PENALTY, S_RESTORE, S_SLIPPAGE
from flows.rules.breaker.permissions import HARD_ORDERS, OFFERS, SOFT_ORDERS
from flows.verify.opinion import auction as plain_auction
from flows.verify.opinion import backstop as plain_backstop
from flows.verify.opinion import requests, sales
from tests.pool.pairs import MARKETS, MOST_LOTS, ROW, Pair, pairs, sizes

EXAMPLES = settings(max_examples=60)


@EXAMPLES
@given(pairs())
def test_value(pair: Pair) -> None:
    got, of = pair.state.value(ROW), pair.plain.value(pair.account)
    assert got[:9] == (
        of.balance_quanta,
        of.equity_quanta,
        of.equity_low_quanta,
        of.equity_initial_quanta,
        of.equity_withdrawal_quanta,
        of.maintenance_quanta,
        of.initial_quanta,
        of.notional_quanta,
        of.credit_quanta,
    )
    held = pair.state.c.held[: got[9]]
    margins = held[held[:, HELD_MARKET] < MARKETS]
    assert margins[:, HELD_MARKET].tolist() == sorted(pair.account.positions)
    assert margins[:, HELD_MAINTENANCE].tolist() == list(of.maintenance_by_market.values())
    assert margins[:, HELD_INITIAL].tolist() == list(of.initial_by_market.values())
    assert len(held) == len(pair.account.positions) + sum(units != 0 for units in pair.account.units)
    assert len(set(held[:, HELD_PLACE].tolist())) == len(held), "a place holds one position"
    assert pair.state.balance(ROW) == pair.account.balance_quanta


@EXAMPLES
@given(pairs())
def test_stand_and_zone(pair: Pair) -> None:
    equity, low, margin, gross, count = (int(each) for each in valuation.stand(pair.state.c, ROW))
    of, plain = pair.plain.value(pair.account), pair.plain
    worth = sum(plain.asset_credit(at, units)[2] for at, units in enumerate(pair.account.units) if units)
    assert (equity, low, margin) == (of.equity_quanta, of.equity_low_quanta, of.maintenance_quanta)
    assert gross == of.notional_quanta + worth
    assert count == pair.state.value(ROW)[9]
    assert valuation.zone(pair.state.c, ROW, equity, low, margin) == plain.zone(pair.account, of)


@EXAMPLES
@given(pairs())
def test_liquidation_price(pair: Pair) -> None:
    v, of = pair.state.value(ROW), pair.plain.value(pair.account)
    got = {
        int(pair.state.c.held[at, HELD_MARKET]): int(valuation.liquidation_price(pair.state.c, v, at))
        for at in range(len(pair.account.positions))
    }
    assert got == {
        m: pair.plain.liquidation_price(of, m, position.lots)
        for m, position in sorted(pair.account.positions.items())
    }


@EXAMPLES
@given(pairs(), st.integers(0, MARKETS - 1), sizes(MOST_LOTS), st.sampled_from((-1, 1)), st.data())
def test_order_checks(pair: Pair, m: int, size: int, side: int, data: st.DataObject) -> None:
    of, mark = pair.parameters.markets[m], pair.plain.markets[m].mark_ticks
    held = abs(pair.account.lots(m))
    size = min(size, of.max_position_lots)
    delta = side * data.draw(st.sampled_from(sorted({size, max(1, held // 2), max(1, held), held + 1})))
    limit = data.draw(st.integers(max(1, mark - mark // 8), mark + mark // 8))
    for reduce_only in (False, True):
        v = pair.state.value(ROW)
        got = judge_order(pair.state.c, ROW, v, m, delta, limit, int(reduce_only))
        value = pair.plain.value(pair.account)
        assert got == requests.decide(pair.plain, pair.account, value, m, delta, limit, reduce_only)


@EXAMPLES
@given(pairs(), st.sampled_from((SOFT_ORDERS, HARD_ORDERS, HARD_ORDERS | OFFERS)), st.integers(1, MARKETS))
def test_plan(pair: Pair, allowed: int, most: int) -> None:
    got = pair.state.plan(pair.state.value(ROW), allowed, most)
    of = pair.plain.value(pair.account)
    expected = sales.plan(pair.plain, pair.account, of, allowed, most)
    names = (S_MARKET, S_LOTS, S_PASSES, S_SLIPPAGE, S_PENALTY, S_RESTORE)
    assert [tuple(row[name] for name in names) for row in got] == [
        (sale.market, sale.lots, int(sale.passes), sale.slippage_ppm, sale.penalty_ppm, restore)
        for sale, restore in expected
    ]


@EXAMPLES
@given(pairs(), st.integers(0, 6), st.one_of(st.just(0), sizes(1 << 50)))
def test_order_size(pair: Pair, zone: int, forced: int) -> None:
    pair.account.zone = zone
    pool = pair.parameters
    share = pool.participation_hard_ppm if zone >= 5 else pool.participation_ppm
    value = pair.plain.value(pair.account)
    for sale, restore in sales.plan(pair.plain, pair.account, value, HARD_ORDERS, MARKETS):
        v = pair.state.value(ROW)
        got = sizing.order_size(pair.state.c, v, sale.market, sale.lots, restore, share, forced)
        pair.plain.begin(pair.plain.offset, pair.plain.time_ns)
        pair.plain.markets[sale.market].forced = [(pair.plain.time_ns, forced)]
        pair.account.stuck, pair.account.order, pair.account.level = False, None, 3
        sales.order(pair.plain, pair.account, value, sale, restore)
        told = [event for event in pair.plain.events if event[ev.TYPE] == ev.LIQUIDATION_ORDER]
        if pair.account.stuck:
            assert got == (-1, 0, 0)
        elif not told:
            assert got == (0, 0, 0)
        else:
            event = told[0]
            assert got == (abs(event[ev.LOTS]), event[ev.PRICE_TICKS], event[ev.FEE_QUANTA])


@EXAMPLES
@given(pairs(), sizes(MOST_LOTS), st.integers(0, 10**11), sizes(1 << 50))
def test_bonus_and_room(pair: Pair, size: int, elapsed_ns: int, capital: int) -> None:
    for m, position in sorted(pair.account.positions.items()):
        lots = min(size, abs(position.lots))
        value = pair.plain.value(pair.account)
        got = auction.bonus(pair.state, pair.state.value(ROW), m, position.lots, lots, elapsed_ns)
        assert got == plain_auction.bonus_of(pair.plain, pair.account, value, m, lots, elapsed_ns)
        room = backstop.room(pair.state, position.lots, m, capital)
        assert room == plain_backstop.room(pair.plain, pair.account, m, capital)


@EXAMPLES
@given(
    pairs(), st.integers(0, MARKETS - 1), sizes(MOST_LOTS), st.sampled_from((-1, 1)), st.integers(0, 30_000)
)
def test_after_transfer(pair: Pair, m: int, size: int, side: int, bonus_ppm: int) -> None:
    """Against the plain pool's way: make the trade on a copy and value it."""
    of, mark = pair.parameters.markets[m], pair.plain.markets[m].mark_ticks
    delta = side * min(size, of.max_position_lots)
    money = delta * mark * of.lot_tick_quanta
    quote = money - abs(money) * bonus_ppm // 1_000_000
    got = after_transfer(pair.state.c, pair.state.value(ROW), m, delta, quote)
    trial = deepcopy(pair.account)
    pair.plain.trade(trial, m, delta, quote)
    value = pair.plain.value(trial)
    notional = abs(trial.lots(m)) * mark * of.lot_tick_quanta
    assert got == (value.equity_initial_quanta, value.initial_quanta, notional)


@EXAMPLES
@given(pairs(), st.data())
def test_the_order_of_risk(pair: Pair, data: st.DataObject) -> None:
    """Any number of accounts beside the drawn one, many of them equally healthy."""
    state = pair.state
    for row in range(ROW + 1, ROW + 1 + data.draw(st.integers(0, 40))):
        state.reserve()
        bookkeeping.open_account(state.c, row, row, -1)
        bookkeeping.pay(state.c, row, data.draw(st.integers(-3, 3)))
        m, lots = data.draw(st.integers(0, MARKETS - 1)), data.draw(st.integers(-2, 2))
        if lots:
            bookkeeping.trade(state.c, row, m, lots, 0)
    rows = data.draw(st.permutations(range(int(state.c.pool[0, 3]))))
    ranked = np.array(rows, np.int64)
    sizing.rank(state.c, ranked)
    stands = {row: [int(each) for each in valuation.stand(state.c, row)] for row in rows}
    for one, other in zip(ranked.tolist(), ranked.tolist()[1:], strict=False):
        (e1, _, m1, *_), (e2, _, m2, *_) = stands[one], stands[other]
        assert (e1 * m2, -m1, e1 if m1 == m2 == 0 else 0, one) < (
            e2 * m1,
            -m2,
            e2 if m1 == m2 == 0 else 0,
            other,
        )
