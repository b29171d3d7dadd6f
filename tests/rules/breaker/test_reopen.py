import numpy as np
import pytest
from numba import njit

from flows.rules.breaker.band import LIMIT, MANUAL, NORMAL, PAUSE, State
from flows.rules.breaker.reopen import budget_share_ppm, is_gathering, may_open, opened, reopen_step
from tests.tables import table

S = 1_000_000_000
compiled = njit(reopen_step)


def state(phase: int, until: int, extensions: int) -> State:
    return (phase, 1_000, 1, 50_000, 2, 3, until, extensions, 8, 9)


@pytest.mark.parametrize(("phase", "time", "gathering"), [
    (PAUSE, 240, True), (PAUSE, 239, False), (PAUSE, 400, True), (LIMIT, 240, False), (MANUAL, 240, False),
])  # fmt: skip
def test_is_gathering(phase: int, time: int, gathering: bool) -> None:
    assert is_gathering(state(phase, 300 * S, 0), time * S) is gathering


@pytest.mark.parametrize(
    ("ok", "indicative", "index", "opens", "why"),
    table("""
    yes   1_100   1_000   yes   twice_the_band_above
    yes   1_101   1_000   no    just_beyond
    yes     900   1_000   yes   twice_the_band_below
    yes     899   1_000   no    just_beyond_below
    no    1_000   1_000   no    the_index_is_not_ok
    yes       0       1   no    no_indicative_price
    yes       1       1   yes   an_indicative_price_of_one
"""),
)
def test_may_open(ok: str, indicative: str, index: str, opens: str, why: str) -> None:
    assert may_open(ok == "yes", int(indicative), int(index), 50_000) is (opens == "yes")


OPENED = (NORMAL, 1_020, 300 * S, 70_000, 300 * S, 3, 300 * S, 0, 8, 300 * S)


@pytest.mark.parametrize(
    ("before", "time", "ok", "indicative", "after"),
    [
        pytest.param(state(PAUSE, 300 * S, 2), 300 * S, True, 1_020, OPENED, id="opens_at_the_end"),
        pytest.param(
            state(PAUSE, 300 * S, 0), 300 * S - 1, True, 1_020, state(PAUSE, 300 * S, 0), id="not_before"
        ),
        pytest.param(
            state(PAUSE, 300 * S, 0),
            300 * S,
            True,
            1_125,
            state(PAUSE, 360 * S, 1),
            id="rulebook_R-P3_example_too_far_a_minute_more",
        ),
        pytest.param(
            state(PAUSE, 300 * S, 0), 301 * S, False, 1_020, state(PAUSE, 361 * S, 1), id="from_the_clock_on"
        ),
        pytest.param(
            state(PAUSE, 300 * S, 4), 300 * S, True, 0, state(PAUSE, 360 * S, 5), id="the_fifth_minute"
        ),
        pytest.param(
            state(PAUSE, 300 * S, 5), 300 * S, True, 0, state(MANUAL, 300 * S, 5), id="then_a_human"
        ),
        pytest.param(
            state(PAUSE, 300 * S, 5), 300 * S, True, 1_020, OPENED, id="the_fifth_extension_may_open"
        ),
        pytest.param(
            state(MANUAL, 300 * S, 5),
            300 * S,
            True,
            1_020,
            state(MANUAL, 300 * S, 5),
            id="waits_for_the_human",
        ),
        pytest.param(
            state(LIMIT, 300 * S, 0), 300 * S, True, 1_020, state(LIMIT, 300 * S, 0), id="nothing_to_open"
        ),
    ],
)
def test_reopen_step(before: State, time: int, ok: bool, indicative: int, after: State) -> None:
    assert reopen_step(before, time, ok, indicative, 1_000, 70_000) == after
    assert compiled(np.array(before, np.int64), time, ok, indicative, 1_000, 70_000) == after


def test_the_band_of_the_pause_decides_not_the_band_to_come() -> None:
    assert reopen_step(state(PAUSE, 0, 0), S, True, 1_101, 1_000, 100_000)[0] == PAUSE
    assert reopen_step(state(PAUSE, 0, 0), S, True, 1_100, 1_000, 30_000)[0] == NORMAL


def test_at_most_ten_minutes_without_a_human() -> None:
    current, time = state(PAUSE, 300 * S, 0), 0
    while current[0] == PAUSE:
        time += S
        current = reopen_step(current, time, False, 1_000, 1_000, 50_000)
    assert current[0] == MANUAL
    assert time == 600 * S


def test_a_signed_command_opens_the_same_way() -> None:
    assert opened(state(MANUAL, 5, 5), 7, 990, 40_000) == (NORMAL, 990, 7, 40_000, 7, 3, 5, 0, 8, 7)


@pytest.mark.parametrize(("share", "opened_ns", "time", "budget"), [
    (100_001, 5 * S, 5 * S, 50_000),
    (100_001, 5 * S, 65 * S - 1, 50_000),
    (100_001, 5 * S, 65 * S, 100_001),
    (100_001, 0, 10**18, 100_001),
])  # fmt: skip
def test_liquidations_resume_at_half_budget(share: int, opened_ns: int, time: int, budget: int) -> None:
    assert budget_share_ppm(share, opened_ns, time) == budget
