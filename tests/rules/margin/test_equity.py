import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.margin.equity import equity_initial, equity_low, equity_maintenance, equity_withdrawal

GAIN = 1_000_000


def test_the_example_of_the_rulebook() -> None:
    """Rulebook R-E1: owing 1,000, BTC credited 9,500 or 9,000, one position up 800, one down 300."""
    assert equity_maintenance(-1_000, 9_500, 800 - 300) == 9_000
    assert equity_initial(-1_000, 9_000, -300, 800, GAIN) == 8_500
    assert equity_withdrawal(-1_000, 9_000, -300) == 7_700
    assert equity_low(-1_000, 10_000, 800 - 300) == 9_500


@pytest.mark.parametrize(
    ("gains", "weight", "equity"),
    [(800, 0, 7_700), (801, 500_000, 8_100), (800, 500_001, 8_100), (3, 333_333, 7_700), (3, 333_334, 7_701)],
)
def test_weighted_gains_go_down(gains: int, weight: int, equity: int) -> None:
    assert equity_initial(-1_000, 9_000, -300, gains, weight) == equity


@pytest.mark.parametrize(("losses", "gains"), [(1, 0), (0, -1)])
def test_losses_and_gains_have_their_signs(losses: int, gains: int) -> None:
    with pytest.raises(AssertionError, match="signs"):
        equity_initial(0, 0, losses, gains, GAIN)


def test_a_loss_has_its_sign() -> None:
    assert equity_withdrawal(5, 0, 0) == 5
    assert equity_initial(5, 0, 0, 0, GAIN) == 5
    with pytest.raises(AssertionError, match="sign"):
        equity_withdrawal(0, 0, 1)


signed = st.integers(-(10**15), 10**15)


@settings(max_examples=100, deadline=None)
@given(
    signed,
    st.integers(0, 10**15),
    st.integers(0, 10**12),
    st.lists(signed, max_size=4),
    st.integers(0, 1_000_000),
)
def test_the_harder_the_question_the_less_counts(
    balance: int, credit: int, more: int, unrealized: list[int], weight: int
) -> None:
    losses, gains = sum(min(u, 0) for u in unrealized), sum(max(u, 0) for u in unrealized)
    withdrawal = equity_withdrawal(balance, credit, losses)
    initial = equity_initial(balance, credit, losses, gains, weight)
    maintenance = equity_maintenance(balance, credit + more, sum(unrealized))
    assert withdrawal <= initial <= maintenance <= equity_low(balance, credit + 2 * more, sum(unrealized))
