"""Where bytewax puts a pool's source, step and sink: asked of bytewax itself."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import cluster_main

from flows.connectors.engine import Item, Keyed, Parts, Sinks
from flows.connectors.placement import keys_for, pool_of

POOLS = [f"pool-{name}" for name in "zyxwvutsrqpo"]  # their order is not the alphabet's


class Seen:
    """Which thread each part of a pool ran on."""

    def __init__(self) -> None:
        self.on: dict[str, set[int]] = defaultdict(set)

    def note(self, pool: str) -> None:
        self.on[pool].add(threading.get_ident())


class Once:
    def __init__(self, seen: Seen, key: str) -> None:
        self.seen, self.key, self.done = seen, key, False

    def read(self) -> list[tuple[str, Item]] | None:
        if self.done:
            return None
        self.done = True
        self.seen.note(pool_of(self.key))
        return [(self.key, Item(pool_of(self.key), 1))]

    def snapshot(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Step:
    def __init__(self, seen: Seen, pool: str) -> None:
        self.seen, self.pool = seen, pool

    def apply(self, item: int) -> Iterable[int]:
        self.seen.note(self.pool)
        return [item]

    def snapshot(self) -> None:
        """Nothing."""


class Last:
    def __init__(self, seen: Seen, key: str) -> None:
        self.seen, self.key = seen, key

    def write(self, items: Sequence[Item]) -> None:
        assert items
        self.seen.note(pool_of(self.key))

    def snapshot(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 5, 6, 8, 10, 12])
def test_a_pool_is_on_one_worker_and_pools_spread_evenly(workers: int) -> None:
    seen, keys = Seen(), list(keys_for(POOLS).values())
    flow = Dataflow("placed")
    read = op.input("read", flow, Parts(keys, lambda key, _: Once(seen, key)))
    kept = op.stateful_batch("step", read, lambda state: Keyed(lambda pool, _: Step(seen, pool), state))
    op.output("write", kept, Sinks(keys, lambda key, _: Last(seen, key)))
    cluster_main(flow, [], 0, worker_count_per_proc=workers)
    assert {pool: len(threads) for pool, threads in seen.on.items()} == dict.fromkeys(POOLS, 1)
    held = Counter(thread for threads in seen.on.values() for thread in threads)
    assert max(held.values()) - min(held.values()) <= 1
    assert len(held) == workers


def test_a_key_names_its_pool_and_nothing_else() -> None:
    assert [pool_of(key) for key in keys_for(POOLS).values()] == POOLS
