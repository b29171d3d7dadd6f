from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.fund.inflow import split_fee
from tests.tables import table


@pytest.mark.parametrize(
    ("fee", "share", "fund", "venue", "why"),
    table("""
    1_000     100_000     100   900   a_tenth
    1_001     100_000     101   900   the_fund_owns_the_remainder
        1     100_000       1     0   a_single_quantum_is_the_funds
        0     100_000       0     0   no_fee
        7           0       0     7   no_share
        7   1_000_000       7     0   all_of_it
"""),
)
def test_split_fee(fee: str, share: str, fund: str, venue: str, why: str) -> None:
    assert split_fee(int(fee), int(share)) == (int(fund), int(venue))


@pytest.mark.parametrize(("fee", "share"), [(-1, 100_000), (1, -1), (1, 1_000_001)])
def test_impossible_fees_and_shares_are_our_bugs(fee: int, share: int) -> None:
    with pytest.raises(AssertionError):
        split_fee(fee, share)


@given(st.integers(0, 2**62), st.integers(0, 1_000_000))
def test_the_split_is_exact_and_the_funds_part_is_rounded_up(fee: int, share: int) -> None:
    fund, venue = split_fee(fee, share)
    assert fund + venue == fee
    assert 0 <= fund - Fraction(fee * share, 1_000_000) < 1
