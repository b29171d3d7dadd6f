import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.aggregate import aggregate

Quote = tuple[int, int, int]
compiled = njit(aggregate)


def index_of(quotes: list[Quote]) -> tuple[int, int, int, int]:
    count = len(quotes)
    columns = [[quote[part] for quote in quotes] for part in range(3)]
    scratch = [[-7] * 3 * count, [-7] * 3 * count]
    got = aggregate(columns[0], columns[1], columns[2], count, scratch[0], scratch[1])
    arrays = [np.array(column, np.int64) for column in (*columns, *scratch)]
    assert compiled(*arrays[:3], count, *arrays[3:]) == got
    return got


@pytest.mark.parametrize(
    ("quotes", "expected"),
    [
        pytest.param(
            [(600_000, 10, 3), (600_050, 10, 3), (599_980, 5, 2), (600_100, 100, 1), (610_000, 10, 1)],
            (600_010, 50, 599_960, 600_060),
            id="rulebook_R-O2_example",
        ),
        pytest.param([(100, 10, 1), (100, 10, 1), (200, 10, 1)], (110, 80, 30, 190), id="a_liar_of_three"),
        pytest.param([(100, 10, 1)], (100, 10, 90, 110), id="one_source_is_its_own_price"),
        pytest.param([(100, 0, 1), (100, 0, 1)], (100, 1, 99, 101), id="identical_prices_still_doubt"),
        pytest.param([(100, 1, 1), (105, 1, 1)], (102, 3, 99, 105), id="exact_halves_floor_the_middle"),
        pytest.param(
            [(-105, 1, 1), (-100, 1, 1)], (-103, 3, -106, -100), id="the_floor_is_toward_minus_infinity"
        ),
        pytest.param([(100, 1, 2), (105, 1, 1)], (101, 3, 98, 104), id="the_heavier_decides"),
        pytest.param([(100, 1, 1), (105, 1, 2)], (104, 3, 101, 107), id="the_heavier_decides_above"),
        pytest.param([(100, 5, 1), (100, 9, 1)], (100, 5, 95, 105), id="quartiles_need_more_than_a_quarter"),
        pytest.param(
            [(103, 0, 1), (100, 4, 4), (98, 0, 1)], (100, 3, 97, 103), id="a_heavy_vote_at_each_end"
        ),
        pytest.param([(3, 9, 1)], (3, 9, -6, 12), id="a_vote_may_be_negative"),
        pytest.param(
            [(100, 1, 1), (110, 1, 1), (120, 1, 1), (130, 1, 1)],
            (115, 6, 109, 121),
            id="a_quarter_exactly_is_not_more",
        ),
        pytest.param(
            [(100, 3, 1), (100, 50, 1), (150, 50, 3)], (103, 47, 56, 150), id="the_wider_side_counts"
        ),
    ],
)
def test_aggregate(quotes: list[Quote], expected: tuple[int, int, int, int]) -> None:
    assert index_of(quotes) == expected


def test_an_index_of_nobody_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="source"):
        aggregate([], [], [], 0, [], [])
    with pytest.raises(AssertionError, match="weight"):
        aggregate([5, 5], [1, 1], [1, 0], 2, [0] * 6, [0] * 6)


def test_only_the_first_rows_are_sources() -> None:
    assert aggregate([100, 999], [10, 10], [1, 50], 1, [0] * 3, [0] * 3) == (100, 10, 90, 110)


quote_lists = st.lists(
    st.tuples(st.integers(-1_000, 1_000), st.integers(0, 60), st.integers(1, 9)), min_size=1, max_size=7
)


def votes_of(quotes: list[Quote]) -> list[int]:
    """Each vote as often as it weighs: a weight is so many equal voters."""
    return sorted(p + side * c for p, c, w in quotes for side in (-1, 0, 1) for _ in range(w))


@given(quote_lists)
def test_a_weight_is_so_many_voters(quotes: list[Quote]) -> None:
    votes = votes_of(quotes)
    n = len(votes)
    median = votes[n // 2] if n % 2 else (votes[n // 2 - 1] + votes[n // 2]) // 2
    confidence = max(median - votes[n // 4], votes[n - 1 - n // 4] - median, 1)
    assert index_of(quotes) == (median, confidence, median - confidence, median + confidence)


@given(quote_lists)
def test_the_order_of_sources_is_nothing(quotes: list[Quote]) -> None:
    assert index_of(quotes) == index_of(quotes[::-1])


@given(quote_lists, st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 10**6)), max_size=4))
def test_less_than_half_the_weight_cannot_leave_the_honest_votes(
    honest: list[Quote], lies: list[tuple[int, int]]
) -> None:
    total = sum(weight for _, _, weight in honest)
    liars = [(price, confidence, 1) for price, confidence in lies][: total - 1]
    index = index_of(honest + liars)[0]
    assert votes_of(honest)[0] <= index <= votes_of(honest)[-1]
