"""Bands, the full pass and the plain pool give the same events in the same order, whatever happens."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import CHAIN, MODE_AUTO, MODE_BANDS, MODE_FULL
from flows.pool.pool import Pool
from flows.rules.breaker.command import CANCEL, HALT, PARAMETERS, RELEASE, SKIP
from flows.rules.offer.bid import OVERSIZED, SELF_DEALING, UNDERFUNDED, UNKNOWN_OFFER
from flows.verify.plain import PlainPool
from tests.pool.histories import Commanded, Rough, wide
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


@dataclass
class Walked:
    """What a history met on its way."""

    types: set[int] = field(default_factory=set)
    chained: int = 0  # entries after which some account held more than its record has room for
    codes: set[tuple[int, int]] = field(default_factory=set)  # (type, code)
    returned: int = 0  # isolated accounts whose margin went back


def walk(history: History, steps: int) -> Walked:
    """One random history through all of them, compared at every entry."""
    skips, texts = (history.skips, history.texts) if isinstance(history, Commanded) else ({}, {})
    plain = PlainPool(history.of, skips)
    pools = {name: Pool(history.of, mode, skips) for name, mode in MODES.items()}
    dice, walked = random.Random(steps), Walked()
    at = 0
    for _ in range(steps + 1):
        while at < len(history.rows):
            row = history.rows[at]
            text = texts.get(at, "")
            expected = plain.apply(row, text)
            plain.state.check()
            for name, each in pools.items():
                each.run(np.array([row], np.int64), 0, at, answering=False, texts={0: text})
                got = each.take_events().tolist()
                assert got == expected, f"{name}: {difference(at, row[en.KIND], expected, got)}"
                each.check()
            walked.types |= {event[ev.TYPE] for event in expected}
            walked.codes |= {(event[ev.TYPE], event[ev.CODE]) for event in expected}
            walked.chained += bool(pools["bands"].state.c.record[:, CHAIN].any())
            walked.returned += sum(
                event[ev.TYPE] == ev.COLLATERAL and event[ev.RULE] == 604 for event in expected
            )
            answers(history, expected, dice)
            if isinstance(history, Rough):
                history.note(expected)
            at += 1
        history.step()
    return walked


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_three_ways_one_stream(seed: int) -> None:
    walk(History(seed, pool()), 150)


def test_the_histories_meet_every_type_of_event() -> None:
    seen: set[int] = set()
    for seed in range(12):
        seen |= walk(History(seed, pool()), 250).types
    for seed in range(2):
        seen |= walk(Commanded(seed, pool()), 250).types
    bare = pool(vault_opening_quanta=0, fund_opening_quanta=0, fund_floor_quanta=0, loss_scope=0)
    for seed in range(3):
        seen |= walk(History(seed, bare, 4), 250).types
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
    assert walk(History(sum(map(ord, why)), pool(**changes)), 200).types


# ---- orders of people ----------------------------------------------------------------------------------------------------
@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_whatever_people_order(seed: int) -> None:
    walk(Commanded(seed, pool()), 120)


def test_orders_come_to_every_end() -> None:
    """Each command taken and in effect; a release cancelled; cancellations and skips of nothing."""
    met = set()
    for seed in range(8):
        met |= walk(Commanded(seed, pool()), 250).codes
    assert {code for kind, code in met if kind == ev.COMMAND_TAKEN} == {
        HALT,
        RELEASE,
        SKIP,
        PARAMETERS,
        CANCEL,
    }
    assert {code for kind, code in met if kind == ev.COMMAND_EFFECTIVE} == {HALT, RELEASE, SKIP, PARAMETERS}
    assert {(ev.COMMAND_CANCELLED, RELEASE), (ev.COMMAND_CANCELLED, PARAMETERS)} <= met
    assert {code for kind, code in met if kind == ev.COMMAND_VOID} == {CANCEL, SKIP, PARAMETERS}
    assert {code for kind, code in met if kind == ev.ENTRY_SKIPPED} >= {en.FILL, en.DEPOSIT}


# ---- what a journal may hold, too ----------------------------------------------------------------------------------------
@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_many_markets_isolated_accounts_and_late_answers(seed: int) -> None:
    walk(Rough(seed, wide(), 5), 80)


def test_rough_histories_meet_what_they_are_for() -> None:
    met = Walked()
    for seed in range(6):
        walked = walk(Rough(seed, wide(), 5), 160)
        met.types |= walked.types
        met.codes |= walked.codes
        met.chained += walked.chained
        met.returned += walked.returned
    assert met.chained > 100
    assert met.returned > 10
    assert {ev.LIQUIDATION_FILL, ev.LIQUIDATION_LAPSED, ev.TAKEOVER, ev.BANKRUPT, ev.ADL} <= met.types
    bids = {code for kind, code in met.codes if kind == ev.BID_DECISION}
    assert {UNKNOWN_OFFER, OVERSIZED, SELF_DEALING, UNDERFUNDED} <= bids
