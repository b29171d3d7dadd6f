"""Breaker 10: what people order, signed; when it takes effect, and what it does to a market's breakers."""

from flows.rules.breaker.permissions import STATE_MANUAL
from flows.rules.exact import rule

HALT, RELEASE, SKIP, PARAMETERS, CANCEL = 0, 1, 2, 3, 4
"""Commands, in the order of `flows.registry.commands.COMMANDS`."""

EVERY_MARKET = -1
"""Stands for all markets of the pool where a command names none."""


@rule
def effective_ns(command: int, time_ns: int, delay_ns: int) -> int:
    """When a signed command takes effect: rule R-P1, row 10, version 1.

    Formula   at once what lowers risk or adds none: a halt, a cancellation, a skip (the pool stands still until then);
              a release and new parameters after the venue's delay, at the first clock that is not before it.
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none.
    Source    own choice. Compound's timelock: whoever disagrees has the delay to leave, or to cancel.
    """
    return time_ns + delay_ns if command in (RELEASE, PARAMETERS) else time_ns


@rule
def covers(market: int, other: int) -> bool:
    """Whether two commands concern a common market: rule R-P1, row 10, version 1.

    Formula   the same market, or either means all of the pool. A halt withdraws the pending releases that it covers:
              they were signed by people who did not know of it.
    Units     market rows, EVERY_MARKET for all.
    Rounding  none.
    Errors    none.
    Source    own choice: of several states the strictest wins.
    """
    return market in (EVERY_MARKET, other) or other == EVERY_MARKET


@rule
def states_in_force(states: int, former: int) -> int:
    """A market's breakers after its market-state: rule R-P1, row 10, version 1.

    Formula   those that the market-state tells, and MANUAL as it was: only a command sets or ends it.
    Units     bits of ``flows.rules.breaker.permissions``.
    Rounding  none.
    Errors    none: a market-state that claims MANUAL is not heard in that.
    Source    row 10: signed to trip, signed to clear.
    """
    return states & ~STATE_MANUAL | former & STATE_MANUAL


@rule
def states_after(command: int, states: int) -> int:
    """A market's breakers after a halt or a release: rule R-P1, row 10, version 1.

    Formula   MANUAL set by a halt, cleared by a release; every other bit as it was.
    Units     bits of ``flows.rules.breaker.permissions``.
    Rounding  none.
    Errors    another command is a caller's bug and asserts.
    Source    row 10: signed to trip, signed to clear.
    """
    assert command in (HALT, RELEASE)
    return states | STATE_MANUAL if command == HALT else states & ~STATE_MANUAL
