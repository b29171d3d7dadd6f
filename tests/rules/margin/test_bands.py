from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.exact import is_below
from flows.rules.margin.bands import (
    bands_hold,
    idle_fall_ticks,
    idle_rise_ticks,
    safe_fall_ticks,
    safe_rise_ticks,
    slack_above_quanta,
    slack_below_quanta,
)
from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from tests.tables import table

M = 1_000_000
LEVELS = (1_350_000, 1_250_000, 1_000_000, 800_000, 666_667, 0)


@pytest.mark.parametrize(("rate", "level", "hold"), [(740_740, 1_350_000, True), (740_741, 1_350_000, False)])
def test_bands_hold(rate: int, level: int, *, hold: bool) -> None:
    assert bands_hold(rate, level) is hold


def test_one_for_one_does_not_hold() -> None:
    assert not bands_hold(M, M)
    assert bands_hold(M - 1, M)


@pytest.mark.parametrize(
    ("equity", "level", "positions", "below", "above", "why"),
    table("""
        1_000    1_000_000    1      889     -898    far_above_a_level
        1_000    1_000_000    2      885     -902    4_quanta_a_position
          107    1_000_000    0        0       -1    at_the_level
          106    1_000_000    0       -1        0    one_under_it
          100    1_250_000    0      -34       33    under_a_level_of_133.75
         -100            0    1     -104       95    bankruptcy_is_the_level_0
    """),
)
def test_slack(equity: str, level: str, positions: str, below: str, above: str, why: str) -> None:
    account = int(equity), 107, int(level), int(positions)
    assert slack_below_quanta(*account) == int(below)
    assert slack_above_quanta(*account) == int(above)


def test_the_example_of_the_rulebook() -> None:
    """R-E6: a slack of $1,000, 1,000 lots, v=100 and the full share are 10,000 ticks, but for rounding inward."""
    notional = 1_000 * 600_000 * 100
    assert safe_fall_ticks(600_000, 1_000 * M, notional) == 9_999


@pytest.mark.parametrize(
    ("slack", "gross", "plain", "leveraged", "why"),
    table("""
        1_000     500_000     166     151    a_share_and_its_margin
          110   9_900_000       1       1    a_tick_with_its_margin
          109   9_900_000       1       0    not_enough_for_the_margin
          100   9_900_000       1       0    a_tick_without_it
           99   9_900_000       0       0    not_enough_for_a_tick
           51           0      51      46    nothing_held_costs_one_a_tick
            1           0       1       0    the_smallest_slack
            0           0       0       0    nothing_held_and_no_slack
            0     500_000       0       0    no_slack_no_distance
           -1     500_000       0       0    less_than_none
          -99     500_000       0       0    much_less_than_none
    """),
)
def test_distances(slack: str, gross: str, plain: str, leveraged: str, why: str) -> None:
    """At a price of 100,000 ticks; a level of 1.25 at a rate of 8 % takes 10 % of a short's slack."""
    held = 100_000, int(slack), int(gross)
    assert safe_fall_ticks(*held) == idle_rise_ticks(*held) == int(plain)
    assert safe_rise_ticks(*held, 1_250_000, 80_000) == int(leveraged)
    assert idle_fall_ticks(*held, 1_250_000, 80_000) == int(leveraged)


def test_margin_per_price_goes_up() -> None:
    """1.25 at 80_001 ppm is 100_001.25 ppm: taken as 100_002, which here makes the last tick unsafe."""
    assert safe_rise_ticks(10**9, 1_100_001, 0, 1_250_000, 80_000) == 1_000_000
    assert safe_rise_ticks(10**9, 1_100_001, 0, 1_250_000, 80_001) == 999_999
    assert safe_rise_ticks(10**9, 1_100_002, 0, 1_250_000, 80_001) == 1_000_000


@dataclass(frozen=True)
class Holding:
    lots: int
    mark: int
    unit: int
    floors: tuple[int, ...]
    rates: tuple[int, ...]

    def margin(self, price: int) -> int:
        amounts = tier_amounts(self.floors, self.rates)
        return maintenance_margin(abs(self.lots) * price * self.unit, self.floors, self.rates, amounts)


@st.composite
def holdings(draw: st.DrawFn, sides: tuple[int, ...]) -> Holding:
    mark, unit = draw(st.integers(1, 200_000)), draw(st.sampled_from([1, 7, 100]))
    lots = draw(st.integers(1, 10**5)) * draw(st.sampled_from(sides))
    notional = abs(lots) * mark * unit
    floors = {0} | {
        notional * part // 100 // M * M for part in draw(st.sets(st.integers(50, 150), max_size=3))
    }
    rates = draw(st.lists(st.integers(1_000, 500_000), min_size=len(floors), max_size=len(floors)))
    return Holding(lots, mark, unit, tuple(sorted(floors)), tuple(sorted(rates)))


portfolios = st.sampled_from([(1,), (-1,), (1, -1)]).flatmap(
    lambda sides: st.lists(holdings(sides), min_size=1, max_size=4)
)


def rung(equity: int, margin: int) -> int:
    return sum(is_below(equity, margin, level) for level in LEVELS)


def bands(equity: int, held: list[Holding]) -> list[tuple[int, int]]:
    """Lowest and highest mark of each position inside its bands, towards both neighbouring levels."""
    margin = sum(h.margin(h.mark) for h in held)
    gross = sum(abs(h.lots) * h.mark * h.unit for h in held)
    now = rung(equity, margin)
    inside = []
    for h in held:
        fall, rise = h.mark - 1, 10 * h.mark  # as far as this test goes
        if now < len(LEVELS):
            level = LEVELS[now]
            slack = slack_below_quanta(equity, margin, level, len(held))
            if h.lots > 0:
                fall = min(fall, safe_fall_ticks(h.mark, slack, gross))
            else:
                rise = min(rise, safe_rise_ticks(h.mark, slack, gross, level, h.rates[-1]))
        if now > 0:
            level = LEVELS[now - 1]
            slack = slack_above_quanta(equity, margin, level, len(held))
            if h.lots > 0:
                rise = min(rise, idle_rise_ticks(h.mark, slack, gross))
            else:
                fall = min(fall, idle_fall_ticks(h.mark, slack, gross, level, h.rates[-1]))
        inside.append((h.mark - fall, h.mark + rise))
    return inside


@settings(max_examples=100, deadline=None)
@given(
    st.data(),
    portfolios,
    st.sampled_from([-20, 0, 30, 66, 67, 75, 80, 90, 99, 100, 101, 110, 125, 126, 134, 135, 136, 200]),
    st.integers(-9, 9),
)
def test_inside_all_bands_no_level_is_crossed(
    data: st.DataObject, held: list[Holding], health: int, off: int
) -> None:
    margin = sum(h.margin(h.mark) for h in held)
    equity = margin * health // 100 + off
    inside = bands(equity, held)
    # Every corner, where all shares of a slack are used up together, and one state somewhere inside.
    somewhere = tuple(data.draw(st.integers(*ends)) for ends in inside)
    for marks in [*product(*inside), somewhere]:
        moved = list(zip(held, marks, strict=True))
        equity_there = equity + sum(h.lots * (mark - h.mark) * h.unit for h, mark in moved)
        margin_there = sum(h.margin(mark) for h, mark in moved)
        assert rung(equity_there, margin_there) == rung(equity, margin), (inside, marks)
