"""Decimals as text to integers: what the wire's pattern takes, exactly, and what it does not."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal.decimals import GOOD, MALFORMED, NANO, TOO_LARGE, ZERO, parse_decimals, scaled
from tests.tables import table

PATTERN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
FAULTS = {"good": GOOD, "malformed": MALFORMED, "zero": ZERO, "too-large": TOO_LARGE}


@pytest.mark.parametrize(
    ("text", "value", "fault", "why"),
    table("""
        1                     1000000000           good       a_whole_number
        0.000000001           1                    good       the_smallest
        60000.05              60000050000000       good       a_price
        007.50                7500000000           good       zeros_in_front_and_behind
        9223372035.999999999  9223372035999999999  good       the_largest_that_fits
        9223372036            0                    too-large  one_more
        999999999999          0                    too-large  twelve_digits
        1000000000000         0                    malformed  thirteen_digits
        0                     0                    zero       nothing
        0.000000000           0                    zero       nothing_in_full
        1.0000000001          0                    malformed  ten_decimals
        1.                    0                    malformed  no_decimals
        .5                    0                    malformed  no_whole
        1.2.3                 0                    malformed  two_points
        -1                    0                    malformed  a_sign
        1e3                   0                    malformed  an_exponent
        \u0661                0                    malformed  another_script's_digit
    """),
)
def test_decimals(text: str, value: str, fault: str, why: str) -> None:
    values, faults = parse_decimals(["5", text, "7"])
    assert values.tolist() == [5 * NANO, int(value), 7 * NANO]
    assert faults.tolist() == [GOOD, FAULTS[fault], GOOD]


def told(text: str) -> tuple[int, int]:
    if PATTERN.fullmatch(text) is None:
        return 0, MALFORMED
    value = Fraction(text) * NANO
    if value // NANO > 9_223_372_035:
        return 0, TOO_LARGE
    return int(value), GOOD if value else ZERO


texts = st.from_regex(r"[0-9]{0,13}(\.[0-9]{0,10})?", fullmatch=True) | st.text(
    "0123456789.-e \n\u0661\ud800", max_size=8
)


@given(st.lists(texts, max_size=8))
@settings(max_examples=100)
def test_each_text_is_read_by_itself(found: list[str]) -> None:
    values, faults = parse_decimals(found)
    assert list(zip(values.tolist(), faults.tolist(), strict=True)) == [told(text) for text in found]


@given(st.integers(0, 2**63 - 1), st.sampled_from([1, 10, 1_000, 3, 10**8, 10**9]))
@settings(max_examples=100)
def test_scaled_is_exact_or_says_so(value: int, scale: int) -> None:
    (result,), (whole,) = (each.tolist() for each in scaled(np.array([value]), np.array([scale])))
    exact = Fraction(value * scale, NANO)
    if exact <= 2**62:
        assert whole == (exact.denominator == 1)
        assert result == exact // 1
    elif whole:
        assert result == exact
