"""Columns of the one row about the record at work; they mean nothing between two."""

(
    RECORD,  # its place among the records
    TOPIC,  # its origin
    PARTITION,
    ORIGIN_OFFSET,
    OUT,  # rows written since the run began
    WIDTH,
) = range(6)
