"""Orders of people: what a halt stops and leaves, when a release takes effect, what is passed over."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool import checkpoint
from flows.pool.driver import Driver
from flows.pool.layout import MODE_AUTO, MODE_BANDS
from flows.pool.pool import Pool, PoolStoppedError
from flows.pool.skips import note_skips
from flows.registry.canonical import canonical_json
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.command import CANCEL, HALT, PARAMETERS, RELEASE, SKIP
from flows.rules.breaker.permissions import STATE_LIMIT, STATE_MANUAL
from flows.rules.margin.maintenance import tier_amounts
from flows.rules.orders.check import ACCEPT, HALTED
from flows.verify.plain import PlainPool
from tests.pool.histories import Commanded
from tests.pool.scenes import PLENTY, PRICE, Events, Scene, names, of_type
from tests.worlds import START, History, pool

USD = 1_000_000
LOTS = 1_000
DELAY_S = 60
ALL = -1
OTHER = 77
"""Any id of a command."""


def order(
    scene: Scene, command: int, market: int = ALL, id_: int = OTHER, text: str = "", **columns: int
) -> Events:
    """A command that was admitted."""
    named = {"journal_offset": -1, "cancels": -1, **columns}
    return scene.add(en.COMMAND, text, command=command, market=market, id=id_, **named)


def answer(scene: Scene, row: int, lots: int, m: int = 0) -> int:
    columns = {"account": row, "lots": lots, "price_ticks": PRICE}
    [decision] = of_type(scene.add(en.ORDER_CHECK, market=m, **columns), ev.ORDER_DECISION)
    return decision[ev.CODE]


def ready(**changes: object) -> Scene:
    """Prices, and a clock that has struck."""
    scene = Scene(pool(**changes))
    scene.wait(1)
    return scene


def told(events: Events, *columns: int) -> list[tuple[int, ...]]:
    return [tuple(event[column] for column in columns) for event in events]


def states(events: Events) -> list[tuple[int, ...]]:
    """Markets whose breakers changed: before and after."""
    return told(of_type(events, ev.MARKET_STATUS), ev.MARKET, ev.FEE_QUANTA, ev.QUANTA)


# ---- halts -------------------------------------------------------------------------------------------------------------
def test_a_halt_stops_new_risk_and_nothing_else() -> None:
    scene = ready()
    alice, rich = scene.open(9_000 * USD), scene.open(PLENTY)
    scene.trade(0, alice, rich, LOTS, PRICE)
    events = order(scene, HALT, 0)
    assert names(events) == ["command-taken", "command-effective", "market-status"]
    assert states(events) == [(0, 0, STATE_MANUAL)]
    assert answer(scene, alice, LOTS) == HALTED
    assert answer(scene, alice, LOTS, m=1) == ACCEPT
    assert answer(scene, alice, -LOTS // 2) == ACCEPT
    scene.deposit(alice, USD)
    scene.trade(0, rich, alice, LOTS // 2, PRICE)
    assert scene.account(alice).lots(0) == LOTS // 2
    [decision] = of_type(scene.withdraw(alice, USD), ev.COLLATERAL_DECISION)
    assert decision[ev.CODE] == ACCEPT
    [funding] = of_type(scene.mark(0, PRICE, flags=en.FLAG_FUNDING, funding_rate_ppb=10), ev.FUNDING)
    assert funding[ev.CODE] == 0


def test_a_halt_stops_orders_and_leaves_offers() -> None:
    scene = ready(vault_opening_quanta=0)
    alice, rich = scene.open(1_000 * USD), scene.open(PLENTY)
    scene.trade(0, alice, rich, LOTS, PRICE)
    order(scene, HALT, 0)
    scene.mark(0, 594_900)
    scene.live(20)
    assert "offer-opened" in names(scene.log)
    assert of_type(scene.log, ev.LIQUIDATION_ORDER) == []
    order(scene, RELEASE, 0)
    assert "liquidation-order" in names(scene.live(DELAY_S + 6))


def test_no_market_state_ends_a_halt_or_trips_one() -> None:
    scene = ready()
    order(scene, HALT, 0)
    assert states(scene.mark(0, PRICE, breakers=STATE_LIMIT)) == [
        (0, STATE_MANUAL, STATE_MANUAL | STATE_LIMIT)
    ]
    assert states(scene.mark(0, PRICE)) == [(0, STATE_MANUAL | STATE_LIMIT, STATE_MANUAL)]
    assert states(scene.mark(1, PRICE, breakers=STATE_MANUAL)) == []


def test_a_halt_of_the_pool_is_one_of_each_market() -> None:
    scene = ready()
    order(scene, HALT, 1)
    events = order(scene, HALT)
    assert states(events) == [(0, 0, STATE_MANUAL)]
    scene.live(DELAY_S)
    assert told(of_type(events, ev.COMMAND_EFFECTIVE), ev.CODE, ev.MARKET) == [(HALT, ALL)]


# ---- releases ------------------------------------------------------------------------------------------------------------
def test_a_release_takes_effect_at_the_first_clock_after_the_delay() -> None:
    scene = ready()
    order(scene, HALT, 0)
    scene.time_ns += 900_000_000  # between two clocks: time moves by clocks only
    [taken] = order(scene, RELEASE, 0)
    assert (taken[ev.CODE], taken[ev.MARKET]) == (RELEASE, 0)
    assert taken[ev.DEADLINE_NS] == START + (1 + DELAY_S) * 10**9
    scene.time_ns = START + 10**9
    assert scene.live(DELAY_S - 1) == []
    events = scene.wait(1)
    assert names(events) == ["command-effective", "market-status"]
    assert told(events[:1], ev.CODE, ev.REFERENCE_OFFSET, ev.REFERENCE_INDEX) == [
        (RELEASE, taken[ev.OFFSET], 0)
    ]
    assert states(events) == [(0, STATE_MANUAL, 0)]


def test_an_entry_that_comes_late_or_early_shortens_no_delay() -> None:
    """The delay counts from the last clock, whatever time a sender puts on its message."""
    scene = ready()
    order(scene, HALT, 0)
    scene.time_ns -= 3_600 * 10**9
    [taken] = order(scene, RELEASE, 0)
    assert taken[ev.DEADLINE_NS] == START + (1 + DELAY_S) * 10**9


def test_a_release_that_waits_can_be_cancelled() -> None:
    scene = ready()
    order(scene, HALT, 0)
    [taken] = order(scene, RELEASE, 0, id_=5)
    events = order(scene, CANCEL, cancels=5, id_=6)
    assert names(events) == ["command-taken", "command-cancelled"]
    cancelled = told(events[1:], ev.CODE, ev.MARKET, ev.REFERENCE_OFFSET)
    assert cancelled == [(RELEASE, 0, taken[ev.OFFSET])]
    assert scene.live(DELAY_S + 2) == []
    assert told(order(scene, CANCEL, cancels=5)[1:], ev.TYPE, ev.CODE, ev.FORMER_CODE) == [
        (ev.COMMAND_VOID, CANCEL, ev.VOID_NOTHING_WAITS)
    ]


@pytest.mark.parametrize(
    ("halted", "released", "gone"), [(0, 0, True), (ALL, 0, True), (0, ALL, True), (1, 0, False)]
)
def test_a_halt_withdraws_the_releases_that_it_covers(halted: int, released: int, gone: bool) -> None:
    """They were signed by people who did not know of it."""
    scene = ready()
    order(scene, HALT)
    order(scene, RELEASE, released)
    assert ("command-cancelled" in names(order(scene, HALT, halted))) == gone
    assert ("market-status" in names(scene.live(DELAY_S))) != gone


def test_liquidations_resume_with_half_their_budget() -> None:
    """R-P3: 20 % of 4 x 100 lots within 1 %; half of that in the first minute after a release."""
    of = {
        "vault_opening_quanta": 5_000 * USD,
        "fund_opening_quanta": 0,
        "fund_floor_quanta": 0,
        "vault_leverage_ppm": 20_000_000,
        "vault_market_share_ppm": 1_000_000,
        "unwind_horizon_ns": 10**10,
    }
    scene = ready(**of)
    alice, rich = scene.open(1_000 * USD), scene.open(PLENTY)
    scene.trade(0, alice, rich, LOTS, PRICE)
    order(scene, HALT, 0)
    order(scene, RELEASE, 0)
    scene.mark(0, 593_000, depth=100)
    found = of_type(scene.live(DELAY_S + 1), ev.VAULT_ORDER)
    assert [-event[ev.LOTS] for event in found] == [40]
    assert 80 in [-event[ev.LOTS] for event in of_type(scene.live(70), ev.VAULT_ORDER)]


# ---- parameters ----------------------------------------------------------------------------------------------------------
def change(scene: Scene, new: PoolParameters, id_: int = OTHER) -> Events:
    """New parameters, as admission lets them in."""
    text = json.dumps({"order": {"parameters": json.loads(canonical_json(new))}, "signatures": []})
    return order(scene, PARAMETERS, id_=id_, text=text)


def dearer(of: PoolParameters, version: int = 2) -> PoolParameters:
    """Twice the margin in the first market, in four tiers instead of three."""
    first = of.markets[0]
    floors = (*first.tier_floor_quanta, 5_000_000_000_000)
    rates = [
        (*(2 * rate for rate in table), top)
        for table, top in ((first.tier_maintenance_ppm, 300_000), (first.tier_initial_ppm, 600_000))
    ]
    market = replace(
        first,
        tier_floor_quanta=floors,
        tier_maintenance_ppm=rates[0],
        tier_maintenance_amount_quanta=tier_amounts(floors, rates[0]),
        tier_initial_ppm=rates[1],
        tier_initial_amount_quanta=tier_amounts(floors, rates[1]),
    )
    return replace(of, version=version, markets=(market, *of.markets[1:]))


def test_new_parameters_value_everybody_anew_at_the_clock_that_brings_them() -> None:
    """$1,000 for $600 of margin: no call; for $1,200: one, and a liquidation, with the new version on each event."""
    scene = ready()
    alice, rich = scene.open(1_050 * USD), scene.open(PLENTY)
    scene.trade(0, alice, rich, LOTS, PRICE)
    [taken] = change(scene, dearer(scene.of))
    assert (taken[ev.CODE], taken[ev.PARAMETERS_VERSION]) == (PARAMETERS, 1)
    assert scene.live(DELAY_S - 1) == []
    events = scene.wait(1)
    assert names(events)[:2] == ["command-effective", "margin"]
    assert {"margin-call", "orders-cancelled", "level"} <= set(names(events))
    assert {event[ev.PARAMETERS_VERSION] for event in events} == {2}
    [evidence] = of_type(events, ev.MARGIN)
    assert (evidence[ev.ACCOUNT], evidence[ev.MAINTENANCE_MARGIN_QUANTA]) == (alice, 1_200 * USD)


def test_bands_are_made_anew() -> None:
    """Under the old margins this price would not have woken her."""
    for mode in (MODE_AUTO, MODE_BANDS):
        scene = Scene(pool(), mode)
        scene.wait(1)
        alice, rich = scene.open(1_600 * USD), scene.open(PLENTY)
        scene.trade(0, alice, rich, LOTS, PRICE)
        change(scene, dearer(scene.of))
        scene.live(DELAY_S)
        assert of_type(scene.log, ev.MARGIN_CALL) == []
        assert [event[ev.ACCOUNT] for event in of_type(scene.mark(0, 598_500), ev.MARGIN_CALL)] == [alice]


def test_of_two_that_wait_the_second_is_superseded() -> None:
    scene = ready()
    change(scene, dearer(scene.of))
    [taken] = change(scene, replace(scene.of, version=2, call_ppm=1_200_000))
    ends = [event for event in scene.live(DELAY_S) if event[ev.TYPE] != ev.MARKET_STATUS]
    assert told(ends, ev.TYPE, ev.CODE) == [(ev.COMMAND_EFFECTIVE, PARAMETERS), (ev.COMMAND_VOID, PARAMETERS)]
    assert told(ends[1:], ev.FORMER_CODE, ev.REFERENCE_OFFSET) == [(ev.VOID_SUPERSEDED, taken[ev.OFFSET])]
    assert scene.plain.state.parameters == scene.pool.state.parameters == dearer(scene.of)


def test_new_parameters_that_wait_can_be_cancelled() -> None:
    scene = ready()
    change(scene, dearer(scene.of), id_=9)
    assert names(order(scene, CANCEL, cancels=9)) == ["command-taken", "command-cancelled"]
    assert scene.live(DELAY_S + 1) == []


def test_a_checkpoint_keeps_the_parameters_in_force() -> None:
    """The registered ones and the checkpoint are all that a start has."""
    scene = ready()
    alice, rich = scene.open(1_600 * USD), scene.open(PLENTY)
    scene.trade(0, alice, rich, LOTS, PRICE)
    change(scene, dearer(scene.of))
    scene.live(DELAY_S)
    fresh = Pool(scene.of)
    checkpoint.load(fresh.state, checkpoint.save(scene.pool.state))
    assert fresh.state.parameters == dearer(scene.of)
    assert fresh.state.registered == scene.of
    scene.pool = fresh
    assert "margin-call" in names(scene.mark(0, 598_500))


# ---- skips ---------------------------------------------------------------------------------------------------------------
def test_a_skip_of_what_can_be_applied_is_void() -> None:
    scene = ready()
    for named in (1, scene.length, scene.length + 10):
        events = order(scene, SKIP, journal_offset=named)
        assert told(events[1:], ev.TYPE, ev.CODE, ev.FORMER_CODE) == [
            (ev.COMMAND_VOID, SKIP, ev.VOID_NOT_STOPPED)
        ]


def row_of(kind: int, **columns: int) -> list[int]:
    row = [0] * en.WIDTH
    row[en.KIND], row[en.TIME_NS] = kind, START
    for name, value in columns.items():
        row[getattr(en.PAYLOADS[kind], name.upper())] = value
    return row


SECOND_GENESIS = row_of(en.GENESIS)
OUT_OF_TURN = row_of(en.DEPOSIT, account=90, opens=1, owner=90, isolated_market=-1, amount_units=5)
"""An account that is not the next one: the compiled loop stops at it, Python at the other."""


@pytest.mark.parametrize("poison", [SECOND_GENESIS, OUT_OF_TURN], ids=["by_python", "compiled"])
@pytest.mark.parametrize("at", [10, 57])
def test_what_cannot_be_applied_stops_the_pool_with_its_offset(poison: list[int], at: int) -> None:
    history = History(3, pool())
    for _ in range(100):
        history.step()
    rows = np.array([*history.rows[:at], poison, *history.rows[at:]], np.int64)
    with pytest.raises(PoolStoppedError, match=f"pool test: entry {at} cannot be applied") as stop:
        Driver(Pool(pool()), None).drive(rows, {})
    assert stop.value.offset == at


def poisoned() -> tuple[en.Rows, int, int]:
    """A journal that no pool can apply as it stands; the poison's offset, and that of the skip that follows."""
    history = History(3, pool())
    while len(history.rows) < 60:
        history.step()
    at = len(history.rows)
    history.rows.append(SECOND_GENESIS)
    for _ in range(20):
        history.step()
    skip = len(history.rows)
    history.entry(en.COMMAND, command=SKIP, market=-1, journal_offset=at, cancels=-1)
    for _ in range(40):
        history.step()
    return np.array(history.rows, np.int64), at, skip


