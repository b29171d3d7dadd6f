"""R-F3: how much may leave, and the answer to a request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.orders.check import ACCEPT, INSUFFICIENT_MARGIN
from flows.rules.orders.withdrawal import (
    GATE_CLOSED,
    IN_CALL,
    NOT_POSITIVE,
    POOL_CASH,
    SAME_ACCOUNT,
    UNKNOWN_ASSET,
    WOULD_BORROW,
    decide_withdrawal,
    free_equity,
    largest_withdrawal,
)
from tests.tables import table

FLOOR_PPM = 100_000


def test_the_codes_on_the_wire_never_change() -> None:
    codes = (NOT_POSITIVE, UNKNOWN_ASSET, SAME_ACCOUNT, IN_CALL, GATE_CLOSED, POOL_CASH, WOULD_BORROW)
    assert codes == tuple(range(20, 27))


@pytest.mark.parametrize(
    ("equity", "initial", "notional", "cash", "balance", "largest", "why"),
    table("""
      12000  5000  80000   3000  99999  3000  rulebook_R-F3_example
      12000  5000  80000  99999  99999  4000  the_floor_on_notional_binds
      12000  9000  80000  99999  99999  3000  initial_margin_binds
      12000     0      0  99999  99999 12000  a_flat_account_takes_all
      12000     0     11  99999  99999 11998  the_floor_rounds_up
      12000  5000  80000  99999   2500  2500  no_debt_is_made
      12000  5000  80000  99999   -100     0  a_debtor_takes_nothing
      12000  5000  80000      0  99999     0  an_empty_pool
       8000  5000  80000  99999  99999     0  nothing_above_the_floor
       7999  5000  80000  99999  99999     0  under_the_floor
       8001  5000  80000  99999  99999     1  a_quantum_above_it
"""),
)
def test_largest_withdrawal(
    equity: str, initial: str, notional: str, cash: str, balance: str, largest: str, why: str
) -> None:
    amounts = (int(equity), int(initial), int(notional), int(cash), int(balance))
    assert largest_withdrawal(*amounts, FLOOR_PPM) == int(largest)


money = st.integers(-(2**60), 2**60)
amount = st.integers(0, 2**60)


@given(money, amount, amount, amount, money)
def test_the_largest_passes_and_a_quantum_more_does_not(
    equity: int, initial: int, notional: int, cash: int, balance: int
) -> None:
    def passes(x: int) -> bool:
        left = equity - x
        return left >= initial and left * 10 >= notional and x <= cash and x <= balance

    largest = largest_withdrawal(equity, initial, notional, cash, balance, FLOOR_PPM)
    assert largest >= 0
    assert largest == 0 or passes(largest)
    assert not passes(largest + 1)
    assert free_equity(equity, initial, notional, FLOOR_PPM) >= largest


PASSES: dict[str, Any] = {
    "amount_units": 10,
    "cost_quanta": 7,
    "free_quanta": 7,
    "pool_units": 10,
    "held_units": 10,
    "asset_known": True,
    "same_account": False,
    "in_call": False,
    "gate_open": True,
}
FAILS = [
    ("amount_units", 0, NOT_POSITIVE),
    ("asset_known", False, UNKNOWN_ASSET),
    ("same_account", True, SAME_ACCOUNT),
    ("free_quanta", 6, INSUFFICIENT_MARGIN),
    ("in_call", True, IN_CALL),
    ("gate_open", False, GATE_CLOSED),
    ("pool_units", 9, POOL_CASH),
    ("held_units", 9, WOULD_BORROW),
]


def test_a_request_that_takes_all_there_is_passes() -> None:
    assert decide_withdrawal(**PASSES) == ACCEPT
    least = PASSES | {"amount_units": 1}
    assert decide_withdrawal(**least) == ACCEPT


@pytest.mark.parametrize("first", range(len(FAILS)))
def test_a_request_is_refused_with_the_first_reason(first: int) -> None:
    facts = PASSES | {name: value for name, value, _ in FAILS[first:]}
    assert decide_withdrawal(**facts) == FAILS[first][2]
    alone = PASSES | {FAILS[first][0]: FAILS[first][1]}
    assert decide_withdrawal(**alone) == FAILS[first][2]
