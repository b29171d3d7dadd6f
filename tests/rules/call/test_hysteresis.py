"""R-G3: a call and a liquidation end higher than they began."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.call.hysteresis import CALL_EVENT_GAP_NS, is_call_event_due, is_call_open, is_liquidating
from flows.rules.call.levels import CALL, OK, SOFT
from tests.tables import table

CALL_PPM, CLEAR_PPM, TARGET_PPM = 1_250_000, 1_350_000, 1_100_000


@pytest.mark.parametrize(
    ("was", "equity", "margin", "now", "why"),
    table("""
      closed  1240  1000  open    rulebook_R-G3_example_opens
      open    1300  1000  open    rulebook_R-G3_example_still_open
      open    1350  1000  closed  rulebook_R-G3_example_cleared
      open    1349  1000  open    a_quantum_under_clear
      closed  1349  1000  closed  between_the_levels_nothing_opens
      closed  1250  1000  closed  at_call
      closed  1249  1000  open    a_quantum_under_call
      closed    -1     0  closed  no_margin_no_call
      open      -1     0  closed  flat_clears
      open       1     1  open    the_smallest_margin
"""),
)
def test_is_call_open(was: str, equity: str, margin: str, now: str, why: str) -> None:
    found = is_call_open(was == "open", int(equity), int(margin), CALL_PPM, CLEAR_PPM)
    assert found == (now == "open")


@pytest.mark.parametrize(
    ("was", "equity", "margin", "strict", "at_equality", "why"),
    table("""
      no    999  1000  yes  yes  begins_under_the_margin
      no   1000  1000  no   yes  not_at_it_but_where_the_pool_says_so
      no   1001  1000  no   no   above_it
      yes  1000  1000  yes  yes  does_not_end_at_the_margin
      yes  1099  1000  yes  yes  nor_a_quantum_under_target
      yes  1100  1000  no   no   ends_at_target
      yes    -1     0  no   no   nothing_left_to_keep
      no     -1     0  no   no   never_without_a_margin
      yes     1     1  yes  yes  the_smallest_margin
"""),
)
def test_is_liquidating(was: str, equity: str, margin: str, strict: str, at_equality: str, why: str) -> None:
    facts = (was == "yes", int(equity), int(margin), TARGET_PPM)
    assert is_liquidating(*facts) == (strict == "yes")
    assert is_liquidating(*facts, at_equality=True) == (at_equality == "yes")


@given(st.lists(st.integers(900, 1_500), min_size=2, max_size=60))
def test_no_more_calls_than_crossings_of_the_gap(equities: list[int]) -> None:
    is_open, calls = False, 0
    crossings, above = 0, True
    for equity in equities:
        opened = is_call_open(is_open, equity, 1_000, CALL_PPM, CLEAR_PPM)
        calls += opened and not is_open
        is_open = opened
        if above and equity < 1_250:
            crossings, above = crossings + 1, False
        elif equity >= 1_350:
            above = True
    assert calls == crossings


@pytest.mark.parametrize(
    ("state", "last", "since", "due", "why"),
    table("""
      1  0            0  yes  a_first_call
      2  1            0  yes  worse_than_announced
      1  1  60000000000  yes  a_minute_later
      1  1  59999999999  no   a_nanosecond_early
      1  2  59999999999  no   better_is_no_news
      1  2  60000000000  yes  better_after_a_minute
"""),
)
def test_is_call_event_due(state: str, last: str, since: str, due: str, why: str) -> None:
    assert is_call_event_due(int(state), int(last), 77 + int(since), 77) == (due == "yes")


def test_the_states_compare_by_severity() -> None:
    assert OK < CALL < SOFT
    assert CALL_EVENT_GAP_NS == 60 * 10**9
