"""A pool's gauges against the same counted slowly, one event at a time, and against the pool itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.facts import Facts, count_dead
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codes import BREAKERS, LEVELS, STATUSES
from flows.journal.dead_letters import DeadLetter
from flows.pool.pool import Pool
from flows.pool.standing import standing
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.permissions import STATE_LIMIT, STATE_PAUSE
from flows.rules.call.levels import BANKRUPT, CALL, OK, SOFT
from flows.rules.oracle.status import HALTED
from schemas.dead_letter import Reason
from tests.audit.story import Story, story
from tests.connectors.telemetry.values import shown
from tests.verify.by_hand import event, rows
from tests.worlds import pool

SEEDS = (1, 3, 7)


def named(name: str) -> PoolParameters:
    return pool(id=name)


def told(of: Story, name: str, cuts: tuple[int, ...] = ()) -> Facts:
    """A story's facts, fed in pieces cut before these journal offsets."""
    facts = Facts("clearing", replace(of.pool, id=name))
    edges = (0, *cuts, len(of.entries))
    for first, end in pairwise(edges):
        facts.add_entries(first, of.entries[first:end])
        offsets = of.events[:, ev.OFFSET]
        facts.add_events(of.events[(offsets >= first) & (offsets < end)])
    return facts


def levels_shown(name: str) -> dict[str, float]:
    return {level: shown("pool_accounts", pool=name, level=level) for level in LEVELS.values()}


