import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.margin.bankruptcy import bankruptcy_quote, bankruptcy_ticks, equity_share
from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from flows.rules.position.fill import apply_quote
from tests.tables import table

M = 1_000_000
FLOOR = (0, 50_000 * M, 600_000 * M)
RATE = (4_000, 5_000, 10_000)
AMOUNT = tier_amounts(FLOOR, RATE)
V = 100


@pytest.mark.parametrize(
    ("lots", "cost", "other", "price", "why"),
    table("""
         1_000   60_000_000_000     5_000_000_000    550_000   a_long_with_cash
         1_000   60_000_000_000     4_999_999_999    550_001   a_long_goes_up
         1_000   60_000_000_000     5_000_099_999    550_000   up_to_the_next_tick
         1_000   60_000_000_000     5_000_100_000    549_999   and_down_again
        -1_000  -60_000_000_000     5_000_000_000    650_000   a_short_with_cash
        -1_000  -60_000_000_000     4_999_999_999    649_999   a_short_goes_down
        -1_000  -60_000_000_000     5_000_100_000    650_001   one_more_tick
         1_000   60_000_000_000    60_000_000_000          0   a_long_paid_for_in_full
         1_000   60_000_000_000    60_000_100_000         -1   and_more_than_that
             1       60_000_000                 1    600_000   a_single_lot
        -1_000  -60_000_000_000   -60_000_000_000          0   a_short_bankrupt_at_every_price
    """),
)
def test_bankruptcy_ticks(lots: str, cost: str, other: str, price: str, why: str) -> None:
    assert bankruptcy_ticks(int(lots), int(cost), int(other), V) == int(price)


def test_a_position_has_lots() -> None:
    with pytest.raises(AssertionError, match="has lots"):
        bankruptcy_ticks(0, 0, 0, V)


lots_held = st.integers(-(10**6), 10**6).filter(bool)
money = st.integers(-(10**15), 10**15)


@settings(max_examples=100, deadline=None)
@given(lots_held, money, money)
def test_at_that_price_nothing_is_owed_and_one_tick_on_it_is(lots: int, cost: int, other: int) -> None:
    price = bankruptcy_ticks(lots, cost, other, V)
    onwards = price - 1 if lots > 0 else price + 1
    assert other + lots * price * V - cost >= 0 > other + lots * onwards * V - cost


@pytest.mark.parametrize(
    ("equity", "margin", "total", "share", "why"),
    table("""
        40_000_000_000    48_500    58_500    33_162_393_162    rulebook_R-E5_example
                   -10         1         3                -4    toward_minus_infinity
                    10         1         3                 3    down
                   -10         3         3               -10    the_last_takes_the_rest
                     0         1         3                 0    nothing_to_share
    """),
)
def test_equity_share(equity: str, margin: str, total: str, share: str, why: str) -> None:
    assert equity_share(int(equity), int(margin), int(total)) == int(share)


def test_no_share_without_a_margin() -> None:
    with pytest.raises(ZeroDivisionError):
        equity_share(10, 0, 0)


@pytest.mark.parametrize(
    ("lots", "share", "quote", "why"),
    table("""
         1_000    4_000_000_000    56_000_000_000    a_long_leaves_its_share
        -1_000    4_000_000_000   -64_000_000_000    a_short_pays_it
         1_000   -4_000_000_000    64_000_000_000    a_deficit_is_paid_to_the_account
         1_000   60_000_000_000                 0    worth_only_its_share
         1_000   60_000_000_007                -7    an_amount_and_no_price
    """),
)
def test_bankruptcy_quote(lots: str, share: str, quote: str, why: str) -> None:
    assert bankruptcy_quote(int(lots), 600_000, V, int(share)) == int(quote)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(lots_held, st.integers(1, 10**6), st.integers(-(10**9), 10**9)), min_size=1, max_size=4
    ),
    st.integers(-(10**12), 10**12),
)
def test_closing_all_at_their_quotes_leaves_exactly_nothing(
    held: list[tuple[int, int, int]], balance: int
) -> None:
    positions = [(lots, mark, lots * mark * V + loss) for lots, mark, loss in held]
    while positions:
        margins = [maintenance_margin(abs(q) * p * V, FLOOR, RATE, AMOUNT) for q, p, _ in positions]
        equity = balance + sum(q * p * V - cost for q, p, cost in positions)
        lots, mark, cost = positions.pop(0)
        share = equity_share(equity, margins[0], sum(margins))
        quote = bankruptcy_quote(lots, mark, V, share)
        lots_after, cost_after, realized = apply_quote(lots, cost, -lots, -quote)
        assert (lots_after, cost_after) == (0, 0)
        balance += realized
        assert balance + sum(q * p * V - cost for q, p, cost in positions) == equity - share
    assert balance == 0
