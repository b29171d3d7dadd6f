"""R-F1: what an order costs, whether it only reduces, and its answer."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.margin.initial import initial_margin
from flows.rules.margin.limits import only_reduces
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.orders.check import (
    ACCEPT,
    HALTED,
    IN_LIQUIDATION,
    INSUFFICIENT_MARGIN,
    LEVERAGE,
    NOT_REDUCING,
    OI_LIMIT,
    POSITION_LIMIT,
    PRICE_BAND,
    REDUCE_ONLY_MARKET,
    UNKNOWN_ACCOUNT,
    UNKNOWN_MARKET,
    after_order,
    after_reduction,
    decide_increase,
    decide_reduction,
    lowers_health,
    order_cost,
)
from tests.tables import table

FLOOR = (0, 50_000_000_000)
INITIAL = (20_000, 50_000)
INITIAL_AMOUNT = (0, 1_500_000_000)
RATE = (10_000, 25_000)
AMOUNT = (0, 750_000_000)


def test_the_codes_on_the_wire_never_change() -> None:
    codes = (
        ACCEPT,
        INSUFFICIENT_MARGIN,
        POSITION_LIMIT,
        OI_LIMIT,
        REDUCE_ONLY_MARKET,
        HALTED,
        LEVERAGE,
        IN_LIQUIDATION,
        PRICE_BAND,
        UNKNOWN_ACCOUNT,
        UNKNOWN_MARKET,
        NOT_REDUCING,
    )
    assert codes == tuple(range(12))


@pytest.mark.parametrize(
    ("delta", "mark", "limit", "fee", "cost", "why"),
    table("""
       10   1000  1000      0      0   at_the_mark_without_a_fee
       10   1000  1003      0   3000   a_buyer_loses_what_is_above_the_mark
       10   1000   997      0      0   a_buyer_earns_no_credit_below_it
      -10   1000   997      0   3000   a_seller_loses_what_is_below_the_mark
      -10   1000  1003      0      0   a_seller_earns_no_credit_above_it
       10   1000  1000    500    500   the_fee_on_a_purchase
      -10   1000  1000    500    500   the_fee_on_a_sale
       10   1000  1003    500   3502   the_fee_at_the_limit_rounds_up
        1   1000  1000      1      1   a_fee_is_at_least_a_quantum
        0   1000  1003    500      0   no_lots_no_cost
"""),
)
def test_order_cost(delta: str, mark: str, limit: str, fee: str, cost: str, why: str) -> None:
    assert order_cost(int(delta), int(mark), int(limit), 100, int(fee)) == int(cost)


@pytest.mark.parametrize(
    ("lots", "delta", "equity_after", "margin_after", "why"),
    table("""
        0   1562  1875000950  1874400000  rulebook_R-F2_example_passes
        0   1563  1874920925  1875600000  rulebook_R-F2_example_fails
     1000    562  1955025950  1874400000  margin_counts_the_whole_position
     1562  -1562  1953100950           0  a_sale_at_a_better_price_costs_its_fee
"""),
)
def test_after_order(lots: str, delta: str, equity_after: str, margin_after: str, why: str) -> None:
    expected = (int(equity_after), 7 + int(margin_after))
    tiers = ((0,), (20_000,), (0,))
    assert (
        after_order(2_000_000_000, 7, int(lots), int(delta), 600_000, 600_500, 100, 500, *tiers, 100)
        == expected
    )


def test_leverage_and_brackets_count_in_an_order() -> None:
    # 1,000 lots at 600,000 ticks are 60,000: 5 % less 1,500 is 1,500; a tenth of it is 6,000.
    tiers = (FLOOR, INITIAL, INITIAL_AMOUNT)
    assert after_order(0, 0, 0, -1000, 600_000, 600_000, 100, 0, *tiers, 100) == (0, 1_500_000_000)
    assert after_order(0, 0, 0, -1000, 600_000, 600_000, 100, 0, *tiers, 10) == (0, 6_000_000_000)


def test_after_reduction() -> None:
    # 1,000 lots long, 60,000; 400 sold 5 ticks under the mark: 200,000 quanta lost, fee 11,999,900; left 36,000 at 1 %.
    assert after_reduction(900_000_000, 11, 1000, -400, 600_000, 599_995, 100, 500, FLOOR, RATE, AMOUNT) == (
        900_000_000 - 200_000 - 11_999_900,
        11 + 360_000_000,
    )


@pytest.mark.parametrize(
    ("equity", "margin", "equity_after", "margin_after", "answer", "why"),
    table("""
         30       50        30       40  no   margin_falls_for_nothing
         30       50        24       40  no   health_stays_the_same
         30       50        23       40  yes  a_quantum_under_the_same
        -10       50       -10       40  yes  under_zero_every_lot_looks_worse
        -10       50        -8       40  no   under_zero_a_gain_helps
          5       10         0        0  no   closing_the_last_with_nothing_left
          5       10        -1        0  yes  closing_the_last_into_debt
