"""One drill: the fall is played to the real flows, faults of a seeded plan strike, and everything is checked afterwards.

plan -> start -> open -> play, strike, recover -> all settled -> stop -> check

What must hold at the end: no liquidation lost or doubled, no entry's events torn, value conserved, the journal executed
again gives the events on their topics and in ClickHouse, and every input record has one fate.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from flows.connectors import clickhouse
from flows.connectors.kafka import topics
from flows.connectors.kafka.clients import admin, metadata
from flows.connectors.settings import venue_of
from flows.lanes.accounted import account
from flows.lanes.check import check
from flows.lanes.settings import Live
from flows.live.broker import Broker
from flows.live.chaos import fall
from flows.live.chaos.database import Database
from flows.live.chaos.faults import FAULTS, KILLS, OF_DATABASE
from flows.live.chaos.follow import Follow
from flows.live.chaos.processes import FLOWS, Starter
from flows.live.chaos.scene import Scene
from flows.live.chaos.sender import Sender
from flows.rules.scale.time import SECOND_NS

SPEED: Final = 10.0
RECOVER_S: Final = 90.0
"""A venue whose events do not follow again within this time has not recovered."""

SETTLE_S: Final = 180.0
OPENED_S: Final = 60
"""Seconds of the fall in which accounts open their positions; then prices begin to tell."""

SIGNS: Final = 40
"""Signs of trouble that are kept of a fault."""

AUDIT_S: Final = 2.0
CAUGHT_UP: Final = 20
"""Seconds that the audit is given to catch up, and how often it is started again for as many more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What strikes, in its order, and how long nothing happens before each."""

    seed: int
    faults: tuple[str, ...]
    waits_s: tuple[float, ...]


def plan(seed: int, among: Sequence[str], least: int, most: int) -> Plan:
    """Draw a plan."""
    dice = random.Random(f"plan {seed}")  # noqa: S311 - the same seed must give the same plan
    faults = tuple(dice.choice(among) for _ in range(dice.randint(least, most)))
    return Plan(seed, faults, tuple(round(dice.uniform(0.2, 2.5), 3) for _ in faults))


@dataclass(slots=True)
class Struck:
    """What one fault came to, in seconds."""

    fault: str
    lasted_s: float = 0.0
    detect_s: float | None = None  # from its beginning to the first sign
    signs: list[str] = field(default_factory=list)  # the first of them
    recover_s: float | None = None  # from its end until events follow again


@dataclass(slots=True)
class Drilled:
    """What a drill came to."""

    seed: int
    struck: list[Struck] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    entries: int = 0
    events: int = 0
    liquidations: int = 0
    terms: int = 0
    dropped: int = 0
    sent: int = 0
    fates: dict[str, int] = field(default_factory=dict)
    wall_s: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Nothing is wrong."""
        return not self.wrong

    def told(self) -> dict[str, Any]:
        """As it is written as JSON."""
        return asdict(self)


def drill(broker: Broker, folder: Path, plan: Plan, speed: float = SPEED, patience: float = 1.0) -> Drilled:
    """Play it. Topics and folder are of this drill alone; the folder is removed if all is well.

    ``patience`` multiplies all limits of time: what is slow on a machine that others load is no fault of the flows.
    """
    told, began = Drilled(plan.seed), time.monotonic()
    place = folder / f"seed-{plan.seed}"
    shutil.rmtree(place, ignore_errors=True)
    scene = _scene(broker, folder, place, plan, speed)
    scene.patience = patience
    try:
        scene.start()
        scene.sender.start()
        _open(scene)
        for fault, wait_s in zip(plan.faults, plan.waits_s, strict=True):
            scene.pump(wait_s)
            told.struck.append(_strike(scene, fault))
        _finish(scene)
        told.sent = scene.sender.sent
        if not scene.wrong:
            _check(scene, told)
    except Exception as error:  # noqa: BLE001 - whatever it is, this seed has failed, and the next one is another matter
        told.wrong.append(f"{type(error).__name__}: {error}")
    finally:
        scene.close()
    told.wrong = scene.wrong + told.wrong
    told.wall_s = round(time.monotonic() - began, 1)
    if told.is_sound:
        shutil.rmtree(place)
        _forget(scene)
    return told


def _forget(scene: Scene) -> None:
    """Delete the drill's topics: each holds files and memory of the broker."""
    client = admin(scene.live.kafka)
    named = [name for name in metadata(client).topics if name.startswith(scene.live.kafka.topic_prefix)]
    for future in client.delete_topics(named, request_timeout=30).values():
        future.result(30)


