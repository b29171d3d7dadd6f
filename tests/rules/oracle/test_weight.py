import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.weight import cap_weights

compiled = njit(cap_weights)


@pytest.mark.parametrize(
    ("weights", "capped"),
    [
        pytest.param([500, 200, 200, 100], [250, 200, 200, 100], id="rulebook_R-O3_example"),
        pytest.param([2, 2, 2], [2, 2, 2], id="a_third_each_is_allowed"),
        pytest.param([3, 2, 2, 2], [3, 2, 2, 2], id="just_a_third"),
        pytest.param([4, 2, 2, 2], [3, 2, 2, 2], id="just_over_a_third"),
        pytest.param([2, 2, 2, 4], [2, 2, 2, 3], id="the_last_is_the_largest"),
        pytest.param([5, 1, 1], [1, 1, 1], id="three_of_which_one_is_all"),
        pytest.param([10, 10, 1, 1, 1], [3, 3, 1, 1, 1], id="both_large_ones_are_cut_in_turn"),
        pytest.param([7, 7, 5], [5, 5, 5], id="the_higher_id_first"),
        pytest.param([6, 6, 3, 2], [5, 5, 3, 2], id="equal_largest_the_higher_id_is_cut_first"),
        pytest.param([9, 1], [9, 1], id="two_cannot_be_capped"),
        pytest.param([9], [9], id="one_cannot_be_capped"),
        pytest.param([], [], id="nobody"),
    ],
)
def test_cap_weights(weights: list[int], capped: list[int]) -> None:
    row = [*weights, 99]
    assert cap_weights(row, len(weights)) == sum(capped)
    assert row == [*capped, 99]


@pytest.mark.parametrize("weights", [[0, 1], [0, 5, 5, 5], [-1, 5, 5]])
def test_a_source_without_weight_is_our_bug(weights: list[int]) -> None:
    with pytest.raises(AssertionError, match="weight"):
        cap_weights(weights, len(weights))


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=9))
def test_nobody_has_more_than_a_third(weights: list[int]) -> None:
    row, column = list(weights), np.array(weights, np.int64)
    total = cap_weights(row, len(row))
    assert compiled(column, len(row)) == total == sum(row)
    assert column.tolist() == row
    assert all(3 * weight <= total for weight in row)
    assert all(1 <= after <= before for after, before in zip(row, weights, strict=True))
    assert any(3 * before > sum(weights) for before in weights) or row == weights


@given(st.lists(st.integers(1, 10**4), min_size=3, max_size=8, unique=True), st.permutations(range(8)))
def test_who_is_cut_does_not_hang_on_the_place(weights: list[int], order: list[int]) -> None:
    places = [place for place in order if place < len(weights)]
    row, mixed = list(weights), [weights[place] for place in places]
    cap_weights(row, len(row))
    cap_weights(mixed, len(mixed))
    assert sorted(row) == sorted(mixed)
