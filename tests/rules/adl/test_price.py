import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.adl.price import haircuts, quotes


@pytest.mark.parametrize(
    ("lots", "haircut", "is_long", "price", "money", "losses"),
    [
        pytest.param(
            [643, 100, 257], 1_234_567, True, 50_000,
            [3_215_793_826, 500_123_457, 1_285_317_284], [793_826, 123_457, 317_284],
            id="rulebook_R-L3_example",
        ),
        pytest.param([1, 1], 3, True, 5, [502, 501], [2, 1], id="a_long_bankrupt_winners_buy_dearer"),
        pytest.param([1, 1], 3, False, 5, [499, 498], [1, 2], id="a_short_bankrupt_winners_sell_cheaper"),
        pytest.param([2, 0, 1], 0, True, 5, [1_000, 0, 500], [0, 0, 0], id="no_haircut_is_the_mark"),
        pytest.param([1, 3], 4_000, False, 5, [-500, -1_500], [1_000, 3_000], id="money_may_be_negative"),
        pytest.param([1], 3, True, 5, [503], [3], id="a_single_lot"),
        pytest.param([0, 0], 0, True, 5, [0, 0], [0, 0], id="no_lots"),
    ],
)  # fmt: skip
def test_quotes(
    lots: list[int], haircut: int, is_long: bool, price: int, money: list[int], losses: list[int]
) -> None:
    got = quotes(lots, haircut, is_long, price, 100, range(len(lots)))
    assert got == money
    assert haircuts(lots, got, price, 100) == losses


def test_a_quantum_left_over_goes_to_the_lower_account() -> None:
    assert quotes([1, 1], 1, True, 5, 100, [9, 4]) == [500, 501]


def test_a_haircut_without_lots_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="haircut"):
        quotes([0], 1, True, 5, 100, [1])


def test_every_winner_has_a_quote() -> None:
    with pytest.raises(ValueError, match="zip"):
        haircuts([1, 2], [500], 5, 100)


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
    st.integers(0, 10**14),
    st.booleans(),
    st.integers(1, 10**8),
)
def test_the_bankrupt_closes_against_the_sum_and_each_winner_pays_his_part(
    lots: list[int], haircut: int, is_long: bool, price: int
) -> None:
    lots[0] += 1
    money = quotes(lots, haircut, is_long, price, 7, range(len(lots)))
    sign = 1 if is_long else -1
    assert sum(money) == sum(lots) * price * 7 + sign * haircut
    losses = haircuts(lots, money, price, 7)
    assert sum(losses) == haircut
    for held, quote, loss in zip(lots, money, losses, strict=True):
        assert quote - held * price * 7 == sign * loss
        assert abs(loss * sum(lots) - haircut * held) < sum(lots)
