"""Columns of the one row about the whole stage."""

(
    CLOCK_NS,  # latest clock, 0 before the first
    FORMER_CLOCK_NS,  # the one before it
    POOL_NS,  # R-A6
    STATES,  # how many states were ever made: the number of the next
    WIDTH,
) = range(5)
