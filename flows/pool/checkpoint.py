"""A pool on disk: the book's arrays and what Python remembers, under one hash. Losing one costs time, not data."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import orjson

from flows.pool import book
from flows.pool.case import Case, Offer, Order
from flows.pool.ordered import Ordered
from flows.pool.state import PoolState
from flows.registry.canonical import canonical_json, from_canonical

HASH_BYTES: Final = 32
_KEYS: Final = orjson.OPT_NON_STR_KEYS


class CheckpointDamagedError(Exception):
    """A checkpoint's bytes are not what was written: an earlier one, or the journal's start, serves instead."""


def save(state: PoolState) -> bytes:
    """Everything that `load` needs to go on behind the entry that was applied last."""
    arrays = io.BytesIO()
    kept: dict[str, Any] = dict(book.saved(state.c))
    np.savez(arrays, **kept)
    memory = orjson.dumps(
        {
            "cases": [[row, asdict(case)] for row, case in state.cases.items()],
            "parents": list(state.parents.items()),
            "isolated": list(state.isolated.items()),
            "held_lots": list(state.held_lots.items()),
            "vault_orders": [asdict(order) for order in state.vault_orders.values()],
            "vault_started_ns": state.vault_started_ns,
            "vault_next_ns": state.vault_next_ns,
            "hour_ns": state.hour_ns,
            "gate": [state.gate_closed, state.gate_opens_ns, state.insolvent],
            "under_water": list(state.under_water),
            "timers": state.timers,
            "forced": [list(queue) for queue in state.forced],
            "waiting": [asdict(order) for order in state.waiting],
            "passed": list(state.passed.items()),
            "parameters": ""  # as registered
            if state.parameters is state.registered
            else canonical_json(state.parameters).decode("ascii"),
        },
        option=_KEYS | orjson.OPT_SERIALIZE_NUMPY,
    )
    body = len(memory).to_bytes(8, "little") + memory + arrays.getvalue()
    return hashlib.sha256(body).digest() + body


def load(state: PoolState, data: bytes) -> None:
    """Fill a fresh state from what `save` gave."""
    body = data[HASH_BYTES:]
    if len(data) < HASH_BYTES + 8 or hashlib.sha256(body).digest() != data[:HASH_BYTES]:
        raise CheckpointDamagedError("the checkpoint's hash does not match its bytes")
    size = int.from_bytes(body[:8], "little")
    memory: dict[str, Any] = orjson.loads(body[8 : 8 + size])
    with np.load(io.BytesIO(body[8 + size :])) as arrays:
        state.c = book.restored(state.c, dict(arrays))
    state.cases = {row: _case(kept) for row, kept in memory["cases"]}
    for row, case in state.cases.items():
        for offer in case.offers.values():
            state.offers[(offer.offset, offer.index)] = row
    state.parents = dict(memory["parents"])
    state.isolated = dict(memory["isolated"])
    state.held_lots = dict(memory["held_lots"])
    state.vault_orders = {each["market"]: Order(**each) for each in memory["vault_orders"]}
    state.vault_started_ns = memory["vault_started_ns"]
    state.vault_next_ns, state.hour_ns = memory["vault_next_ns"], memory["hour_ns"]
    state.gate_closed, state.gate_opens_ns, state.insolvent = memory["gate"]
    state.under_water = dict.fromkeys(memory["under_water"], True)
    state.timers = [(when, row) for when, row in memory["timers"]]
    state.forced = [deque((when, quanta) for when, quanta in queue) for queue in memory["forced"]]
    if memory["parameters"]:
        state.parameters = from_canonical(memory["parameters"].encode("ascii"))
        state.c = book.with_parameters(state.c, state.parameters)
    state.waiting = [Ordered(**each) for each in memory["waiting"]]
    state.passed = dict(memory["passed"])
    state.forced_sums = [sum(quanta for _, quanta in queue) for queue in state.forced]


def _case(kept: dict[str, Any]) -> Case:
    order, offers = kept.pop("order"), kept.pop("offers")
    return Case(
        **kept,
        order=Order(**order) if order else None,
        offers={each["market"]: Offer(**each) for each in offers.values()},
    )
