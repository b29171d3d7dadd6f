from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.funding.cap import CAP_SHARE_PPM, capped_rate_ppb, funding_cap_ppb, margin_gap_ppm
from tests.tables import table


@pytest.mark.parametrize(
    ("ends", "initial", "maintenance", "gap"),
    [
        pytest.param([1_000_000], [50_000], [30_000], 20_000, id="rulebook_R-N3_example"),
        pytest.param([100, 1_000], [10, 90], [5, 60], 30_000, id="the_second_bracket_is_tighter"),
        pytest.param([100, 1_000, 2_000], [10, 90, 800], [5, 60, 90], 30_000, id="one_in_the_middle"),
        pytest.param([100, 1_000], [10, 190], [5, 60], 50_000, id="the_first_bracket_is_tighter"),
        pytest.param([3], [2], [1], 333_333, id="down"),
        pytest.param([3], [1], [2], -333_334, id="no_gap_is_told_to_registration"),
        pytest.param([100, 1_000], [10, 60], [5, 60], 0, id="a_gap_of_nothing"),
    ],
)
def test_margin_gap(ends: list[int], initial: list[int], maintenance: list[int], gap: int) -> None:
    assert margin_gap_ppm(ends, initial, maintenance) == gap


def test_a_market_without_brackets_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="bracket"):
        margin_gap_ppm([], [], [])
    with pytest.raises(AssertionError, match="above"):
        margin_gap_ppm([0], [1], [0])
    with pytest.raises(AssertionError, match="above"):
        margin_gap_ppm([1, 0], [1, 1], [0, 0])
    assert margin_gap_ppm([1], [1], [0]) == 1_000_000


@pytest.mark.parametrize(
    ("gap", "cap", "why"),
    table("""
    20_000   15_000_000   rulebook_R-N3_example
         1          750   a_ppm
"""),
)
def test_funding_cap(gap: str, cap: str, why: str) -> None:
    assert funding_cap_ppb(int(gap), CAP_SHARE_PPM) == int(cap)


def test_the_cap_rounds_down_and_needs_a_gap() -> None:
    assert funding_cap_ppb(1, 1_999) == 1
    with pytest.raises(AssertionError, match="gap"):
        funding_cap_ppb(0, CAP_SHARE_PPM)


@pytest.mark.parametrize(("rate", "paid"), [(10, 10), (11, 10), (9, 9), (-10, -10), (-11, -10), (-9, -9)])
def test_capped_rate(rate: int, paid: int) -> None:
    assert capped_rate_ppb(rate, 10) == paid


@given(
    st.integers(1_000, 500_000),
    st.integers(1, 100),
    st.integers(10**9, 10**15),
    st.integers(900_000, 1_333_333),
)
def test_one_funding_at_the_cap_leaves_maintenance_margin(
    initial_ppm: int, share: int, notional: int, index_over_mark_ppm: int
) -> None:
    maintenance_ppm = initial_ppm * share // 101
    initial = -(-notional * initial_ppm // 10**6)
    maintenance = -(-notional * maintenance_ppm // 10**6)
    gap = margin_gap_ppm([notional], [initial], [maintenance])
    if gap <= 0:
        return
    rate = funding_cap_ppb(gap, CAP_SHARE_PPM)
    paid = Fraction(notional * index_over_mark_ppm, 10**6) * Fraction(rate, 10**9)
    assert initial - paid >= maintenance - 1
