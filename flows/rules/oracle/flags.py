"""Sources that stand apart, and an index that moves too fast."""

from flows.rules.exact import Ints, compare_products, mul_ppm_floor, rule
from flows.rules.oracle.column import Column

FLAG_ROUNDS = 3
"""A source flagged so many rounds running may be excluded."""

EXCLUDED_NS = 60_000_000_000
"""How long an exclusion lasts."""


@rule
def absolute_deviation(price_subticks: Ints, count: int, index_subticks: int, scratch: Column) -> int:
    """Median distance of the sources' prices from the index: rule R-O4, version 1.

    Formula   the middle of the sorted |price - index|; of two middles the floored mean.
    Units     subticks; the first ``count`` rows count; ``scratch`` has at least as many.
    Rounding  down, where there are two middles.
    Errors    no source is a caller's bug and asserts.
    Source    the median absolute deviation, unweighted: a flag judges prices, not votes.
    """
    assert count > 0, "a deviation needs a source"
    for source in range(count):
        distance = abs(price_subticks[source] - index_subticks)
        place = source
        while place > 0 and scratch[place - 1] > distance:
            scratch[place] = scratch[place - 1]
            place -= 1
        scratch[place] = distance
    return (scratch[(count - 1) // 2] + scratch[count // 2]) // 2


@rule
def is_flagged(price_subticks: int, index_subticks: int, deviation_subticks: int) -> bool:
    """Whether a price stands apart from the others: rule R-O4, version 1.

    Formula   |price - index| > 4 x max(1.4826 x deviation, 2 bp of the index).
    Units     subticks.
    Rounding  none: compared in ten-thousandths as exact products.
    Errors    none. A flag is an event and a mark on a reputation: this round's index does not change.
    Source    the usual scaling of a median deviation to a standard one; the floor is ours, for calm minutes.
    """
    distance = abs(price_subticks - index_subticks)
    if compare_products(distance, 10_000, deviation_subticks, 4 * 14_826) <= 0:
        return False
    return compare_products(distance, 10_000, index_subticks, 4 * 2) > 0


@rule
def next_excluded(
    flag_rounds: Ints,
    distance_subticks: Ints,
    weights: Ints,
    excluded_until_ns: Ints,
    count: int,
    time_ns: int,
) -> int:
    """The next source to exclude for 60 s, or -1: rule R-O4, version 1.

    Formula   of the sources flagged three rounds running and not excluded now, the one furthest from the index
              whose weight keeps all exclusions within a quarter of the total. Asked until it answers -1.
    Units     rows of fresh sources in ascending id; distances in subticks; an exclusion holds while time <= until.
    Rounding  none: 4 x excluded <= total, exact. Of equal distances the lower id.
    Errors    none.
    Source    own limit: a cut by deviation can remove honest weight and hand the rest to liars; within a quarter
              the index stays inside honest votes while less than 3/8 of the weight lies.
    """
    weight_sum, excluded_weight = 0, 0
    for source in range(count):
        weight_sum += weights[source]
        if time_ns <= excluded_until_ns[source]:
            excluded_weight += weights[source]
    worst = -1
    for source in range(count):
        if flag_rounds[source] < FLAG_ROUNDS or time_ns <= excluded_until_ns[source]:
            continue
        if 4 * (excluded_weight + weights[source]) > weight_sum:
            continue
        if worst == -1 or distance_subticks[source] > distance_subticks[worst]:
            worst = source
    return worst


@rule
def clamp_index(index_subticks: int, average_subticks: int, width_ppm: int) -> tuple[int, bool]:
    """The index held near its average, and whether that bound: rule R-O4, version 1.

    Formula   clamp(index, average - w, average + w), w = width x average. Where it binds the status is degraded
              and the raw index is published beside.
    Units     subticks; the average is the index's 5-minute one; parts per million.
    Rounding  w down: the clamp never gives way to more than its width.
    Errors    no average is a caller's bug and asserts: a first price is not clamped.
    Source    own choice, off for the largest markets; a hard min and max can stick there, as Chainlink's did.
    """
    assert average_subticks > 0, "a clamp needs an average"
    width = mul_ppm_floor(average_subticks, width_ppm)
    clamped = min(max(index_subticks, average_subticks - width), average_subticks + width)
    return clamped, clamped != index_subticks
