"""Records, chains and places: whatever is opened and closed, the book adds up and every place has one holder."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.pool import book, bookkeeping, checkpoint
from flows.pool.layout import (
    ACCOUNTS,
    BASE,
    BLOCK,
    CHAIN,
    CHAINED_MARKET,
    COMPARTMENT,
    DEPOSITED_UNITS,
    FREE,
    HELD_LOTS,
    HELD_MARKET,
    HOLDER,
    MARKET_MASK,
    NET_LOTS,
    NEXT,
    NEXT_BLOCK,
    PLACE_SHIFT,
    SLOTS,
    SLOTS_END,
    SUM_BASE,
)
from flows.pool.pool import Pool
from flows.pool.state import PoolState
from flows.pool.valuation import gather
from tests.pool.pairs import MARKETS
from tests.worlds import START, asset, market, pool

WIDE = pool(markets=tuple(market(f"M{at}-PERP") for at in range(MARKETS)))
INLINE = (SLOTS_END - SLOTS) // 2
Holdings = dict[tuple[int, int], int]
"""(account, market) -> lots: the book's meaning, in a dictionary."""


def opened(accounts: int) -> PoolState:
    """A wide pool with this many accounts and nothing in them."""
    one = Pool(WIDE)
    genesis = en.empty(1)
    genesis[0, en.TIME_NS] = START
    one.run(genesis, 0, 0, answering=False)
    for row in range(1, accounts):
        one.state.reserve()
        bookkeeping.open_account(one.state.c, row, row, -1)
    return one.state


def deal(state: PoolState, told: Holdings, buyer: int, seller: int, m: int, lots: int, price: int) -> None:
    """Lots from one account to another."""
    for row, signed in ((buyer, lots), (seller, -lots)):
        state.reserve()
        bookkeeping.trade(state.c, row, m, signed, signed * price * 100)
        told[row, m] = told.get((row, m), 0) + signed


def close_all(state: PoolState, told: Holdings, row: int, other: int) -> None:
    """Everything that one account has goes to another, at some price."""
    for m in range(MARKETS):
        if held := told.get((row, m), 0):
            deal(state, told, row, other, m, -held, 1_000 + m)


def holdings_of(state: PoolState) -> Holdings:
    """What the records say."""
    found: Holdings = {}
    for row in range(int(state.c.pool[0, ACCOUNTS])):
        count = int(gather(state.c, row))
        held = state.c.held[:count, [HELD_MARKET, HELD_LOTS]].tolist()
        assert [m for m, _ in held] == sorted({m for m, _ in held}), "by market, each once"
        found.update({(row, m): lots for m, lots in held})
    return found


def agree(state: PoolState, told: Holdings) -> None:
    """The book is sound, and means what was told to it."""
    book.check(state.c)
    assert bookkeeping.is_sound(state.c)
    assert holdings_of(state) == {key: lots for key, lots in told.items() if lots}
    for row in range(int(state.c.pool[0, ACCOUNTS])):
        inline = int(np.count_nonzero(state.c.record[row, SLOTS:SLOTS_END:2]))
        assert state.c.record[row, CHAIN] == 0 or inline == INLINE, "nothing is chained while a slot is free"


deals = st.tuples(
    st.integers(0, 4), st.integers(0, 4), st.integers(0, MARKETS - 1), st.integers(1, 5), st.integers(1, 3)
)


@settings(max_examples=100)
@given(st.lists(st.one_of(deals, st.integers(0, 4)), min_size=5, max_size=60))
def test_positions_open_close_and_move(story: list[tuple[int, int, int, int, int] | int]) -> None:
    """Five accounts in ten markets: their records fill, chain on, and empty again in any order."""
    state, told = opened(5), {}
    for each in story:
        if isinstance(each, int):
            close_all(state, told, each, (each + 1) % 5)
        else:
            deal(state, told, *each)
        agree(state, told)
    for row in range(4):
        close_all(state, told, row, 4)
    agree(state, told)
    assert not any(told.values())
    assert int(state.c.pool[0, SUM_BASE]) == sum(state.c.record[:5, BASE].tolist())


@settings(max_examples=50)
@given(st.permutations(range(MARKETS)), st.permutations(range(MARKETS)))
def test_a_chain_is_left_in_any_order(opening: list[int], closing: list[int]) -> None:
    """All ten markets at once, then out of them one by one: heads, middles and ends of the chain all go."""
    state, told = opened(3), {}
    for at, m in enumerate(opening):
        deal(state, told, 1, 2, m, at + 1, 1_000)
    assert int(state.c.record[1, CHAIN]) > 0
    agree(state, told)
    for m in closing:
        deal(state, told, 2, 1, m, told[1, m], 1_001)
        agree(state, told)
    assert int(state.c.record[1, CHAIN]) == 0


