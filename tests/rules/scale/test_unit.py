from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.scale.unit import (
    SUBTICKS,
    high_ticks,
    is_integer_scale,
    lot_tick_quanta,
    low_ticks,
    nearest_ticks,
    notional_quanta,
    smallest_lot_size,
    unrealized_quanta,
)
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
sizes = st.integers(1, 500)
decimals = st.integers(0, 9)


@pytest.mark.parametrize(
    ("lot", "lot_decimals", "tick", "tick_decimals", "quantum_decimals", "quanta", "why"),
    table("""
        1    3     1    1    6        100   rulebook_R-A1_example
        1    3     1    1    4          1   exactly_one_quantum
        1    3     1    1    3          0   a_tenth_of_a_quantum_is_refused
        5    3     2    1    3          1   digits_make_up_for_a_decimal
        5    3     3    1    3          0   one_and_a_half_is_refused
        1    0    25    2    6    250_000   whole_lots
        3    0     7    0    0         21   no_decimals_at_all
        3    0     7    0    2      2_100   a_quantum_of_a_hundredth
    """),
)
def test_lot_tick_quanta(
    lot: str,
    lot_decimals: str,
    tick: str,
    tick_decimals: str,
    quantum_decimals: str,
    quanta: str,
    why: str,
) -> None:
    scale = int(lot), int(lot_decimals), int(tick), int(tick_decimals), int(quantum_decimals)
    assert is_integer_scale(*scale) is (int(quanta) > 0)
    if int(quanta) > 0:
        assert lot_tick_quanta(*scale) == int(quanta)
    else:
        with pytest.raises(AssertionError, match="no integer"):
            lot_tick_quanta(*scale)


@pytest.mark.parametrize(("lot", "tick"), [(0, 1), (1, 0), (-1, 1), (1, -1)])
def test_sizes_are_positive(lot: int, tick: int) -> None:
    with pytest.raises(AssertionError, match="is positive"):
        is_integer_scale(lot, 0, tick, 0, 6)


def test_a_smallest_lot_wants_a_tick() -> None:
    with pytest.raises(AssertionError, match="is positive"):
        smallest_lot_size(0, 0, 0, 6)


@quick
@given(sizes, decimals, sizes, decimals, decimals)
def test_the_unit_is_the_product_of_the_texts(lot: int, ld: int, tick: int, td: int, qd: int) -> None:
    exactly = Fraction(lot, 10**ld) * Fraction(tick, 10**td) * 10**qd
    assert is_integer_scale(lot, ld, tick, td, qd) is (exactly.denominator == 1)
    if exactly.denominator == 1:
        assert lot_tick_quanta(lot, ld, tick, td, qd) == exactly


@quick
@given(decimals, sizes, decimals, decimals)
def test_the_smallest_lot_fits_and_none_below_it(ld: int, tick: int, td: int, qd: int) -> None:
    smallest = smallest_lot_size(ld, tick, td, qd)
    assert is_integer_scale(smallest, ld, tick, td, qd)
    assert not any(is_integer_scale(lot, ld, tick, td, qd) for lot in range(max(1, smallest - 50), smallest))


@pytest.mark.parametrize(
    ("decimals_of_lot", "tick", "decimals_of_tick", "smallest", "why"),
    table("""
        3    1    1     1    what_fits_already
        6    1    1    10    a_lot_too_fine
        6    5    1     2    a_tick_that_helps
        6    4    2    25    a_tick_that_helps_by_its_twos
    """),
)
def test_smallest_lot_size(
    decimals_of_lot: str, tick: str, decimals_of_tick: str, smallest: str, why: str
) -> None:
    assert smallest_lot_size(int(decimals_of_lot), int(tick), int(decimals_of_tick), 6) == int(smallest)


def test_notional_is_exact() -> None:
    assert notional_quanta(2_500, 600_000, 100) == 150_000_000_000  # rulebook R-A1 example
    assert notional_quanta(-2_500, 600_000, 100) == 150_000_000_000


def test_unrealized_is_exact() -> None:
    assert unrealized_quanta(7, 70_400, 105, 100) == 3_100
    assert unrealized_quanta(-7, -70_400, 105, 100) == -3_100
    assert unrealized_quanta(7, 70_400, 106, 100) - unrealized_quanta(7, 70_400, 105, 100) == 700


@pytest.mark.parametrize(
    ("subticks", "low", "nearest", "high", "why"),
    table("""
        1_500     1     2    2    a_tie_to_the_even_above
        2_500     2     2    3    a_tie_to_the_even_below
        2_501     2     3    3    over_the_tie
        2_499     2     2    3    under_the_tie
        3_000     3     3    3    a_whole_tick
        3_001     3     3    4    a_subtick_over
    """),
)
def test_subticks_become_ticks(subticks: str, low: str, nearest: str, high: str, why: str) -> None:
    price = int(subticks)
    assert (low_ticks(price), nearest_ticks(price), high_ticks(price)) == (int(low), int(nearest), int(high))
    assert SUBTICKS == 1_000
