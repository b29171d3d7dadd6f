import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.adl.severity import capacity, feasible_deficit, realized_deficit, split_deficit
from tests.tables import table


@pytest.mark.parametrize(
    ("equity", "drawn", "deficit", "why"),
    table("""
    -900   750   150   what_the_fund_left
    -900   900     0   the_fund_paid_all
    -900   901     0   never_below_nothing
    -900   899     1   one_quantum_short
    -900     0   900   no_draw
     100     0     0   solvent
"""),
)
def test_realized_deficit(equity: str, drawn: str, deficit: str, why: str) -> None:
    assert realized_deficit(int(equity), int(drawn)) == int(deficit)


@pytest.mark.parametrize(
    ("deficit", "margins", "shares"),
    [
        pytest.param(1_234_567, [48_500, 10_000], [1_023_530, 211_037], id="rulebook_R-L1_example"),
        pytest.param(10, [1], [10], id="one_position"),
        pytest.param(10, [1, 1], [5, 5], id="no_remainder"),
        pytest.param(1, [1, 1, 1], [1, 0, 0], id="the_first_rounds_up"),
        pytest.param(4, [1, 1, 1], [2, 1, 1], id="recomputed_after_each"),
        pytest.param(10, [0, 0], [0, 10], id="no_margins_the_last_takes_all"),
        pytest.param(10, [1, 0], [10, 0], id="a_margin_of_one"),
        pytest.param(10, [0, 5, 0], [0, 10, 0], id="a_margin_of_nothing"),
        pytest.param(0, [3, 4], [0, 0], id="no_deficit"),
    ],
)
def test_split_deficit(deficit: int, margins: list[int], shares: list[int]) -> None:
    assert split_deficit(deficit, margins) == shares


@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**18), min_size=1, max_size=6))
def test_shares_of_a_deficit_add_up_and_are_never_negative(deficit: int, margins: list[int]) -> None:
    shares = split_deficit(deficit, margins)
    assert sum(shares) == deficit
    assert min(shares) >= 0
    for share, margin in zip(shares[:-1], margins[:-1], strict=True):
        if sum(margins) > 0:
            assert abs(share * sum(margins) - deficit * margin) <= len(margins) * sum(margins)


def test_only_gains_are_capacity() -> None:
    assert [capacity(gain) for gain in (-5, 0, 1)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("deficit", "gains", "feasible", "left", "why"),
    table("""
    100   250   100    0   gains_enough
    100   100   100    0   gains_just_enough
    100    99    99    1   one_quantum_goes_on
    100     0     0  100   no_gains
      0     5     0    0   no_deficit
"""),
)
def test_feasible_deficit(deficit: str, gains: str, feasible: str, left: str, why: str) -> None:
    assert feasible_deficit(int(deficit), int(gains)) == (int(feasible), int(left))


def test_negative_amounts_are_our_bugs() -> None:
    for call in (
        lambda: realized_deficit(-1, -1),
        lambda: split_deficit(-1, [1]),
        lambda: split_deficit(1, [1, -1]),
        lambda: feasible_deficit(-1, 1),
        lambda: feasible_deficit(1, -1),
    ):
        with pytest.raises(AssertionError):
            call()
