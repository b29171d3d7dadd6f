"""Oracle, index, mark, TWAP: chapter O of the rulebook."""
