import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.admission import (
    ADMITTED,
    CONFIRM_NS,
    DUPLICATE,
    EARLY,
    EQUIVOCATION,
    JUMP_PPM,
    LATE,
    MAX_CONFIDENCE_PPM,
    NOT_POSITIVE,
    OUT_NS,
    TOO_WIDE,
    WRONG_DECIMALS,
    confirms_jump,
    is_fresh,
    is_jump,
    quote_fault,
    slot_fault,
)
from tests.tables import table

CODES = {
    "admitted": ADMITTED,
    "not_positive": NOT_POSITIVE,
    "decimals": WRONG_DECIMALS,
    "early": EARLY,
    "wide": TOO_WIDE,
    "late": LATE,
    "duplicate": DUPLICATE,
    "equivocation": EQUIVOCATION,
}


def test_every_answer_has_its_own_code() -> None:
    assert list(CODES.values()) == list(range(8))


@pytest.mark.parametrize(
    ("price", "confidence", "decimals", "time", "code", "why"),
    table("""
    60_000    300   8    2_000   admitted       as_wide_as_allowed
    60_000    301   8    2_000   wide           one_wider
    60_001    300   8    2_000   admitted       the_bound_rounds_down
    60_000      1   8    2_000   admitted       sure
    60_000      0   8    2_000   not_positive   too_sure
         0      1   8    2_000   not_positive   no_price
         1      1   8    2_000   wide           a_price_of_one
       200      1   8    2_000   admitted       the_lowest_price_that_can_be_unsure
        -1      1   8    2_000   not_positive   a_negative_price
    60_000    300   7    2_000   decimals       a_decimal_lost
    60_000    300   9    2_000   decimals       a_decimal_more
    60_000    300   8    2_001   early          a_nanosecond_too_early
"""),
)
def test_quote_fault(price: str, confidence: str, decimals: str, time: str, code: str, why: str) -> None:
    got = quote_fault(int(price), int(confidence), int(decimals), 8, int(time), 2_000, MAX_CONFIDENCE_PPM)
    assert got == CODES[code]


def test_the_first_fault_is_named() -> None:
    assert quote_fault(0, 9, 7, 8, 9, 0, 0) == NOT_POSITIVE
    assert quote_fault(9, 9, 7, 8, 9, 0, 0) == WRONG_DECIMALS
    assert quote_fault(9, 9, 8, 8, 9, 0, 0) == EARLY


@pytest.mark.parametrize(
    ("slot", "price", "confidence", "code", "why"),
    table("""
    8   100   5   admitted       the_next
    9   101   6   admitted       a_gap_is_no_fault
    6   100   5   late           the_one_before
    7   100   5   duplicate      the_same_again
    7   101   5   equivocation   another_price
    7   100   6   equivocation   another_confidence
"""),
)
def test_slot_fault(slot: str, price: str, confidence: str, code: str, why: str) -> None:
    assert slot_fault(int(slot), int(price), int(confidence), 7, 100, 5) == CODES[code]


def test_a_new_sources_first_number_is_admitted() -> None:
    assert slot_fault(0, 100, 5, -1, 0, 0) == ADMITTED


@pytest.mark.parametrize(
    ("age", "fresh", "why"),
    table("""
    3_000_000_000   yes   rulebook_R-O1_example_three_heartbeats
    3_000_000_001   no    rulebook_R-O1_example_a_nanosecond_more
   -2_000_000_000   yes   ahead_of_the_clock
"""),
)
def test_is_fresh(age: str, fresh: str, why: str) -> None:
    assert is_fresh(int(age), 1_000_000_000) is (fresh == "yes")


@pytest.mark.parametrize(
    ("price", "jump", "why"),
    table("""
      150   no    half_up
      151   yes   more_than_half_up
       50   no    half_down
       49   yes   more_than_half_down
    1_000   yes   a_decimal_point
      100   no    unmoved
"""),
)
def test_is_jump(price: str, jump: str, why: str) -> None:
    assert is_jump(int(price), 100, JUMP_PPM) is (jump == "yes")


def test_a_jump_is_more_than_half() -> None:
    assert is_jump(1_500_001, 1_000_000, JUMP_PPM)
    assert not is_jump(1_500_000, 1_000_000, JUMP_PPM)


def test_a_jump_is_measured_from_something() -> None:
    with pytest.raises(AssertionError, match="reference"):
        is_jump(100, 0, JUMP_PPM)
    assert is_jump(2, 1, JUMP_PPM)


@pytest.mark.parametrize(
    ("price", "time", "other", "other_time", "confirmed", "why"),
    table("""
      200   0         190   5_000_000_000   yes   two_jump_alike_five_seconds_apart
      200   0         190   5_000_000_001   no    too_late
      200   5_000_000_000   190   0         yes   the_other_came_first
      200   5_000_000_001   190   0         no    the_other_came_too_early
      200   10_000_000_000   190   14_000_000_000   yes   later_in_the_day
      200   0         150   0               no    the_other_did_not_jump
      200   0         151   0               yes   the_other_just_jumped
      150   0         200   0               no    this_one_did_not_jump
    1_000   0         200   0               no    both_jump_but_not_alike
      300   0         200   0               yes   as_far_apart_as_allowed
      301   0         200   0               no    too_far_apart
      200   0         301   0               no    too_far_apart_the_other_way
       49   0          33   0               yes   two_fall_alike
       49   0         200   0               no    one_up_one_down
"""),
)
def test_confirms_jump(price: str, time: str, other: str, other_time: str, confirmed: str, why: str) -> None:
    got = confirms_jump(int(price), int(time), int(other), int(other_time), 100, JUMP_PPM)
    assert got is (confirmed == "yes")


def test_times_are_seconds_and_minutes() -> None:
    assert CONFIRM_NS == 5 * 10**9
    assert OUT_NS == 600 * 10**9


compiled = njit(confirms_jump)


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.integers(1, 1_000), st.integers(0, 10**10))
def test_confirmation_is_mutual_and_compiles(price: int, other: int, reference: int, time: int) -> None:
    got = confirms_jump(price, time, other, 0, reference, JUMP_PPM)
    assert got == confirms_jump(other, 0, price, time, reference, JUMP_PPM)
    assert got == compiled(price, time, other, 0, reference, JUMP_PPM)
