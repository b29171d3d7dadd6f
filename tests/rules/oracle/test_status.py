import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.oracle.status import (
    DEGRADED,
    HALTED,
    NOT_CLEAN,
    OK,
    confidence_level,
    level_now,
    status_step,
)
from tests.tables import table

LEVEL = {"ok": OK, "degraded": DEGRADED, "halted": HALTED}
compiled = njit(status_step)


def test_the_worse_level_is_the_larger() -> None:
    assert [OK, DEGRADED, HALTED] == [0, 1, 2]


@pytest.mark.parametrize(
    ("confidence", "index", "level", "why"),
    table("""
     2_500   1_000_000   ok         twenty_five_basis_points
     2_501   1_000_000   degraded   just_wider
    20_000   1_000_000   degraded   two_hundred_basis_points
    20_001   1_000_000   halted     just_wider_again
         1           0   halted     no_index
         0          -1   halted     no_index_at_all
         0           1   ok         an_index_of_one
         0         399   ok         sure
         1         399   degraded   the_bound_rounds_down
         1         400   ok         a_four_hundredth
"""),
)
def test_confidence_level(confidence: str, index: str, level: str, why: str) -> None:
    assert confidence_level(int(confidence), int(index)) == LEVEL[level]


@pytest.mark.parametrize(
    ("sources", "weight", "nominal", "confidence", "level", "why"),
    table("""
    3    70   100    2_500   ok         rulebook_R-O5_example_three_at_70_percent
    2    45   100    2_500   degraded   rulebook_R-O5_example_two_at_45_percent
    1    20   100    2_500   halted     rulebook_R-O5_example_one_at_20_percent
    3     2     3    2_500   ok         two_thirds_exactly
    3   199   300    2_500   degraded   just_under_two_thirds
    2   300   300    2_500   degraded   two_sources_at_full_weight
    4   300   300    2_500   ok         four
    2     1     3    2_500   degraded   a_third_exactly
    2    99   300    2_500   halted     just_under_a_third
    1   300   300    2_500   halted     one_source_at_full_weight
    3     3     3    2_501   degraded   unsure
    2     2     3    2_501   degraded   two_and_unsure
    3     3     3   20_001   halted     too_unsure
    2     2     3   20_001   halted     two_and_too_unsure
"""),
)
def test_level_now(sources: str, weight: str, nominal: str, confidence: str, level: str, why: str) -> None:
    got = level_now(int(sources), int(weight), int(nominal), int(confidence), 1_000_000)
    assert got == LEVEL[level]


S = 1_000_000_000


@pytest.mark.parametrize(
    ("level", "since", "now", "time", "expected"),
    [
        pytest.param(HALTED, NOT_CLEAN, HALTED, 5, (HALTED, NOT_CLEAN), id="start_up"),
        pytest.param(HALTED, NOT_CLEAN, OK, 5, (HALTED, 5), id="the_first_better_look"),
        pytest.param(HALTED, 5, OK, 5 + 30 * S - 1, (HALTED, 5), id="a_nanosecond_before_30_s"),
        pytest.param(HALTED, 5, OK, 5 + 30 * S, (DEGRADED, 5 + 30 * S), id="at_30_s_one_level"),
        pytest.param(HALTED, 5, DEGRADED, 5 + 30 * S, (DEGRADED, NOT_CLEAN), id="nothing_better_yet"),
        pytest.param(DEGRADED, 5, OK, 5 + 30 * S, (OK, NOT_CLEAN), id="to_the_top"),
        pytest.param(DEGRADED, 0, OK, 30 * S, (OK, NOT_CLEAN), id="time_zero_is_a_time"),
        pytest.param(OK, NOT_CLEAN, DEGRADED, 7, (DEGRADED, NOT_CLEAN), id="down_at_once"),
        pytest.param(OK, NOT_CLEAN, HALTED, 7, (HALTED, NOT_CLEAN), id="down_two_at_once"),
        pytest.param(DEGRADED, 5, DEGRADED, 7, (DEGRADED, NOT_CLEAN), id="one_dirty_look_starts_anew"),
        pytest.param(OK, NOT_CLEAN, OK, 7, (OK, NOT_CLEAN), id="all_well"),
    ],
)
def test_status_step(level: int, since: int, now: int, time: int, expected: tuple[int, int]) -> None:
    assert status_step(level, since, now, time) == expected
    assert compiled(level, since, now, time) == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20 * S)), max_size=40))
def test_it_never_rises_faster_than_30_s_a_level_and_never_stands_above_now(
    looks: list[tuple[int, int]],
) -> None:
    level, since, time = HALTED, NOT_CLEAN, 0
    last_bad = last_rise = -30 * S
    for now, delta in looks:
        time += delta
        before = level
        level, since = status_step(level, since, now, time)
        assert level >= min(now, before)
        if now >= before:
            assert level == now
            last_bad = time
        if level < before:
            assert level == before - 1
            assert time - last_bad >= 30 * S
            assert time - last_rise >= 30 * S
            last_rise = time
