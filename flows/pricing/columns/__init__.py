"""Columns of the market stage's state, a module a table; kernels read them as `feed.MEDIAN_NANO`."""
