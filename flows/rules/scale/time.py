"""Time: made by journal entries alone, so that "the window is over" is a fact that can be read there."""

from flows.rules.exact import rule

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000 * MILLISECOND_NS
MAX_SKEW_NS = 2 * SECOND_NS
"""How far ahead of the clock an input may say it happened."""

MAX_LATE_MARKET_NS = 600 * SECOND_NS
"""How far behind the clock a quote, a trade or a depth may be: older ones describe another market."""

MAX_LATE_ACCOUNT_NS = 12 * 3_600 * SECOND_NS
"""How far behind the clock a fill or a collateral movement may be: facts about money are waited for."""


@rule
def pool_time(previous_ns: int, entry_ns: int) -> int:
    """A pool's time after an entry: rule R-A6, version 1.

    Formula   max(previous, entry).
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none: an entry from the past leaves the time where it is, it never runs back.
    Source    derived here.
    """
    return max(previous_ns, entry_ns)


@rule
def is_early(time_ns: int, clock_ns: int) -> bool:
    """Whether an input claims to come from too far ahead: rule R-A6, version 1.

    Formula   time > clock + 2 s.
    Units     nanoseconds of event time; clock is the latest clock entry's.
    Rounding  none.
    Errors    none: an early input is a dead letter.
    Source    derived here.
    """
    return time_ns - clock_ns > MAX_SKEW_NS


@rule
def is_late(time_ns: int, clock_ns: int, late_ns: int) -> bool:
    """Whether an input comes from too long ago: rule R-A6, version 1.

    Formula   time < clock - late.
    Units     nanoseconds of event time; clock is the latest clock entry's.
    Rounding  none.
    Errors    none: a late input is a dead letter.
    Source    derived here.
    """
    return clock_ns - time_ns > late_ns


@rule
def is_in_window(time_ns: int, end_ns: int, window_ns: int) -> bool:
    """Whether a moment belongs to the window that ends at another: rule R-A6, version 1.

    Formula   end - window <= time < end: half-open, so that windows laid end to end hold every moment once.
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return end_ns - window_ns <= time_ns < end_ns


@rule
def is_in_time(time_ns: int, deadline_ns: int) -> bool:
    """Whether an entry meets a deadline: rule R-A6, version 1.

    Formula   time <= deadline: the deadline itself is still in time, if sequenced before the clock that ends
              it.
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return time_ns <= deadline_ns


@rule
def is_due(due_ns: int, clock_ns: int) -> bool:
    """Whether what is due happens at this clock entry: rule R-A6, version 1.

    Formula   clock >= due: at the first such clock entry, and at no entry of another kind.
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return clock_ns >= due_ns
