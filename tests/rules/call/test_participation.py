"""R-G5: forced volume stays a share of the market."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.call.participation import budget, budget_total, lots_within_budget
from tests.tables import table


@pytest.mark.parametrize(
    ("volume", "depth", "phi", "used", "total", "left", "why"),
    table("""
      4000000  6000000  100000       0   600000  600000  rulebook_R-G5_example_depth_counts
      6000000  4000000  100000       0   600000  600000  or_volume
      4000000  6000000  100000  550000   600000   50000  what_is_used_is_taken_off
      4000000  6000000  100000  600000   600000       0  all_used
      4000000  6000000  100000  700000   600000       0  more_used_than_there_is_now
      4000000  6000000  200000  550000  1200000  650000  the_hard_stages_share_what_is_used
           19       19  100000       0        1       1  down
            9        9  100000       0        0       0  too_little
            0        0  100000       0        0       0  nothing_traded
"""),
)
def test_budget(volume: str, depth: str, phi: str, used: str, total: str, left: str, why: str) -> None:
    assert budget_total(int(volume), int(depth), int(phi)) == int(total)
    assert budget(int(volume), int(depth), int(phi), int(used)) == int(left)


@pytest.mark.parametrize(
    ("wanted", "used", "lot", "lots", "why"),
    table("""
         3       0   100000  3  all_that_is_wanted
         6       0   100000  6  just_all
         7       0   100000  6  not_one_more
         7  100001   100000  4  a_part_of_a_lot_is_none
         7  600000   100000  0  nothing_left
         7       0   600000  1  a_lot_of_the_whole_budget
         7       1   600000  0  and_less_is_left
         7       0   600001  1  a_budget_under_one_lot_admits_one
         0       0   600001  0  if_it_is_wanted
         7  600001   600001  0  once_a_minute
         7       1   600001  0  whatever_was_used
"""),
)
def test_lots_within_budget(wanted: str, used: str, lot: str, lots: str, why: str) -> None:
    assert lots_within_budget(int(wanted), 4_000_000, 6_000_000, 100_000, int(used), int(lot)) == int(lots)


def test_a_lot_is_worth_something() -> None:
    with pytest.raises(AssertionError):
        lots_within_budget(1, 1, 1, 1, 0, 0)
    assert lots_within_budget(5, 10, 10, 1_000_000, 0, 1) == 5


def test_rulebook_example_of_the_queue() -> None:
    used, granted = 0, []
    for wanted in (300_000, 250_000, 200_000):
        lots = lots_within_budget(wanted, 4_000_000, 6_000_000, 100_000, used, 1)
        granted.append(lots)
        used += lots
    assert granted == [300_000, 250_000, 50_000]


@given(
    st.lists(st.integers(0, 10**6), max_size=12),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(1, 300_000),
    st.integers(1, 10**6),
)
def test_the_sum_never_passes_the_budget(
    queue: list[int], volume: int, depth: int, phi: int, lot: int
) -> None:
    total = max(volume, depth) * phi // 10**6
    used = 0
    for wanted in queue:
        used += lots_within_budget(wanted, volume, depth, phi, used, lot) * lot
    assert used <= max(total, lot)
    assert sum(queue) * lot < total or total < lot or used > total - lot
