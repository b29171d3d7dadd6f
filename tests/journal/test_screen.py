"""Repeats, jumps, and what lies wrong in time: each verdict, and what counts as known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal.dead_letters import NONE, code
from flows.journal.numbers import KNOWN, WINDOW, Numbers
from flows.journal.screen import DUPLICATE, EARLY, LATE, NUMBER_JUMP, TIME_ORDER, note_all, rising, screen
from schemas.dead_letter import Reason
from tests.tables import table

SECOND = 1_000_000_000
START = 1_743_980_400 * SECOND
LATE_NS = 600 * SECOND
OTHER = code(Reason.UNKNOWN_MARKET)

NAMES = {"none": NONE, "duplicate": DUPLICATE, "jump": NUMBER_JUMP, "order": TIME_ORDER, "early": EARLY}
NAMES |= {"late": LATE, "other": OTHER}


def judged(
    rows: list[tuple[int, int, int, bool, int]], numbers: Numbers, *, refuse_known: bool = True
) -> list[int]:
    """Rows of (number, time after start, sent after start, in order, fault so far) of one producer."""
    columns = [np.array(each, np.int64) for each in zip(*rows, strict=True)]
    faults = columns[4].copy()
    screen(
        columns[0],
        START + columns[1],
        START + columns[2],
        columns[3].astype(np.bool_),
        np.zeros(len(rows), np.int64),
        faults,
        START,
        LATE_NS,
        refuse_known,
        numbers.highest,
        numbers.bits,
    )
    return faults.tolist()


@pytest.mark.parametrize(
    ("number", "time_s", "sent_s", "in_order", "so_far", "verdict", "why"),
    table("""
        6        10         10     1   none    none       a_new_record
        5        10         10     1   none    duplicate  a_known_number
        5        10         10     0   none    duplicate  known_comes_before_order
        5     99999         10     1   other   duplicate  known_comes_before_all
    65541        10         10     1   none    none       the_window_reaches_65_536_ahead
    65542        10         10     1   none    jump       and_no_further
    65542        10         10     0   other   jump       a_jump_comes_before_order
        6        10         10     0   other   order      order_comes_before_other_faults
        6        12         10     1   none    early      the_clock_of_second_nine_and_two_more
        6        11         10     1   none    none       two_seconds_ahead_is_not_too_far
        6        13         10.5   1   none    early      three_after_the_clock_of_second_ten
        6        12         10.5   1   none    none       a_record_after_a_clock_is_judged_by_it
        6       100        700     1   none    none       599_behind
        6        99        700     1   none    none       600_behind
        6        98        700     1   none    late       601_behind
        6         2          0     1   none    none       before_the_first_clock_the_start_counts
        6         3          0     1   none    early      and_two_seconds_more
        6        10         10     1   other   other      a_fault_found_before_stays
    """),
)
def test_verdicts(
    number: str, time_s: str, sent_s: str, in_order: str, so_far: str, verdict: str, why: str
) -> None:
    numbers = Numbers(1)
    numbers.note(0, 5)
    sent_ns = int(float(sent_s) * SECOND)
    row = (int(number), int(time_s) * SECOND, sent_ns, in_order == "1", NAMES[so_far])
    assert judged([row], numbers) == [NAMES[verdict]]
    # Known from now on if, and only if, nothing was wrong with it.
    assert (numbers.judge(0, int(number)) == KNOWN) == (verdict in {"none", "duplicate"})


numbers_sent = st.lists(
    st.tuples(st.integers(0, 12) | st.sampled_from([65_540, 65_541, 65_548, 131_090, 10**12]), st.booleans()),
    max_size=30,
)


def known(rows: list[tuple[int, bool]]) -> list[int]:
    """The same with a set of numbers."""
    seen: set[int] = set()
    found = []
    for number, is_faulty in rows:
        top = max(seen, default=number)
        if number in seen and top - number < WINDOW:
            found.append(DUPLICATE)
        elif number - top > WINDOW or top - number >= WINDOW:
            found.append(NUMBER_JUMP)
        elif is_faulty:
            found.append(OTHER)
        else:
            seen.add(number)
            found.append(NONE)
    return found


@given(numbers_sent, st.integers(0, 30))
@settings(max_examples=100)
def test_known_is_what_passed_before(rows: list[tuple[int, bool]], cut: int) -> None:
    numbers = Numbers(1)
    lines = [(number, 0, 0, True, OTHER if is_faulty else NONE) for number, is_faulty in rows]
    found = [fault for part in (lines[:cut], lines[cut:]) if part for fault in judged(part, numbers)]
    assert found == known(rows)


def test_a_repeat_on_an_account_topic_goes_on_to_its_pool() -> None:
    lines = [(5, 0, 0, True, NONE), (5, 0, 0, True, NONE), (5 + WINDOW + 1, 0, 0, True, NONE)]
    assert judged(lines, Numbers(1), refuse_known=False) == [NONE, NONE, NUMBER_JUMP]


def test_a_line_without_a_producer_is_left_as_it_is() -> None:
    numbers, faults = Numbers(1), np.array([OTHER], np.int64)
    one = np.array([5], np.int64)
    window = np.array([-1], np.int64)
    order = np.array([False])
    screen(one, one, one, order, window, faults, START, LATE_NS, True, numbers.highest, numbers.bits)
    assert faults.tolist() == [OTHER]
    assert numbers.judge(0, 5) == 0


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), max_size=20),
    st.lists(st.integers(-1, 5), min_size=2, max_size=2),
)
@settings(max_examples=60)
def test_a_number_rises_above_all_before_it(sent: list[tuple[int, int]], highest: list[int]) -> None:
    rows, numbers = (np.array([each[column] for each in sent], np.int64) for column in (0, 1))
    told = []
    for place, (row, number) in enumerate(sent):
        before = [other for other_row, other in sent[:place] if other_row == row]
        told.append(number > max([*before, highest[row]]))
    assert rising(rows, numbers, np.array(highest, np.int64)).tolist() == told


def test_all_that_was_admitted_is_known() -> None:
    numbers = Numbers(2)
    note_all(np.array([0, 1, 0]), np.array([3, 9, 4]), numbers.highest, numbers.bits)
    assert [numbers.judge(0, 3), numbers.judge(0, 4), numbers.judge(0, 9), numbers.judge(1, 9)] == [
        1,
        1,
        0,
        1,
    ]
    assert Numbers.restore(numbers.state()).state() == numbers.state()
