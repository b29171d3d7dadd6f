"""Known numbers of a producer: a window of bits behaves as a set would that forgets what lies far behind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal.numbers import KNOWN, NEW, OUTSIDE, WINDOW, Numbers
from tests.tables import table


@pytest.mark.parametrize(
    ("number", "verdict", "why"),
    table("""
        100000  KNOWN    the_highest
        100001  NEW      the_next
        165536  NEW      the_window_s_far_end
        165537  OUTSIDE  one_further
         99999  NEW      behind_and_never_seen
         34465  NEW      the_window_s_near_end
         34464  OUTSIDE  one_further_behind
             0  OUTSIDE  long_ago
    """),
)
def test_a_window_around_the_highest_number(number: str, verdict: str, why: str) -> None:
    numbers = Numbers(1)
    numbers.note(0, 100_000)
    assert numbers.judge(0, int(number)) == {"NEW": NEW, "KNOWN": KNOWN, "OUTSIDE": OUTSIDE}[verdict]


@pytest.mark.parametrize("number", [0, 1, 2**53 - 1])
def test_a_producers_first_number_may_be_any(number: int) -> None:
    assert Numbers(1).judge(0, number) == NEW


steps = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 40) | st.integers(1, 4).map(lambda each: each * WINDOW - 7))
)


@given(steps)
@settings(max_examples=100)
def test_a_window_is_a_set_that_forgets(sent: list[tuple[int, int]]) -> None:
    numbers = Numbers(2)
    seen: tuple[set[int], set[int]] = (set(), set())
    for row, number in sent:
        top = max(seen[row], default=None)
        verdict = NEW
        if top is not None and (number - top > WINDOW or top - number >= WINDOW):
            verdict = OUTSIDE
        elif number in seen[row]:
            verdict = KNOWN
        assert numbers.judge(row, number) == verdict
        if verdict == NEW:
            numbers.note(row, number)
            seen[row].add(number)
        numbers = Numbers.restore(numbers.state())


def test_a_jump_beyond_the_window_clears_it() -> None:
    numbers = Numbers(1)
    for number in (5, 6, 5 + 3 * WINDOW):  # admitted all the same: only the source judges jumps
        numbers.note(0, number)
    assert numbers.judge(0, 6 + 2 * WINDOW) == NEW
    assert numbers.judge(0, 5 + 3 * WINDOW) == KNOWN
