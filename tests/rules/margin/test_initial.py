import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.margin.initial import (
    bracket_initial_margin,
    initial_leaves_room,
    initial_margin,
    leverage_fits,
    missing_quanta,
)
from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from tests.tables import table

M = 1_000_000
FLOOR = (0, 50_000 * M, 600_000 * M)
INITIAL = (8_000, 10_000, 20_000)
AMOUNT = tier_amounts(FLOOR, INITIAL)
MAINTENANCE = (4_000, 5_000, 10_000)
LEVERAGE = (75, 50, 20)


@pytest.mark.parametrize(
    ("notional", "leverage", "margin", "why"),
    table("""
        1_000_000_000_000     20    50_000_000_000    rulebook_R-D2_example
        1_000_000_000_000    100    13_900_000_000    the_tiers_bind
        1_000_000_000_000     71    14_084_507_043    the_leverage_binds_and_goes_up
                        0     20                 0    nothing_held
                        1    100                 1    a_requirement_rounds_up
                        1      1                 1    no_leverage
                      101      1               101    all_of_it
                      101    100                 2    a_hundredth_goes_up
    """),
)
def test_initial_margin(notional: str, leverage: str, margin: str, why: str) -> None:
    assert initial_margin(int(notional), FLOOR, INITIAL, AMOUNT, int(leverage)) == int(margin)


@pytest.mark.parametrize(
    ("notional", "leverage", "margin", "why"),
    table("""
            7_500_000_000    100       100_000_000    the_bracket_binds_without_a_ppm
           49_999_999_999     75       666_666_667    a_seventy-fifth_goes_up
           50_000_000_000     75     1_000_000_000    a_step_at_the_floor
           50_000_000_000     10     5_000_000_000    the_chosen_leverage_binds
        1_000_000_000_000     75    50_000_000_000    the_last_bracket
                        0      1                 0    nothing_held
    """),
)
def test_bracket_initial_margin(notional: str, leverage: str, margin: str, why: str) -> None:
    assert bracket_initial_margin(int(notional), FLOOR, LEVERAGE, int(leverage)) == int(margin)


def test_a_leverage_is_at_least_one() -> None:
    with pytest.raises(AssertionError, match="at least 1"):
        initial_margin(1, FLOOR, INITIAL, AMOUNT, 0)
    with pytest.raises(AssertionError, match="at least 1"):
        bracket_initial_margin(1, FLOOR, LEVERAGE, 0)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**13), st.integers(1, 150))
def test_initial_is_never_under_maintenance(notional: int, leverage: int) -> None:
    kept = maintenance_margin(notional, FLOOR, MAINTENANCE, tier_amounts(FLOOR, MAINTENANCE))
    shown = initial_margin(notional, FLOOR, INITIAL, AMOUNT, leverage)
    assert kept <= shown <= notional
    assert shown >= initial_margin(notional, FLOOR, INITIAL, AMOUNT, leverage + 1)
    assert shown * leverage >= notional


@pytest.mark.parametrize(("leverage", "fits"), [(0, False), (1, True), (50, True), (51, False)])
def test_leverage_fits(leverage: int, *, fits: bool) -> None:
    assert leverage_fits(leverage, 50) is fits


@pytest.mark.parametrize(("equity", "missing"), [(99, 1), (100, 0), (101, 0), (-5, 105)])
def test_missing_quanta(equity: int, missing: int) -> None:
    assert missing_quanta(equity, 100) == missing


@pytest.mark.parametrize(
    ("initial", "maintenance", "room"),
    [
        ((8_000, 10_000), (4_000, 5_000), True),
        ((4_900, 10_000), (4_000, 5_000), True),
        ((4_899, 10_000), (4_000, 5_000), False),
        ((8_000, 5_899), (4_000, 5_000), False),
        ((8_000, 5_900), (4_000, 5_000), True),
        ((8_000,), (4_000, 5_000), False),
    ],
)
def test_initial_leaves_room(initial: tuple[int, ...], maintenance: tuple[int, ...], *, room: bool) -> None:
    assert initial_leaves_room(initial, maintenance, 450) is room
