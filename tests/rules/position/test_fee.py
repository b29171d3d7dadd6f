import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules.position.fee import covers_rebate, maker_rebate, taker_fee
from tests.tables import table


@pytest.mark.parametrize(
    ("notional", "fee_ppm", "rebate_ppm", "fee", "rebate", "why"),
    table("""
        55_000_000_000    450    50    24_750_000    2_750_000    rulebook_R-B2_example
                     1    450    50             1            0    a_fee_goes_up_a_rebate_down
             1_000_001    450   450           451          450    a_rest_on_both_sides
                     0    450    50             0            0    nothing_traded
             1_000_000    450    50           450           50    no_rest
    """),
)
def test_fees(notional: str, fee_ppm: str, rebate_ppm: str, fee: str, rebate: str, why: str) -> None:
    assert taker_fee(int(notional), int(fee_ppm)) == int(fee)
    assert maker_rebate(int(notional), int(rebate_ppm)) == int(rebate)


def test_a_notional_is_not_negative() -> None:
    for charge in (taker_fee, maker_rebate):
        with pytest.raises(AssertionError, match="not negative"):
            charge(-1, 450)


@pytest.mark.parametrize(
    ("fee", "rebate", "covers"),
    [(450, 450, True), (450, 451, False), (450, 0, True), (450, -1, False)],
)
def test_covers_rebate(fee: int, rebate: int, *, covers: bool) -> None:
    assert covers_rebate(fee, rebate) is covers


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**15), max_size=5), st.integers(0, 10**5), st.integers(0, 10**5))
def test_no_fill_drains_the_fee_account(notionals: list[int], one: int, other: int) -> None:
    rebate_ppm, fee_ppm = sorted((one, other))
    assert covers_rebate(fee_ppm, rebate_ppm)
    assert all(taker_fee(n, fee_ppm) >= maker_rebate(n, rebate_ppm) for n in notionals)
