"""R-J2: positions at the mark, and the equity that goes with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.backstop.takeover import owed_to_vault, taken_share, takeover_quote
from flows.rules.position.fill import apply_quote
from tests.tables import table


@pytest.mark.parametrize(
    ("equity", "margin", "total", "taken", "held", "share", "why"),
    table("""
      20000000000  48500  48500  27273  27273  20000000000  rulebook_R-J2_example
      20000000000  48500  48500  10909  27273   7999853334  rulebook_R-J3_example_40_percent
      40000000000  48500  58500      7      7  33162393162  rulebook_R-E5_example_first_position
               10      1      3      1      1            3  down
               10      1      3      1      2            1  down_twice
              -10      1      3      1      1           -4  toward_minus_infinity
              -10      1      3      1      2           -2  and_again
                0      1      3      1      2            0  nothing_left
"""),
)
def test_taken_share(
    equity: str, margin: str, total: str, taken: str, held: str, share: str, why: str
) -> None:
    found = taken_share(int(equity), int(margin), int(total), int(taken), int(held))
    assert found == int(share)


@pytest.mark.parametrize(
    ("taken", "share", "quote", "why"),
    table("""
       10   7000   48000  a_long_for_less_than_it_is_worth
      -10   7000  -62000  a_short_for_more_than_it_owes
       10      0   55000  at_the_mark
       10  60000   -5000  money_may_be_negative
       10  -7000   62000  under_water_the_vault_pays
"""),
)
def test_takeover_quote(taken: str, share: str, quote: str, why: str) -> None:
    assert takeover_quote(int(taken), 55, 100, int(share)) == int(quote)


def test_insurance_pays_what_is_under_water() -> None:
    assert [owed_to_vault(equity) for equity in (-7, -1, 0, 1)] == [7, 1, 0, 0]


positions = st.lists(
    st.tuples(st.integers(-1_000, 1_000).filter(bool), st.integers(-(10**9), 10**9), st.integers(1, 10**6)),
    min_size=1,
    max_size=4,
)


@given(positions, st.integers(-(10**9), 10**9))
def test_taking_all_leaves_exactly_nothing(held: list[tuple[int, int, int]], balance: int) -> None:
    equity = balance + sum(lots * 55 * 100 - cost for lots, cost, _ in held)
    margins = [margin for _, _, margin in held]
    vault = 0
    for n, (lots, cost, margin) in enumerate(held):
        now = equity - vault
        share = taken_share(now, margin, sum(margins[n:]), abs(lots), abs(lots))
        quote = takeover_quote(lots, 55, 100, share)
        assert lots * 55 * 100 - quote == share
        left, cost_left, realized = apply_quote(lots, cost, -lots, -quote)
        assert (left, cost_left) == (0, 0)
        balance += realized
        vault += share
    assert balance == 0
    assert vault == equity


@given(st.integers(0, 10**12), st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_part_never_takes_more_than_its_part(equity: int, margin: int, taken: int, held: int) -> None:
    taken = min(taken, held)
    share = taken_share(equity, margin, 2 * margin, taken, held)
    assert 0 <= 2 * held * share <= equity * taken
    assert 2 * held * (share + 2) > equity * taken