def test_a_skip_ahead_lets_the_pool_pass_over_where_it_stopped() -> None:
    rows, at, skip = poisoned()
    with pytest.raises(PoolStoppedError):
        Driver(Pool(pool()), None).drive(rows, {})
    known: dict[int, int] = {}
    for start in range(0, len(rows), 7):
        note_skips(known, rows[start : start + 7], start)
    assert known == {at: skip}
    driven = Driver(Pool(pool(), skips=known), None).drive(rows, {})
    events = driven.events.tolist()
    assert PlainPool(pool(), known).run(rows) == events
    assert [event[ev.TYPE] for event in events if event[ev.OFFSET] == at] == [ev.ENTRY_SKIPPED]
    assert told(of_type(events, ev.ENTRY_SKIPPED), ev.CODE, ev.REFERENCE_OFFSET) == [(en.GENESIS, skip)]
    assert [event[ev.TYPE] for event in events if event[ev.OFFSET] == skip] == [
        ev.COMMAND_TAKEN,
        ev.COMMAND_EFFECTIVE,
    ]


def test_what_is_passed_over_leaves_the_rest_as_if_it_had_not_been() -> None:
    rows, at, skip = poisoned()
    passed = Driver(Pool(pool(), skips={at: skip}), None).drive(rows, {}).events
    rows[at, en.KIND] = en.CLOCK  # an entry without a trace
    rows[at, en.TIME_NS] = 0
    plain = Driver(Pool(pool()), None).drive(rows, {}).events
    about = (ev.ENTRY_SKIPPED, ev.COMMAND_TAKEN, ev.COMMAND_EFFECTIVE, ev.COMMAND_VOID)
    kept = [events[~np.isin(events[:, ev.TYPE], about)] for events in (passed, plain)]
    assert np.array_equal(*kept)