def test_places_are_used_again() -> None:
    """However often positions come and go, no more blocks are taken than positions that were open at once."""
    state, told = opened(4), {}
    for _ in range(200):
        for m in range(MARKETS):
            deal(state, told, 1, 2, m, 3, 1_000)
        close_all(state, told, 1, 2)
    assert int(state.c.pool[0, NEXT_BLOCK]) == MARKETS
    agree(state, told)


def test_a_market_grows_by_blocks() -> None:
    state, told = opened(2 * BLOCK + 2), {}
    for row in range(1, 2 * BLOCK + 2):
        deal(state, told, row, 0, 3, 1, 1_000)
    assert int(state.c.pool[0, NEXT_BLOCK]) == 3
    agree(state, told)
    assert int(state.c.market[3, FREE]) > 0


def test_units_of_an_asset_are_a_position_in_it() -> None:
    state, told = opened(3), {}
    for m in range(INLINE):
        deal(state, told, 1, 2, m, 1, 1_000)
    state.reserve()
    bookkeeping.credit(state.c, 1, 1, 500, 301)  # the record is full: chained
    told[1, MARKETS + 1] = 500
    agree(state, told)
    assert int(state.c.place[int(state.c.record[1, CHAIN]) - 1, CHAINED_MARKET]) == MARKETS + 1
    bookkeeping.credit(state.c, 1, 1, -200, 603)
    told[1, MARKETS + 1] = 300
    agree(state, told)
    assert bookkeeping.add_units(state.c, 2, 1, 7) == 7
    assert bookkeeping.add_units(state.c, 1, 1, -7) == 293
    told[1, MARKETS + 1], told[2, MARKETS + 1] = 293, 7
    agree(state, told)


def test_nothing_put_where_nothing_is() -> None:
    state = opened(2)
    assert bookkeeping.put(state.c, 1, 0, 0) == -1
    agree(state, {})


# ---- growth --------------------------------------------------------------------------------------------------------------
def deposits(first: int, count: int) -> en.Rows:
    """Entries that open accounts with 1,000 each."""
    rows = en.empty(count)
    rows[:, en.KIND], rows[:, en.TIME_NS] = en.DEPOSIT, START
    of = en.Deposit
    rows[:, of.ACCOUNT] = rows[:, of.OWNER] = np.arange(first, first + count)
    rows[:, of.AMOUNT_UNITS], rows[:, of.OPENS], rows[:, of.ISOLATED_MARKET] = 10**9, 1, -1
    return rows


def fills(dice: random.Random, accounts: int, count: int, markets: int) -> en.Rows:
    """Entries in which everybody trades with somebody; sides may be one account."""
    rows = en.empty(count)
    rows[:, en.KIND], rows[:, en.TIME_NS] = en.FILL, START
    of = en.Fill
    for row in rows:
        row[of.MARKET], row[of.BUYER] = dice.randrange(markets), dice.randrange(1, accounts)
        row[of.SELLER], row[of.TAKER] = dice.randrange(1, accounts), dice.randrange(2)
        row[of.LOTS], row[of.PRICE_TICKS], row[of.ORDER_OFFSET] = dice.randrange(1, 4), 1_000, -1
    return rows


@pytest.mark.parametrize("batch", [700, 100_000])
def test_the_book_grows_between_batches_as_inside_one(batch: int) -> None:
    """10,000 accounts and 30,000 positions out of an empty book, in small batches and in a single one."""
    accounts = 10_000
    genesis = en.empty(1)
    genesis[0, en.TIME_NS] = START
    state_rows = en.empty(MARKETS)
    state_rows[:, en.KIND], state_rows[:, en.TIME_NS] = en.MARKET_STATE, START
    state_rows[:, en.MarketState.MARKET] = np.arange(MARKETS)
    state_rows[:, en.MarketState.MARK_TICKS] = state_rows[:, en.MarketState.INDEX_TICKS] = 1_000
    trades = fills(random.Random(1), accounts, 15_000, MARKETS)
    rows = np.concatenate((genesis, state_rows, deposits(1, accounts - 1), trades))
    one = Pool(WIDE)
    for start in range(0, len(rows), batch):
        one.run(rows[start : start + batch], 0, start, answering=False)
        one.take_events()
    one.check()
    told: Holdings = {}
    of = en.Fill
    for row in trades.tolist():
        for account, signed in ((row[of.BUYER], row[of.LOTS]), (row[of.SELLER], -row[of.LOTS])):
            told[account, row[of.MARKET]] = told.get((account, row[of.MARKET]), 0) + signed
    assert holdings_of(one.state) == {key: lots for key, lots in told.items() if lots}
    again = Pool(WIDE)
    checkpoint.load(again.state, checkpoint.save(one.state))
    again.check()
    assert holdings_of(again.state) == holdings_of(one.state)


