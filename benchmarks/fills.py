"""What does a fill cost, and what does it cost to assert conservation at every entry?"""

from __future__ import annotations

import time

from benchmarks.kernels import check_often
from benchmarks.table import Row
from benchmarks.world import MARKETS, book, parameters
from flows.journal import entries as en
from flows.pool import bookkeeping
from flows.pool.layout import MODE_BANDS
from flows.pool.pool import Pool
from flows.verify.plain import PlainPool

PLAIN_ACCOUNTS = 2_000


def run(accounts: int) -> list[Row]:
    """An opening book's fills: both sides booked, valued, and given new bands."""
    rows = book(accounts)
    first = int((rows[:, en.KIND] == en.FILL).argmax())
    fills = len(rows) - first
    pool = Pool(parameters(), MODE_BANDS)
    pool.run(rows[:first], 0, 0, answering=False)
    pool.take_events()
    start = time.perf_counter()
    pool.run(rows, first, 0, answering=False)
    compiled = (time.perf_counter() - start) / fills
    checks = 200_000
    start = time.perf_counter()
    for _ in range(200):
        bookkeeping.is_sound(pool.state.c)
    call = (time.perf_counter() - start) / 200
    sound = _sound_seconds(pool, checks)
    plain = PlainPool(parameters())
    small = book(PLAIN_ACCOUNTS)
    first_small = int((small[:, en.KIND] == en.FILL).argmax())
    plain.run(small[:first_small])
    start = time.perf_counter()
    plain.run(small[first_small:])
    slow = (time.perf_counter() - start) / (len(small) - first_small)
    return [
        Row("fill, compiled: booked, valued, banded", compiled, slow, f"{1 / compiled:,.0f} a second"),
        Row("fill, plain Python", slow, slow, f"{PLAIN_ACCOUNTS:,} accounts"),
        Row(
            "conservation and zero-sum, an entry",
            sound,
            slow,
            f"{sound / compiled:.1%} of a fill; {MARKETS} markets",
        ),
        Row("the same, called from Python", call, slow, "at entries that Python finishes"),
    ]


def _sound_seconds(pool: Pool, checks: int) -> float:
    check_often(pool.state.c, 1)
    start = time.perf_counter()
    assert check_often(pool.state.c, checks)
    return (time.perf_counter() - start) / checks
