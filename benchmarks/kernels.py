"""Loops that a benchmark needs compiled."""

from __future__ import annotations

from flows.journal.compiled import kernel
from flows.pool.bookkeeping import is_sound
from flows.pool.layout import Columns


@kernel
def check_often(c: Columns, times: int) -> bool:
    """Assert conservation and zero-sum again and again."""
    sound = True
    for _ in range(times):
        sound = sound and is_sound(c)
    return sound
