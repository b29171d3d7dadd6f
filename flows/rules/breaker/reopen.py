"""How a paused market opens again: by an auction near the index, else later, else by hand."""

from flows.rules.breaker.band import (
    BAND,
    DOUBLED_UNTIL,
    EXTENSIONS,
    LIMIT_SINCE,
    MANUAL,
    NORMAL,
    PAUSE,
    PHASE,
    UNTIL,
    State,
)
from flows.rules.exact import Ints, mul_ppm_floor, rule

GATHER_NS = 60_000_000_000
"""Orders gather during the last minute of a pause."""

EXTENSION_NS = 60_000_000_000
"""A pause that cannot end is extended by so much."""

EXTENSIONS_MAX = 5
"""And so often; then a human decides."""

SLOW_NS = 60_000_000_000
"""How long after an opening liquidations have half their budget."""


@rule
def is_gathering(state: Ints, time_ns: int) -> bool:
    """Whether orders gather for the auction: rule R-P3, version 1.

    Formula   paused, and at most 60 s before the end of the pause.
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none.
    Source    CME: 2 minutes of pre-open.
    """
    return state[PHASE] == PAUSE and time_ns >= state[UNTIL] - GATHER_NS


@rule
def may_open(index_is_ok: bool, indicative_subticks: int, index_subticks: int, width_ppm: int) -> bool:
    """Whether an auction's price may open the market: rule R-P3, version 1.

    Formula   index status ok, an indicative price, and |indicative - index| <= 2 x band x index.
    Units     subticks, 0 for an indicative price that isn't there; the band in parts per million.
    Rounding  none: an integer is at most a rational iff it is at most its floor (R-A5).
    Errors    none.
    Source    Xetra: an auction is extended when its price lies outside a wider range.
    """
    if not index_is_ok or indicative_subticks == 0:
        return False
    return abs(indicative_subticks - index_subticks) <= mul_ppm_floor(index_subticks, 2 * width_ppm)


@rule
def opened(state: Ints, time_ns: int, auction_subticks: int, width_ppm: int) -> State:
    """The state of a market that has just opened: rule R-P3, version 1.

    Formula   open; the reference is the auction's price and the width is taken anew; trades before do not count.
    Units     subticks; parts per million; nanoseconds of event time.
    Rounding  none.
    Errors    none. A signed command opens a market in MANUAL the same way.
    Source    LULD: the reference restarts from the reopening price.
    """
    return (
        NORMAL, auction_subticks, time_ns, width_ppm, time_ns, state[LIMIT_SINCE], state[UNTIL], 0,
        state[DOUBLED_UNTIL], time_ns,
    )  # fmt: skip


@rule
def reopen_step(
    state: Ints,
    time_ns: int,
    index_is_ok: bool,
    indicative_subticks: int,
    index_subticks: int,
    width_ppm: int,
) -> State:
    """The breaker's state after a clock entry in a pause: rule R-P3, version 1.

    Formula   before the end: unchanged. At or after it: opened where ``may_open`` at the band of the pause; else
              extended by 60 s, at most five times; then MANUAL.
    Units     subticks; width, of the band to come, in parts per million; nanoseconds of event time.
    Rounding  none.
    Errors    none: in any other phase the state is unchanged.
    Source    CME and Xetra, reopening by auction with extensions.
    """
    phase, until, extensions = state[PHASE], state[UNTIL], state[EXTENSIONS]
    if phase == PAUSE and time_ns >= until:
        if may_open(index_is_ok, indicative_subticks, index_subticks, state[BAND]):
            return opened(state, time_ns, indicative_subticks, width_ppm)
        if extensions < EXTENSIONS_MAX:
            until, extensions = time_ns + EXTENSION_NS, extensions + 1
        else:
            phase = MANUAL
    return (
        phase, state[1], state[2], state[3], state[4], state[5], until, extensions, state[8], state[9],
    )  # fmt: skip


@rule
def budget_share_ppm(share_ppm: int, opened_ns: int, time_ns: int) -> int:
    """The participation share of liquidations after an opening: rule R-P3, version 1.

    Formula   half the share during 60 s from the opening on (half-open), then the whole.
    Units     parts per million; nanoseconds of event time, ``opened_ns`` 0 for a market that never paused.
    Rounding  down: a budget is never overstated.
    Errors    none.
    Source    own choice.
    """
    return share_ppm // 2 if time_ns < opened_ns + SLOW_NS else share_ppm
