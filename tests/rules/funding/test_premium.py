from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.funding.premium import (
    IMPACT_BASE_QUANTA,
    SAMPLE_CROSSED,
    SAMPLE_NS,
    SAMPLE_OK,
    SAMPLE_THIN,
    impact_notional,
    impact_ticks,
    premium_sample,
    sample_bound_ppb,
)
from tests.tables import table

ASKS = ((600_010, 600_050, 600_400), (300, 500, 2_000))
BIDS = ((599_990, 599_950, 599_600), (300, 500, 2_000))


@pytest.mark.parametrize(
    ("side", "notional", "ticks", "why"),
    table("""
    ask       50_000_000_000   600_050   rulebook_R-N1_example_834_lots
    bid       50_000_000_000   599_950   bids_round_down
    ask       18_000_300_000   600_010   the_best_level_just_fills
    ask       18_000_300_001   600_011   one_lot_of_the_next_level
    bid       17_999_700_000   599_990   the_best_bid_just_fills
    bid       17_999_700_001   599_989   one_lot_of_the_next_bid
    ask                    1   600_010   a_single_lot
    ask      168_082_800_000   600_296   the_whole_side
    ask      168_082_800_001         0   too_thin
"""),
)
def test_impact_ticks(side: str, notional: str, ticks: str, why: str) -> None:
    prices, lots = ASKS if side == "ask" else BIDS
    assert impact_ticks(prices, lots, int(notional), 100, side == "ask") == int(ticks)


def test_no_level_is_too_thin() -> None:
    assert impact_ticks((), (), 1, 100, True) == 0


def test_a_price_or_an_amount_of_nothing_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="price"):
        impact_ticks((0,), (5,), 1, 100, True)
    with pytest.raises(AssertionError, match="fills"):
        impact_ticks((1,), (5,), 0, 100, True)
    assert impact_ticks((1,), (5,), 1, 100, True) == 1


def test_impact_notional() -> None:
    assert impact_notional(IMPACT_BASE_QUANTA, 50_000) == 10_000_000_000
    assert impact_notional(IMPACT_BASE_QUANTA, 1_000_000) == 500_000_000
    assert impact_notional(7, 300_000) == 24
    assert impact_notional(7, 1) == 7_000_000
    with pytest.raises(AssertionError, match="leverage"):
        impact_notional(7, 0)


def test_the_bound_is_sixty_gaps() -> None:
    assert sample_bound_ppb(50_000, 30_000) == 1_200_000_000
    assert SAMPLE_NS == 5 * 10**9


def sample(
    bids: object, asks: object, index: int, notional: int = 18_000_000_000, bound: int = 10**9
) -> object:
    return premium_sample(*bids, *asks, notional, 100, index, bound)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("bids", "asks", "index", "expected"),
    [
        pytest.param(BIDS, ASKS, 600_000, (0, SAMPLE_OK), id="inside_the_spread"),
        pytest.param(BIDS, ASKS, 599_989, (0, SAMPLE_OK), id="impact_bid_at_the_index"),
        pytest.param(BIDS, ASKS, 599_988, (1_666, SAMPLE_OK), id="a_tick_under_the_impact_bid"),
        pytest.param(BIDS, ASKS, 600_010, (0, SAMPLE_OK), id="impact_ask_at_the_index"),
        pytest.param(BIDS, ASKS, 600_011, (-1_666, SAMPLE_OK), id="a_tick_over_the_impact_ask"),
        pytest.param(((), ()), ASKS, 600_011, (-1_666, SAMPLE_THIN), id="no_bids_the_other_side_counts"),
        pytest.param(BIDS, ((), ()), 599_988, (1_666, SAMPLE_THIN), id="no_asks_the_other_side_counts"),
        pytest.param(BIDS, ((), ()), 700_000, (0, SAMPLE_THIN), id="no_asks_count_for_nothing"),
        pytest.param(((), ()), ((), ()), 600_000, (0, SAMPLE_THIN), id="no_book"),
        pytest.param(((5,), (1,)), ASKS, 600_011, (-1_666, SAMPLE_THIN), id="thin_bids"),
        pytest.param(((600_010,), (9,)), ASKS, 1, (0, SAMPLE_CROSSED), id="locked"),
        pytest.param(((600_011,), (9,)), ASKS, 1, (0, SAMPLE_CROSSED), id="crossed"),
        pytest.param(((600_009,), (900,)), ASKS, 600_008, (1_666, SAMPLE_OK), id="a_tick_from_locked"),
        pytest.param(BIDS, ASKS, 200_000, (10**9, SAMPLE_OK), id="clamped_above"),
        pytest.param(BIDS, ASKS, 1_200_020, (-500_000_000, SAMPLE_OK), id="not_clamped_below"),
    ],
)
def test_premium_sample(bids: object, asks: object, index: int, expected: tuple[int, int]) -> None:
    assert sample(bids, asks, index) == expected


