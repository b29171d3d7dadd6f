"""Columns of a source within its feed: what it said last, and what of that is in use."""

(
    # parameters
    WEIGHT,  # R-O3, before the cap
    HEARTBEAT_NS,
    # its newest quote, whatever became of it
    SEEN_NUMBER,  # -1 before the first
    SEEN_NANO,
    SEEN_CONFIDENCE_NANO,
    SEEN_NS,
    # its newest quote that may be used: a lone jump is not
    NUMBER,  # -1 before the first
    NANO,
    CONFIDENCE_NANO,
    TIME_NS,
    # whether it votes
    OUT_UNTIL_NS,  # equivocation; -1 for never
    FLAGGED_ROUNDS,  # clocks running
    EXCLUDED_UNTIL_NS,  # -1 for never
    VOTES,  # 1 if it is part of the aggregate of this moment
    INDEX_NUMBER,  # of its quote in the index in force, -1 if it has none there
    WIDTH,
) = range(16)
