"""Clearing's state: the book, its kernels, the ladder, the waterfall, checkpoints and the driver."""
