"""R-H5: the penalty, cut by the guard, and its split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.guard import cost_cap_ppm, keeps_health, largest_loss
from flows.rules.liquidation.penalty import effective_penalty_ppm, penalty_quanta, penalty_split
from tests.tables import table


@pytest.mark.parametrize(
    ("penalty", "slippage", "cap", "effective", "why"),
    table("""
      5000  1000  41236  5000  room_enough
      5000  1000   6000  5000  room_for_just_it
      5000  1000   5999  4999  a_millionth_less
      5000  1000   1030    30  near_zero
      5000  1000   1000     0  slippage_takes_it_all
      5000  1000    999     0  slippage_takes_more
      5000  1000     -1     0  under_zero
         0  1000  41236     0  no_penalty
"""),
)
def test_effective_penalty(penalty: str, slippage: str, cap: str, effective: str, why: str) -> None:
    assert effective_penalty_ppm(int(penalty), int(slippage), int(cap)) == int(effective)


@pytest.mark.parametrize(
    ("traded", "rate", "loss_max", "loss", "penalty", "why"),
    table("""
      55000000000  5000  999999999999  0  275000000  rulebook_R-H5_example
              201  5000           100  0          2  up
              200  5000           100  0          1  exactly
              201  5000             9  8          1  never_past_what_keeps_health
              201  5000             9  9          0  no_room
              201  5000             9 10          0  the_price_took_more
              201     0             9  0          0  no_rate
"""),
)
def test_penalty_quanta(traded: str, rate: str, loss_max: str, loss: str, penalty: str, why: str) -> None:
    assert penalty_quanta(int(traded), int(rate), int(loss_max), int(loss)) == int(penalty)


@pytest.mark.parametrize(
    ("penalty", "liquidator", "insurance", "venue", "shares", "why"),
    table("""
      275000000  500000  300000  200000  137500000,82500000,55000000  rulebook_R-H5_example
           1001  500000  300000  200000  500,301,200                  rulebook_R-A4_example
              1  500000  300000  200000  0,1,0                        a_quantum_goes_to_insurance
              0  500000  300000  200000  0,0,0                        nothing_is_split_too
           1001       0  500000  500000  0,501,500                    no_liquidator
           1001 1000000       0       0  1001,0,0                     all_to_one
"""),
)
def test_penalty_split(
    penalty: str, liquidator: str, insurance: str, venue: str, shares: str, why: str
) -> None:
    found = penalty_split(int(penalty), int(liquidator), int(insurance), int(venue))
    assert found == tuple(int(share) for share in shares.split(","))


def test_shares_sum_to_one() -> None:
    for shares in ((500_000, 300_000, 200_001), (500_000, 300_000, 199_999)):
        with pytest.raises(AssertionError):
            penalty_split(1_001, *shares)


@given(st.integers(0, 2**62), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_split_gives_everything_away(penalty: int, one: int, two: int) -> None:
    liquidator_ppm, venue_ppm = min(one, two), 10**6 - max(one, two)
    insurance_ppm = abs(one - two)
    liquidator, insurance, venue = penalty_split(penalty, liquidator_ppm, insurance_ppm, venue_ppm)
    assert liquidator + insurance + venue == penalty
    assert liquidator == penalty * liquidator_ppm // 10**6
    assert venue == penalty * venue_ppm // 10**6
    assert 0 <= insurance * 10**6 - penalty * insurance_ppm < 2 * 10**6


@given(
    st.integers(1, 10**12),
    st.integers(1, 10**12),
    st.integers(1, 10**6),
    st.integers(0, 50_000),
    st.integers(0, 50_000),
)
def test_a_penalty_never_lowers_health_nor_makes_debt(
    equity: int, margin: int, part: int, slippage: int, penalty: int
) -> None:
    closed, relief = 20 * margin, max(1, margin * part // 10**6)
    loss = -(-closed * slippage // 10**6)
    loss_max = largest_loss(equity, margin, relief)
    rate = effective_penalty_ppm(penalty, slippage, cost_cap_ppm(loss_max, closed))
    charged = penalty_quanta(closed - loss, rate, loss_max, loss)
    assert 0 <= charged <= -(-closed * penalty // 10**6)
    if keeps_health(equity, margin, loss, relief):
        assert keeps_health(equity, margin, loss + charged, relief)
        assert equity - loss - charged >= 0
    else:
        assert charged == 0
