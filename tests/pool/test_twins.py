"""Bands, the full pass and the plain pool give the same events in the same order, whatever happens."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import MODE_AUTO, MODE_BANDS, MODE_FULL
from flows.pool.pool import Pool
from flows.verify.plain import PlainPool
from tests.worlds import History, answers, pool

MODES = {"bands": MODE_BANDS, "full": MODE_FULL, "auto": MODE_AUTO}


def difference(offset: int, kind: int, plain: list[list[int]], got: list[list[int]]) -> str:
    """The first event in which two pools differ, column by column."""
    for at in range(max(len(plain), len(got))):
        one = plain[at] if at < len(plain) else None
        other = got[at] if at < len(got) else None
        if one != other:
            names = [ev.TYPE_NAMES[each[ev.TYPE]] if each else "nothing" for each in (one, other)]
            columns = [
                f"{name} {a} / {b}"
                for name, a, b in zip(ev.COLUMNS, one or [], other or [], strict=False)
                if a != b
            ]
            return f"entry {offset} ({en.KIND_NAMES[kind]}), event {at}: plain {names[0]}, pool {names[1]}: {columns}"
    return ""


def walk(seed: int, steps: int, of: object = None, accounts: int = 8) -> set[int]:
    """One random history through all of them, compared at every entry. The event types that occurred."""
    parameters = of or pool()
    history = History(seed, parameters, accounts)  # type: ignore[arg-type]
    plain = PlainPool(parameters)  # type: ignore[arg-type]
    pools = {name: Pool(parameters, mode) for name, mode in MODES.items()}  # type: ignore[arg-type]
    dice = random.Random(seed)
    seen: set[int] = set()
    at = 0
    for _ in range(steps + 1):
        while at < len(history.rows):
            row = history.rows[at]
            expected = plain.apply(row)
            plain.state.check()
            for name, each in pools.items():
                each.run(np.array([row], np.int64), 0, at, answering=False)
                got = each.take_events().tolist()
                assert got == expected, f"{name}: {difference(at, row[en.KIND], expected, got)}"
                each.check()
            seen |= {event[ev.TYPE] for event in expected}
            answers(history, expected, dice)
            at += 1
        history.step()
    return seen


@settings(max_examples=15)
@given(st.integers(0, 2**32))
def test_three_ways_one_stream(seed: int) -> None:
    walk(seed, 150)


def test_the_histories_meet_every_type_of_event() -> None:
    seen: set[int] = set()
    for seed in range(12):
        seen |= walk(seed, 250)
    bare = pool(vault_opening_quanta=0, fund_opening_quanta=0, fund_floor_quanta=0, loss_scope=0)
    for seed in range(3):
        seen |= walk(seed, 250, bare, accounts=4)
    missing = [name for kind, name in enumerate(ev.TYPE_NAMES) if kind not in seen]
    assert missing == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"liquidate_at_equality": True}, "acting_at_equality"),
        ({"loss_scope": 2}, "flat_accounts_pay_too"),
        ({"loss_scope": 0}, "only_the_failing_market_pays"),
        (
            {"vault_opening_quanta": 0, "fund_opening_quanta": 0, "fund_floor_quanta": 0},
            "nothing_behind_the_accounts",
        ),
        ({"gain_weight_ppm": 500_000}, "gains_count_half"),
        ({"participation_ppm": 1_000_000, "participation_hard_ppm": 1_000_000}, "no_pacing_by_volume"),
    ],
)
def test_settings_change_both_alike(changes: dict[str, object], why: str) -> None:
    assert walk(sum(map(ord, why)), 200, pool(**changes))
