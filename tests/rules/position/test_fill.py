from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.position.fill import apply_fill, apply_quote
from tests.tables import table

quick = settings(max_examples=100, deadline=None)
V = 100
fills = st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 1_000))


@pytest.mark.parametrize(
    ("lots", "cost", "delta", "price", "lots_after", "cost_after", "realized", "why"),
    table("""
         0         0     3   100     3    30_000        0   opens_long
         0         0    -3   100    -3   -30_000        0   opens_short
         3    30_000     4   101     7    70_400        0   rulebook_R-B1_example_adds
         7    70_400    -2   105     5    50_286      886   rulebook_R-B1_example_reduces
        -7   -70_400     2   105    -5   -50_286     -886   its_mirror_releases_toward_zero_too
         7    70_400    -7   105     0         0    3_100   a_close_releases_all
         7    70_400    -6   105     1    10_058    2_658   the_last_lot_keeps_the_remainder
         7    70_400    -8   105    -1   -10_500    3_100   a_flip_by_one
         7    70_400   -10   105    -3   -31_500    3_100   a_flip_opens_at_the_fill_price
        -4   -40_000    10    95     6    57_000    2_000   a_short_flips
        -3   -30_000    -1    90    -4   -39_000        0   a_short_adds
    """),
)
def test_apply_fill(
    lots: str,
    cost: str,
    delta: str,
    price: str,
    lots_after: str,
    cost_after: str,
    realized: str,
    why: str,
) -> None:
    after = apply_fill(int(lots), int(cost), int(delta), int(price), V)
    assert after == (int(lots_after), int(cost_after), int(realized))


@pytest.mark.parametrize(
    ("lots", "cost", "delta", "quote", "lots_after", "cost_after", "realized", "why"),
    table("""
         3     100    -7    -100    -4      -58      -58   a_flip_closes_for_its_part_toward_zero
        -3    -100     7     100     4       58       58   and_so_does_its_mirror
         2     500    -2      30     0        0     -530   a_long_under_water_pays_to_be_taken
         0       0     2     -30     2      -30        0   and_whoever_takes_it_is_paid
    """),
)
def test_apply_quote(
    lots: str,
    cost: str,
    delta: str,
    quote: str,
    lots_after: str,
    cost_after: str,
    realized: str,
    why: str,
) -> None:
    after = apply_quote(int(lots), int(cost), int(delta), int(quote))
    assert after == (int(lots_after), int(cost_after), int(realized))


def test_a_fill_moves_lots() -> None:
    with pytest.raises(AssertionError, match="moves lots"):
        apply_quote(1, 100, 0, 0)


@quick
@given(st.integers(-80, 80), st.integers(-(10**7), 10**7), fills, st.integers(1, 1_000))
def test_equity_changes_by_the_distance_to_the_mark(
    lots: int, cost: int, fill: tuple[int, int], mark: int
) -> None:
    cost = cost if lots else 0
    delta, price = fill
    lots_after, cost_after, realized = apply_fill(lots, cost, delta, price, V)
    before, after = lots * mark * V - cost, lots_after * mark * V - cost_after + realized
    assert after - before == delta * (mark - price) * V


@quick
@given(st.integers(-80, 80), st.integers(-(10**7), 10**7), fills, st.integers(-(10**7), 10**7))
def test_money_is_only_moved(lots: int, cost: int, fill: tuple[int, int], quote: int) -> None:
    cost = cost if lots else 0
    lots_after, cost_after, realized = apply_quote(lots, cost, fill[0], quote)
    assert lots_after == lots + fill[0]
    assert realized - cost_after == -quote - cost
    if lots_after == 0:
        assert cost_after == 0


@quick
@given(st.lists(fills, min_size=1, max_size=6))
def test_a_closed_history_leaves_nothing_and_its_order_changes_no_total(held: list[tuple[int, int]]) -> None:
    """Every fill's money comes out as realized, whatever the order and however odd the pieces (T-03)."""
    closing = -sum(delta for delta, _ in held)
    history = [*held, (closing, 77)] if closing else held
    for order in list(permutations(history))[:24]:
        lots, cost, realized_total = 0, 0, 0
        for delta, price in order:
            lots, cost, realized = apply_fill(lots, cost, delta, price, V)
            realized_total += realized
        assert (lots, cost) == (0, 0)
        assert realized_total == -sum(delta * price * V for delta, price in history)
