"""R-I4: the money of a fill between an account and a liquidator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.liquidation.guard import keeps_health
from flows.rules.offer.settlement import settlement, settlement_loss
from flows.rules.position.fill import apply_quote
from tests.tables import table


@pytest.mark.parametrize(
    ("taken", "price", "bonus", "quote", "pay", "insurance", "venue", "why"),
    table("""
       1000  550000  11263   54380535000  619465000  137500000  27500000  rulebook_R-I4_example
      -1000  550000  11263  -55619465000  619465000  137500000  27500000  its_mirror_for_a_short
          1       3      0           300          0          1         1  fees_round_up
          1       3   9999           298          2          1         1  pay_rounds_down
          1       3  10000           297          3          1         1  exactly
         -1       3   9999          -302          2          1         1  and_so_for_a_short
"""),
)
def test_settlement(
    taken: str, price: str, bonus: str, quote: str, pay: str, insurance: str, venue: str, why: str
) -> None:
    found = settlement(int(taken), int(price), 100, int(bonus), 2_500, 500)
    assert found == (int(quote), int(pay), int(insurance), int(venue))


def test_rulebook_example_keeps_health() -> None:
    _, pay, insurance, venue = settlement(1_000, 550_000, 100, 11_263, 2_500, 500)
    loss = settlement_loss(pay, insurance, venue)
    assert loss == 784_465_000
    assert keeps_health(40_000_000_000, 48_500_750_000, loss, 2_750_000_000)


@given(
    st.integers(-(10**6), 10**6).filter(bool),
    st.integers(1, 10**6),
    st.integers(0, 30_000),
    st.integers(0, 10**4),
    st.integers(-(10**6), 10**6),
    st.integers(-(10**15), 10**15),
)
def test_value_only_changes_hands(
    taken: int, price: int, bonus: int, fee: int, bidder_lots: int, cost: int
) -> None:
    quote, pay, insurance, venue = settlement(taken, price, 100, bonus, fee, fee)
    loss = settlement_loss(pay, insurance, venue)

    def equity_change(lots: int, cost: int, delta: int, quote: int) -> int:
        after, cost_after, realized = apply_quote(lots, cost, delta, quote)
        return realized + (after * price * 100 - cost_after) - (lots * price * 100 - cost)

    account = equity_change(3 * taken, cost, -taken, -quote) - insurance - venue
    bidder = equity_change(bidder_lots, cost if bidder_lots else 0, taken, quote)
    assert (account, bidder) == (-loss, pay)
    assert account + bidder + insurance + venue == 0
