"""Chapter I compiled is chapter I in plain Python, up to the bounds of registration (R-A2)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.offer.bid import first_reason, judge_bidder, judge_offer, judge_size
from flows.rules.offer.bonus import bonus_guard_ppm, bonus_ppm
from flows.rules.offer.settlement import settlement, settlement_loss
from flows.rules.offer.terms import expires_ns, is_over, is_withdrawn, offered_lots


def offer(
    lots: int, taken: int, price: int, equity: int, margin: int, elapsed: int, time: int, flag: bool
) -> tuple[int, ...]:
    guard = bonus_guard_ppm(price, 2_500, 500, 500)
    bonus = bonus_ppm(equity, margin, elapsed, guard, 30_000, 2_500, 50_000, 500, 3_000_000_000)
    quote, pay, insurance, venue = settlement(taken, price, 100, bonus, 2_500, 500)
    side = 1 if taken > 0 else -1
    expires = expires_ns(time, 60_000_000_000)
    code = first_reason(
        judge_offer(flag, True, time + elapsed, expires, side, -side),
        judge_size(abs(taken), lots, 10),
        judge_bidder(not flag, bonus, 500, side, price, taken, flag, True, flag, True),
    )
    over, back = int(is_over(time + elapsed, expires)), int(is_withdrawn(equity, margin, 1_100_000))
    loss = settlement_loss(pay, insurance, venue)
    return bonus, quote, pay, insurance, venue, loss, code, over, back, offered_lots(lots, taken)


compiled: Any = njit(offer)


@given(
    st.integers(0, 10**9),
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**6),
    st.integers(-(10**17), 10**17),
    st.integers(10**12, 10**17),
    st.integers(0, 10**12),
    st.integers(0, 2**61),
    st.booleans(),
)
def test_offer(
    lots: int, taken: int, price: int, equity: int, margin: int, elapsed: int, time: int, flag: bool
) -> None:
    facts = (lots, taken, price, equity, margin, elapsed, time, flag)
    assert compiled(*facts) == offer(*facts)
