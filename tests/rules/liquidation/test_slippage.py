"""R-H2: what an order is expected to cost, from depth and without it."""

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.slippage import (
    NO_DEPTH,
    RING_PPM,
    TURNOVER_MAX,
    depth_slippage_ppm,
    impact_slippage_ppm,
    slippage_ppm,
)
from tests.tables import table

LOTS = (100, 250, 250, 1_000, 1_000, 2_000)


def test_rings_and_bounds() -> None:
    assert RING_PPM == (1_000, 2_500, 5_000, 10_000, 20_000, 50_000)
    assert (NO_DEPTH, TURNOVER_MAX) == (-1, 1_000_000)


@pytest.mark.parametrize(
    ("lots", "distance", "why"),
    table("""
         0      0  nothing_to_trade
         1   1000  the_first_lot_costs_the_ring's_edge
       100   1000  the_first_ring
       101   1015  one_lot_of_the_second_and_up
       200   1750  half_and_half
       250   1900  two_rings
       251   1933  an_empty_ring_is_stepped_over
      1000   7975  four_rings
      2000  28988  all_rings
      2001     -1  a_lot_beyond_the_last
"""),
)
def test_depth_slippage(lots: str, distance: str, why: str) -> None:
    assert depth_slippage_ppm(int(lots), RING_PPM, LOTS) == int(distance)


def test_depth_that_is_not_there() -> None:
    assert depth_slippage_ppm(1, RING_PPM, (0,) * 6) == NO_DEPTH
    assert depth_slippage_ppm(0, RING_PPM, (0,) * 6) == 0
    assert depth_slippage_ppm(4, (1_000, 2_500), (3, 2)) == NO_DEPTH


@given(st.lists(st.integers(0, 2**40), min_size=6, max_size=6), st.integers(1, 2**43))
def test_depth_slippage_is_the_mean_of_the_lots(rings: list[int], lots: int) -> None:
    cumulative = tuple(sum(rings[: n + 1]) for n in range(6))
    distance = depth_slippage_ppm(lots, RING_PPM, cumulative)
    if lots > cumulative[-1]:
        assert distance == NO_DEPTH
        return
    cost, left = Fraction(0), lots
    for inside, edge in zip(rings, RING_PPM, strict=True):
        cost += min(left, inside) * edge
        left -= min(left, inside)
    assert distance - 1 < cost / lots <= distance


@pytest.mark.parametrize(
    ("notional", "adv", "sigma", "scale", "distance", "why"),
    table("""
      10_000_000  500_000_000     40_000  1_000_000    5657  the_add-on's_example_of_the_root
       5_000_000  500_000_000     40_000  1_000_000    4000  half_of_it
       5_000_000  500_000_000     40_000    500_000    2000  half_the_scale
               0  500_000_000     40_000  1_000_000       0  nothing_to_trade
               1  500_000_000     40_000  1_000_000       2  up_at_each_step
     500_000_000  500_000_000     40_000  1_000_000   40000  a_day's_volume_moves_a_day's_sigma
               1            0     40_000  1_000_000      -1  no_volume
               1           -1     40_000  1_000_000      -1  no_volume_at_all
       1_000_000            1          1  1_000_000      -1  far_more_than_is_ever_traded
         999_999            1          1  1_000_000    1000  just_within_that
             100          100    999_999  1_000_000  999999  all_but_the_whole_price
             100          100  1_000_000  1_000_000      -1  the_whole_price
"""),
)
def test_impact_slippage(notional: str, adv: str, sigma: str, scale: str, distance: str, why: str) -> None:
    assert impact_slippage_ppm(int(notional), int(adv), int(sigma), int(scale)) == int(distance)


@given(st.integers(0, 2**60), st.integers(1, 2**60), st.integers(1, 200_000), st.integers(1, 2_000_000))
def test_impact_is_the_root_rounded_up(notional: int, adv: int, sigma: int, scale: int) -> None:
    distance = impact_slippage_ppm(notional, adv, sigma, scale)
    if distance == NO_DEPTH:
        assert (
            notional >= adv * 10**6 or scale**2 * sigma**2 * notional >= (10**6 - 2) ** 2 * 10**12 * adv - adv
        )
        return
    exact = Fraction(scale**2 * sigma**2 * notional, 10**12 * adv)
    assert distance**2 >= exact
    # Each of the three roundings costs at most one part of what it rounds.
    assert distance <= isqrt(int(exact)) + Fraction(2 * scale * sigma, 10**12) + 2


def test_slippage_takes_depth_where_there_is_some() -> None:
    facts = (RING_PPM, LOTS, 500_000_000, 40_000, 1_000_000)
    assert slippage_ppm(100, 50_000, True, *facts) == 1_000
    assert slippage_ppm(100, 50_000, False, *facts) == 4_000
    assert slippage_ppm(5_000, 1, True, *facts) == NO_DEPTH
