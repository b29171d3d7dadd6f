import pytest

from flows.rules.loss.gate import COOL_NS, OUTAGE_NS, is_outage, withdrawals_open
from tests.tables import table


@pytest.mark.parametrize(
    ("unresolved", "resolved", "awaits", "time", "is_open", "why"),
    table("""
    0      0   no                           1   no    a_minute_must_pass_even_at_time_zero
    0      0   no   1_700_000_000_000_000_000   yes   never_a_deficit
    1      0   no   1_700_000_000_000_000_000   no    one_account_unresolved
    0    103   no              60_000_000_102   no    a_nanosecond_before_the_cool_off_ends
    0    103   no              60_000_000_103   yes   rulebook_R-M2_example_the_cool_off_is_half_open
    0    103   yes             60_000_000_103   no    prices_are_awaited
    2    103   no              60_000_000_103   no    another_deficit_meanwhile
"""),
)
def test_withdrawals_open(
    unresolved: str, resolved: str, awaits: str, time: str, is_open: str, why: str
) -> None:
    got = withdrawals_open(int(unresolved), int(resolved), COOL_NS, awaits == "yes", int(time))
    assert got is (is_open == "yes")


@pytest.mark.parametrize(
    ("silence", "outage", "why"),
    table("""
    299_999_999_999   no    under_five_minutes
    300_000_000_000   no    five_minutes_are_no_outage_yet
    300_000_000_001   yes   over_five_minutes
"""),
)
def test_is_outage(silence: str, outage: str, why: str) -> None:
    assert is_outage(1_000, 1_000 + int(silence), OUTAGE_NS) is (outage == "yes")
