import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.fund.draw import draw
from tests.tables import table


@pytest.mark.parametrize(
    ("deficit", "available", "paid", "left", "why"),
    table("""
    900_000   750_000   750_000   150_000   rulebook_R-K1_example
    750_000   750_000   750_000         0   the_last_quantum_above_the_floor
    749_999   750_000   749_999         0   one_quantum_is_kept
    750_001   750_000   750_000         1   one_quantum_goes_on
          5         0         0         5   exhausted
          5        -1         0         5   a_fund_under_its_floor_pays_nothing
          5         1         1         4   one_quantum_above_the_floor
          0       100         0         0   nothing_to_pay
"""),
)
def test_draw(deficit: str, available: str, paid: str, left: str, why: str) -> None:
    assert draw(int(deficit), int(available)) == (int(paid), int(left))


def test_a_negative_deficit_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="deficit"):
        draw(-1, 100)


@given(st.lists(st.integers(0, 10**15)), st.integers(0, 10**15))
def test_the_fund_ends_where_the_draws_say(deficits: list[int], fund: int) -> None:
    held, drawn = fund, 0
    for deficit in deficits:
        paid, left = draw(deficit, held)
        assert paid + left == deficit
        held -= paid
        drawn += paid
        assert held >= 0
        assert left == 0 or held == 0
    assert held + drawn == fund
    assert drawn == min(fund, sum(deficits))
