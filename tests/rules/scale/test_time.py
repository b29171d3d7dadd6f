import pytest

from flows.rules.scale.time import (
    MAX_LATE_ACCOUNT_NS,
    MAX_LATE_MARKET_NS,
    MAX_SKEW_NS,
    SECOND_NS,
    is_due,
    is_early,
    is_in_time,
    is_in_window,
    is_late,
    pool_time,
)
from tests.tables import table

CLOCK = 1_744_000_000 * SECOND_NS


def test_the_windows_of_the_rulebook() -> None:
    assert MAX_SKEW_NS == 2_000_000_000
    assert MAX_LATE_MARKET_NS == 600_000_000_000
    assert MAX_LATE_ACCOUNT_NS == 43_200_000_000_000


@pytest.mark.parametrize(
    ("previous", "entry", "time", "why"),
    table("""
        5    7    7    time_moves_on
        7    5    7    it_never_runs_back
        5    5    5    it_may_stand
    """),
)
def test_pool_time(previous: str, entry: str, time: str, why: str) -> None:
    assert pool_time(int(previous), int(entry)) == int(time)


@pytest.mark.parametrize(("ahead", "early"), [(0, False), (MAX_SKEW_NS, False), (MAX_SKEW_NS + 1, True)])
def test_is_early(ahead: int, *, early: bool) -> None:
    assert is_early(CLOCK + ahead, CLOCK) is early


@pytest.mark.parametrize("late_ns", [MAX_LATE_MARKET_NS, MAX_LATE_ACCOUNT_NS])
@pytest.mark.parametrize(("over", "late"), [(-1, False), (0, False), (1, True)])
def test_is_late(late_ns: int, over: int, *, late: bool) -> None:
    assert is_late(CLOCK - late_ns - over, CLOCK, late_ns) is late


@pytest.mark.parametrize(
    ("time", "inside", "why"),
    table("""
        39   False   before_it
        40    True   its_first_moment
        99    True   its_last_moment
       100   False   its_end_is_the_next_one's
    """),
)
def test_a_window_is_half_open(time: str, inside: str, why: str) -> None:
    assert is_in_window(int(time), 100, 60) is (inside == "True")


@pytest.mark.parametrize(("after", "in_time"), [(-1, True), (0, True), (1, False)])
def test_a_deadline_is_inclusive(after: int, *, in_time: bool) -> None:
    assert is_in_time(CLOCK + after, CLOCK) is in_time


@pytest.mark.parametrize(("after", "due"), [(-1, False), (0, True), (1, True)])
def test_a_timer_is_due_at_its_moment(after: int, *, due: bool) -> None:
    assert is_due(CLOCK, CLOCK + after) is due
