"""Wake bands: inside them nobody's zone can change, and they are wide enough to leave a calm market asleep (R-E6)."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool import valuation
from flows.pool.bands import refresh, wake, wake_holders
from flows.pool.layout import (
    ACCOUNTS,
    BLOCK,
    FALL,
    FLAGS,
    HELD_MARKET,
    HELD_PLACE,
    HOLDER,
    MARK,
    MODE_BANDS,
    NEVER_FALL,
    NEVER_RISE,
    NEXT_BLOCK,
    PASSES,
    RISE,
    TICKS,
    WOKEN,
    ZONE_MASK,
)
from flows.pool.pool import Pool
from flows.rules.call.zone import CLEAR
from tests.pool.pairs import MARKETS, ROW, Pair, pairs, sizes
from tests.worlds import History, asset, market, pool


class Band(NamedTuple):
    """A position's market and the marks between which its holder sleeps, both inside."""

    market: int
    low: int
    high: int


def bands_of(pair: Pair) -> list[Band]:
    """The account's bands, new ones at the present marks."""
    c = pair.state.c
    zone = pair.state.zone_now(ROW, pair.state.value(ROW))
    if zone == CLEAR:  # the ladder closes a call before the bands are made
        pair.flag(call_open=False, liquidating=False)
    pair.state.set_zone(ROW, zone)
    refresh(c, ROW)
    count = int(valuation.gather(c, ROW))
    return [
        Band(m, int(c.key[place, FALL]) + 1, int(c.key[place, RISE]) - 1)
        for m, place in c.held[:count, [HELD_MARKET, HELD_PLACE]].tolist()
    ]


def zone_at_marks(pair: Pair) -> int:
    """The zone in which a full valuation finds the account."""
    return pair.state.zone_now(ROW, pair.state.value(ROW))


@settings(max_examples=2500)
@given(pairs(status=False), st.data())
def test_inside_all_bands_no_zone_changes(pair: Pair, data: st.DataObject) -> None:
    """Wherever the marks go together, up to the very edges of the bands, a full valuation finds the same zone."""
    bands = bands_of(pair)
    zone = pair.state.zone(ROW)
    for _ in range(6):
        for m, low, high in bands:
            mark = int(pair.state.c.market[m, MARK])
            lowest, highest = max(1, low), max(1, min(high, 3 * mark + 10, most_of(pair, m)))
            if lowest > highest:
                continue  # no room at all: it wakes at every tick
            edges = st.sampled_from((lowest, highest, min(max(mark, lowest), highest)))
            pair.state.c.market[m, MARK] = data.draw(st.one_of(edges, st.integers(lowest, highest)))
        assert zone_at_marks(pair) == zone


def most_of(pair: Pair, m: int) -> int:
    """The highest mark that registration lets a market (or an asset) have."""
    of = pair.parameters
    return of.markets[m].max_price_ticks if m < len(of.markets) else 10**12


@settings(max_examples=2500)
@given(pairs(status=False), st.data())
def test_the_price_now_is_inside(pair: Pair, data: st.DataObject) -> None:
    """An account is not woken by a price that stays where it is, unless a threshold is next to it."""
    for m, low, high in bands_of(pair):
        mark = int(pair.state.c.market[m, MARK])
        if mark > 0:
            assert low <= mark <= high


PLAIN = pool(
    markets=tuple(market(f"M{at}-PERP") for at in range(MARKETS)),
    assets=(asset("USDT"), asset("BTC"), asset("ETH")),
)
"""Markets with the rates that venues have: 1 to 5 % of maintenance."""


@settings(max_examples=2500)
@given(pairs(status=False, of=PLAIN), st.integers(0, MARKETS - 1), sizes(10**6), st.sampled_from((-1, 1)))
def test_one_position_alone_gets_nearly_all_the_way(pair: Pair, m: int, size: int, side: int) -> None:
    """From the band's edge it is not far to the tick that changes the zone: a sixth of the way, or two ticks."""
    margin = pair.plain.value(pair.account).equity_quanta
    for held in sorted(pair.account.positions):
        pair.trade(held, -pair.account.lots(held), 0)
    for at, units in enumerate(pair.account.units):
        if units:
            pair.add_units(at, -units)
    mark = pair.plain.markets[m].mark_ticks
    pair.trade(m, side * size, side * size * mark * 100)
    pair.pay(margin % (size * mark * 10 + 1) - pair.account.balance_quanta)
    [(_, low, high)] = bands_of(pair)
    for edge, end in ((low, 1), (high, PLAIN.markets[m].max_price_ticks)):
        first = first_change(pair, m, mark, end)
        if first is not None and low <= mark <= high:
            assert abs(first - edge) <= abs(first - mark) // 6 + 2


