"""R-G1 and R-E2: levels in order, and the state an account is in, at both sides of every level."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.call.levels import (
    BACKSTOP,
    BACKSTOP_NOT_BELOW_HARD,
    BACKSTOP_NOT_POSITIVE,
    BACKSTOP_PPM,
    BANKRUPT,
    CALL,
    CALL_BELOW_TARGET,
    CALL_PPM,
    CLEAR_NOT_ABOVE_CALL,
    CLEAR_PPM,
    CLEAR_TOO_HIGH,
    HARD_NOT_BELOW_ONE,
    HARD_PPM,
    LEVELS_RISE,
    OK,
    PARTIAL,
    SOFT,
    TARGET_NOT_ABOVE_ONE,
    TARGET_PPM,
    check_levels,
    is_under_margin,
    level_of,
)
from flows.rules.exact import mul_ppm_ceil
from tests.tables import table

LEVELS = (CALL_PPM, HARD_PPM, BACKSTOP_PPM)
NAMES = {"ok": OK, "call": CALL, "soft": SOFT, "partial": PARTIAL, "backstop": BACKSTOP, "bankrupt": BANKRUPT}


def test_states_and_findings_are_numbered_for_good() -> None:
    assert tuple(range(6)) == (OK, CALL, SOFT, PARTIAL, BACKSTOP, BANKRUPT)
    findings = (
        LEVELS_RISE,
        CLEAR_TOO_HIGH,
        CLEAR_NOT_ABOVE_CALL,
        CALL_BELOW_TARGET,
        TARGET_NOT_ABOVE_ONE,
        HARD_NOT_BELOW_ONE,
        BACKSTOP_NOT_BELOW_HARD,
        BACKSTOP_NOT_POSITIVE,
    )
    assert findings == tuple(range(8))


@pytest.mark.parametrize(
    ("level_ppm", "threshold", "why"),
    table("""
      1350000  65476012500  clear
      1250000  60625937500  call
      1100000  53350825000  target
       800000  38800600000  hard
       666667  32333849501  backstop
"""),
)
def test_rulebook_example_of_the_levels(level_ppm: str, threshold: str, why: str) -> None:
    rulebook = {"clear": CLEAR_PPM, "call": CALL_PPM, "target": TARGET_PPM, "hard": HARD_PPM}
    assert rulebook.get(why, BACKSTOP_PPM) == int(level_ppm)
    assert mul_ppm_ceil(48_500_750_000, int(level_ppm)) == int(threshold)


@pytest.mark.parametrize(
    ("clear", "call", "target", "hard", "backstop", "finding", "why"),
    table("""
      1350000  1250000  1100000   800000   666667  0  the_rulebooks
      2000000  1250000  1100000   800000   666667  0  clear_at_its_bound
      2000001  1250000  1100000   800000   666667  1  clear_past_its_bound
      1250001  1250000  1100000   800000   666667  0  clear_just_above_call
      1250000  1250000  1100000   800000   666667  2  clear_at_call
      1350000  1100000  1100000   800000   666667  0  call_at_target
      1350000  1099999  1100000   800000   666667  3  call_under_target
      1350000  1250000  1000001   800000   666667  0  target_just_above_one
      1350000  1250000  1000000   800000   666667  4  target_at_one
      1350000  1250000  1100000   999999   666667  0  hard_just_below_one
      1350000  1250000  1100000  1000000   666667  5  hard_at_one
      1350000  1250000  1100000   800000   799999  0  backstop_just_below_hard
      1350000  1250000  1100000   800000   800000  6  backstop_at_hard
      1350000  1250000  1100000   800000        1  0  the_smallest_backstop
      1350000  1250000  1100000   800000        0  7  no_backstop
"""),
)
def test_check_levels(
    clear: str, call: str, target: str, hard: str, backstop: str, finding: str, why: str
) -> None:
    assert check_levels(int(clear), int(call), int(target), int(hard), int(backstop)) == int(finding)


@pytest.mark.parametrize(
    ("equity", "low", "margin", "window", "state", "why"),
    table("""
      60625937500   0  48500750000  open  ok        at_call
      60625937499   0  48500750000  open  call      a_quantum_under_call
      60625937499   0  48500750000  over  call      under_call_the_window_forces_nothing
      48500750000   0  48500750000  open  call      at_the_margin
      48500749999   0  48500750000  open  soft      a_quantum_under_the_margin
      48500749999   0  48500750000  over  partial   and_the_window_over
      38800600000   0  48500750000  open  soft      at_hard
      38800599999   0  48500750000  open  partial   a_quantum_under_hard
      32333849501   0  48500750000  open  partial   at_backstop
      32333849500   0  48500750000  open  backstop  a_quantum_under_backstop
                0   0  48500750000  open  backstop  nothing_left
               -5   0  48500750000  open  backstop  haircuts_alone_do_not_bankrupt
      60625937500  -1  48500750000  open  bankrupt  under_water_whatever_the_rest
                0   0            0  open  ok        flat
               -5   0            0  open  ok        flat_with_a_debt_that_collateral_covers
               -5  -1            0  open  bankrupt  flat_and_under_water
"""),
)
def test_level_of(equity: str, low: str, margin: str, window: str, state: str, why: str) -> None:
    found = level_of(int(equity), int(low), int(margin), window == "open", *LEVELS)
    assert found == NAMES[state]


@pytest.mark.parametrize(
    ("equity", "margin", "strict", "at_equality", "why"),
    table("""
      101  100  no   no   above
      100  100  no   yes  equal
       99  100  yes  yes  below
        0    0  no   no   flat
       -5    0  no   no   flat_in_debt
"""),
)
def test_is_under_margin(equity: str, margin: str, strict: str, at_equality: str, why: str) -> None:
    assert is_under_margin(int(equity), int(margin)) == (strict == "yes")
    assert is_under_margin(int(equity), int(margin), at_equality=True) == (at_equality == "yes")


def test_equality_moves_one_level_only() -> None:
    assert level_of(100, 0, 100, True, *LEVELS, at_equality=True) == SOFT
    assert level_of(101, 0, 100, True, *LEVELS, at_equality=True) == CALL
    assert level_of(125, 0, 100, True, *LEVELS, at_equality=True) == OK
    assert level_of(80, 0, 100, True, *LEVELS, at_equality=True) == SOFT


equities = st.integers(-(2**60), 2**60)
margins = st.integers(1, 2**60)


@given(equities, margins, st.booleans(), st.integers(0, 2**60))
def test_more_equity_is_never_a_worse_state(equity: int, margin: int, window: bool, more: int) -> None:
    before = level_of(equity, 0, margin, window, *LEVELS)
    assert level_of(equity + more, 0, margin, window, *LEVELS) <= before


@given(st.integers(0, 2_000), st.integers(1, 1_000), st.booleans())
def test_the_state_is_the_exact_ratio(equity: int, margin: int, window: bool) -> None:
    health = Fraction(equity, margin)
    rungs = [(Fraction(666_667, 10**6), BACKSTOP), (Fraction(4, 5), PARTIAL)]
    rungs += [(Fraction(1), SOFT if window else PARTIAL), (Fraction(5, 4), CALL), (Fraction(10**9), OK)]
    assert level_of(equity, 0, margin, window, *LEVELS) == next(
        state for level, state in rungs if health < level
    )
