"""Columns of the one row about the whole stage: time, and the record that is being applied."""

(
    CLOCK_NS,  # latest clock, 0 before the first
    FORMER_CLOCK_NS,  # the one before it
    POOL_NS,  # R-A6
    STATES,  # how many states were ever made: the number of the next
    # of the record at work
    RECORD,
    TOPIC,
    PARTITION,
    ORIGIN_OFFSET,
    # of the run at work
    OUT,  # rows written
    WIDTH,
) = range(10)