class Recount:
    """The slow way."""

    def __init__(self, of: Story, end: int) -> None:
        """Everything up to a journal offset."""
        self.level: dict[int, int] = {}
        self.called: set[int] = set()
        self.fund = dict.fromkeys([-1, 0, 1], 0)
        self.state = dict.fromkeys([0, 1], (HALTED, 0))
        self.closed = 0
        self.found = 0
        self.borne: Counter[str] = Counter()
        for row in of.events.tolist():
            if row[ev.OFFSET] < end:
                self.count(dict(zip(ev.COLUMNS, row, strict=True)))

    def count(self, each: dict[str, int]) -> None:
        kind, account = each["type"], each["account"]
        if kind == ev.ACCOUNT_OPENED and account:
            self.level[account] = OK
        elif kind == ev.LEVEL:
            assert self.level[account] == each["former_code"]
            self.level[account] = each["code"]
        elif kind == ev.MARGIN_CALL:
            self.called.add(account)
        elif kind == ev.CALL_CLEARED:
            self.called.discard(account)
        elif kind == ev.FUND:
            self.fund[each["market"]] += each["quanta"]
            if each["code"] in (ev.FUND_DRAW, ev.FUND_FLOOR_DRAW):
                self.borne["fund" if each["code"] == ev.FUND_DRAW else "floor"] -= each["quanta"]
        elif kind in (ev.ADL, ev.ADL_CASH):
            self.borne["winners"] += each["fee_quanta"]
        elif kind == ev.LOSS_CHARGE:
            self.borne["traders"] += each["quanta"]
        elif kind == ev.BANKRUPT:
            self.found += each["quanta"]
        elif kind == ev.GATE:
            self.closed = each["code"]
        elif kind == ev.MARKET_STATUS:
            self.state[each["market"]] = each["code"], each["quanta"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_gauges_say_what_a_recount_says(seed: int, share: float) -> None:
    of = story(seed)
    end = int(len(of.entries) * share)
    part = replace(of, entries=of.entries[:end], events=of.events[of.events[:, ev.OFFSET] < end])
    name = f"recount-{seed}-{share}"
    told(part, name, (end // 3, end // 2, end // 2 + 1))
    by_hand = Recount(of, end)
    at_level = Counter(LEVELS[level] for level in by_hand.level.values())
    assert levels_shown(name) == {level: at_level[level] for level in LEVELS.values()}
    assert shown("pool_called_accounts", pool=name) == len(by_hand.called)
    parts = {"BTC-PERP": 0, "ETH-PERP": 1, "general": -1}
    assert {part: shown("fund_quanta", pool=name, part=part) for part in parts} == {
        part: by_hand.fund[market] for part, market in parts.items()
    }
    assert shown("fund_floor_quanta", pool=name) == of.pool.fund_floor_quanta
    assert shown("pool_withdrawals_closed_bool", pool=name) == by_hand.closed
    assert shown("pool_deficit_found_quanta_total", pool=name) == by_hand.found
    for by in metrics.BEARERS:
        assert shown("pool_deficit_borne_quanta_total", pool=name, by=by) == by_hand.borne[by]
    for market, (status, bits) in by_hand.state.items():
        of_market = {"pool": name, "market": of.pool.markets[market].id}
        for each, text in STATUSES.items():
            assert shown("index_status_bool", **of_market, status=text) == (each == status)
        for bit, text in BREAKERS.items():
            assert shown("breaker_bool", **of_market, breaker=text) == bool(bits & bit)


@pytest.mark.parametrize("seed", SEEDS)
def test_entries_and_events_are_counted(seed: int) -> None:
    of, name = story(seed), f"counted-{seed}"
    told(of, name, (100, 700))
    for kind, text in enumerate(en.KIND_NAMES):
        count = np.count_nonzero(of.entries[:, en.KIND] == kind)
        assert shown("journal_entries_total", flow="clearing", pool=name, kind=text) == count
    for kind, text in enumerate(ev.TYPE_NAMES):
        assert shown("pool_events_total", pool=name, type=text) == np.count_nonzero(
            of.events[:, ev.TYPE] == kind
        )
    assert shown("journal_position_entries", flow="clearing", pool=name) == len(of.entries)
    clocks = of.entries[of.entries[:, en.KIND] == en.CLOCK, en.TIME_NS]
    assert shown("clock_event_timestamp_seconds", flow="clearing", pool=name) == pytest.approx(
        clocks.max() / 1e9
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("end", [250, 600, 10_000])
def test_a_flow_that_begins_behind_a_checkpoint_shows_the_same(seed: int, end: int) -> None:
    of = story(seed)
    end = min(end, len(of.entries))
    part = replace(of, entries=of.entries[:end], events=of.events[of.events[:, ev.OFFSET] < end])
    watched = told(part, f"watched-{seed}-{end}")
    engine = Pool(of.pool)
    engine.run(of.entries[:end], 0, 0, answering=False)
    name = f"seeded-{seed}-{end}"
    seeded = Facts("clearing", replace(of.pool, id=name))
    seeded.seed(**standing(engine.state)._asdict())
    assert seeded.levels.tolist() == watched.levels.tolist()
    assert seeded.called == watched.called
    assert seeded.deficits.keys() == watched.deficits.keys()
    assert levels_shown(name) == levels_shown(f"watched-{seed}-{end}")
    for part_name in ("BTC-PERP", "ETH-PERP", "general"):
        quanta = shown("fund_quanta", pool=f"watched-{seed}-{end}", part=part_name)
        assert shown("fund_quanta", pool=name, part=part_name) == quanta
    closed = shown("pool_withdrawals_closed_bool", pool=f"watched-{seed}-{end}")
    assert shown("pool_withdrawals_closed_bool", pool=name) == closed


# --- by hand ----------------------------------------------------------------------------------------------------------
def test_a_deficit_waits_for_a_halted_market_and_is_borne() -> None:
    facts = Facts("clearing", named("waits"))
    fall = event(ev.LEVEL, 5, account=4, code=BANKRUPT, former_code=SOFT, equity_low_quanta=-700)
    facts.add_events(rows(event(ev.ACCOUNT_OPENED, account=0), event(ev.ACCOUNT_OPENED, account=4)))
    facts.add_events(rows(event(ev.LEVEL, 3, account=4, code=SOFT, former_code=OK), fall))
    assert shown("pool_deficit_quanta", pool="waits") == 700
    assert shown("pool_deficit_accounts", pool="waits") == 1
    assert shown("pool_accounts", pool="waits", level="bankrupt") == 1
    found = event(ev.BANKRUPT, 9, account=4, quanta=650)
    draw = event(ev.FUND, 9, 1, account=4, quanta=-650, code=ev.FUND_DRAW, balance_quanta=50)
    up = event(ev.LEVEL, 9, 2, account=4, code=OK, former_code=BANKRUPT)
    facts.add_events(rows(found, draw, up))
    assert shown("pool_deficit_quanta", pool="waits") == 0
    assert shown("pool_deficit_borne_quanta_total", pool="waits", by="fund") == 650
    assert shown("fund_quanta", pool="waits", part="general") == 50


def test_what_nobody_can_bear_stays_open() -> None:
    facts = Facts("clearing", named("insolvent"))
    facts.add_events(
        rows(
            event(ev.LEVEL, 5, account=4, code=BANKRUPT, former_code=CALL, equity_low_quanta=-700),
            event(ev.BANKRUPT, 5, 1, account=4, quanta=700),
            event(ev.LOSS_CHARGE, 5, 2, account=9, counter_account=4, quanta=200),
            event(ev.INSOLVENT, 5, 3, account=4, quanta=500),
        )
    )
    assert shown("pool_deficit_quanta", pool="insolvent") == 500
    facts.add_events(rows(event(ev.LEVEL, 8, account=4, code=OK, former_code=BANKRUPT)))
    assert shown("pool_deficit_quanta", pool="insolvent") == 0


def test_breakers_and_status_are_the_last_told() -> None:
    facts = Facts("clearing", named("halts"))
    facts.add_events(
        rows(
            event(ev.MARKET_STATUS, 5, market=1, code=2, quanta=STATE_PAUSE | STATE_LIMIT),
            event(ev.MARKET_STATUS, 6, market=1, code=1, quanta=STATE_PAUSE),
        )
    )
    on = {"pool": "halts", "market": "ETH-PERP"}
    assert shown("breaker_bool", **on, breaker="pause") == 1
    assert shown("breaker_bool", **on, breaker="limit") == 0
    assert shown("index_status_bool", **on, status="degraded") == 1
    assert shown("index_status_bool", **on, status="halted") == 0


def test_an_empty_batch_changes_nothing() -> None:
    facts = Facts("clearing", named("empty"))
    facts.add_entries(0, en.empty(0))
    facts.add_events(rows())
    assert shown("journal_position_entries", flow="clearing", pool="empty") == 0


def test_dead_letters_are_counted_by_topic_and_reason() -> None:
    letter = DeadLetter("dead-topic", 0, 5, Reason.LATE, "time_ns", "too late", b"{}", 2)
    count_dead([letter, letter, letter._replace(reason=Reason.EARLY)])
    assert shown("input_dead_letters_total", topic="dead-topic", reason="late") == 2
    assert shown("input_dead_letters_total", topic="dead-topic", reason="early") == 1
