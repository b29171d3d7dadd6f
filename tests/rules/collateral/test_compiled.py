"""Chapter C compiled gives what chapter C gives in plain Python, up to the registered bound."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from flows.rules.collateral import haircut, interest, sale, value
from flows.rules.exact import Ints

Answers = tuple[int, ...]
FLOOR, WEIGHT, LESS = (0, 10**9, 10**13), (950_000, 900_000, 0), (900_000, 900_000, 1)
COLUMNS = np.array(FLOOR), np.array(WEIGHT), np.array(LESS)


def credited(units: int, price: int, age: int, floors: Ints, weights: Ints, less: Ints) -> Answers:
    worth = value.asset_value(units, price, 10**8)
    widening = value.widening_ppm(40_000, age)
    return (
        worth,
        value.debt_value(units, price, 10**8),
        widening,
        value.widened_low(price, widening),
        value.widened_high(price, widening),
        haircut.tiered_credit(worth, floors, weights),
        haircut.tiered_credit(-worth, floors, weights),
        haircut.weights_fall(floors, weights),
        haircut.weights_fall(floors, less),
        haircut.initial_counts_less(less, weights),
    )


def lent(debt: int, balance: int, seconds: int) -> Answers:
    used = interest.utilization_ppm(debt, balance)
    insurance, lenders = interest.interest_split(debt, 100_000)
    return (
        used,
        interest.interest_rate_ppb(used, 800_000, 11_416, 100_000),
        interest.interest_charge(debt, 100_000, seconds),
        insurance,
        lenders,
        interest.lender_share(lenders, balance // 2, balance + 1),
        interest.debt_limit_quanta(balance, debt, 50_000),
        interest.conversion_due_quanta(debt, balance, 5_000_000_000, 50_000),
    )


def sold(due: int, held: int, cost: int) -> Answers:
    return (
        sale.sale_cost_ppm(1_000, 1_000_000, 40_000, held, 10**15),
        sale.sale_gain_ppm(50_000, cost),
        sale.sells_before(cost, 1, 2, 50_000, 1, 3),
        sale.sale_proceeds(held, 60_000_000_000, 10**8, cost),
        sale.units_to_raise(due, held, 60_000_000_000, 10**8, cost),
        sale.sale_gain_quanta(held, due, cost),
    )


compiled_credited = njit(credited)
compiled_lent = njit(lent)
compiled_sold = njit(sold)
quick = settings(max_examples=50, deadline=None)


@quick
@given(st.integers(0, 2**56), st.integers(1, 10**9), st.integers(0, 10**15))
def test_credited(units: int, price: int, age: int) -> None:
    held = units, price, age
    assert compiled_credited(*held, *COLUMNS) == credited(*held, FLOOR, WEIGHT, LESS)


@quick
@given(st.integers(0, 2**61), st.integers(0, 2**61), st.integers(0, 86_400))
def test_lent(debt: int, balance: int, seconds: int) -> None:
    assert compiled_lent(debt, balance, seconds) == lent(debt, balance, seconds)


@quick
@given(st.integers(-(10**6), 2**58), st.integers(0, 2**52), st.integers(0, 900_000))
def test_sold(due: int, held: int, cost: int) -> None:
    assert compiled_sold(due, held, cost) == sold(due, held, cost)
