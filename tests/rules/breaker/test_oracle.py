import pytest

from flows.rules.breaker.oracle import oracle_level, stale_level
from flows.rules.oracle.status import DEGRADED, HALTED, OK
from tests.tables import table

LEVEL = {"ok": OK, "degraded": DEGRADED, "halted": HALTED}


@pytest.mark.parametrize(
    ("age", "level", "why"),
    table("""
                 0   ok         now
    10_000_000_000   ok         ten_seconds
    10_000_000_001   degraded   just_older
    60_000_000_000   degraded   a_minute
    60_000_000_001   halted     just_older_again
"""),
)
def test_stale_level(age: str, level: str, why: str) -> None:
    assert stale_level(int(age)) == LEVEL[level]


@pytest.mark.parametrize(
    ("age", "confidence", "index", "level", "why"),
    table("""
                 0    2_500   1_000_000   ok         young_and_sure
                 0    2_501   1_000_000   degraded   young_and_unsure
    10_000_000_001    2_500   1_000_000   degraded   old_and_sure
    10_000_000_001   20_001   1_000_000   halted     the_worse_of_the_two
    60_000_000_001    2_501   1_000_000   halted     the_worse_of_the_two_again
                 0        0           0   halted     a_missing_index_counts_as_a_trip
"""),
)
def test_oracle_level(age: str, confidence: str, index: str, level: str, why: str) -> None:
    assert oracle_level(int(age), int(confidence), int(index)) == LEVEL[level]
