from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.adl.allocation import Allocation, allocate_lots, cash_haircuts
from flows.rules.adl.price import haircuts, quotes


@pytest.mark.parametrize(
    ("lots", "deficit", "gains", "held", "expected"),
    [
        pytest.param(
            1_000, 0, [50_000, 30_000, 20_000], [700, 100, 900],
            Allocation([643, 100, 257], [0, 0, 0], 0, 0), id="rulebook_R-L2_example",
        ),
        pytest.param(10, 0, [0, 0], [4, 8], Allocation([0, 0], [3, 7], 0, 0), id="nobody_won"),
        pytest.param(10, 9, [9, 0], [4, 8], Allocation([4, 0], [0, 6], 3, 6), id="one_winner_caps_bind"),
        pytest.param(10, 10, [10, 0], [10, 8], Allocation([10, 0], [0, 0], 10, 0), id="all_gains_taken"),
        pytest.param(10, 10, [9, 1], [9, 8], Allocation([9, 1], [0, 0], 10, 0), id="caps_by_gain"),
        pytest.param(1, 10, [6, 6], [5, 5], Allocation([0, 0], [1, 0], 0, 10), id="caps_under_a_lot"),
        pytest.param(1, 6, [6, 0], [5, 5], Allocation([1, 0], [0, 0], 6, 0), id="a_cap_of_just_a_lot"),
        pytest.param(1, 7, [6, 1], [5, 5], Allocation([0, 0], [1, 0], 0, 7), id="a_cap_just_under_a_lot"),
        pytest.param(0, 7, [6, 1], [5, 5], Allocation([0, 0], [0, 0], 0, 7), id="no_lots_only_money"),
        pytest.param(10, 3, [5, 5], [5, 5], Allocation([5, 5], [0, 0], 3, 0), id="all_that_is_held"),
        pytest.param(3, 2, [1, 1], [1, 9], Allocation([1, 1], [0, 1], 1, 1), id="first_pass_money_rounds_down"),
    ],
)  # fmt: skip
def test_allocate_lots(
    lots: int, deficit: int, gains: list[int], held: list[int], expected: Allocation
) -> None:
    places = range(len(gains))
    assert allocate_lots(lots, deficit, gains, held, places, places) == expected


def test_two_accounts_of_one_owner_are_one_winner() -> None:
    allocation = allocate_lots(
        1_000, 0, [30_000, 30_000, 20_000, 20_000], [420, 100, 900, 280], [1, 2, 3, 1], [1, 2, 3, 4]
    )
    assert allocation.first_lots == [386, 100, 257, 257]


def test_the_second_pass_goes_by_owners_too() -> None:
    # By account it would be 1, 1, 1 with the fourth lot for the lowest account; owner 5 holds two thirds.
    allocation = allocate_lots(4, 0, [0, 0, 0], [9, 9, 9], [5, 5, 6], [3, 2, 1])
    assert allocation.second_lots == [1, 2, 1]


@pytest.mark.parametrize(
    ("lots", "deficit"),
    [(-1, 0), (13, 0), (10, -1), (10, 10)],
    ids=["lots", "more_lots", "money", "more_money"],
)
def test_what_the_other_side_cannot_give_is_our_bug(lots: int, deficit: int) -> None:
    with pytest.raises(AssertionError):
        allocate_lots(lots, deficit, [9, 0], [4, 8], [1, 2], [1, 2])


def test_a_candidate_has_all_his_columns() -> None:
    with pytest.raises(ValueError, match="zip"):
        allocate_lots(1, 1, [9], [4, 8], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="zip"):
        allocate_lots(1, 0, [9, 3], [4], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="zip"):
        cash_haircuts(1, [9, 3], [4], [1, 2], [1, 2])


@pytest.mark.parametrize(
    ("cash", "gains", "taken", "parts"),
    [
        pytest.param(6, [9, 0], [3, 0], [6, 0], id="all_that_is_left"),
        pytest.param(3, [4, 2], [0, 0], [2, 1], id="in_proportion"),
        pytest.param(3, [4, 4], [2, 0], [1, 2], id="in_proportion_to_what_is_left"),
        pytest.param(0, [4, 4], [4, 4], [0, 0], id="nothing_left_nothing_asked"),
    ],
)
def test_cash_haircuts(cash: int, gains: list[int], taken: list[int], parts: list[int]) -> None:
    assert cash_haircuts(cash, gains, taken, [1, 2], [1, 2]) == parts