def test_a_sample_counts_impact_prices_away_from_the_middle() -> None:
    # One lot of the second level lifts the ask to 600,010.1 and lowers the bid to 599,989.9.
    assert sample(BIDS, ASKS, 600_012, 18_000_300_001) == (-1_666, SAMPLE_OK)
    assert sample(BIDS, ASKS, 599_988, 17_999_700_001) == (1_666, SAMPLE_OK)


def test_a_tick_is_a_price() -> None:
    assert sample(((1,), (9,)), ((2,), (9,)), 2, 100) == (0, SAMPLE_OK)
    assert sample(((), ()), ((1,), (9,)), 2, 100) == (-500_000_000, SAMPLE_THIN)


def test_each_way_has_its_own_code() -> None:
    assert [SAMPLE_OK, SAMPLE_THIN, SAMPLE_CROSSED] == [0, 1, 2]


def test_a_sample_is_clamped_on_both_sides() -> None:
    assert sample(BIDS, ASKS, 599_988, bound=1_665) == (1_665, SAMPLE_OK)
    assert sample(BIDS, ASKS, 600_011, bound=1_665) == (-1_665, SAMPLE_OK)


def test_a_sample_without_an_index_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="index"):
        sample(BIDS, ASKS, 0)
    assert sample(((), ()), ((), ()), 1) == (0, SAMPLE_THIN)


levels = st.lists(st.tuples(st.integers(1, 10**8), st.integers(0, 10**6)), min_size=1, max_size=6)


@given(levels, st.integers(1, 10**15), st.integers(1, 1_000), st.booleans())
def test_an_impact_price_is_the_average_of_the_fewest_lots(
    book: list[tuple[int, int]], notional: int, v: int, up: bool
) -> None:
    book = sorted(book, reverse=not up)
    prices, lots = tuple(row[0] for row in book), tuple(row[1] for row in book)
    got = impact_ticks(prices, lots, notional, v, up)
    worth = sum(p * n for p, n in book) * v
    assert (got == 0) == (worth < notional)
    if got == 0:
        return
    taken, money = 0, Fraction(0)
    for price, held in book:
        wanted = min(held, ceil((Fraction(notional, v) - money) / price))
        taken, money = taken + wanted, money + wanted * price
        if money * v >= notional:
            break
    assert got == (ceil(money / taken) if up else floor(money / taken))
    assert got >= prices[0] if up else got <= prices[0]


@given(levels, levels, st.integers(1, 10**12), st.integers(1, 10**8), st.integers(0, 10**12))
def test_compiled_as_interpreted(
    bids: list[tuple[int, int]], asks: list[tuple[int, int]], notional: int, index: int, bound: int
) -> None:
    bids, asks = sorted(bids, reverse=True), sorted(asks)
    columns = [
        [row[0] for row in bids],
        [row[1] for row in bids],
        [row[0] for row in asks],
        [row[1] for row in asks],
    ]
    expected = premium_sample(*columns, notional, 100, index, bound)
    arrays = [np.array(column, np.int64) for column in columns]
    assert compiled(*arrays, notional, 100, index, bound) == expected


compiled = njit(premium_sample)
