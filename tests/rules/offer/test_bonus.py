"""R-I2: the bonus rises with time and falling health, up to the guard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.offer.bonus import bonus_guard_ppm, bonus_ppm
from tests.tables import table

S = 1_000_000_000
TERMS = (30_000, 2_500, 50_000, 500, 3 * S)


@pytest.mark.parametrize(
    ("cap", "guard", "why"),
    table("""
      41236  37736  rulebook_R-I2_example
       3500      0  just_enough_for_the_others
       3499     -1  not_enough_no_offer
"""),
)
def test_bonus_guard(cap: str, guard: str, why: str) -> None:
    assert bonus_guard_ppm(int(cap), 2_500, 500, 500) == int(guard)


def test_each_part_of_the_guard_is_taken_off() -> None:
    assert bonus_guard_ppm(100, 1, 20, 300) == -221


@pytest.mark.parametrize(
    ("equity", "margin", "elapsed", "guard", "bonus", "why"),
    table("""
      40000000000  48500750000            0  37736  11263  rulebook_R-I2_example
      40000000000  48500750000   2999999999  37736  11263  no_whole_step_yet
      40000000000  48500750000   3000000000  37736  11763  the_first_step
      40000000000  48500750000   6000000000  37736  12263  the_second
      40000000000  48500750000  99000000000  37736  27763  thirty_three_steps
      40000000000  48500750000 300000000000  37736  30000  the_largest_bonus
      40000000000  48500750000 300000000000  20000  20000  the_guard
      40000000000  48500750000            0  11262  11262  the_guard_at_opening
      40000000000  48500750000            0      0      0  a_guard_of_nothing
      40000000000  48500750000            0     -1      0  never_under_zero
      48500750000  48500750000            0  37736   2500  at_a_health_of_one_the_base
      50925787500  48500750000            0  37736      0  above_it_the_slope_turns
      50925787499  48500750000            0  37736      0  a_quantum_less
      49500750000  48500750000            0  37736   1469  above_one_and_down
                0  48500750000            0  99999  30000  at_zero_the_largest
"""),
)
def test_bonus(equity: str, margin: str, elapsed: str, guard: str, bonus: str, why: str) -> None:
    assert bonus_ppm(int(equity), int(margin), int(elapsed), int(guard), *TERMS) == int(bonus)


@given(
    st.integers(-(2**50), 2**50),
    st.integers(1, 2**50),
    st.integers(0, 10**12),
    st.integers(-1_000, 60_000),
    st.integers(0, 2**50),
    st.integers(0, 10**12),
)
def test_it_never_falls_with_time_nor_with_falling_health(
    equity: int, margin: int, elapsed: int, guard: int, fall: int, later: int
) -> None:
    equity = max(equity, -margin)
    bonus = bonus_ppm(equity, margin, elapsed, guard, *TERMS)
    assert 0 <= bonus <= max(0, min(30_000, guard))
    assert bonus_ppm(equity - min(fall, margin), margin, elapsed, guard, *TERMS) >= bonus
    assert bonus_ppm(equity, margin, elapsed + later, guard, *TERMS) >= bonus
