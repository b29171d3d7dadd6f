"""Amounts as people write them: exact, or refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.exact import PPB, PPM
from flows.scenario import amounts
from flows.scenario.errors import ScenarioError
from tests.tables import table


@pytest.mark.parametrize(
    ("text", "scale", "units", "why"),
    table("""
        0            1000000            0   nothing
        1,000        1000000   1000000000   thousands_apart
        1000         1000000   1000000000   thousands_together
        0.073           1000           73   a_quantity
        57,500.1          10       575001   a_price
        -0.000001    1000000           -1   a_debt_of_one_quantum
        10,020.9875  1000000  10020987500   fewer_decimals_than_the_scale
    """),
)
def test_units(text: str, scale: str, units: str, why: str) -> None:
    assert amounts.units(text, int(scale), "units") == int(units)


@pytest.mark.parametrize("text", ["0.0001", "1,00", "1,0000", ".5", "1.", "1e3", "--1", "", "٣"])
def test_what_is_no_whole_number_of_units_or_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        amounts.units(text, 1_000, "lots")


@given(st.integers(-(10**15), 10**15), st.sampled_from([1, 10, 1_000, 10**6, 10**9]))
def test_what_is_shown_reads_back(number: int, scale: int) -> None:
    assert amounts.units(amounts.shown(number, scale), scale, "units") == number


@pytest.mark.parametrize(
    ("text", "scale", "parts"),
    [("5 %", PPM, 50_000), ("12,345 ppb", PPB, 12_345), ("1.25", PPM, 1_250_000), ("450 ppm", PPM, 450)],
)
def test_rates(text: str, scale: int, parts: int) -> None:
    assert amounts.rate(text, scale) == parts


def test_a_rate_finer_than_its_scale_is_refused() -> None:
    with pytest.raises(ScenarioError, match="finer"):
        amounts.rate("0.00001 %", PPM)


@pytest.mark.parametrize(
    ("text", "seconds"), [("1 second", 1), ("10 seconds", 10), ("5 minutes", 300), ("1 hour", 3_600)]
)
def test_durations(text: str, seconds: int) -> None:
    assert amounts.duration_ns(text) == seconds * 10**9


@pytest.mark.parametrize(
    ("text", "shown"), [("12:05:00.000000001",) * 2, ("23:59:59",) * 2, ("00:00:00.5",) * 2]
)
def test_a_time_of_day_reads_back(text: str, shown: str) -> None:
    assert amounts.shown_time(amounts.time_of_day_ns(text)) == shown


@pytest.mark.parametrize("text", ["24:00:00", "12:60:00", "12:00:61"])
def test_no_such_time(text: str) -> None:
    with pytest.raises(ScenarioError, match="no time of day"):
        amounts.time_of_day_ns(text)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**12), st.integers(0, 6))
def test_a_ratio_is_cut_never_rounded_up(number: int, over: int, decimals: int) -> None:
    shown = Fraction(amounts.shown_ratio(number, over, decimals).replace(",", ""))
    assert shown <= Fraction(number, over) < shown + Fraction(1, 10**decimals)


def test_nothing_to_keep_has_no_health() -> None:
    assert amounts.shown_ratio(5, 0, 3) == "none"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("1,000", "1000.00", True),
        ("0.50", "0.5", True),
        ("-0", "0", True),
        ("1.10 %", "1.1 %", True),
        ("1 %", "1", False),
        ("10", "100", False),
        ("sell", "sell", True),
        ("12:00:00", "12:00:00.0", False),
    ],
)
def test_amounts_are_compared_by_value(one: str, other: str, *, alike: bool) -> None:
    assert (amounts.same(one) == amounts.same(other)) is alike
