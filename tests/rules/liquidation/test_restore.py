"""R-H1: the smallest size that restores the target, against a search over all sizes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.restore import (
    after_close,
    frees_more_than_it_costs,
    reaches_target,
    restore_lots,
    size_bracket,
)
from flows.rules.margin.maintenance import tier_amounts
from tests.tables import table

U = 10**6
FLOOR = (0, 100_000 * U, 1_000_000 * U)
RATE = (10_000, 25_000, 50_000)
TIERS = (FLOOR, RATE, tier_amounts(FLOOR, RATE))
FIVE = ((0,), (50_000,), (0,))


@pytest.mark.parametrize(
    ("lots", "equity", "slippage", "penalty", "k", "why"),
    table("""
       27273  40000000000  1000  5000   4954  rulebook_R-H1_example
      -27273  40000000000  1000  5000   4955  a_short_pays_a_higher_price
       21818  24000000000  1000  5000   6214  rulebook_R-H1_example_across_a_bracket
       27273  53350825000  1000  5000      0  at_the_target
       27273  53350824999  1000  5000      1  a_quantum_under_it
       27273  40000000000     0     0   4414  at_no_cost
       27273   1000000000  1000  5000  27273  too_little_for_any_size
       27273            0  1000  5000  27273  nothing_left
       27273  -1000000000  1000  5000  27273  under_zero
"""),
)
def test_restore_lots(lots: str, equity: str, slippage: str, penalty: str, k: str, why: str) -> None:
    market = (int(lots), 550_000, 100)
    costs = (1_100_000, int(slippage), int(penalty))
    assert restore_lots(*market, int(equity), 0, *TIERS, *costs) == int(k)


def test_rulebook_example_restores_and_one_lot_less_does_not() -> None:
    facts = (27_273, 550_000, 100, 40_000 * U, 0, *TIERS)
    equity, margin = after_close(4_954, *facts, 1_000, 5_000)
    assert (equity, margin) == (40_000 * U - 272_470_000 - 1_360_987_650, 34_877_250_000)
    assert Fraction(equity, margin) >= Fraction(11, 10)
    assert reaches_target(4_954, *facts, 1_100_000, 1_000, 5_000)
    assert not reaches_target(4_953, *facts, 1_100_000, 1_000, 5_000)


def test_the_scenario_of_the_docs() -> None:
    # 0.2 BTC from 60,000 with 1,000, mark 57,500: equity 500, margin 575; target 1.25, penalty 1 %, fills at the mark.
    facts = (200, 575_000, 100, 500 * U, 0, *FIVE)
    assert restore_lots(*facts, 1_250_000, 0, 10_000) == 73
    assert after_close(73, *facts, 0, 10_000) == (458_025_000, 365_125_000)


def test_margin_of_other_positions_counts() -> None:
    facts = (1_000, 550_000, 100, 2_700 * U)
    assert restore_lots(*facts, 0, *FIVE, 1_100_000, 0, 0) == 108
    assert restore_lots(*facts, 1_000 * U, *FIVE, 1_100_000, 0, 0) == 472
    # Alone above what the equity carries: the whole position goes, and the next one after it.
    assert restore_lots(*facts, 2_455 * U, *FIVE, 1_100_000, 0, 0) == 1_000
    assert not reaches_target(1_000, *facts, 2_455 * U, *FIVE, 1_100_000, 0, 0)
    # 2,454.545454 x 1.1 is the equity to the quantum: the whole position, and it is enough.
    assert restore_lots(*facts, 2_454_545_454, *FIVE, 1_100_000, 0, 0) == 1_000
    assert reaches_target(1_000, *facts, 2_454_545_454, *FIVE, 1_100_000, 0, 0)


@pytest.mark.parametrize(
    ("closed", "lots", "equity", "margin", "why"),
    table("""
       0   10  1000000  27500  nothing_closed
       4   10   998681  16500  a_long_sells_below_the_mark
       4  -10   998678  16500  a_short_buys_above_it
      10   10   996702      0  all_of_it
       1   10   999670  24750  one_lot
"""),
)
def test_after_close(closed: str, lots: str, equity: str, margin: str, why: str) -> None:
    # A lot is 55,000: 0.1 % of it is 55, and 0.5 % of what is left 274.725 (of what is more, 275.275).
    found = after_close(int(closed), int(lots), 550, 100, 1_000_000, 9, *FIVE, 1_000, 5_000)
    assert found == (int(equity), 9 + int(margin))


def test_costs_round_up_and_a_single_lot_has_its_side() -> None:
    assert after_close(1, 10, 550, 100, 1_000_000, 0, *FIVE, 1, 0)[0] == 999_999
    assert after_close(1, 10, 550, 100, 1_000_000, 0, *FIVE, 0, 1)[0] == 999_999
    # 1 % and 5 % on top: 550 and 2,722.5 for a long, 550 and 2,777.5 for a short.
    assert after_close(1, 1, 550, 100, 1_000_000, 0, *FIVE, 10_000, 50_000)[0] == 996_727
    assert after_close(1, -1, 550, 100, 1_000_000, 0, *FIVE, 10_000, 50_000)[0] == 996_672


def test_no_more_is_closed_than_is_held() -> None:
    for lots in (3, -3):
        assert after_close(3, lots, 550, 100, 0, 0, *FIVE, 0, 0) == (0, 0)
        with pytest.raises(AssertionError):
            after_close(4, lots, 550, 100, 0, 0, *FIVE, 0, 0)
    with pytest.raises(AssertionError):
        restore_lots(0, 550, 100, 0, 0, *FIVE, 1_100_000, 0, 0)


@pytest.mark.parametrize(
    ("side", "rate", "slippage", "penalty", "answer", "why"),
    table("""
      long   10_000   1_000   5_000  yes  the_rulebook's_lowest_bracket
      long   10_000  11_000       0  no   as_much_as_it_frees
      long   10_000  10_999       0  yes  a_millionth_less
      long   10_000       0  11_000  no   a_penalty_as_large
      long   10_000       0  10_999  yes  a_smaller_one
      long   10_000   6_000   5_030  yes  the_penalty_is_on_the_lower_price
      short  10_000   6_000   5_000  no   and_on_the_higher_one
      short  10_000   6_000   4_970  yes  with_less_penalty
      long   10_000   6_000   5_031  no   with_more_penalty
      short  10_000   6_000   4_971  no   with_a_little_more
