import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.loss import claims
from flows.rules.loss.claims import refund, waterfall

CAN = (7, 300, 400, 11, 200, 80, 50)


@pytest.mark.parametrize(
    ("deficit", "can", "paid"),
    [
        pytest.param(
            1_000, (0, 300, 400, 0, 200, 80, 50), (0, 300, 400, 0, 200, 80, 20, 0), id="rulebook_R-M3_example"
        ),
        pytest.param(0, CAN, (0, 0, 0, 0, 0, 0, 0, 0), id="no_deficit"),
        pytest.param(7, CAN, (7, 0, 0, 0, 0, 0, 0, 0), id="the_penalty_first"),
        pytest.param(307, CAN, (7, 300, 0, 0, 0, 0, 0, 0), id="then_the_compartment"),
        pytest.param(707, CAN, (7, 300, 400, 0, 0, 0, 0, 0), id="then_the_general_fund"),
        pytest.param(718, CAN, (7, 300, 400, 11, 0, 0, 0, 0), id="then_the_junior_tranche"),
        pytest.param(918, CAN, (7, 300, 400, 11, 200, 0, 0, 0), id="then_winners"),
        pytest.param(998, CAN, (7, 300, 400, 11, 200, 80, 0, 0), id="then_the_floor"),
        pytest.param(1_048, CAN, (7, 300, 400, 11, 200, 80, 50, 0), id="then_everybody"),
        pytest.param(1_049, CAN, (7, 300, 400, 11, 200, 80, 50, 1), id="then_nobody"),
    ],
)
def test_waterfall(deficit: int, can: tuple[int, ...], paid: tuple[int, ...]) -> None:
    assert waterfall(deficit, *can) == paid


def test_steps_are_named_in_their_order() -> None:
    paid = waterfall(1_049, *CAN)
    assert paid[claims.PENALTY] == 7
    assert paid[claims.COMPARTMENT] == 300
    assert paid[claims.GENERAL_FUND] == 400
    assert paid[claims.JUNIOR_TRANCHE] == 11
    assert paid[claims.ADL] == 200
    assert paid[claims.FUND_FLOOR] == 80
    assert paid[claims.SOCIALIZED] == 50
    assert paid[claims.INSOLVENT] == 1


@pytest.mark.parametrize("step", range(8))
def test_negative_amounts_are_our_bugs(step: int) -> None:
    amounts = [5, *CAN]
    amounts[step] = -1
    with pytest.raises(AssertionError):
        waterfall(*amounts)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**5), min_size=7, max_size=7))
def test_a_later_step_pays_only_when_all_before_are_spent(deficit: int, can: list[int]) -> None:
    paid = waterfall(deficit, *can)
    assert sum(paid) == deficit
    for step, amount in enumerate(paid[1:], start=1):
        if amount > 0:
            assert list(paid[:step]) == can[:step]


@pytest.mark.parametrize(
    ("recovered", "refunds"),
    [
        (0, [0, 0, 0, 0]),
        (1, [0, 0, 0, 1]),
        (20, [0, 0, 0, 20]),
        (21, [0, 0, 1, 20]),
        (100, [0, 0, 80, 20]),
        (800, [300, 400, 80, 20]),
    ],
)
def test_a_recovery_goes_back_from_the_last_to_the_first(recovered: int, refunds: list[int]) -> None:
    assert refund(recovered, [300, 400, 80, 20]) == refunds


@pytest.mark.parametrize("recovered", [-1, 801])
def test_an_impossible_recovery_is_our_bug(recovered: int) -> None:
    with pytest.raises(AssertionError):
        refund(recovered, [300, 400, 80, 20])