def test_cash_is_shared_by_owner() -> None:
    assert cash_haircuts(2, [1, 1, 1], [0, 0, 0], [5, 5, 6], [1, 2, 3]) == [1, 0, 1]


@pytest.mark.parametrize(("cash", "taken"), [(-1, [0]), (2, [3]), (1, [5])])
def test_more_cash_than_gains_is_our_bug(cash: int, taken: list[int]) -> None:
    with pytest.raises(AssertionError):
        cash_haircuts(cash, [4], taken, [1], [1])


@dataclass(frozen=True)
class Event:
    lots: int
    deficit: int
    gains: list[int]
    held: list[int]
    owners: list[int]


@st.composite
def events(draw: st.DrawFn) -> Event:
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 10**9), st.integers(1, 5_000), st.integers(0, 4)), min_size=1, max_size=8
        )
    )
    gains, held = [row[0] for row in rows], [row[1] for row in rows]
    lots = draw(st.integers(1, sum(held)))
    return Event(lots, draw(st.integers(0, sum(gains))), gains, held, [row[2] for row in rows])


@given(events(), st.booleans(), st.integers(1, 10**6), st.integers(1, 1_000))
def test_lots_and_money_come_out_exact_and_nobody_gives_more_than_he_has(
    event: Event, bankrupt_is_long: bool, price: int, v: int
) -> None:
    accounts = range(len(event.gains))
    got = allocate_lots(event.lots, event.deficit, event.gains, event.held, event.owners, accounts)
    assert sum(got.first_lots) + sum(got.second_lots) == event.lots
    assert got.haircut_quanta == event.deficit * sum(got.first_lots) // event.lots
    assert got.haircut_quanta + got.cash_quanta == event.deficit
    for first, second, held in zip(got.first_lots, got.second_lots, event.held, strict=True):
        assert first >= 0
        assert second >= 0
        assert first + second <= held
    money = quotes(got.first_lots, got.haircut_quanta, bankrupt_is_long, price, v, accounts)
    taken = haircuts(got.first_lots, money, price, v)
    cash = cash_haircuts(got.cash_quanta, event.gains, taken, event.owners, accounts)
    assert sum(taken) == got.haircut_quanta
    assert sum(taken) + sum(cash) == event.deficit
    assert all(h + c <= u for h, c, u in zip(taken, cash, event.gains, strict=True))


@given(events())
def test_the_order_of_candidates_is_nothing(event: Event) -> None:
    accounts = list(range(len(event.gains)))
    got = allocate_lots(event.lots, event.deficit, event.gains, event.held, event.owners, accounts)
    turned = accounts[::-1]
    again = allocate_lots(
        event.lots,
        event.deficit,
        [event.gains[a] for a in turned],
        [event.held[a] for a in turned],
        [event.owners[a] for a in turned],
        turned,
    )
    assert again.first_lots[::-1] == got.first_lots
    assert again.second_lots[::-1] == got.second_lots


@given(events(), st.integers(2, 4))
def test_a_split_inside_an_owner_changes_nothing_for_the_others(event: Event, pieces: int) -> None:
    # Pieces of equal gain per lot whose caps add up: the first position, held ``pieces`` times over.
    alone = [row + 10 for row in range(len(event.gains))]
    gains = [event.gains[0] * pieces, *event.gains[1:]]
    held = [event.held[0] * pieces, *event.held[1:]]
    whole = allocate_lots(event.lots, 0, gains, held, alone, alone)
    accounts = [*range(100, 100 + pieces), *alone[1:]]
    split = allocate_lots(
        event.lots,
        0,
        [event.gains[0]] * pieces + event.gains[1:],
        [event.held[0]] * pieces + event.held[1:],
        [alone[0]] * pieces + alone[1:],
        accounts,
    )
    assert split.first_lots[pieces:] == whole.first_lots[1:]
    assert sum(split.first_lots[:pieces]) == whole.first_lots[0]
    assert split.second_lots[pieces:] == whole.second_lots[1:]
