"""No source decides alone."""

from flows.rules.exact import rule
from flows.rules.oracle.column import Column


@rule
def cap_weights(weights: Column, count: int) -> int:
    """Cut weights in place until none is above a third of their sum, which is returned: rule R-O3, version 1.

    Formula   while 3 x the largest > sum: the largest becomes floor((sum - it) / 2), half of all others.
    Units     weights are whole numbers; the first ``count`` rows are the fresh sources in ascending id. Of equal
              largest the higher id is cut first.
    Rounding  down: the one that is cut gets no more than half of the others.
    Errors    a weight below 1 is a caller's bug and asserts. Under three sources the cap cannot hold: weights stay,
              and R-O5 gives no better status than degraded.
    Source    Hyperliquid's largest source has 3 of 12.
    """
    weight_sum = 0
    for source in range(count):
        assert weights[source] > 0, "a source without weight does not vote"
        weight_sum += weights[source]
    if count < 3:
        return weight_sum
    while True:
        largest = 0
        for source in range(1, count):
            if weights[source] >= weights[largest]:
                largest = source
        if 3 * weights[largest] <= weight_sum:
            return weight_sum
        others = weight_sum - weights[largest]
        weights[largest] = others // 2
        weight_sum = others + weights[largest]
