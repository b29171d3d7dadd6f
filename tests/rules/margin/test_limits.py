import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.margin.limits import (
    largest_change_lots,
    only_reduces,
    opening_lots,
    within_bracket_limit,
    within_open_interest,
)
from tests.tables import table


@pytest.mark.parametrize(
    ("lots", "delta", "reduces", "why"),
    table("""
         5    -1    True   a_part_of_a_long
         5    -5    True   all_of_a_long
         5    -6   False   past_flat
         5     1   False   more_of_a_long
        -5     1    True   a_part_of_a_short
        -5     5    True   all_of_a_short
        -5     6   False   past_flat_from_below
        -5    -1   False   more_of_a_short
         0     1   False   from_flat_up
         0    -1   False   from_flat_down
         5     0   False   nothing_on_a_long
        -5     0   False   nothing_on_a_short
         1    -1    True   the_only_lot_of_a_long
        -1     1    True   the_only_lot_of_a_short
    """),
)
def test_only_reduces(lots: str, delta: str, reduces: str, why: str) -> None:
    assert only_reduces(int(lots), int(delta)) is (reduces == "True")


@pytest.mark.parametrize(
    ("lots", "delta", "within", "why"),
    table("""
           0     120    True   up_to_the_limit
           0     121   False   one_lot_over
           0    -120    True   a_short_up_to_the_limit
           0    -121   False   a_short_over_it
         120       1   False   growth_at_the_limit
         150      -1    True   a_reduction_over_the_limit
         150      -9    True   any_reduction
         150    -269    True   a_flip_within_the_limit
         150    -270    True   a_flip_to_the_limit
         150    -271   False   a_flip_is_new_risk
        -150      -1   False   growth_over_the_limit
    """),
)
def test_within_bracket_limit(lots: str, delta: str, within: str, why: str) -> None:
    """A limit of $12M at 100,000 ticks and 1,000,000 quanta per lot and tick: 120 lots."""
    assert within_bracket_limit(int(lots), int(delta), 100_000, 1_000_000, 12_000_000_000_000) is (
        within == "True"
    )
    assert within_bracket_limit(int(lots), int(delta), 100_000, 1_000_000, 12_099_999_999_999) is (
        within == "True"
    )


@pytest.mark.parametrize(
    ("lots", "delta", "opens", "why"),
    table("""
         0     7    7   from_flat_up
         0    -7    7   from_flat_down
         5     2    2   more_of_a_long
        -5    -2    2   more_of_a_short
         5    -2    0   a_reduction
         5    -5    0   a_close
         5    -8    3   a_flip_opens_what_is_past_flat
        -5     8    3   a_flip_of_a_short
        -5     5    0   a_close_of_a_short
         5     0    0   nothing
    """),
)
def test_opening_lots(lots: str, delta: str, opens: str, why: str) -> None:
    assert opening_lots(int(lots), int(delta)) == int(opens)


@pytest.mark.parametrize(
    ("lots", "delta", "open_", "within", "why"),
    table("""
         0    10   90    True   up_to_the_cap
         0    11   90   False   one_lot_over
         0   -10   90    True   a_short_up_to_the_cap
         0   -11   90   False   a_short_over_it
         5    -5  150    True   a_reduction_over_the_cap
         5    -6  100   False   a_flip_is_new_risk
         5    -6   99    True   a_flip_within_it
         5     1  100   False   growth_at_the_cap
    """),
)
def test_within_open_interest(lots: str, delta: str, open_: str, within: str, why: str) -> None:
    assert within_open_interest(int(lots), int(delta), int(open_), 100) is (within == "True")


@pytest.mark.parametrize(
    ("side", "lots", "limit", "position", "open_", "most", "why"),
    table("""
         1     0   12_000    50     0    12   the_bracket
         1     0   12_999    50     0    12   the_bracket_rounds_down
         1     0   99_000    50     0    50   the_largest_position
         1     0   99_000    50    90    10   the_open_interest
         1     3   12_000    50     3     9   on_top_of_a_long
        -1    -3   12_000    50     3     9   on_top_of_a_short
        -1     3   12_000    50     3    15   through_flat_to_the_other_side
        -1     3   12_000    50   100     3   only_what_closes_at_the_cap
         1     0   12_000    50   100     0   nothing_at_the_cap
         1    20   12_000    50    20     0   nothing_over_the_bracket
         1   -20   12_000    50    20    32   out_of_a_short_that_is_too_large
    """),
)
def test_largest_change_lots(
    side: str, lots: str, limit: str, position: str, open_: str, most: str, why: str
) -> None:
    got = largest_change_lots(int(side), int(lots), 10, 100, int(limit), int(position), int(open_), 100)
    assert got == int(most)


@given(
    st.sampled_from((-1, 1)),
    st.integers(-60, 60),
    st.integers(1, 50_000),
    st.integers(1, 60),
    st.integers(0, 120),
)
def test_the_largest_change_passes_and_one_lot_more_does_not(
    side: int, lots: int, limit: int, position: int, open_: int
) -> None:
    most = largest_change_lots(side, lots, 10, 100, limit, position, open_, 100)

    def passes(size: int) -> bool:
        delta = side * size
        return only_reduces(lots, delta) or (
            within_bracket_limit(lots, delta, 10, 100, limit)
            and abs(lots + delta) <= position
            and within_open_interest(lots, delta, open_, 100)
        )

    assert most == 0 or passes(most)
    assert not passes(most + 1)
