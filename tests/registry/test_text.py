"""Text to integers: exact or refused, and back."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.registry import text
from flows.registry.errors import ConfigurationError
from tests.tables import table


def decimals(most_digits: int = 12, most_decimals: int = 9) -> st.SearchStrategy[str]:
    whole = st.integers(0, 10**most_digits - 1).map(str)
    part = st.text("0123456789", min_size=1, max_size=most_decimals).map(lambda digits: f".{digits}")
    return st.builds(lambda left, right: left + right, whole, st.just("") | part)


@settings(max_examples=100)
@given(decimals(), st.sampled_from([1, 10, 100, 1000, 10**6, 10**8, 4, 3]))
def test_a_decimal_is_scaled_exactly_or_refused(decimal: str, scale: int) -> None:
    exact = Fraction(decimal) * scale
    if exact.denominator == 1 and exact < 2**63:
        assert text.scaled("here", decimal, scale, "lots") == exact
    else:
        with pytest.raises(ConfigurationError, match=f"^here: {re.escape(decimal)} is "):
            text.scaled("here", decimal, scale, "lots")


@settings(max_examples=100)
@given(decimals(6, 7), st.sampled_from(["%", "ppm", "ppb"]))
def test_a_rate_is_exact_in_its_unit_or_refused(decimal: str, unit: str) -> None:
    rate = Fraction(decimal) / {"%": 100, "ppm": 10**6, "ppb": 10**9}[unit]
    for read, scale in ((text.ppm, 10**6), (text.ppb, 10**9)):
        if (rate * scale).denominator == 1:
            assert read("here", f"{decimal} {unit}") == rate * scale
        else:
            with pytest.raises(ConfigurationError, match="is finer than one pp"):
                read("here", f"{decimal} {unit}")


@settings(max_examples=100)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 9))
def test_what_is_shown_reads_as_what_it_was(units: int, places: int) -> None:
    shown = text.show(units, 10**places)
    assert Fraction(shown) == Fraction(units, 10**places)
    assert "." not in shown or not shown.endswith("0")


@settings(max_examples=100)
@given(decimals(3, 7))
def test_parts_of_one_make_one(decimal: str) -> None:
    value = Fraction(decimal)
    if value and (1 / value).denominator == 1:
        assert text.parts_of_one("here", decimal) * value == 1
    else:
        with pytest.raises(ConfigurationError):
            text.parts_of_one("here", decimal)


@pytest.mark.parametrize(
    ("found", "shown", "why"),
    table("""
        1              1_ns     not_a_whole_millisecond
        1000000        1_ms     one_millisecond
        1500000000     1500_ms  no_whole_second
        1000000000     1_s      one_second
        59000000000    59_s     under_a_minute
        60000000000    1_min    one_minute
        5400000000000  90_min   no_whole_hour
        3600000000000  1_h      one_hour
        86400000000000 1_d      one_day
    """),
)
def test_durations_are_shown_in_their_largest_whole_unit(found: str, shown: str, why: str) -> None:
    assert text.show_ns(int(found)) == shown.replace("_", " ")
    if not shown.endswith("_ns"):
        assert text.duration_ns("here", shown.replace("_", " ")) == int(found)


def test_the_largest_values() -> None:
    assert text.scaled("here", "9223372036854.775807", 10**6, "quanta") == 2**63 - 1
    with pytest.raises(ConfigurationError, match=r"too large: it may be at most 9223372036854\.775807\."):
        text.scaled("here", "9223372036854.775808", 10**6, "quanta")
    with pytest.raises(ConfigurationError, match="too large"):
        text.ppb("here", "999999999999 %")
    assert text.duration_ns("here", "36525 d") == 36_525 * 86_400 * 10**9
    with pytest.raises(ConfigurationError, match="longer than a hundred years"):
        text.duration_ns("here", "36526 d")


def test_a_scale_that_no_decimal_shows_is_cut() -> None:
    assert text.show(1, 3) == "0.333333333333"
    assert text.show(-1, 3) == "-0.333333333333"
    assert text.show_ppm(666_667) == "66.6667 %"
