"""R-I1: what is on offer, and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.offer.terms import expires_ns, is_over, is_withdrawn, offered_lots
from tests.tables import table


@pytest.mark.parametrize(
    ("restore", "ordered", "offered", "why"),
    table("""
      4954     0  4954  rulebook_R-I1_example
      4954  2728  2226  an_unanswered_order_is_not_on_offer
      2728  2728     0  all_of_it_is_ordered
      2000  2728     0  more_is_ordered_than_is_needed_by_now
"""),
)
def test_offered_lots(restore: str, ordered: str, offered: str, why: str) -> None:
    assert offered_lots(int(restore), int(ordered)) == int(offered)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_orders_and_offers_together_never_pass_the_size(restore: int, ordered: int) -> None:
    offered = offered_lots(restore, ordered)
    assert offered >= 0
    assert offered + ordered == max(restore, ordered)


def test_an_offer_ends_with_the_clock_at_its_expiry() -> None:
    expires = expires_ns(7, 60_000_000_000)
    assert expires == 60_000_000_007
    assert not is_over(expires - 1, expires)
    assert is_over(expires, expires)
    assert is_over(expires + 1, expires)


@pytest.mark.parametrize(
    ("equity", "margin", "withdrawn", "why"),
    table("""
      1100  1000  yes  at_the_target
      1099  1000  no   a_quantum_under_it
         8     7  yes  a_target_of_7.7_rounded_up
         7     7  no   under_7.7
         0     0  yes  nothing_left_to_keep
"""),
)
def test_is_withdrawn(equity: str, margin: str, withdrawn: str, why: str) -> None:
    assert is_withdrawn(int(equity), int(margin), 1_100_000) == (withdrawn == "yes")
