"""Chapter J compiled is chapter J in plain Python, up to the bounds of registration (R-A2)."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.backstop.caps import takeover_lots
from flows.rules.backstop.takeover import owed_to_vault, taken_share, takeover_quote
from flows.rules.backstop.trigger import takeover_reason
from flows.rules.backstop.unwind import unwind_limit_ticks, unwind_slice_lots

TIERS = ((0, 10**12), (50_000, 100_000), (0, 5 * 10**10))
COLUMNS = tuple(np.array(column) for column in TIERS)


def takeover(
    lots: int,
    held: int,
    price: int,
    equity: int,
    margin: int,
    other: int,
    time: int,
    flag: bool,
    floor: Any,
    initial: Any,
    amount: Any,
) -> tuple[int, ...]:
    taken = takeover_lots(
        lots, price, 100, held, equity, margin, other, other, floor, initial, amount, 20, 5_000_000, 300_000
    )
    share = taken_share(equity, margin, margin + other, taken, abs(lots))
    return (
        takeover_reason(equity, equity + other, margin, 800_000, 666_667, time, 120, flag),
        taken,
        share,
        takeover_quote(lots, price, 100, share),
        owed_to_vault(equity),
        unwind_slice_lots(held, 10, 1_800, time, taken, flag),
        unwind_limit_ticks(held, price, 30_000),
    )


compiled: Any = njit(takeover)

held = st.integers(-(10**9), 10**9)


@given(
    held.filter(bool),
    held,
    st.integers(1, 10**6),
    st.integers(-(10**17), 10**17),
    st.integers(1, 10**17),
    st.integers(0, 10**17),
    st.integers(0, 2_000),
    st.booleans(),
)
def test_takeover(
    lots: int, held: int, price: int, equity: int, margin: int, other: int, time: int, flag: bool
) -> None:
    facts = (lots, held, price, equity, margin, other, time, flag)
    assert compiled(*facts, *COLUMNS) == takeover(*facts, *TIERS)
