from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.collateral.haircut import initial_counts_less, tiered_credit, weights_fall
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
BTC = 60_000_000_000
FLOOR = tuple(step * 10 * BTC for step in range(6))
WEIGHT = (980_000, 950_000, 900_000, 850_000, 800_000, 0)


@pytest.mark.parametrize(
    ("value", "credit", "why"),
    table("""
        1_500_000_000_000    1_428_000_000_000    rulebook_R-C2_example_25_BTC
          600_000_000_000      588_000_000_000    the_first_tier_is_full
          600_000_000_001      588_000_000_000    the_next_quantum_counts_less
          600_000_000_002      588_000_000_001    and_the_one_after_it
                        0                    0    nothing_held
                        1                    0    credit_goes_down
        3_000_000_000_000    2_688_000_000_000    the_last_tier_with_weight_is_full
        9_000_000_000_000    2_688_000_000_000    above_it_nothing_counts
                     -700                 -700    a_debt_counts_in_full
                       -1                   -1    the_smallest_debt
    """),
)
def test_tiered_credit(value: str, credit: str, why: str) -> None:
    assert tiered_credit(int(value), FLOOR, WEIGHT) == int(credit)


def test_one_tier_is_one_weight() -> None:
    assert tiered_credit(1_000_000_001, (0,), (900_000,)) == 900_000_000
    assert tiered_credit(1, (0,), (1_000_000,)) == 1


@st.composite
def weights(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    steps = draw(st.lists(st.integers(1, 10**13), max_size=4))
    floors = [0]
    for step in steps:
        floors.append(floors[-1] + step)
    falling = sorted(
        draw(st.lists(st.integers(0, 10**6), min_size=len(floors), max_size=len(floors))), reverse=True
    )
    return tuple(floors), tuple(falling)


@quick
@given(weights(), st.integers(0, 10**14), st.integers(0, 10**12))
def test_credit_is_the_area_under_the_weights(
    tiers: tuple[tuple[int, ...], tuple[int, ...]], value: int, more: int
) -> None:
    floors, falling = tiers
    assert weights_fall(floors, falling)
    area = Fraction(0)
    for place, (floor, weight) in enumerate(zip(floors, falling, strict=True)):
        upper = min(value, floors[place + 1]) if place + 1 < len(floors) else value
        area += max(0, upper - floor) * Fraction(weight, 10**6)
    credit = tiered_credit(value, floors, falling)
    assert area - len(floors) < credit <= area
    # More never counts less, and never more than its first quanta would.
    assert 0 <= tiered_credit(value + more, floors, falling) - credit <= more


@pytest.mark.parametrize(
    ("floors", "falling", "fits"),
    [
        (FLOOR, WEIGHT, True),
        ((0,), (1_000_000,), True),
        ((0,), (1_000_001,), False),
        ((0,), (0,), True),
        ((0,), (-1,), False),
        ((), (), False),
        ((0, 5), (900_000,), False),
        ((0,), (900_000, 800_000), False),
        ((1,), (900_000,), False),
        ((0, 5), (900_000, 900_000), True),
        ((0, 5), (900_000, 900_001), False),
        ((0, 5, 5), (900_000, 800_000, 700_000), False),
        ((0, 5, 6), (900_000, 800_000, 700_000), True),
        ((0, 5), (900_000, -1), False),
        ((0, 5, 6), (900_000, 800_000, 850_000), False),
    ],
)
def test_weights_fall(floors: tuple[int, ...], falling: tuple[int, ...], *, fits: bool) -> None:
    assert weights_fall(floors, falling) is fits


@pytest.mark.parametrize(
    ("initial", "maintenance", "less"),
    [
        ((900_000, 800_000), (900_000, 850_000), True),
        ((900_001, 800_000), (900_000, 850_000), False),
        ((900_000, 850_001), (900_000, 850_000), False),
        ((900_000,), (900_000, 850_000), False),
    ],
)
def test_initial_counts_less(initial: tuple[int, ...], maintenance: tuple[int, ...], *, less: bool) -> None:
    assert initial_counts_less(initial, maintenance) is less
