"""R-G2: the cure, in money and in another asset, and the deadline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.call.cure import (
    cure_quanta,
    cure_units,
    deadline_ns,
    is_in_time,
    one_sigma_ns,
)
from flows.rules.exact import is_below
from tests.tables import table

S = 1_000_000_000
WINDOW, LEAST = 300 * S, 30 * S


@pytest.mark.parametrize(
    ("equity", "margin", "cure", "why"),
    table("""
      40000000000  48500750000  25476012500  rulebook_R-G2_example
      65476012500  48500750000            0  already_clear
      65476012499  48500750000            1  a_quantum_short
      99999999999  48500750000            0  far_above
               -7            3           12  in_debt_and_rounded_up
                0            0            0  flat
"""),
)
def test_cure_quanta(equity: str, margin: str, cure: str, why: str) -> None:
    assert cure_quanta(int(equity), int(margin), 1_350_000) == int(cure)


@given(st.integers(-(2**60), 2**60), st.integers(1, 2**60), st.integers(1_000_001, 2_000_000))
def test_exactly_the_cure_clears(equity: int, margin: int, clear: int) -> None:
    cure = cure_quanta(equity, margin, clear)
    assert not is_below(equity + cure, margin, clear)
    assert cure == 0 or is_below(equity + cure - 1, margin, clear)


FLOOR = (0, 1_000)
WEIGHT = (900_000, 500_000)
CAPPED = (900_000, 0)


@pytest.mark.parametrize(
    ("missing", "held", "most", "weight", "reached", "units", "why"),
    table("""
        90     0  1000  .5  yes    100  inside_the_first_tier
        91     0  1000  .5  yes    102  credit_rounds_down
         1     0  1000  .5  yes      2  the_smallest_that_counts
         0     0  1000  .5  yes      0  nothing_missing
         0   500  1000  .5  yes      0  nothing_missing_with_a_holding
       100  1000  1000  .5  yes    200  above_the_floor_half_counts
       100   950  1000  .5  yes    160  across_the_floor
       500  1000  1000  .5  yes   1000  all_that_may_be_deposited
       501  1000  1000  .5  no    1000  more_than_that
       450   500  2000   0  yes    500  up_to_the_cap
       451   500  2000   0  no    2000  past_the_cap_nothing_counts
         0     0     0  .5  yes      0  no_deposit_allowed_none_needed
         1     0     0  .5  no       0  no_deposit_allowed_one_needed
"""),
)
def test_cure_units(
    missing: str, held: str, most: str, weight: str, reached: str, units: str, why: str
) -> None:
    weights = WEIGHT if weight == ".5" else CAPPED
    found = cure_units(int(missing), int(held), int(most), 7, 7, FLOOR, weights)
    assert found == (reached == "yes", int(units))


@given(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 3_000), st.integers(1, 50))
def test_the_units_are_the_fewest(missing: int, held: int, most: int, low: int) -> None:
    def credit(units: int) -> int:
        value = units * low // 10
        return min(value, 1_000) * 9 // 10 + max(value - 1_000, 0) // 2

    enough = [n for n in range(most + 1) if credit(held + n) >= credit(held) + missing]
    expected = (True, enough[0]) if enough else (False, most)
    assert cure_units(missing, held, most, low, 10, FLOOR, WEIGHT) == expected


@pytest.mark.parametrize(
    ("slack", "move", "time", "why"),
    table("""
      1199400000   60000000000     34525448640  rulebook_R-G2_example
      0            60000000000               0  no_slack
      -5           60000000000               0  under_hard
      1            60000000000               0  too_little_to_count
      30000000000  60000000000  21600000000000  half_a_day's_move_is_a_quarter_of_a_day
      59999999999  60000000000  86399999827200  just_under_a_day's_move
      60000000000  60000000000  86400000000000  a_day's_move
      60000000001  60000000000  86400000000000  more_than_a_day's_move
      1                      0  86400000000000  nothing_moves
      0                      0               0  nothing_moves_and_nothing_is_left
      1                      3   9599999980800  the_quotient_rounds_down
"""),
)
def test_one_sigma_ns(slack: str, move: str, time: str, why: str) -> None:
    assert one_sigma_ns(int(slack), int(move)) == int(time)


@pytest.mark.parametrize(
    ("call", "slack", "window", "deadline", "why"),
    table("""
      0            1199400000   300  35   rulebook_R-G2_example
      474551360    1199400000   300  35   up_to_the_whole_second_exactly
      474551361    1199400000   300  36   a_nanosecond_more_is_the_next_second
      0            1            300  30   not_under_the_least
      0            -1           300  30   already_under_hard
      0            59000000000  300  300  a_wide_slack_has_the_whole_window
      5            59000000000  300  301  the_window_ends_on_a_second
      1000000000   59000000000  300  301  a_call_on_a_second
      0            59000000000  20   20   a_window_shorter_than_the_least
      0            59000000000  0    0    no_window
      1            59000000000  0    1    no_window_ends_at_the_next_second
"""),
)
def test_deadline(call: str, slack: str, window: str, deadline: str, why: str) -> None:
    equity = 38_800_600_000 + int(slack)
    assert (
        deadline_ns(int(call), equity, 48_500_750_000, 800_000, 60_000_000_000, int(window) * S, LEAST)
        == int(deadline) * S
    )


def test_the_slack_is_measured_from_hard_rounded_up() -> None:
    # 0.8 of a margin of 1 is tested as 1: with an equity of 1 nothing is left above it, with 2 all of a day's move.
    assert deadline_ns(0, 1, 1, 800_000, 1, WINDOW, 0) == 0
    assert deadline_ns(0, 2, 1, 800_000, 1, WINDOW, 0) == WINDOW


@given(st.integers(0, 2**61), st.integers(0, 10**14), st.integers(0, 10**14), st.integers(1, 10**14))
def test_a_deadline_is_a_whole_second_of_the_window(call: int, equity: int, margin: int, move: int) -> None:
    deadline = deadline_ns(call, equity, margin, 800_000, move, WINDOW, LEAST)
    assert deadline % S == 0
    assert call + LEAST <= deadline < call + WINDOW + S


@given(st.integers(1, 2**60), st.integers(1, 2**60))
def test_one_sigma_is_the_square_of_the_slack(slack: int, move: int) -> None:
    time = one_sigma_ns(slack, move)
    exact = min(86_400 * S, 86_400 * S * slack**2 // move**2)
    # The quotient is cut at 1e-9, so the time is short by at most 2e-9 of a day.
    assert exact - 172_801 <= time <= exact


@pytest.mark.parametrize(
    ("time", "answer", "why"),
    table("""
      34999999999  yes  before
      35000000000  yes  the_deadline_itself
      35000000001  no   a_nanosecond_late
"""),
)
def test_is_in_time(time: str, answer: str, why: str) -> None:
    assert is_in_time(int(time), 35 * S) == (answer == "yes")
