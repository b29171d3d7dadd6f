from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.collateral.interest import (
    conversion_due_quanta,
    debt_limit_quanta,
    interest_charge,
    interest_rate_ppb,
    interest_split,
    lender_share,
    utilization_ppm,
)
from tests.tables import table

quick = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(
    ("debts", "lent", "ppm", "why"),
    table("""
          0      0            0    nobody_owes_nobody_lends
          0    900            0    nobody_owes
          1      0    1_000_000    nobody_lends
        300    900      333_334    a_third_goes_up
        450    900      500_000    a_half_is_exact
        900    900    1_000_000    all_is_lent
        901    900    1_000_000    more_than_all_is_all
        899    900      998_889    nearly_all
    """),
)
def test_utilization_ppm(debts: str, lent: str, ppm: str, why: str) -> None:
    assert utilization_ppm(int(debts), int(lent)) == int(ppm)


@pytest.mark.parametrize(("debts", "lent"), [(-1, 5), (5, -1)])
def test_a_sum_of_one_sign_is_not_negative(debts: int, lent: int) -> None:
    with pytest.raises(AssertionError, match="not negative"):
        utilization_ppm(debts, lent)


@pytest.mark.parametrize(
    ("utilization", "ppb", "why"),
    table("""
              0         0    no_debt_no_rate
        400_000     5_708    halfway_to_the_optimum
        400_001     5_709    it_goes_up
        800_000    11_416    the_optimum
        800_001    11_417    the_kink_goes_up
        900_000    55_708    halfway_above_it
      1_000_000   100_000    all_is_lent
    """),
)
def test_interest_rate_ppb(utilization: str, ppb: str, why: str) -> None:
    assert interest_rate_ppb(int(utilization), 800_000, 11_416, 100_000) == int(ppb)


def test_an_optimum_of_one_has_no_upper_part() -> None:
    assert interest_rate_ppb(1_000_000, 1_000_000, 11_416, 11_416) == 11_416


@pytest.mark.parametrize(
    ("optimal", "top", "complaint"),
    [(0, 100_000, "utilization"), (1_000_001, 100_000, "utilization"), (800_000, 11_415, "rises")],
)
def test_a_curve_that_does_not_rise_asserts(optimal: int, top: int, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        interest_rate_ppb(1, optimal, 11_416, top)


@pytest.mark.parametrize(
    ("debt", "rate", "elapsed", "charge", "why"),
    table("""
        10_000_000_000    11_416    3_600    114_160    rulebook_R-C5_example
        10_000_000_000    11_416        0          0    time_going_nowhere
        10_000_000_000    11_416    1_800     57_080    half_an_hour
        10_000_000_000    11_416        1         32    a_second_goes_up
                     1         1        1          1    the_smallest_charge
                     0    11_416    3_600          0    nothing_owed
    """),
)
def test_interest_charge(debt: str, rate: str, elapsed: str, charge: str, why: str) -> None:
    assert interest_charge(int(debt), int(rate), int(elapsed)) == int(charge)


@pytest.mark.parametrize(("debt", "elapsed"), [(-1, 5), (5, -1)])
def test_a_debt_and_a_time_are_not_negative(debt: int, elapsed: int) -> None:
    with pytest.raises(AssertionError):
        interest_charge(debt, 11_416, elapsed)


@pytest.mark.parametrize(
    ("interest", "reserve", "insurance", "lenders", "why"),
    table("""
        101    1_000_000    101      0    by_default_all_to_insurance
        101            0      0    101    none_to_insurance
        101      500_000     51     50    the_remainder_is_insurance's
        101      100_000     11     90    a_tenth_and_the_remainder
          0      500_000      0      0    nothing_to_split
    """),
)
def test_interest_split(interest: str, reserve: str, insurance: str, lenders: str, why: str) -> None:
    assert interest_split(int(interest), int(reserve)) == (int(insurance), int(lenders))


@pytest.mark.parametrize("reserve", [-1, 1_000_001])
def test_a_reserve_is_a_part(reserve: int) -> None:
    with pytest.raises(AssertionError, match="a part"):
        interest_split(101, reserve)


@pytest.mark.parametrize(
    ("balance", "share", "why"),
    table("""
         30    30    a_third_of_ninety
         31    31    of_its_own
          0     0    no_balance
         -5     0    a_debtor_lends_nothing
          1     1    one_of_ninety
         89    89    eighty-nine_of_ninety
    """),
)
def test_lender_share(balance: str, share: str, why: str) -> None:
    assert lender_share(90, int(balance), 90) == int(share)
    assert lender_share(180, int(balance), 90) == 2 * int(share)
    assert lender_share(100, int(balance), 90) == int(share) * 100 // 90


@quick
@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), st.integers(0, 10**6))
def test_interest_charged_is_interest_credited(balances: list[int], reserve: int) -> None:
    """Exactly: the debtors' charges are what insurance and lenders get, the remainder insurance's."""
    lent = sum(b for b in balances if b > 0)
    charges = [interest_charge(-b, 11_416, 3_600) for b in balances if b < 0]
    assert charges == [ceil(Fraction(-b * 11_416, 10**9)) for b in balances if b < 0]
    insurance, lenders = interest_split(sum(charges), reserve)
    shares = [lender_share(lenders, b, lent) for b in balances]
    left_over = lenders - sum(shares)
    assert insurance + left_over + sum(shares) == sum(charges)
    assert left_over >= 0
    if lent > 0:
        assert left_over < len(balances)


@quick
@given(st.integers(0, 10**17), st.integers(0, 10**17), st.integers(1, 10**6))
def test_the_rate_rises_with_utilization(debts: int, lent: int, optimal: int) -> None:
    used = utilization_ppm(debts, lent)
    assert 0 <= used <= 10**6
    rate = interest_rate_ppb(used, optimal, 11_416, 100_000)
    assert 0 <= rate <= 100_000
    assert rate <= interest_rate_ppb(min(10**6, used + 1), optimal, 11_416, 100_000)


@pytest.mark.parametrize(
    ("credit", "limit", "why"),
    table("""
        1_000_003    500_001    half_of_the_credit_goes_down
        1_600_002    800_000    the_cap
        1_599_998    799_999    just_under_it
                0          0    no_credit_no_debt
    """),
)
def test_debt_limit_quanta(credit: str, limit: str, why: str) -> None:
    assert debt_limit_quanta(int(credit), 800_000, 500_000) == int(limit)


@pytest.mark.parametrize(
    ("debt", "credit", "due", "why"),
    table("""
        5_000_000_000                  0                0    the_floor_itself_stands
        5_000_000_001                  0    5_000_000_001    over_the_floor_all_is_due
        5_000_000_001    200_000_000_000                0    a_share_of_a_large_credit_stands
       10_000_000_000    200_000_000_000                0    the_share_itself_stands
       10_000_000_001    200_000_000_000   10_000_000_001    over_it_all_is_due
       10_000_000_001    200_000_000_019   10_000_000_001    the_threshold_goes_down
       10_000_000_001    200_000_000_020                0    up_to_the_next_quantum
                    0                  0                0    nothing_owed
    """),
)
def test_conversion_due_quanta(debt: str, credit: str, due: str, why: str) -> None:
    assert conversion_due_quanta(int(debt), int(credit), 5_000_000_000, 50_000) == int(due)
