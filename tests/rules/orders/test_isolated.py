"""R-F4: margin that may be taken out of an isolated position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.orders.isolated import largest_removable
from tests.tables import table


@pytest.mark.parametrize(
    ("equity_initial", "equity_withdrawal", "initial", "notional", "balance", "largest", "why"),
    table("""
      5600  5000  3200  30000  5000  1800  rulebook_R-F4_example
      5600  5000  2000  30000  5000  2000  a_tenth_of_the_notional_stays
      5600  5000  2000  30001  5000  1999  and_rounds_up
      5600  5600  3200  30000  1500  1500  no_more_than_its_balance
      4000  5000  3200  30000  5000   800  initial_margin_must_stay_as_well
      3200  3200  3200      0  5000     0  nothing_above_initial_margin
      3100  3000  3200  30000  5000     0  under_it_nothing
      5600  5000  3200  30000   -10     0  a_debt_leaves_nothing
"""),
)
def test_largest_removable(
    equity_initial: str,
    equity_withdrawal: str,
    initial: str,
    notional: str,
    balance: str,
    largest: str,
    why: str,
) -> None:
    amounts = (int(equity_initial), int(equity_withdrawal), int(initial), int(notional), int(balance))
    assert largest_removable(*amounts, False, 100_000) == int(largest)
    assert largest_removable(*amounts, True, 100_000) == 0


@given(*[st.integers(0, 10**15)] * 5)
def test_what_is_left_still_meets_both_requirements(
    low: int, gains: int, initial: int, notional: int, balance: int
) -> None:
    removed = largest_removable(low + gains, low, initial, notional, balance, False, 100_000)
    assert removed >= 0
    if removed > 0:
        assert low + gains - removed >= initial
        assert low - removed >= initial
        assert (low - removed) * 10 >= notional
        assert removed <= balance
