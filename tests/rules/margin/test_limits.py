import pytest

from flows.rules.margin.limits import only_reduces, within_bracket_limit
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
