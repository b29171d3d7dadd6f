"""Breakers 3 and 4: an index that is old, or unsure."""

from flows.rules.exact import rule
from flows.rules.oracle.status import DEGRADED, HALTED, OK, confidence_level

DEGRADED_AGE_NS, HALTED_AGE_NS = 10_000_000_000, 60_000_000_000
"""An index that was last valid longer ago than these is degraded, halted."""


@rule
def stale_level(age_ns: int) -> int:
    """The level that the age of the last valid index allows: rule R-P1, row 3, version 1.

    Formula   OK up to 10 s, DEGRADED up to 60 s, else HALTED; both inclusive, as freshness is (R-O1).
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none.
    Source    Drift: invalid for margin after about 60 s.
    """
    if age_ns > HALTED_AGE_NS:
        return HALTED
    return DEGRADED if age_ns > DEGRADED_AGE_NS else OK


@rule
def oracle_level(age_ns: int, confidence_subticks: int, index_subticks: int) -> int:
    """The level that breakers 3 and 4 allow together: rule R-P1, rows 3 and 4, version 1.

    Formula   the worse of age and confidence; a missing index counts as halted. It clears by R-O5's hysteresis:
              ``status_step`` takes the worse of this and ``level_now``.
    Units     nanoseconds of event time; subticks, index 0 for none.
    Rounding  none.
    Errors    none.
    Source    rows 3 and 4; R-O5 for the widths.
    """
    return max(stale_level(age_ns), confidence_level(confidence_subticks, index_subticks))