def test_only_skips_of_what_lies_before_them_are_known() -> None:
    rows = np.array(
        [row_of(en.COMMAND, command=SKIP, journal_offset=named) for named in (3, 4, 0, 0)], np.int64
    )
    known: dict[int, int] = {}
    note_skips(known, rows, 3)
    assert known == {0: 5}


# ---- cuts ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(3))
def test_checkpoints_keep_what_was_ordered(seed: int) -> None:
    """Cut at every tenth entry, most of all while something waits and between an entry and its skip."""
    history = Commanded(seed, pool())
    for _ in range(600):
        history.step()
    rows = np.array(history.rows, np.int64)
    whole = Driver(Pool(pool(), skips=history.skips), None).drive(rows, history.texts).events
    driver, events = Driver(Pool(pool(), skips=history.skips), None), []
    waited = 0
    for start in range(0, len(rows), 10):
        texts = {at - start: text for at, text in history.texts.items() if start <= at < start + 10}
        events.append(driver.drive(rows[start : start + 10], texts).events)
        waited += len(driver.pool.state.waiting)
        fresh = Pool(pool(), skips=history.skips)
        checkpoint.load(fresh.state, checkpoint.save(driver.pool.state))
        driver.pool = fresh
    assert waited > 0
    assert driver.pool.state.parameters.version > 1
    assert np.array_equal(np.concatenate(events), whole)