def first_change(pair: Pair, m: int, mark: int, end: int) -> int | None:
    """The mark nearest to the present one, towards ``end``, at which a full valuation finds another zone."""
    zone, same, other = pair.state.zone(ROW), mark, end

    def zone_at(ticks: int) -> int:
        pair.state.c.market[m, MARK] = ticks
        return zone_at_marks(pair)

    if zone_at(end) == zone:
        return None
    while abs(other - same) > 1:
        middle = (same + other) // 2
        if zone_at(middle) == zone:
            same = middle
        else:
            other = middle
    return other


def run(one: Pool, history: History, at: int) -> int:
    """Apply what the history has added since ``at``; its new length."""
    one.run(np.array(history.rows[at:], np.int64), 0, at, answering=False)
    return len(history.rows)


def crowd(seed: int, accounts: int) -> tuple[History, Pool, int]:
    """A book of traders, most of them some way from their thresholds."""
    history = History(seed, pool(), accounts)
    for _ in range(3 * accounts):
        history.trade()
    one = Pool(history.of, MODE_BANDS)
    at = run(one, history, 0)
    one.take_events()
    return history, one, at


@pytest.mark.parametrize("seed", range(2))
def test_a_calm_walk_wakes_few(seed: int) -> None:
    history, one, at = crowd(seed, 400)
    dice, statistics = random.Random(seed), one.state.c.pool[0]
    woken, ticks = int(statistics[WOKEN]), int(statistics[TICKS])
    accounts = history.accounts
    for _ in range(400):
        m = dice.randrange(2)
        history.price[m] += dice.choice((-2, -1, 1, 2)) * max(1, history.price[m] // 100_000)
        history.market_state(m)
    run(one, history, at)
    walked = int(statistics[TICKS]) - ticks
    assert walked == 400
    assert int(statistics[PASSES]) == 0
    assert int(statistics[WOKEN]) - woken < walked * accounts // 100, "under one account in a hundred a tick"


@pytest.mark.parametrize("seed", range(3))
def test_after_every_tick_the_zones_are_those_of_a_full_valuation(seed: int) -> None:
    history, one, at = crowd(seed, 60)
    dice = random.Random(seed)
    moved = 0
    for _ in range(150):
        m = dice.randrange(2)
        step = dice.choice((1, 10, 100, 400))
        history.price[m] = max(50, history.price[m] * (10_000 + dice.randrange(-step, step + 1)) // 10_000)
        history.market_state(m)
        at = run(one, history, at)
        c = one.state.c
        for row in range(history.accounts):
            v = one.state.value(row)
            assert one.state.zone_now(row, v) == int(c.record[row, FLAGS]) & ZONE_MASK
        moved += int((one.take_events()[:, ev.TYPE] == ev.LEVEL).sum())
    assert moved > 10, "a walk on which nobody moves proves nothing"


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 1_000_000))
def test_a_mark_wakes_exactly_those_whose_band_it_left(seed: int, mark: int) -> None:
    """Maps above the keys may be too wide, never too narrow, whatever was woken before."""
    _, one, _ = crowd(seed, 80)
    c = one.state.c
    for m, price in ((0, mark), (1, mark // 2 + 1), (0, mark + 1), (0, mark)):
        left = [
            int(c.place[place, HOLDER])
            for place in held_places(one)
            if holds(one, m, place) and not c.key[place, FALL] < price < c.key[place, RISE]
        ]
        count = int(wake(c, m, price, 0))
        rows = c.woken[:count].tolist()
        c.flag[rows] = 0
        assert sorted(rows) == sorted(left)
    count = int(wake_holders(c, 1, 0))
    holders = [row for row in range(int(c.pool[0, ACCOUNTS])) if one.state.lots(row, 1)]
    assert sorted(c.woken[:count].tolist()) == holders


def held_places(one: Pool) -> list[int]:
    """Places that somebody holds."""
    c = one.state.c
    used = int(c.pool[0, NEXT_BLOCK]) * BLOCK
    return [int(place) for place in np.flatnonzero(c.place[:used, HOLDER] >= 0)]


def holds(one: Pool, m: int, place: int) -> bool:
    """Whether a place lies in a market's segment."""
    row = int(one.state.c.place[place, HOLDER])
    count = int(valuation.gather(one.state.c, row))
    return [m, place] in one.state.c.held[:count, [HELD_MARKET, HELD_PLACE]].tolist()


def test_a_position_without_a_price_sleeps_until_there_is_one() -> None:
    history = History(0, pool(), 4)
    history.rows = [row for row in history.rows if row[en.KIND] not in (en.MARKET_STATE, en.ASSET_STATE)]
    history.trade()
    one = Pool(history.of, MODE_BANDS)
    at = run(one, history, 0)
    c, places = one.state.c, held_places(one)
    assert len(places) > 2
    assert {tuple(key) for key in c.key[places].tolist()} == {(NEVER_FALL, NEVER_RISE)}
    for m in range(2):
        history.market_state(m)
    run(one, history, at)
    assert int(c.pool[0, WOKEN]) == 2, "both sides, by the first price"
