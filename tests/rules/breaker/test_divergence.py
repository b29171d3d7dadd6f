import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.breaker.divergence import NOT_RUNNING, divergence_step

S = 1_000_000_000
compiled = njit(divergence_step)


@pytest.mark.parametrize(
    ("tripped", "since", "mark", "time", "clock", "after"),
    [
        pytest.param(False, NOT_RUNNING, 1_050, 7, True, (False, NOT_RUNNING), id="five_percent_is_allowed"),
        pytest.param(False, NOT_RUNNING, 1_051, 7, True, (False, 7), id="more_starts_the_time"),
        pytest.param(False, NOT_RUNNING, 949, 7, False, (False, 7), id="less_too"),
        pytest.param(
            False, NOT_RUNNING, 950, 7, False, (False, NOT_RUNNING), id="five_percent_below_is_allowed"
        ),
        pytest.param(False, 7, 1_051, 10 * S + 6, True, (False, 7), id="a_nanosecond_before_10_s"),
        pytest.param(False, 7, 1_051, 10 * S + 7, True, (True, NOT_RUNNING), id="10_s_trip"),
        pytest.param(False, 7, 1_051, 10 * S + 7, False, (False, 7), id="but_only_at_a_clock"),
        pytest.param(False, 7, 1_050, 10 * S + 7, True, (False, NOT_RUNNING), id="back_in_the_last_moment"),
        pytest.param(False, 0, 1_051, 10 * S, True, (True, NOT_RUNNING), id="time_zero_is_a_time"),
        pytest.param(True, NOT_RUNNING, 1_030, 7, True, (True, NOT_RUNNING), id="three_percent_is_not_near"),
        pytest.param(True, NOT_RUNNING, 1_029, 7, True, (True, 7), id="nearer_starts_the_time"),
        pytest.param(True, NOT_RUNNING, 971, 7, True, (True, 7), id="from_below_too"),
        pytest.param(True, 7, 1_029, 30 * S + 6, True, (True, 7), id="a_nanosecond_before_30_s"),
        pytest.param(True, 7, 1_029, 30 * S + 7, True, (False, NOT_RUNNING), id="30_s_clear"),
        pytest.param(True, 7, 1_029, 30 * S + 7, False, (True, 7), id="at_a_clock_as_well"),
        pytest.param(True, 7, 1_030, 30 * S + 7, True, (True, NOT_RUNNING), id="away_in_the_last_moment"),
    ],
)
def test_divergence_step(
    tripped: bool, since: int, mark: int, time: int, clock: bool, after: tuple[bool, int]
) -> None:
    assert divergence_step(tripped, since, mark, 1_000, time, clock) == after
    assert compiled(tripped, since, mark, 1_000, time, clock) == after


@pytest.mark.parametrize(
    ("tripped", "mark", "running"),
    [(False, 1_050_000, False), (False, 1_050_001, True), (True, 1_030_000, False), (True, 1_029_999, True)],
)
def test_edges_to_the_millionth(tripped: bool, mark: int, running: bool) -> None:
    since = divergence_step(tripped, NOT_RUNNING, mark, 1_000_000, 7, True)[1]
    assert since == (7 if running else -1)


def test_a_divergence_needs_an_index() -> None:
    with pytest.raises(AssertionError, match="index"):
        divergence_step(False, NOT_RUNNING, 5, 0, 7, True)
    assert divergence_step(False, NOT_RUNNING, 1, 1, 7, True) == (False, NOT_RUNNING)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(900, 1_100)), max_size=40))
def test_it_trips_and_clears_only_after_its_time(history: list[tuple[int, int]]) -> None:
    tripped, since, time = False, NOT_RUNNING, 0
    calm_at, wild_at = 0, 0
    for seconds, mark in history:
        time += seconds * S
        if abs(mark - 1_000) <= 50:
            calm_at = time
        if abs(mark - 1_000) >= 30:
            wild_at = time
        before = tripped
        tripped, since = divergence_step(tripped, since, mark, 1_000, time, True)
        if tripped and not before:
            assert time - calm_at >= 10 * S
        if before and not tripped:
            assert time - wild_at >= 30 * S
