"""The time-weighted average price, exact: a price holds until the next tick.

Ticks stand in rows by time, oldest first: time, price, and the area (price x time) and time covered up to them.
"""

from flows.rules.exact import PPM, Ints, div_half_even, rule
from flows.rules.oracle.column import Column

MAX_GAP_US = 30_000_000
"""Default: a price holds at most so long; a longer silence counts for nothing."""

LATENESS_US = 2_000_000
"""How late a tick may come and still be put in its place; the average is taken that long before the newest tick."""


@rule
def window_fits(max_price_subticks: int, window_us: int) -> bool:
    """Whether areas of a window fit int64: rule R-O9, version 1.

    Formula   largest price x window <= 2^62. Checked at registration.
    Units     subticks; microseconds.
    Rounding  none: an integer is at most a rational iff it is at most its floor.
    Errors    none.
    Source    own bound (R-A2).
    """
    return max_price_subticks <= (1 << 62) // window_us


@rule
def is_too_late(time_us: int, newest_us: int) -> bool:
    """Whether a tick comes too late to be put in its place: rule R-O9, version 1.

    Formula   time < newest - 2 s.
    Units     microseconds of event time.
    Rounding  none.
    Errors    none: such a tick is dropped and counted.
    Source    own choice.
    """
    return time_us < newest_us - LATENESS_US


@rule
def accumulate(
    times_us: Ints, price_subticks: Ints, area: Column, covered_us: Column, first: int, max_gap_us: int
) -> None:
    """Bring area and time covered up to date, in place, from row ``first`` on: rule R-O9, version 1.

    Formula   area[i] = area[i-1] + price[i-1] x d, covered[i] = covered[i-1] + d, d the time between them; a d
              longer than the largest gap adds nothing to either. Row 0 stands as it is.
    Units     subticks x microseconds; microseconds. A new tick needs its own row only, a late one those after it.
    Rounding  none.
    Errors    ticks out of order are a caller's bug and assert.
    Source    Uniswap's cumulative prices, with silence left out. Only differences inside a window are ever read,
              so an area may be counted from any row.
    """
    for row in range(max(first, 1), len(times_us)):
        delta_us = times_us[row] - times_us[row - 1]
        assert delta_us >= 0, "ticks stand in order of time"
        if delta_us > max_gap_us:
            delta_us = 0
        area[row] = area[row - 1] + price_subticks[row - 1] * delta_us
        covered_us[row] = covered_us[row - 1] + delta_us


@rule
def _up_to(
    times_us: Ints,
    price_subticks: Ints,
    area: Ints,
    covered_us: Ints,
    at_us: int,
    end_us: int,
    max_gap_us: int,
) -> tuple[int, int]:
    """Area and time covered up to an instant; inside a segment its own price counts."""
    if at_us <= times_us[0]:
        return area[0], covered_us[0]
    low, high = 0, len(times_us)
    while high - low > 1:
        middle = (low + high) // 2
        if times_us[middle] <= at_us:
            low = middle
        else:
            high = middle
    segment_end_us = times_us[high] if high < len(times_us) else end_us
    if segment_end_us - times_us[low] > max_gap_us:
        return area[low], covered_us[low]
    since_us = at_us - times_us[low]
    return area[low] + price_subticks[low] * since_us, covered_us[low] + since_us


@rule
def twap_subticks(
    times_us: Ints,
    price_subticks: Ints,
    area: Ints,
    covered_us: Ints,
    end_us: int,
    window_us: int,
    max_gap_us: int,
) -> tuple[bool, int, int]:
    """Whether there is an average over a window, the average, its coverage: rule R-O9, version 1.

    Formula   (A(end) - A(start)) / (covered(end) - covered(start)) over [start, end), start = end - window; valid
              where at least half the window is covered. Before the first tick, and in silences longer than the
              largest gap, nothing is covered.
    Units     subticks; coverage in parts per million of the window; microseconds of event time. The rows must
              reach back to the last tick at or before the start, if there is one.
    Rounding  half to even, once, at the end; coverage down. Where it is not valid the average is 0 and means nothing.
    Errors    no tick, or a window of 0, is a caller's bug and asserts.
    Source    an exact form of the usual running average; arithmetic, as settlement can be hedged.
    """
    assert len(times_us) > 0, "an average needs a tick"
    assert window_us > 0, "a window is a time"
    start_us = end_us - window_us
    area_from, covered_from = _up_to(times_us, price_subticks, area, covered_us, start_us, end_us, max_gap_us)
    area_to, covered_to = _up_to(times_us, price_subticks, area, covered_us, end_us, end_us, max_gap_us)
    time_us = covered_to - covered_from
    coverage_ppm = time_us * PPM // window_us
    if 2 * time_us < window_us:
        return False, 0, coverage_ppm
    return True, div_half_even(area_to - area_from, time_us), coverage_ppm
