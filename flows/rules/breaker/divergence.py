"""Breaker 2: the mark has left the index."""

from flows.rules.exact import mul_ppm_ceil, mul_ppm_floor, rule

TRIP_PPM, CLEAR_PPM = 50_000, 30_000
"""Further apart than the first for a while trips, nearer than the second for a while clears."""

TRIP_NS, CLEAR_NS = 10_000_000_000, 30_000_000_000
"""How long."""

NOT_RUNNING = -1
"""``since_ns`` while the condition for a change does not hold."""


@rule
def divergence_step(
    tripped: bool,
    since_ns: int,
    mark_subticks: int,
    index_subticks: int,
    time_ns: int,
    is_clock: bool,
) -> tuple[bool, int]:
    """Whether mark and index have parted, and since when that is about to change: rule R-P1, row 2, version 1.

    Formula   trips once |mark - index| > 5 % of the index for 10 s, clears once it is < 3 % for 30 s; a change
              falls on a clock entry (R-A6).
    Units     subticks; the mark before its band (R-O8), which would hide the distance; nanoseconds of event time;
              state (tripped, since), at the start (False, NOT_RUNNING).
    Rounding  none: thresholds as in R-A5.
    Errors    no index is a caller's bug and asserts: then rows 3 and 4 speak.
    Source    Drift: 10 % between mark and oracle.
    """
    assert index_subticks > 0, "a divergence needs an index"
    distance = abs(mark_subticks - index_subticks)
    if tripped:
        holds, needed_ns = distance < mul_ppm_ceil(index_subticks, CLEAR_PPM), CLEAR_NS
    else:
        holds, needed_ns = distance > mul_ppm_floor(index_subticks, TRIP_PPM), TRIP_NS
    if not holds:
        return tripped, NOT_RUNNING
    if since_ns == NOT_RUNNING:
        return tripped, time_ns
    if is_clock and time_ns - since_ns >= needed_ns:
        return not tripped, NOT_RUNNING
    return tripped, since_ns