def _scene(broker: Broker, folder: Path, place: Path, plan: Plan, speed: float) -> Scene:
    settings = broker.settings(topic_prefix=f"chaos-{plan.seed}-{time.time_ns()}.")
    venue = venue_of(fall.VENUE)
    topics.ensure(settings, len(venue.pools), replication=1)
    place.mkdir(parents=True)
    database = None
    if any(fault in OF_DATABASE for fault in plan.faults):
        database = Database(place / "database")
        database.start()
    starter = Starter(
        place, settings, database.url if database is not None else "", audit_block_s=round(speed)
    )
    live = Live(venue, settings, starter.state, database=starter.database)
    told = fall.records(venue, fall.cut(folder / "fall"))
    sender = Sender(settings, told, speed, plan.seed)
    dice = random.Random(f"faults {plan.seed}")  # noqa: S311 - the same seed must give the same faults
    return Scene(place, live, broker, starter, sender, Follow(live), dice, database)


def _open(scene: Scene) -> None:
    """Markets and accounts open before anything strikes: a fill in a market without a price is refused."""
    scene.until("all flows begin", scene.is_well)
    scene.until("the opening is sent", scene.sender.opened.is_set)
    scene.until("the opening is settled", lambda: not scene.follow.behind())
    scene.sender.gate.set()
    opened_ns = scene.sender.told[0].at_ns + OPENED_S * SECOND_NS
    scene.until("accounts hold positions", lambda: scene.sender.clock_ns >= opened_ns)


def _strike(scene: Scene, name: str) -> Struck:
    """One fault from its beginning until events follow again."""
    scene.sign(f"before {name}")  # what is said again from here on is said anew
    struck, began = Struck(name), time.monotonic()
    FAULTS[name](scene)
    healed, clock_ns = time.monotonic(), scene.sender.clock_ns
    struck.lasted_s = round(healed - began, 2)

    def follows() -> bool:
        return scene.is_well() and scene.follow.followed_ns >= clock_ns

    if scene.until(f"events follow again after {name}", follows, RECOVER_S):
        struck.recover_s = round(time.monotonic() - healed, 2)
    signs = [(at, text) for at, text in scene.signs if at >= began]
    if signs:
        struck.detect_s = round(signs[0][0] - began, 2)
        struck.signs = [text for _, text in signs[:SIGNS]]
    return struck


def _finish(scene: Scene) -> None:
    """The input is over: all of it is settled, the flows stop, and the audit has everything."""
    scene.until("all is sent", lambda: not scene.sender.is_alive(), SETTLE_S)
    left = ["?"]

    def is_settled() -> bool:
        left[0] = scene.follow.behind()
        return scene.is_well() and not left[0]

    if not scene.until("all is settled", is_settled, SETTLE_S):
        scene.wrong.append(left[0])
    for flow in FLOWS:
        if flow != "audit":
            scene.stop(flow)
            scene.strays.append(scene.flows.pop(flow))  # nobody starts it again


def _check(scene: Scene, told: Drilled) -> None:
    """Stop the audit once it has everything, and compare."""
    lengths = [each.length for each in scene.follow.journal]
    for _ in range(CAUGHT_UP):
        scene.until("the audit begins", lambda: scene.flows["audit"].begun)
        time.sleep(AUDIT_S)
        scene.stop("audit")
        client = clickhouse.connect(
            scene.starter.database or scene.starter.state / clickhouse.FOLDER, create=False
        )
        writer = clickhouse.Writer(client)
        if [writer.next_offset(pool.id) for pool in scene.live.venue.pools] == lengths:
            break
        client.close()
        scene.flows["audit"] = scene.starter.start("audit")
    else:
        told.wrong.append("the audit does not catch up")
        return
    try:
        for checked in check(scene.live, client):
            told.entries += checked.entries
            told.events += checked.events
            told.terms += checked.terms
            told.dropped += checked.dropped
            told.liquidations += checked.views["liquidations"]
            told.wrong += [f"pool {checked.pool}: {each}" for each in checked.differences]
        for accounted in account(scene.live, client):
            told.wrong += [f"pool {accounted.pool}: {each}" for each in accounted.differences]
            for (topic, fate), count in accounted.fates.items():
                told.fates[f"{topic} {fate}"] = told.fates.get(f"{topic} {fate}", 0) + count
    finally:
        client.close()


MIXED: Final = tuple(FAULTS)
__all__ = ["KILLS", "MIXED", "Drilled", "Plan", "Struck", "drill", "plan"]
