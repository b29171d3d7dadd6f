import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.loss.socialize import ALL, MARKET, TRADERS, socialize


@pytest.mark.parametrize(
    ("loss", "equity", "near", "scope", "charges", "unpaid"),
    [
        pytest.param(
            1_000_001, [3_000_000, 2_000_000, 7], [0, 0, 0], TRADERS, [600_000, 400_000, 1], 0,
            id="rulebook_R-M1_example",
        ),
        pytest.param(10, [10, 90], [0, 1], TRADERS, [10, 0], 0, id="the_failing_market_just_suffices"),
        pytest.param(11, [10, 90], [0, 1], TRADERS, [10, 1], 0, id="then_the_pools_traders"),
        pytest.param(11, [10, 90], [0, 1], MARKET, [10, 0], 1, id="scope_market_stops_there"),
        pytest.param(110, [10, 90, 50], [0, 1, 2], TRADERS, [10, 90, 0], 10, id="flat_accounts_never_pay"),
        pytest.param(110, [10, 90, 50], [0, 1, 2], ALL, [10, 90, 10], 0, id="unless_the_scope_is_all"),
        pytest.param(200, [10, 90, 50], [0, 1, 2], ALL, [10, 90, 50], 50, id="insolvent"),
        pytest.param(5, [-3, 9], [0, 0], TRADERS, [0, 5], 0, id="under_water_pays_nothing"),
        pytest.param(5, [], [], TRADERS, [], 5, id="nobody"),
        pytest.param(0, [9], [0], TRADERS, [0], 0, id="no_loss"),
    ],
)  # fmt: skip
def test_socialize(
    loss: int, equity: list[int], near: list[int], scope: int, charges: list[int], unpaid: int
) -> None:
    assert socialize(loss, equity, near, range(len(equity)), scope) == (charges, unpaid)


def test_a_quantum_left_over_goes_to_the_lower_account() -> None:
    assert socialize(1, [5, 5], [0, 0], [8, 3], TRADERS) == ([0, 1], 0)


def test_an_account_has_all_its_columns() -> None:
    with pytest.raises(ValueError, match="zip"):
        socialize(1, [5, 5], [0], [8, 3], TRADERS)


def test_circles_widen() -> None:
    assert [MARKET, TRADERS, ALL] == [0, 1, 2]


def test_a_negative_loss_is_our_bug() -> None:
    with pytest.raises(AssertionError, match="loss"):
        socialize(-1, [5], [0], [1], TRADERS)


@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(-(10**8), 10**9), st.integers(0, 2)), max_size=8),
    st.integers(0, 2),
)
def test_charges_are_exact_and_nobody_pays_beyond_his_equity(
    loss: int, rows: list[tuple[int, int]], scope: int
) -> None:
    equity, near = [row[0] for row in rows], [row[1] for row in rows]
    charges, unpaid = socialize(loss, equity, near, range(len(rows)), scope)
    assert sum(charges) + unpaid == loss
    assert unpaid == max(0, loss - sum(max(0, e) for e, n in rows if n <= scope))
    for charge, (own, circle) in zip(charges, rows, strict=True):
        assert 0 <= charge <= max(0, own)
        nearer = sum(max(0, e) for e, n in rows if n < circle)
        assert charge == 0 or (circle <= scope and loss > nearer)
