"""R-H3: the position that frees most for what it costs goes first."""

from fractions import Fraction
from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.choice import closes_first
from tests.tables import table


@pytest.mark.parametrize(
    (
        "relief_1",
        "cost_1",
        "notional_1",
        "market_1",
        "relief_2",
        "cost_2",
        "notional_2",
        "market_2",
        "first",
        "why",
    ),
    table("""
      55000  6000  100  0  110000  30000  900  1  1  rulebook_R-H3_example
     110000 30000  900  0   55000   6000  100  1  2  whatever_the_order
      50000     0  100  0   50000      1  900  1  1  at_no_cost_first
      50000     1  900  0   50000      0  100  1  2  at_no_cost_first_either_way
      10000     2  900  1   20000      4  100  0  1  a_tie_goes_to_the_larger
      10000     2  100  0   20000      4  900  1  2  or_the_other
      10000     2  100  0   20000      4  100  1  1  then_to_the_smaller_number
      10000     2  100  1   20000      4  100  0  2  or_the_other_number
      10000     0  100  3   20000      0  100  4  1  free_both_a_tie
      10000     2  101  9   20000      4  100  0  1  size_before_number
"""),
)
def test_closes_first(
    relief_1: str,
    cost_1: str,
    notional_1: str,
    market_1: str,
    relief_2: str,
    cost_2: str,
    notional_2: str,
    market_2: str,
    first: str,
    why: str,
) -> None:
    one = (int(relief_1), int(cost_1), int(notional_1), int(market_1))
    two = (int(relief_2), int(cost_2), int(notional_2), int(market_2))
    assert closes_first(*one, *two) == (first == "1")
    assert closes_first(*two, *one) == (first == "2")


def test_a_position_does_not_come_before_itself() -> None:
    assert not closes_first(5, 2, 9, 1, 5, 2, 9, 1)


positions = st.lists(
    st.tuples(st.integers(1, 2**60), st.integers(1, 2**60), st.integers(1, 5)), min_size=1, max_size=6
)


@given(positions, st.randoms(use_true_random=False))
def test_the_first_has_the_most_relief_per_cost(drawn: list[tuple[int, int, int]], random: object) -> None:
    numbered = [(*each, number) for number, each in enumerate(drawn)]
    shuffled = list(numbered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def order(one: tuple[int, int, int, int], two: tuple[int, int, int, int]) -> int:
        return -1 if closes_first(*one, *two) else int(closes_first(*two, *one))

    assert sorted(shuffled, key=cmp_to_key(order)) == sorted(
        numbered, key=lambda each: (-Fraction(each[0], each[1]), -each[2], each[3])
    )