"""),
)
def test_lowers_health(
    equity: str, margin: str, equity_after: str, margin_after: str, answer: str, why: str
) -> None:
    falls = lowers_health(int(equity), int(margin), int(equity_after), int(margin_after))
    assert falls == (answer == "yes")


PASSES: dict[str, Any] = {
    "equity_after_quanta": 50,
    "margin_after_quanta": 50,
    "within_position_limit": True,
    "within_open_interest": True,
    "reduce_only_market": False,
    "new_risk_allowed": True,
    "leverage_allowed": True,
    "in_liquidation": False,
    "within_band": True,
}
FAILS = [
    ("equity_after_quanta", 49, INSUFFICIENT_MARGIN),
    ("within_position_limit", False, POSITION_LIMIT),
    ("within_open_interest", False, OI_LIMIT),
    ("reduce_only_market", True, REDUCE_ONLY_MARKET),
    ("new_risk_allowed", False, HALTED),
    ("leverage_allowed", False, LEVERAGE),
    ("in_liquidation", True, IN_LIQUIDATION),
    ("within_band", False, PRICE_BAND),
]


def test_an_increase_with_just_enough_equity_is_accepted() -> None:
    assert decide_increase(**PASSES) == ACCEPT


@pytest.mark.parametrize("first", range(len(FAILS)))
def test_an_increase_is_refused_with_the_first_reason(first: int) -> None:
    facts = PASSES | {name: value for name, value, _ in FAILS[first:]}
    assert decide_increase(**facts) == FAILS[first][2]
    alone = PASSES | {FAILS[first][0]: FAILS[first][1]}
    assert decide_increase(**alone) == FAILS[first][2]


@pytest.mark.parametrize(
    ("equity", "margin", "falls", "allowed", "in_band", "code", "why"),
    table("""
      50  50  yes  yes  yes  0  enough_equity_though_health_falls
      49  50  no   yes  yes  0  too_little_equity_but_health_holds
      49  50  yes  yes  yes  1  too_little_and_health_falls
      49  50  yes  no   no   1  margin_is_the_first_reason
      50  50  no   no   no   5  a_halt_comes_before_the_band
      50  50  no   yes  no   8  an_absurd_price
"""),
)
def test_decide_reduction(
    equity: str, margin: str, falls: str, allowed: str, in_band: str, code: str, why: str
) -> None:
    facts = (falls == "yes", allowed == "yes", in_band == "yes")
    assert decide_reduction(int(equity), int(margin), *facts) == int(code)


def test_rulebook_example_of_a_reduction_and_a_refusal() -> None:
    # 10 lots long, E=30,000, IM=50,000: sell 2 passes as a reduction, buy 1 is refused.
    tiers = ((0,), (500_000,), (0,))
    equity, margin = after_order(30_000, 0, 10, -2, 100, 100, 100, 0, *tiers, 1000)
    assert (equity, margin) == (30_000, 40_000)
    assert only_reduces(10, -2)
    assert not lowers_health(30_000, 25_000, 30_000, 20_000)
    assert decide_reduction(equity, margin, False, True, True) == ACCEPT
    equity, margin = after_order(30_000, 0, 10, 1, 100, 100, 100, 0, *tiers, 1000)
    assert decide_increase(equity, margin, True, True, False, True, True, False, True) == INSUFFICIENT_MARGIN


lots = st.integers(-5_000, 5_000)
prices = st.integers(1, 1_000_000)


@given(lots, lots, prices, prices, st.integers(0, 2_000), st.integers(-(10**12), 10**12))
def test_an_accepted_order_filled_at_its_price_leaves_the_margin(
    held: int, delta: int, mark: int, limit: int, fee: int, equity: int
) -> None:
    tiers = (FLOOR, INITIAL, INITIAL_AMOUNT)
    equity_after, margin_after = after_order(equity, 0, held, delta, mark, limit, 100, fee, *tiers, 20)
    # What a fill at the limit really does to equity: it changes hands there and is worth the mark.
    real = equity + delta * (mark - limit) * 100 - Fraction(abs(delta) * limit * 100 * fee, 10**6)
    assert equity_after <= real
    assert margin_after == initial_margin(abs(held + delta) * mark * 100, *tiers, 20)
    credit = max(0, delta * (mark - limit) * 100)
    assert real - credit - equity_after < 1


@given(lots, lots, prices, prices, st.integers(0, 2_000), st.integers(-(10**12), 10**12))
def test_after_reduction_is_the_same_with_the_other_margin(
    held: int, delta: int, mark: int, limit: int, fee: int, equity: int
) -> None:
    tiers = (FLOOR, RATE, AMOUNT)
    equity_after, margin_after = after_reduction(equity, 3, held, delta, mark, limit, 100, fee, *tiers)
    assert equity - equity_after == order_cost(delta, mark, limit, 100, fee) >= 0
    assert margin_after == 3 + maintenance_margin(abs(held + delta) * mark * 100, *tiers)


@given(*[st.integers(-(2**62), 2**62), st.integers(1, 2**62)] * 2)
def test_health_is_compared_exactly(equity: int, margin: int, equity_after: int, margin_after: int) -> None:
    falls = Fraction(equity_after, margin_after) < Fraction(equity, margin)
    assert lowers_health(equity, margin, equity_after, margin_after) == falls
