"""Many sources, one index: three votes each, the weighted median."""

from flows.rules.exact import Ints, rule
from flows.rules.oracle.column import Column


# All votes together have the whole weight, so each of these walks ends before its row does.
@rule
def _lower_quartile(vote_subticks: Ints, vote_weight: Ints, weight_sum: int) -> int:
    """First vote from below with more than a quarter of the weight."""
    place, cumulative = 0, vote_weight[0]
    while 4 * cumulative <= weight_sum:
        place += 1
        cumulative += vote_weight[place]
    return vote_subticks[place]


@rule
def _upper_quartile(vote_subticks: Ints, vote_weight: Ints, votes: int, weight_sum: int) -> int:
    """First vote from above with more than a quarter of the weight."""
    place, cumulative = votes - 1, vote_weight[votes - 1]
    while 4 * cumulative <= weight_sum:
        place -= 1
        cumulative += vote_weight[place]
    return vote_subticks[place]


@rule
def _median(vote_subticks: Ints, vote_weight: Ints, weight_sum: int) -> int:
    """First vote from below with more than half the weight, or the floored middle of two at exactly half."""
    place, cumulative = 0, vote_weight[0]
    while 2 * cumulative < weight_sum:
        place += 1
        cumulative += vote_weight[place]
    if 2 * cumulative == weight_sum:
        return (vote_subticks[place] + vote_subticks[place + 1]) // 2
    return vote_subticks[place]


@rule
def aggregate(
    price_subticks: Ints,
    confidence_subticks: Ints,
    weights: Ints,
    count: int,
    vote_subticks: Column,
    vote_weight: Column,
) -> tuple[int, int, int, int]:
    """Index, its confidence, and the interval around it: rule R-O2, version 1.

    Formula   each source votes price - c, price, price + c with its weight. Index: the weighted median;
              confidence: the larger distance from it to the first votes that pass a quarter of the weight from
              below and from above, at least 1; interval: index -+ confidence.
    Units     subticks; weights after the cap of R-O3. The first ``count`` rows are the fresh sources; the two vote
              columns are scratch of at least 3 x count rows.
    Rounding  down, once, where the weight splits in exact halves between two votes.
    Errors    no source, or a weight of 0, is a caller's bug and asserts.
    Source    Pyth, "Price aggregation proposal" (2021). Equal votes need no order: they are one answer.
    """
    assert count > 0, "an index needs a source"
    votes, weight_sum = 0, 0
    for source in range(count):
        assert weights[source] > 0, "a source without weight does not vote"
        weight_sum += 3 * weights[source]
        for side in range(-1, 2):
            vote = price_subticks[source] + side * confidence_subticks[source]
            place = votes
            while place > 0 and vote_subticks[place - 1] > vote:
                vote_subticks[place] = vote_subticks[place - 1]
                vote_weight[place] = vote_weight[place - 1]
                place -= 1
            vote_subticks[place] = vote
            vote_weight[place] = weights[source]
            votes += 1
    index = _median(vote_subticks, vote_weight, weight_sum)
    below = index - _lower_quartile(vote_subticks, vote_weight, weight_sum)
    above = _upper_quartile(vote_subticks, vote_weight, votes, weight_sum) - index
    confidence = max(below, above, 1)
    return index, confidence, index - confidence, index + confidence
