"""Integers as decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.verify.amounts import decimal_text, health_text, percent_text, time_text
from tests.tables import table


@pytest.mark.parametrize(
    ("value", "scale", "text", "why"),
    table("""
              0   1000000              0.000000   nothing
             -1   1000000             -0.000001   a_quantum_owed
     1234567890   1000000          1,234.567890   thousands
            575        10                  57.5   a_price_in_tenths
              7         1                     7   whole_units_have_no_point
              3         4                  0.75   a_tick_of_a_quarter
             -5         4                 -1.25   toward_zero_is_exact_here
              1         3           0.333333333   no_finite_decimal_is_cut_after_nine
    """),
)
def test_decimals(value: str, scale: str, text: str, why: str) -> None:
    assert decimal_text(int(value), int(scale)) == text


@given(st.integers(-(2**63), 2**63), st.sampled_from([1, 2, 5, 8, 10, 1_000, 10**6, 10**8]), st.booleans())
def test_a_decimal_is_exact(value: int, scale: int, trimmed: bool) -> None:
    text = decimal_text(value, scale, grouped=False, trimmed=trimmed)
    assert Decimal(text) * scale == value
    assert not (trimmed and "." in text and text.endswith(("0", ".")))
    assert decimal_text(value, scale, trimmed=trimmed).replace(",", "") == text


@pytest.mark.parametrize(
    ("equity", "margin", "text", "why"),
    table("""
    500000000   575000000   0.869   rounded_down
    574999999   575000000   0.999   under_one_is_never_shown_as_one
           -1   575000000  -0.001   below_zero_too
            5           0       -   nothing_to_keep
    """),
)
def test_health(equity: str, margin: str, text: str, why: str) -> None:
    assert health_text(int(equity), int(margin)) == text


def test_rates_and_times() -> None:
    assert (percent_text(5_000), percent_text(12_345), percent_text(1_000_000)) == (
        "0.5 %",
        "1.2345 %",
        "100 %",
    )
    assert time_text(1_744_000_000_000_000_000) == "2025-04-07 04:26:40"
    assert time_text(1_744_000_000_000_000_001) == "2025-04-07 04:26:40.000000001"
    assert time_text(1_744_000_000_250_000_000) == "2025-04-07 04:26:40.25"
