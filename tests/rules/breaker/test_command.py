import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from flows.rules.breaker import command as c
from flows.rules.breaker.permissions import NEW_RISK, STATE_HALTED, STATE_LIMIT, STATE_MANUAL, permissions
from tests.tables import table

COMMANDS = {
    "halt": c.HALT,
    "release": c.RELEASE,
    "skip": c.SKIP,
    "parameters": c.PARAMETERS,
    "cancel": c.CANCEL,
}


@pytest.mark.parametrize(
    ("command", "due", "why"),
    table("""
    halt         100   lowers_risk
    release      160   waits_so_that_it_can_be_cancelled
    skip         100   a_pool_that_stands_still_has_no_clock
    parameters   160   waits_as_a_release_does
    cancel       100   keeps_things_as_they_are
"""),
)
def test_effective_ns(command: str, due: str, why: str) -> None:
    assert c.effective_ns(COMMANDS[command], 100, 60) == int(due)
    assert njit(c.effective_ns)(COMMANDS[command], 100, 60) == int(due)


@pytest.mark.parametrize(
    ("market", "other", "covered", "why"),
    table("""
     0    0   yes   the_same_market
     0    1   no    two_markets
    -1    1   yes   a_halt_of_all_and_a_release_of_one
     1   -1   yes   a_halt_of_one_and_a_release_of_all
    -1   -1   yes   all_and_all
"""),
)
def test_covers(market: str, other: str, covered: str, why: str) -> None:
    assert c.covers(int(market), int(other)) is (covered == "yes")


@pytest.mark.parametrize(
    ("told", "former", "states", "why"),
    table("""
      0     0     0   an_ordinary_day
      3     0     3   what_the_market_stage_says
      0   128   128   no_market_state_ends_a_halt
      1   131   129   nor_keeps_it_from_ending_others
    129     0     1   nor_trips_one
"""),
)
def test_states_in_force(told: str, former: str, states: str, why: str) -> None:
    assert c.states_in_force(int(told), int(former)) == int(states)
    assert njit(c.states_in_force)(int(told), int(former)) == int(states)


@given(st.integers(0, 255))
def test_a_halt_and_its_release_touch_one_bit(states: int) -> None:
    halted = c.states_after(c.HALT, states)
    assert halted == states | STATE_MANUAL
    assert c.states_after(c.RELEASE, halted) == states & ~STATE_MANUAL
    assert not permissions(halted) & NEW_RISK
    assert c.states_in_force(STATE_LIMIT, halted) == STATE_LIMIT | STATE_MANUAL


def test_other_commands_leave_the_breakers_alone() -> None:
    with pytest.raises(AssertionError):
        c.states_after(c.CANCEL, STATE_HALTED)
