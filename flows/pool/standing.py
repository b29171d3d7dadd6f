"""Where a pool stands, in a few counts: what a gauge needs of a pool whose past nobody has watched."""

from __future__ import annotations

from typing import NamedTuple

from flows.pool.layout import ACCOUNTS, BREAKERS, COMPARTMENT, STATUS
from flows.pool.state import VAULT, PoolState
from flows.rules.call.levels import BANKRUPT, OK


class Standing(NamedTuple):
    """One pool between two entries."""

    levels: list[int]  # accounts at each level, without the vault
    called: list[int]  # accounts whose call is announced and not cleared
    deficits: dict[int, int]  # quanta that accounts under water owe
    fund_quanta: list[int]  # each market's compartment, then the general part
    states: list[tuple[int, int]]  # each market's index status and breaker bits
    gate_closed: bool


def standing(state: PoolState) -> Standing:
    """Count it; O(cases), for a start."""
    levels = [0] * (BANKRUPT + 1)
    for row, case in state.cases.items():
        if row != VAULT:
            levels[case.level] += 1
    levels[OK] = max(0, int(state.c.pool[0, ACCOUNTS]) - 1) - sum(levels[OK + 1 :])
    called = [row for row, case in state.cases.items() if state.call_open(row) and not case.announce_due_ns]
    markets = state.c.market[: len(state.parameters.markets)]
    return Standing(
        levels,
        called,
        {row: -int(state.value(row)[2]) for row in state.under_water},
        [*markets[:, COMPARTMENT].tolist(), state.fund_quanta],
        [(status, breakers) for status, breakers in markets[:, [STATUS, BREAKERS]].tolist()],
        state.gate_closed,
    )
