"""R-J4: the vault's way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.backstop.unwind import unwind_limit_ticks, unwind_slice_lots
from tests.tables import table

S = 1_000_000_000


@pytest.mark.parametrize(
    ("inventory", "elapsed", "budget", "slice", "why"),
    table("""
       10909     0  9999     61  rulebook_R-J4_example
      -10909     0  9999     61  a_short
       10909     0    60     60  the_budget_binds
       10909     0     0      0  the_budget_is_spent
       10909   900  9999    122  half_the_time_twice_the_slice
         300  1780  9999    150  two_steps_left
         300  1790  9999    300  the_last_step
         300  1795  9999    300  less_than_a_step_left
         300  1800  9999    300  at_the_horizon
         300  1801  9999    300  past_it
           1     0  9999      1  one_lot_goes_at_once
           0     0  9999      0  nothing_held
         180     0  9999      1  exactly_one_a_step
         181     0  9999      2  a_lot_more_rounds_up
"""),
)
def test_unwind_slice(inventory: str, elapsed: str, budget: str, slice: str, why: str) -> None:  # noqa: A002
    facts = (int(inventory), 10 * S, 1_800 * S, int(elapsed) * S, int(budget))
    assert unwind_slice_lots(*facts, False) == int(slice)
    assert unwind_slice_lots(*facts, True) == 0


def test_a_step_takes_time() -> None:
    with pytest.raises(AssertionError):
        unwind_slice_lots(5, 0, 10, 0, 9, False)
    assert unwind_slice_lots(5, 1, 10, 5, 9, False) == 1


@given(st.integers(0, 10**9))
def test_nothing_is_left_at_the_horizon(inventory: int) -> None:
    for elapsed in range(0, 1_800, 10):
        closed = unwind_slice_lots(inventory, 10 * S, 1_800 * S, elapsed * S, 10**10, False)
        assert 0 <= closed <= inventory
        inventory -= closed
    assert inventory == 0


@pytest.mark.parametrize(
    ("inventory", "mark", "band", "limit", "why"),
    table("""
       1  550000  30000  533500  a_long_sells_above_the_band's_floor
      -1  550000  30000  566500  a_short_buys_below_its_ceiling
       1  550001  30000  533501  a_sale_up
      -1  550001  30000  566501  a_purchase_down
       1  550000      0  550000  no_band
      -1  550000      0  550000  no_band_for_a_short
       1       1  30000       1  never_at_nothing
"""),
)
def test_unwind_limit(inventory: str, mark: str, band: str, limit: str, why: str) -> None:
    assert unwind_limit_ticks(int(inventory), int(mark), int(band)) == int(limit)
