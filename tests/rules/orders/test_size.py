"""R-F2: the largest size that passes, judged by R-F1 itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from flows.rules.orders.check import after_order, after_reduction, lowers_health
from flows.rules.orders.size import largest_order_lots, largest_reduction_lots
from tests.tables import table

FLAT_TIER = ((0,), (20_000,), (0,))
FLOOR = (0, 100_000_000, 1_000_000_000)
INITIAL = (20_000, 50_000, 100_000)
RATE = (10_000, 25_000, 50_000)
STEEP = (10_000, 25_000, 800_000)


@pytest.mark.parametrize(
    ("side", "lots", "equity", "limit", "most", "size", "why"),
    table("""
       1      0  2_000_000_000  600_500  1_000_000   1562  rulebook_R-F2_example
       1      0  1_999_399_050  600_500  1_000_000   1562  equity_for_just_so_many
       1      0  1_999_399_049  600_500  1_000_000   1561  a_quantum_short_of_them
       1      0  2_000_000_000  600_500       1562   1562  a_limit_it_just_reaches
       1      0  2_000_000_000  600_500       1561   1561  a_limit_binds_first
       1      0  2_000_000_000  600_500          0      0  no_limit_left
      -1      0  2_000_000_000  600_000  1_000_000   1626  a_sale_at_the_mark
       1      0              0  600_500  1_000_000      0  no_equity
       1   1000              0  600_500  1_000_000      0  no_equity_for_more
      -1   1000              0  600_000  1_000_000   1000  what_closes_always_counts
      -1   1000              0  600_000          3   1000  a_limit_never_bounds_a_reduction
       1  -1000  2_000_000_000  600_500  1_000_000   2499  a_flip_closes_and_opens
      -1   -100  2_000_000_000  600_000  1_000_000   1528  a_short_grows
       1   -100              0  600_500  1_000_000    100  a_short_closes
"""),
)
def test_largest_order_lots(
    side: str, lots: str, equity: str, limit: str, most: str, size: str, why: str
) -> None:
    found = largest_order_lots(
        int(side), int(lots), int(equity), 0, 600_000, int(limit), 100, 500, *FLAT_TIER, 100, int(most)
    )
    assert found == int(size)


def test_a_side_is_one_of_two() -> None:
    for side in (0, 2):
        with pytest.raises(AssertionError):
            largest_order_lots(side, 0, 1, 0, 1, 1, 1, 0, *FLAT_TIER, 1, 1)


@given(
    st.sampled_from((-1, 1)),
    st.integers(-3_000, 3_000),
    st.integers(-(10**8), 10**9),
    st.integers(0, 10**6),
    st.integers(5_000, 6_000),
    st.integers(5_000, 6_000),
    st.integers(0, 1_000),
    st.integers(0, 6_000),
)
def test_it_passes_and_one_lot_more_fails(
    side: int, lots: int, equity: int, other: int, mark: int, limit: int, fee: int, most: int
) -> None:
    tiers = (FLOOR, INITIAL, tier_amounts(FLOOR, INITIAL))

    def passes(size: int) -> bool:
        after = after_order(equity, other, lots, side * size, mark, limit, 100, fee, *tiers, 25)
        return after[0] >= after[1]

    size = largest_order_lots(side, lots, equity, other, mark, limit, 100, fee, *tiers, 25, most)
    closing = min(abs(lots), max(0, -side * lots))
    assert size >= closing
    assert size == closing or (passes(size) and size <= most)
    assert size >= most or not passes(size + 1)


@pytest.mark.parametrize(
    ("lots", "equity", "limit", "size", "why"),
    table("""
       3000   100_000_000   5000   3000  at_the_mark_all_of_a_long
      -3000   100_000_000   5000   3000  at_the_mark_all_of_a_short
          1   100_000_000   5000      1  a_single_lot_of_a_long
         -1   100_000_000   5000      1  a_single_lot_of_a_short
       3000   100_000_000   4500   1944  steep_brackets_pay_for_a_bad_price
      -3000   100_000_000   5500   1944  and_so_for_a_short
       3000   100_000_000      1      0  an_absurd_price_never
       3000            -1   5000      0  under_zero_none
      -3000            -1   5000      0  under_zero_none_of_a_short
"""),
)
def test_largest_reduction_lots(lots: str, equity: str, limit: str, size: str, why: str) -> None:
    tiers = (FLOOR, STEEP, tier_amounts(FLOOR, STEEP))
    assert largest_reduction_lots(int(lots), int(equity), 0, 5_000, int(limit), 100, 0, *tiers) == int(size)


@given(
    st.integers(-3_000, 3_000).filter(bool),
    st.integers(-(10**7), 10**8),
    st.integers(0, 10**7),
    st.integers(4_000, 6_000),
    st.integers(4_000, 6_000),
    st.integers(0, 1_000),
)
def test_a_reduction_keeps_health_and_one_lot_more_does_not(
    lots: int, equity: int, other: int, mark: int, limit: int, fee: int
) -> None:
    tiers = (FLOOR, STEEP, tier_amounts(FLOOR, STEEP))
    before = other + maintenance_margin(abs(lots) * mark * 100, *tiers)
    side = -1 if lots > 0 else 1

    def passes(size: int) -> bool:
        after = after_reduction(equity, other, lots, side * size, mark, limit, 100, fee, *tiers)
        return not lowers_health(equity, before, *after)

    size = largest_reduction_lots(lots, equity, other, mark, limit, 100, fee, *tiers)
    assert 0 <= size <= abs(lots)
    assert passes(size)
    assert size == abs(lots) or not passes(size + 1)
