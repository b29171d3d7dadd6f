"""R-G4: the growing part that soft liquidation may close."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.call.slices import WINDOW_MAX_NS, soft_allowance_lots, soft_slice_lots
from tests.tables import table


@pytest.mark.parametrize(
    ("total", "initial", "elapsed", "window", "before", "allowed", "why"),
    table("""
      1000  200000          15          60     0   400  initial_and_a_quarter_of_the_rest
      1000  100000           0         300     0   100  rulebook_initial_at_once
      4954  100000           0         300     0   495  down
      4954  100000         299         300     0  4939  a_second_before_the_end
      4954  100000         300         300     0  4954  all_at_the_end
      4954  100000         301         300     0  4954  all_after_it
      1000  100000         150         300   700   700  never_less_than_before
      1000  100000         300         300  1100  1100  nor_at_the_end
      1000  100000           0           0     0  1000  no_window_all_at_once
      1000       0           1         300     0     3  no_initial_part
      1000 1000000           0         300     0  1000  all_is_initial
         0  100000         150         300     0     0  nothing_to_close
"""),
)
def test_soft_allowance_lots(
    total: str, initial: str, elapsed: str, window: str, before: str, allowed: str, why: str
) -> None:
    found = soft_allowance_lots(int(total), int(initial), int(elapsed), int(window), int(before))
    assert found == int(allowed)


def test_drifts_figure() -> None:
    # Drift v2 adds the elapsed part to the initial one: 20 % and 15 of 60 s are 45 %; ours spreads what is left.
    assert soft_allowance_lots(100, 200_000, 15, 60, 0) == 40


def test_a_window_is_bounded() -> None:
    assert WINDOW_MAX_NS == 3600 * 10**9
    assert soft_allowance_lots(1_000, 100_000, WINDOW_MAX_NS // 2, WINDOW_MAX_NS, 0) == 550
    for window in (WINDOW_MAX_NS + 1, -1):
        with pytest.raises(AssertionError):
            soft_allowance_lots(1_000, 100_000, 0, window, 0)


@given(
    st.integers(0, 2**46),
    st.integers(0, 1_000_000),
    st.integers(0, WINDOW_MAX_NS),
    st.integers(1, WINDOW_MAX_NS),
    st.integers(0, WINDOW_MAX_NS),
)
def test_the_allowance_is_exact_and_grows(
    total: int, initial: int, elapsed: int, window: int, later: int
) -> None:
    part = Fraction(initial, 10**6)
    share = min(Fraction(1), part + (1 - part) * Fraction(elapsed, window))
    allowed = soft_allowance_lots(total, initial, elapsed, window, 0)
    assert allowed == total * share // 1
    assert soft_allowance_lots(total, initial, elapsed + later, window, allowed) >= allowed


@pytest.mark.parametrize(
    ("restore", "allowed", "done", "shortfall", "lots", "why"),
    table("""
      4454   900  500  99000000   400  what_is_allowed_and_not_done
       300   900  500  99000000   300  never_past_the_target
      4454   500  500  99000000     0  all_allowed_is_done
      4454   500  700  99000000     0  the_owner_did_more
      4454   900  500  49999999  4454  a_small_shortfall_goes_at_once
      4454   900  500  50000000   400  at_the_line_it_does_not
"""),
)
def test_soft_slice_lots(restore: str, allowed: str, done: str, shortfall: str, lots: str, why: str) -> None:
    assert soft_slice_lots(int(restore), int(allowed), int(done), int(shortfall), 50_000_000) == int(lots)
