"""R-H2: no forced step lowers health."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.guard import (
    cost_cap_ppm,
    keeps_health,
    largest_loss,
    relief_quanta,
    worst_price_ticks,
)
from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from tests.tables import table

U = 10**6
FLOOR = (0, 100_000 * U, 1_000_000 * U)
RATE = (10_000, 25_000, 50_000)
TIERS = (FLOOR, RATE, tier_amounts(FLOOR, RATE))


@pytest.mark.parametrize(
    ("lots", "closed", "relief", "why"),
    table("""
      27273   4954   13623500000  rulebook_R-H1_example
     -27273   4954   13623500000  a_short_frees_the_same
      27273      0             0  nothing_closed
      27273  27273   48500750000  all_of_it
      27273  27272   48500200000  all_but_one_lot
"""),
)
def test_relief(lots: str, closed: str, relief: str, why: str) -> None:
    assert relief_quanta(int(lots), int(closed), 550_000, 100, *TIERS) == int(relief)


def test_no_more_is_freed_than_is_held() -> None:
    for lots in (5, -5):
        with pytest.raises(AssertionError):
            relief_quanta(lots, 6, 550_000, 100, *TIERS)


@pytest.mark.parametrize(
    ("equity", "margin", "loss", "relief", "answer", "why"),
    table("""
           80     100      8      10  yes  health_stays_the_same
           80     100      9      10  no   a_quantum_too_dear
           80     100     -5      10  yes  a_gain
           80     100      0       0  no   no_relief
           80     100     -5       0  no   not_even_for_a_gain
           80     100      0      -1  no   a_step_that_adds_margin
            0     100      0      10  no   no_equity
           -1     100     -9      10  no   under_zero
            1     100      0      10  yes  the_last_quantum_at_no_cost
           80     100     80     100  yes  closing_the_last_with_nothing_left
           80     100     81     100  no   closing_the_last_into_debt
  40000000000 48500750000 784465000 2750000000  yes  rulebook_R-I4_example
"""),
)
def test_keeps_health(equity: str, margin: str, loss: str, relief: str, answer: str, why: str) -> None:
    found = keeps_health(int(equity), int(margin), int(loss), int(relief))
    assert found == (answer == "yes")


@pytest.mark.parametrize(
    ("equity", "relief", "closed", "loss", "cap", "why"),
    table("""
      40000000000  13623500000  272470000000  11235702540  41236  rulebook_R-H2_example
       1000000000  13623500000  272470000000    280892563   1030  rulebook_R-H2_example_near_zero
                0  13623500000  272470000000            0      0  no_equity
      -1000000000  13623500000  272470000000   -280892564  -1031  under_zero_down
"""),
)
def test_largest_loss_and_its_rate(
    equity: str, relief: str, closed: str, loss: str, cap: str, why: str
) -> None:
    assert largest_loss(int(equity), 48_500_750_000, int(relief)) == int(loss)
    assert cost_cap_ppm(int(loss), int(closed)) == int(cap)


amounts = st.integers(1, 2**60)


@given(amounts, amounts, st.integers(1, 10**6))
def test_the_largest_loss_passes_and_a_quantum_more_does_not(equity: int, margin: int, part: int) -> None:
    relief = max(1, margin * part // 10**6)
    loss = largest_loss(equity, margin, relief)
    assert keeps_health(equity, margin, loss, relief)
    assert not keeps_health(equity, margin, loss + 1, relief)
    assert equity - loss >= 0


@given(st.integers(-100, 100), st.integers(1, 100), st.integers(-100, 200), st.integers(0, 100))
def test_allowed_steps_never_lower_health(equity: int, margin: int, loss: int, relief: int) -> None:
    relief = min(relief, margin)
    allowed = keeps_health(equity, margin, loss, relief)
    after, left = equity - loss, margin - relief
    if allowed:
        assert after >= 0
        assert left == 0 or Fraction(after, left) >= Fraction(equity, margin)
    elif equity > 0 and relief > 0:
        assert after < 0 if left == 0 else Fraction(after, left) < Fraction(equity, margin)


@pytest.mark.parametrize(
    ("lots", "closed", "loss", "penalty", "ticks", "why"),
    table("""
      10   4        0      0   1000  a_long_at_no_loss_sells_at_the_mark
     -10   4        0      0   1000  a_short_at_no_loss_buys_at_it
      10   4     2000      0    995  five_ticks_down
      10   4     1999      0    996  a_quantum_less_rounds_up
     -10   4     2000      0   1005  five_ticks_up
     -10   4     1999      0   1004  a_quantum_less_rounds_down
      10   4     4000   5000    995  the_penalty_takes_its_part
     -10   4     4000   5000   1004  and_of_a_short
      10   4        0   5000   1006  even_the_mark_lowers_health
     -10   4        0   5000    995  also_for_a_short
      10   4   400000      0      1  a_loss_of_everything
      10   4   999999      0      1  a_loss_of_more
      10   4   399599      0      2  not_quite_everything
      10   4      -41      0   1001  under_zero_only_a_gain
"""),
)
def test_worst_price(lots: str, closed: str, loss: str, penalty: str, ticks: str, why: str) -> None:
    assert worst_price_ticks(int(lots), int(closed), 1_000, 100, int(loss), int(penalty)) == int(ticks)


@given(
    st.sampled_from((-1, 1)),
    st.integers(1, 10_000),
    st.integers(1, 10**6),
    st.integers(1, 1_000),
    st.integers(0, 500_000),
    st.integers(0, 30_000),
)
def test_the_worst_price_holds_and_the_tick_beyond_it_does_not(
    side: int, closed: int, price: int, v: int, loss_ppm: int, penalty: int
) -> None:
    loss_max = closed * price * v * loss_ppm // 10**6

    def cost(ticks: int) -> int:
        return closed * v * side * (price - ticks) + -(-closed * ticks * v * penalty // 10**6)

    worst = worst_price_ticks(side * closed, closed, price, v, loss_max, penalty)
    assert worst >= (1 if side > 0 else 0)
    assert cost(worst) <= loss_max
    assert cost(worst - side) > loss_max or (side > 0 and worst == 1)


@given(st.integers(1, 10**5), st.integers(0, 10**5), st.integers(1, 10**6))
def test_relief_is_the_fall_of_the_margin(held: int, closed: int, price: int) -> None:
    closed = min(held, closed)
    freed = relief_quanta(-held, closed, price, 100, *TIERS)
    after = maintenance_margin((held - closed) * price * 100, *TIERS)
    assert freed + after == maintenance_margin(held * price * 100, *TIERS)
    assert freed >= 0
