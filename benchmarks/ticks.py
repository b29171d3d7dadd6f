"""What does a price tick cost? Bands against a full revaluation of every account, and against plain Python."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.table import Row, median_seconds
from benchmarks.world import book, calm, crash, opened, parameters
from flows.pool import kernels
from flows.pool.layout import MODE_AUTO, MODE_BANDS, MODE_FULL, TICKS, WOKEN
from flows.pool.pool import Pool
from flows.verify.plain import PlainPool

PLAIN_ACCOUNTS = 2_000


def run(accounts: int) -> list[Row]:
    """Medians of one run; a calm tick moves the busiest market by about 5 bp."""
    rows: list[Row] = []
    ticks = 2_000
    made = {name: opened(accounts, mode) for name, mode in (("bands", MODE_BANDS), ("full", MODE_FULL))}
    seconds = {}
    for name, each in made.items():
        path = calm(ticks if name == "bands" else ticks // 20)
        kernels.run(each.state.c, path[:0], 0, 0, 0)
        woken = int(each.state.c.pool[0, WOKEN])
        seconds[name] = _walk(each, path) / len(path)
        if name == "bands":
            woken_a_tick = (int(each.state.c.pool[0, WOKEN]) - woken) / len(path)
    plain = _plain_tick() * accounts / PLAIN_ACCOUNTS
    rows.append(Row("calm tick, bands", seconds["bands"], seconds["full"], f"{woken_a_tick:.1f} woken"))
    rows.append(Row("calm tick, full revaluation", seconds["full"], seconds["full"], f"{accounts:,} valued"))
    rows.append(
        Row("calm tick, plain Python", plain, seconds["full"], f"scaled from {PLAIN_ACCOUNTS:,} accounts")
    )
    minute = {}
    for name, mode in (("bands", MODE_BANDS), ("switching", MODE_AUTO), ("full", MODE_FULL)):
        each = opened(accounts, mode)
        minute[name] = sum(_walk(each, step) for step in crash())
    for name, spent in minute.items():
        rows.append(
            Row(
                f"crash minute of 60 steps, {name}",
                spent / 60,
                minute["full"] / 60,
                "a step, ladder included",
            )
        )
    return rows


def _walk(pool: Pool, path: np.ndarray) -> float:
    start = time.perf_counter()
    pool.run(path, 0, pool.offset + 1, answering=False)
    spent = time.perf_counter() - start
    pool.take_events()
    assert pool.state.c.pool[0, TICKS] > 0, "the walk was walked"
    return spent


def _plain_tick() -> float:
    pool = PlainPool(parameters())
    pool.run(book(PLAIN_ACCOUNTS))
    path = calm(6).tolist()
    return median_seconds([lambda row=row: pool.apply(row) for row in path])