def test_events_make_room_for_themselves() -> None:
    """A batch with more events than the buffer has rows."""
    accounts = book.EVENT_ROOM // 2 + 100
    genesis = en.empty(1)
    genesis[0, en.TIME_NS] = START
    one = Pool(replace(WIDE, markets=WIDE.markets[:1]))
    one.run(np.concatenate((genesis, deposits(1, accounts))), 0, 0, answering=False)
    assert len(one.take_events()) > book.EVENT_ROOM
    one.check()


# ---- what the check sees --------------------------------------------------------------------------------------------------
def full_book() -> PoolState:
    state, told = opened(4), {}
    for m in range(MARKETS):
        deal(state, told, 1, 2, m, m + 1, 1_000)
    state.reserve()
    bookkeeping.credit(state.c, 3, 0, 10**6, 301)
    bookkeeping.credit(state.c, 3, 1, 50, 301)
    book.check(state.c)
    return state


def test_a_quantum_out_of_nowhere_is_seen() -> None:
    state = full_book()
    state.c.record[1, BASE] += 1
    with pytest.raises(AssertionError, match="value is not conserved"):
        book.check(state.c)
    assert bookkeeping.is_sound(state.c), "the running totals have not heard of it"
    state.c.pool[0, SUM_BASE] += 1
    assert not bookkeeping.is_sound(state.c)


def test_a_drifting_sum_is_seen() -> None:
    state = full_book()
    state.c.record[1, BASE] += 1
    state.c.record[2, BASE] -= 1
    book.check(state.c)
    state.c.pool[0, SUM_BASE] -= 1
    with pytest.raises(AssertionError, match="sum of bases"):
        book.check(state.c)


def test_a_drifting_compartment_is_seen() -> None:
    state = full_book()
    state.c.market[0, COMPARTMENT] += 1
    state.c.record[1, BASE] -= 1
    state.c.pool[0, SUM_BASE] -= 1
    with pytest.raises(AssertionError, match="sum of compartments"):
        book.check(state.c)


def test_a_lot_too_many_is_seen() -> None:
    state = full_book()
    state.c.record[1, SLOTS] += 1
    with pytest.raises(AssertionError, match="every long lot has a short lot"):
        book.check(state.c)


def test_a_lot_booked_once_stops_the_loop() -> None:
    state = full_book()
    state.c.market[2, NET_LOTS] += 1
    assert not bookkeeping.is_sound(state.c)


@pytest.mark.parametrize(
    ("column", "message"), [(NET_LOTS, "sum of units"), (DEPOSITED_UNITS, "an asset is not conserved")]
)
def test_a_unit_too_many_is_seen(column: int, message: str) -> None:
    state = full_book()
    state.c.market[MARKETS + 1, column] += 1
    with pytest.raises(AssertionError, match=message):
        book.check(state.c)
    assert not bookkeeping.is_sound(state.c)


def test_a_place_with_another_holder_is_seen() -> None:
    state = full_book()
    state.c.place[int(state.c.record[1, SLOTS + 1]) >> PLACE_SHIFT, HOLDER] = 2
    with pytest.raises(AssertionError, match="belongs to who holds it"):
        book.check(state.c)


def test_a_lost_place_is_seen() -> None:
    state = full_book()
    m = int(state.c.record[1, SLOTS + 1]) & MARKET_MASK
    free = int(state.c.market[m, FREE]) - 1
    state.c.market[m, FREE] = state.c.place[free, NEXT]
    state.c.place[free, HOLDER] = 3
    with pytest.raises(AssertionError, match="held or free"):
        book.check(state.c)


def test_a_pool_fits_its_packing() -> None:
    most = MARKET_MASK + 1
    too_many = replace(WIDE, markets=(WIDE.markets[0],) * most, assets=(asset("USDT"),))
    with pytest.raises(AssertionError, match="12 bits"):
        book.new_columns(too_many, 0)
