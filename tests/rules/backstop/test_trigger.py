"""R-J1: when the vault steps in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.backstop.trigger import NO_TAKEOVER, OFFERS_UNFILLED, UNDER_BACKSTOP, takeover_reason
from tests.tables import table

LEVELS = (800_000, 666_667)


def test_the_reasons_never_change() -> None:
    assert (NO_TAKEOVER, UNDER_BACKSTOP, OFFERS_UNFILLED) == (0, 1, 2)


@pytest.mark.parametrize(
    ("equity", "low", "margin", "unfilled", "reason", "why"),
    table("""
      32333849500   0  48500750000    0  1  rulebook_R-J1_example
      32333849501   0  48500750000    0  0  at_the_level
      32333849501   0  48500750000  120  2  unfilled_for_the_patience
      32333849501   0  48500750000  119  0  a_nanosecond_less
      38800599999   0  48500750000  120  2  a_quantum_under_hard
      38800600000   0  48500750000  999  0  at_hard_it_waits_for_ever
      32333849500   0  48500750000  999  1  the_level_is_the_first_reason
      32333849500  -1  48500750000  999  0  under_water_insurance_comes_first
      32333849500   1  48500750000    0  1  above_water
               -1   0            0  999  0  nothing_to_take
                0   0            1  999  1  the_smallest_margin
"""),
)
def test_takeover_reason(equity: str, low: str, margin: str, unfilled: str, reason: str, why: str) -> None:
    facts = (int(equity), int(low), int(margin), *LEVELS, int(unfilled), 120)
    assert takeover_reason(*facts, False) == int(reason)
    assert takeover_reason(*facts, True) == NO_TAKEOVER


@given(st.integers(-(2**60), 2**60), st.integers(0, 2**60), st.integers(0, 10**12))
def test_never_at_or_above_the_margin(equity: int, margin: int, unfilled: int) -> None:
    reason = takeover_reason(equity, equity, margin, *LEVELS, unfilled, 120, False)
    assert reason == NO_TAKEOVER or 0 <= equity < margin
