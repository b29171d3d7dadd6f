"""R-J3: what the vault can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.backstop.caps import margin_cap_lots, takeover_lots
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.maintenance import tier_amounts
from tests.tables import table

U = 10**6
FLOOR = (0, 1_000_000 * U)
INITIAL = (50_000, 100_000)
TIERS = (FLOOR, INITIAL, tier_amounts(FLOOR, INITIAL))


@pytest.mark.parametrize(
    ("most", "free", "lots", "why"),
    table("""
      100000    50_000_000_000  18181  what_5_percent_allows
      100000    50_050_000_000  18190  a_bracket_on_at_10_percent
       18181    50_000_000_000  18181  the_most_is_just_reached
       18180    50_000_000_000  18180  the_most_binds
      100000                 0      0  nothing_free
      100000                -1      0  less_than_nothing
      100000         2_750_000      1  one_lot
      100000         2_749_999      0  not_quite_one
           0    50_000_000_000      0  none_wanted
          -5    50_000_000_000      0  fewer_than_none
"""),
)
def test_margin_cap(most: str, free: str, lots: str, why: str) -> None:
    assert margin_cap_lots(int(most), 55 * U, int(free), *TIERS, 20) == int(lots)


@pytest.mark.parametrize(
    ("lots", "vault_lots", "equity", "margin", "other_initial", "other_notional", "taken", "why"),
    table("""
       27273       0  2000000      0        0  9400000  10909  rulebook_R-J3_example
      -27273       0  2000000      0        0  9400000  10909  a_short
       27273       0  2000000      0        0        0  27273  all_of_it
       99999       0  2000000      0        0        0  54545  the_share_of_one_market_binds
       99999       0  2500000      0        0        0  68181  a_larger_vault_carries_more
       99999       0  2000000      0  1850000        0  36363  other_positions_need_their_margin
       27273    9000  2000000      0        0  9400000   1909  what_it_holds_already_counts
       27273   10909  2000000      0        0  9400000      0  full
           1   10909  2000000      0        0  9400000      0  full_for_a_single_lot
          -1  -10909  2000000      0        0  9400000      0  and_for_one_short
       27273   12000  2000000      0        0  9400000      0  over_full
       27273   -5000  2000000      0        0  9400000  15909  the_other_side_is_closed_first
      -27273    5000  2000000      0        0  9400000  15909  and_mirrored
       27273   -5000  2000000      0        0 10000000   5000  closing_needs_no_room
       27273   -5000  2000000      0        0 11000000   5000  even_over_full
       27273  -90000  2000000      0        0 10000000  27273  never_more_than_there_is
       27273       0  2000000  2000000        0  9400000  10909  at_its_own_margin
       27273       0  2000000  2000001        0  9400000      0  under_its_own_margin_nothing
       27273   -5000  2000000  2000001        0  9400000      0  not_even_to_close
       27273       0        0        0        0        0      0  no_vault
"""),
)
def test_takeover_lots(
    lots: str,
    vault_lots: str,
    equity: str,
    margin: str,
    other_initial: str,
    other_notional: str,
    taken: str,
    why: str,
) -> None:
    vault = (int(equity) * U, int(margin) * U, int(other_initial) * U, int(other_notional) * U)
    # In this market at most 30 % of five times the equity; a lot is 55.
    found = takeover_lots(int(lots), 550_000, 100, int(vault_lots), *vault, *TIERS, 20, 5_000_000, 300_000)
    assert found == int(taken)


def test_the_share_of_one_market_binds() -> None:
    vault = (0, 2_000_000 * U, 0, 0, 0)
    free = ((0,), (10_000,), (0,))
    # 30 % of 10 million are 54,545 lots; 60 % of five times one quantum more would be.
    assert takeover_lots(99_999, 550_000, 100, *vault, *free, 100, 5_000_000, 300_000) == 54_545
    assert takeover_lots(99_999, 550_000, 100, *vault, *free, 100, 5_000_000, 330_000) == 60_000
    assert takeover_lots(99_999, 550_000, 100, *vault, *free, 100, 5_000_000, 329_999) == 59_999


def test_the_cap_on_gross_rounds_down() -> None:
    # 1.99 times 10 quanta are 19.9; a lot is a quantum.
    vault = (0, 10, 0, 0, 0)
    assert takeover_lots(99, 1, 1, *vault, (0,), (100_000,), (0,), 50, 1_990_000, 1_000_000) == 19


@given(
    st.integers(-300, 300).filter(bool),
    st.integers(-300, 300),
    st.integers(0, 2_000),
    st.integers(0, 5_000),
    st.integers(0, 300),
)
def test_the_caps_hold_and_a_lot_more_would_break_one(
    lots: int, vault_lots: int, equity: int, other: int, other_initial: int
) -> None:
    tiers = ((0,), (100_000,), (0,))
    side = 1 if lots > 0 else -1

    def holds(taken: int) -> bool:
        notional = abs(vault_lots + side * taken) * 100
        carried = notional + other <= 5 * equity and notional * 10 <= 15 * equity
        return carried and initial_margin(notional, *tiers, 50) + other_initial <= equity

    def closes(taken: int) -> bool:
        return taken <= max(0, -side * vault_lots)

    facts = (vault_lots, equity, 0, other_initial, other, *tiers, 50, 5_000_000, 300_000)
    taken = takeover_lots(lots, 100, 1, *facts)
    assert 0 <= taken <= abs(lots)
    assert closes(taken) or holds(taken)
    assert taken == abs(lots) or not (closes(taken + 1) or holds(taken + 1))
