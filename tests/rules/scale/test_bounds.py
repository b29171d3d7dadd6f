import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.scale.bounds import (
    BOUND,
    deposit_fits,
    largest_position_lots,
    open_interest_fits,
    pool_fits,
    position_fits,
    price_fits,
    rate_fits,
)
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
prices = st.integers(1, 10**9)
units = st.integers(1, 10**6)


def test_the_largest_position_of_the_rulebook() -> None:
    assert largest_position_lots(10**8, 100) == 461_168_601  # rulebook R-A2 example
    assert position_fits(461_168_601, 10**8, 100)
    assert not position_fits(461_168_602, 10**8, 100)


@pytest.mark.parametrize(("price", "unit"), [(0, 1), (1, 0)])
def test_bounds_and_units_are_positive(price: int, unit: int) -> None:
    with pytest.raises(AssertionError, match="is positive"):
        largest_position_lots(price, unit)
    with pytest.raises(AssertionError, match="is positive"):
        open_interest_fits(1, price, unit, 1)


@quick
@given(prices, units)
def test_the_largest_position_is_the_largest(price: int, unit: int) -> None:
    largest = largest_position_lots(price, unit)
    assert largest * price * unit <= 2**62 < (largest + 1) * price * unit


@quick
@given(st.integers(0, 10**12), prices, units, st.integers(-1, 1))
def test_open_interest_is_decided_as_its_product_would(lots: int, price: int, unit: int, step: int) -> None:
    assert open_interest_fits(lots, price, unit, lots * price * unit + step) is (step >= 0)


@pytest.mark.parametrize(
    ("budgets", "values", "fits"),
    [
        ((), (), True),
        ((BOUND,), (), True),
        ((BOUND + 1,), (), False),
        ((), (BOUND,), True),
        ((), (BOUND + 1,), False),
        ((BOUND - 5, 2), (3,), True),
        ((BOUND - 5, 2), (4,), False),
        ((BOUND - 5, 6), (), False),
        ((1,), (BOUND - 3, 2), True),
        ((1,), (BOUND - 3, 3), False),
        ((BOUND, 0), (0,), True),
    ],
)
def test_a_pool_fits_as_a_whole(budgets: tuple[int, ...], values: tuple[int, ...], *, fits: bool) -> None:
    assert pool_fits(budgets, values) is fits
    assert fits is (sum(budgets) + sum(values) <= 2**62)


@pytest.mark.parametrize(("budgets", "values"), [((-1,), ()), ((), (-1,))])
def test_a_bound_is_not_negative(budgets: tuple[int, ...], values: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError, match="not negative"):
        pool_fits(budgets, values)


@pytest.mark.parametrize(
    ("held", "deposit", "bound", "fits", "why"),
    table("""
        60    40   100     True   up_to_the_bound
        60    41   100    False   one_over
         0   100   100     True   alone
        60    40    99    False   a_lower_bound
    """),
)
def test_deposit_fits(held: str, deposit: str, bound: str, fits: str, why: str) -> None:
    assert deposit_fits(int(held), int(deposit), int(bound)) is (fits == "True")


@pytest.mark.parametrize(("rate", "fits"), [(-1, False), (0, True), (2_000_000, True), (2_000_001, False)])
def test_rate_fits(rate: int, *, fits: bool) -> None:
    assert rate_fits(rate) is fits


@pytest.mark.parametrize(("price", "fits"), [(0, False), (1, True), (500, True), (501, False)])
def test_price_fits(price: int, *, fits: bool) -> None:
    assert price_fits(price, 500) is fits
