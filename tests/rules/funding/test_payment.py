from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.funding.payment import owed, per_lot
from tests.tables import table

compiled = njit(per_lot)


@pytest.mark.parametrize(
    ("index", "rate", "carry", "pays", "left", "why"),
    table("""
    600_001    12_345               0    740    701_234_500   rulebook_R-N4_example
    600_001    12_345     701_234_500    741    402_469_000   rulebook_R-N4_example_the_next_instant
    600_001   -12_345               0   -740   -701_234_500   the_same_to_the_shorts
          1        10    -999_999_999      0   -999_998_999   a_carry_of_the_other_sign
          1        10    -999_999_000      0   -999_998_000   still_less_than_a_quantum
          1        10     999_998_999      0    999_999_999   just_under_a_quantum
          1        10     999_999_000      1              0   just_a_quantum
          1       -10    -999_998_999      0   -999_999_999   just_above_minus_a_quantum
          1       -10    -999_999_000     -1              0   just_minus_a_quantum
          1        10            -999      0              1   the_carry_changes_its_sign
 10_000_000         1               0      1              0   a_lot_of_a_billion_quanta
 10_000_001         3             -1       3            299   more_than_a_billion
 10_000_001        -3              1      -3           -299   more_than_a_billion_to_the_shorts
          7         0             -5       0             -5   no_rate_keeps_the_carry
"""),
)
def test_per_lot(index: str, rate: str, carry: str, pays: str, left: str, why: str) -> None:
    assert per_lot(int(index), 100, int(rate), int(carry)) == (int(pays), int(left))


@pytest.mark.parametrize(("lots", "owes"), [(3, 2_220), (4, 2_960), (-5, -3_700), (-2, -1_480), (0, 0)])
def test_owed(lots: int, owes: int) -> None:
    assert owed(lots, 1_740, 1_000) == owes


def test_shorts_get_what_longs_pay() -> None:
    assert sum(owed(lots, 740, 0) for lots in (3, 4, -5, -2)) == 0


instants = st.lists(st.tuples(st.integers(1, 10**8), st.integers(-(2 * 10**9), 2 * 10**9)), max_size=60)


@given(st.integers(1, 10**9), instants)
def test_a_lot_stays_within_a_quantum_of_the_exact_amount(v: int, history: list[tuple[int, int]]) -> None:
    carry, cumulative, exact = 0, 0, Fraction(0)
    for index, rate in history:
        pays, carry = per_lot(index, v, rate, carry)
        cumulative += pays
        exact += Fraction(index * v * rate, 10**9)
        assert abs(carry) < 10**9
        assert exact - cumulative == Fraction(carry, 10**9)


@given(
    st.integers(1, 10**8),
    st.integers(1, 10**10),
    st.integers(-(2 * 10**9), 2 * 10**9),
    st.integers(-(10**9) + 1, 10**9 - 1),
)
def test_compiled_as_interpreted(index: int, v: int, rate: int, carry: int) -> None:
    assert compiled(index, v, rate, carry) == per_lot(index, v, rate, carry)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**9), 10**9))
def test_splitting_a_position_changes_nothing(first: int, second: int, cumulative: int) -> None:
    whole = owed(first + second, cumulative, 17)
    assert owed(first, cumulative, 17) + owed(second, cumulative, 17) == whole
