"""R-H6: the order of what is done before anything is sold."""

from itertools import product

import pytest

from flows.rules.liquidation.preparation import (
    CANCEL_ORDERS,
    CONVERT_COLLATERAL,
    NET_LEGS,
    RESTORED,
    SELL_POSITIONS,
    next_step,
)
from tests.tables import table

FACTS = [(orders, legs, gains) for orders, legs, gains in product((False, True), repeat=3)]


@pytest.mark.parametrize(
    ("last", "orders", "legs", "gains", "step", "why"),
    table("""
      0  yes  yes  yes  1  orders_first
      0  no   yes  yes  2  then_legs
      0  no   no   yes  3  then_collateral
      0  no   no   no   4  nothing_but_to_sell
      1  yes  yes  yes  2  rulebook_R-H6_example_goes_on
      1  yes  no   yes  3  no_legs_to_net
      1  yes  no   no   4  nothing_that_gains
      2  yes  yes  yes  3  legs_are_netted_once
      2  yes  yes  no   4  nothing_that_gains_after_legs
      3  yes  yes  yes  4  collateral_is_converted_once
      4  yes  yes  yes  4  and_then_it_sells
"""),
)
def test_next_step(last: str, orders: str, legs: str, gains: str, step: str, why: str) -> None:
    found = next_step(int(last), False, orders == "yes", legs == "yes", gains == "yes")
    assert found == int(step)


def test_a_restored_account_is_left_alone() -> None:
    for last, facts in product(range(5), FACTS):
        assert next_step(last, True, *facts) == RESTORED


def test_steps_only_go_forward() -> None:
    assert tuple(range(5)) == (RESTORED, CANCEL_ORDERS, NET_LEGS, CONVERT_COLLATERAL, SELL_POSITIONS)
    for last, facts in product(range(4), FACTS):
        assert next_step(last, False, *facts) > last
