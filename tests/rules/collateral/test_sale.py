import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.sale import (
    sale_cost_ppm,
    sale_gain_ppm,
    sale_gain_quanta,
    sale_proceeds,
    sells_before,
    units_to_raise,
)
from flows.rules.collateral.value import asset_value
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
SAT = 100_000_000
LOW = 60_000_000_000


@pytest.mark.parametrize(
    ("spread", "impact", "sigma", "value", "volume", "ppm", "why"),
    table("""
        1_000    1_000_000    40_000     10_000_000    1_000_000_000    4_500    half_the_spread_and_a_root
        1_001    1_000_000    40_000     10_000_000    1_000_000_000    4_501    half_the_spread_goes_up
            0    1_000_000    40_000     10_000_001    1_000_000_000    4_001    the_root_goes_up
            0      500_000    40_000     10_000_000    1_000_000_000    2_000    half_the_impact
            0            0    40_000     10_000_000    1_000_000_000        0    no_impact
            0    1_000_000    40_000              0    1_000_000_000        0    nothing_sold
            0    2_000_000    1_000_000    9    2_000_000_000_000    6    under_the_root_it_goes_up_too
            0    1_000_000         1     10_000_000    1_000_000_000        1    the_smallest_impact
            1            0         0              0                1        1    the_smallest_spread
    """),
)
def test_sale_cost_ppm(
    spread: str, impact: str, sigma: str, value: str, volume: str, ppm: str, why: str
) -> None:
    assert sale_cost_ppm(int(spread), int(impact), int(sigma), int(value), int(volume)) == int(ppm)


def test_a_market_without_volume_has_no_cost_to_name() -> None:
    with pytest.raises(ZeroDivisionError):
        sale_cost_ppm(0, 1, 1, 1, 0)


def test_the_sale_of_the_rulebook() -> None:
    """Rulebook R-C6 example: $10,000 at a haircut of 5 % and a cost of .3 % gains $470."""
    proceeds = sale_proceeds(SAT, 10_000_000_000, SAT, 3_000)
    assert proceeds == 9_970_000_000
    assert sale_gain_quanta(9_500_000_000, 0, proceeds) == 470_000_000
    assert sale_gain_ppm(50_000, 3_000) == 47_000
    assert sale_gain_ppm(3_000, 50_000) == -47_000


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ((9, 5, 5), (8, 1, 1), "larger gain"),
        ((9, 4, 5), (9, 5, 1), "then smaller volatility"),
        ((9, 5, 1), (9, 5, 2), "then smaller number"),
        ((1, 9, 9), (-1, 0, 0), "a loss is no gain"),
    ],
)
def test_sells_before(first: tuple[int, int, int], second: tuple[int, int, int], why: str) -> None:
    assert sells_before(*first, *second)
    assert not sells_before(*second, *first)
    assert not sells_before(*first, *first)


@pytest.mark.parametrize(
    ("units", "cost", "proceeds", "why"),
    table("""
              100_000_000            0    60_000_000_000    a_coin
              100_000_000        3_000    59_820_000_000    less_its_cost
              100_000_000    1_000_000                 0    all_of_it_lost
                        1            0               600    the_smallest_unit
                        1        3_000               598    proceeds_go_down
                        0        3_000                 0    nothing_sold
    """),
)
def test_sale_proceeds(units: str, cost: str, proceeds: str, why: str) -> None:
    assert sale_proceeds(int(units), LOW, SAT, int(cost)) == int(proceeds)


@pytest.mark.parametrize("cost", [-1, 1_000_001])
def test_a_cost_is_a_part_of_the_value(cost: int) -> None:
    with pytest.raises(AssertionError, match="a part"):
        sale_proceeds(1, LOW, SAT, cost)


@pytest.mark.parametrize("cost", [-1, 1_000_000])
def test_a_sale_must_leave_something(cost: int) -> None:
    with pytest.raises(AssertionError, match="something"):
        units_to_raise(1, 1, LOW, SAT, cost)


@pytest.mark.parametrize(
    ("due", "held", "units", "why"),
    table("""
        59_820_000_000    250_000_000    100_000_000    a_coin_raises_it_exactly
        59_820_000_001    250_000_000    100_000_001    one_quantum_more_is_one_unit_more
                   599    250_000_000              2    what_one_unit_does_not_raise
                   598    250_000_000              1    what_one_unit_raises
                     1    250_000_000              1    the_smallest_sale
                     0    250_000_000              0    nothing_due
                    -1    250_000_000              0    less_than_nothing_due
        59_820_000_001    100_000_000    100_000_000    all_that_is_held
        59_820_000_000    100_000_000    100_000_000    just_all_that_is_held
    """),
)
def test_units_to_raise(due: str, held: str, units: str, why: str) -> None:
    assert units_to_raise(int(due), int(held), LOW, SAT, 3_000) == int(units)


@pytest.mark.parametrize(("due", "units"), [(1, 2), (2, 3), (3, 3)])
def test_units_worth_half_a_quantum(due: int, units: int) -> None:
    """Three are held, worth one quantum: two raise it, and nothing raises more."""
    assert units_to_raise(due, 3, 1, 2, 0) == units


@quick
@given(
    st.integers(1, 10**13),
    st.integers(0, 10**13),
    st.integers(1, 10**12),
    st.integers(1, 10**9),
    st.integers(0, 999_999),
)
def test_a_sale_raises_what_is_due_and_one_unit_less_does_not(
    due: int, held: int, low: int, scale: int, cost: int
) -> None:
    units = units_to_raise(due, held, low, scale, cost)
    if sale_proceeds(held, low, scale, cost) < due:
        assert units == held
    else:
        assert sale_proceeds(units, low, scale, cost) >= due
        assert sale_proceeds(units - 1, low, scale, cost) < due


@quick
@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**6))
def test_where_the_haircut_covers_the_cost_a_sale_does_not_lower_equity(
    sold: int, kept: int, cost: int
) -> None:
    """Up to the quantum a floor may take: the exact test of the gain is what admits a sale."""
    weight = 10**6 - cost
    before = tiered_credit(asset_value(sold + kept, LOW, SAT), (0,), (weight,))
    after = tiered_credit(asset_value(kept, LOW, SAT), (0,), (weight,))
    assert -2 <= sale_gain_quanta(before, after, sale_proceeds(sold, LOW, SAT, cost)) <= 2
