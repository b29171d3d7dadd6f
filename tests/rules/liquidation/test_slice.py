"""R-H4: slices, dust, and what is halved for want of depth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.slice import passing_slice_lots, slice_lots
from flows.rules.margin.maintenance import tier_amounts
from tests.tables import table

U = 10**6
FLOOR = (0, 100_000 * U, 1_000_000 * U)
RATE = (10_000, 25_000, 50_000)
TIERS = (FLOOR, RATE, tier_amounts(FLOOR, RATE))
PACE = (100_000, 1_000 * U, 100 * U)


@pytest.mark.parametrize(
    ("lots", "restore", "lot", "budget", "slice", "why"),
    table("""
       27273  4954    55000000   99999   2728  rulebook_R-H4_example_first
       24545  2226    55000000   99999   2226  rulebook_R-H4_example_second
      -27273  4954    55000000   99999   2728  a_short
       27273  4954    55000000    2000   2000  the_budget_binds
       27273  4954    55000000       0      0  the_budget_is_spent
       27273     0    55000000   99999      0  nothing_to_restore
         100    80    55000000   99999     18  lots_of_the_least_notional_rounded_down
         100    80    50000000   99999     20  exactly_the_least_notional
         100    80  1000000000   99999     10  a_lot_of_it
           5     4  2000000000   99999      1  one_lot_at_least
           3     1    55000000   99999      1  what_is_left_is_worth_more_than_dust
           2     1    60000000   99999      2  after_a_single_lot_too
          10     9    60000000   99999     10  what_is_left_is_dust
          10     9   100000000   99999      9  at_the_line_it_is_not
          10     9    99999999   99999     10  a_quantum_under_it
          10     9    60000000       9      9  dust_stays_where_the_budget_ends
          10     9    60000000      10     10  and_goes_where_it_doesn't
           1     0    60000000      10      0  dust_alone_is_not_closed_for_nothing
           1     1    60000000       0      0  nor_without_a_budget
"""),
)
def test_slice_lots(lots: str, restore: str, lot: str, budget: str, slice: str, why: str) -> None:  # noqa: A002
    assert slice_lots(int(lots), int(restore), int(lot), *PACE, int(budget)) == int(slice)


def test_without_a_share_or_a_least_size_one_lot_goes() -> None:
    assert slice_lots(10, 10, 100 * U, 0, 0, 0, 99) == 1
    assert slice_lots(10, 10, 100 * U, 1_000_000, 0, 0, 99) == 10


@given(st.integers(1, 10**6), st.integers(1, 10**10), st.integers(0, 10**6))
def test_slices_sum_to_the_restore_size(held: int, lot: int, restore: int) -> None:
    restore = min(restore, held)
    left, slices = restore, 0
    while left > 0 and slices < 200:
        closed = slice_lots(held, left, lot, *PACE, held)
        assert closed >= 1
        assert closed <= left or (closed == held and (held - left) * lot < 100 * U)
        held, left, slices = held - closed, left - closed, slices + 1
    assert left <= 0 or slices == 200


RINGS = (1_000, 10_000)


@pytest.mark.parametrize(
    ("order", "equity", "has_depth", "inner", "outer", "slice", "why"),
    table("""
      2728  40000000000  yes  9999   9999  2728  it_passes
      2728  40000000000  yes  1000   2728  2728  just_enough_depth
      2728  40000000000  yes  1000   2727  1364  a_lot_short_of_depth
      2728  40000000000  yes     1      1     1  halved_down_to_a_lot
      2728  40000000000  yes     0      0     0  no_depth_at_all
      2728    969000000  yes     0   9999     0  one_percent_is_too_dear_for_the_rest_of_equity
      2728    970014999  yes  9999   9999     0  a_thousandth_would_lower_health
      2728    970015000  yes  9999   9999  2728  a_thousandth_is_just_what_health_allows
      2728    970015000  yes   682   2728   682  the_inner_ring_alone
      2728            0  yes  9999   9999     0  no_equity
         0  40000000000  yes  9999   9999     0  nothing_ordered
      2728  40000000000  no      0      0  2728  without_a_view_of_depth_by_the_root
      2728    970014999  no      0      0   170  halved_until_the_root_allows
      2728      1000000  no      0      0     0  which_may_be_too_dear
"""),
)
def test_passing_slice(
    order: str,
    equity: str,
    has_depth: str,
    inner: str,
    outer: str,
    slice: str,  # noqa: A002
    why: str,
) -> None:
    # 27,273 lots of 55 have a margin of 48,500.75; in their bracket 0.1 % may be lost at a health of 0.02.
    found = passing_slice_lots(
        int(order),
        27_273,
        550_000,
        100,
        int(equity),
        48_500_750_000,
        *TIERS,
        has_depth == "yes",
        RINGS,
        (int(inner), int(outer)),
        1_500_150_000,
        40_000,
        10_000,
    )
    assert found == int(slice)


def test_a_slice_at_no_cost_passes() -> None:
    facts = (3, 3, 550_000, 100, 1, 1, (0,), (50_000,), (0,), False, (), (), 1_000 * U)
    assert passing_slice_lots(*facts, 0, 1_000_000) == 3


def test_slippage_rounds_up() -> None:
    # Health allows a tenth of a quantum, the first ring costs a thousandth of one: that is one.
    facts = (1, 1, 1, 1, 1, 10, (0,), (50_000,), (0,), True, (1_000,), (5,), 1, 1, 1)
    assert passing_slice_lots(*facts) == 0