"""),
)
def test_frees_more_than_it_costs(
    side: str, rate: str, slippage: str, penalty: str, answer: str, why: str
) -> None:
    found = frees_more_than_it_costs(side == "long", int(rate), 1_100_000, int(slippage), int(penalty))
    assert found == (answer == "yes")


def test_the_bracket_of_a_size() -> None:
    # At the target the size is 0, and no size falls short.
    assert size_bracket(27_273, 550_000, 100, 53_350_825_000, 0, *TIERS, 1_100_000, 1_000, 5_000) == (-1, 0)
    facts = (21_818, 550_000, 100, 24_000 * U, 0, *TIERS, 1_100_000)
    # 3,636 whole lots fit into the part above 1,000,000, 19,999 into the part above 100,000.
    assert size_bracket(*facts, 1_000, 5_000) == (3_636, 19_999)
    # At 3 % closing pays in the top bracket only; one lot more crosses out of it, and none of it is enough.
    assert size_bracket(*facts, 30_000, 0) == (21_818, 21_818)
    # At 6 % it pays nowhere.
    assert size_bracket(*facts, 60_000, 0) == (21_818, 21_818)


def test_the_lot_that_crosses_into_a_bracket_that_costs() -> None:
    # Three lots of 1,000,000; the bracket of 50 % ends a quarter into the third, below it margin is nearly free.
    floor, rate = (0, 1_250_000), (1, 500_000)
    tiers = (floor, rate, (0, 625_000 - 2))
    lot = (3, 10_000, 100)
    # Each lot costs 100,000. One leaves a margin of 375,002, so a need of 412,503; two leave 1, a need of 2.
    assert restore_lots(*lot, 512_503, 0, *tiers, 1_100_000, 100_000, 0) == 1
    assert restore_lots(*lot, 512_502, 0, *tiers, 1_100_000, 100_000, 0) == 2
    assert restore_lots(*lot, 200_002, 0, *tiers, 1_100_000, 100_000, 0) == 2
    assert restore_lots(*lot, 200_001, 0, *tiers, 1_100_000, 100_000, 0) == 3


def largest_health_gap(closed: int, facts: tuple[int, ...], costs: tuple[int, int, int]) -> bool:
    """The target test in fractions of the curve itself: bracket by bracket, no amounts, no named roundings."""
    lots, price, v, equity, other = facts
    target, slippage, penalty = costs
    left = (abs(lots) - closed) * price * v
    margin = sum(
        Fraction(max(0, min(left, upper) - floor) * rate, 10**6)
        for floor, upper, rate in zip(FLOOR, (*FLOOR[1:], 2**62), RATE, strict=True)
    )
    sold = closed * price * v
    loss = -(-sold * slippage // 10**6)
    fee = -(-(sold - loss if lots > 0 else sold + loss) * penalty // 10**6)
    return equity - loss - fee >= -(-(other + -(-margin // 1)) * target // 10**6)


@given(
    st.integers(1, 300),
    st.sampled_from((-1, 1)),
    st.integers(1_000, 900_000),
    st.integers(0, 1_000_000),
    st.sampled_from((0, 0, 1_000, 20_000)),
    st.integers(0, 40_000),
    st.integers(0, 30_000),
    st.integers(1_000_001, 1_250_000),
)
def test_k_restores_and_one_less_does_not(
    held: int, side: int, price: int, equity_ppm: int, other: int, slippage: int, penalty: int, target: int
) -> None:
    # Positions of up to 27 billion quanta x 100, so that all three brackets come up; equity around the margin.
    v = 10_000
    facts = (side * held, price, v, held * price * v * equity_ppm // 15 // 10**6, other * U)
    costs = (target, slippage, penalty)
    tiers = (FLOOR, RATE, tier_amounts(FLOOR, RATE))
    k = restore_lots(*facts, *tiers, *costs)
    reaching = [n for n in range(held + 1) if largest_health_gap(n, facts, costs)]
    assert k == (reaching[0] if reaching else held)


@given(
    st.integers(1, 10**7), st.sampled_from((-1, 1)), st.integers(-(10**12), 10**12), st.integers(0, 20_000)
)
def test_a_large_position_keeps_both_sides_of_k(held: int, side: int, equity: int, slippage: int) -> None:
    facts = (side * held, 550_000, 100, equity, 0, *TIERS, 1_100_000, slippage, 5_000)
    k = restore_lots(*facts)
    assert 0 <= k <= held
    if reaches_target(k, *facts):
        assert k == 0 or not reaches_target(k - 1, *facts)
    else:
        assert k == held
