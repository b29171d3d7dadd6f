"""Market, intake and clearing on one lane, killed anywhere: what is published is what an undisturbed run makes of it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.connectors.kafka.inbox import BULK, SENT
from flows.journal import entries as en
from flows.journal.arrivals import Arrived
from flows.journal.codec import EntryBatch, decode_entries
from flows.journal.terms import Partition, Standing
from flows.lanes import intake, market
from flows.lanes.check import check
from flows.lanes.lane import Begin, LaneTaken, Polled
from schemas.bulk import TOPICS
from tests.journal.small import SECOND
from tests.journal.test_bulk import stream
from tests.lanes.memory import Memory
from tests.lanes.processes import POOL, Process, live, records

LANE: Final = 0
QUIET: Final = 12
"""Turns without an item, after which nothing more is expected."""

ACTIONS: Final = ("feed", "turn", "commit", "kill", "stop", "pause", "revive")


@pytest.fixture(autouse=True)
def _library() -> Iterator[None]:
    """Any memory may be installed within a test."""
    with pytest.MonkeyPatch.context() as patch:
        World.patch = patch
        yield


Sent = tuple[str, int, bytes, tuple[tuple[str, bytes], ...]]
"""Topic, partition, value, headers."""


@cache
def told(in_bulk: bool) -> list[Sent]:
    """The recording: a record a message, or up to five messages of a second as one."""
    if not in_bulk:
        return [(topic, lane, value, ()) for _, topic, lane, value in records()]
    seconds: dict[tuple[int, str, int], list[bytes]] = {}
    for sent_ns, topic, lane, value in records():
        seconds.setdefault((sent_ns // SECOND, topic, lane), []).append(value)
    found: list[tuple[int, Sent]] = []
    for (second, topic, lane), values in seconds.items():
        for start in range(0, len(values), 5):
            few = values[start : start + 5]
            if len(few) == 1 or topic not in TOPICS:
                found += [(second, (topic, lane, each, ())) for each in few]
                continue
            sent = max(orjson.loads(each)["sent_ns"] for each in few)
            value = stream(topic, [orjson.loads(each) for each in few])
            found.append((second, (topic, lane, value, (BULK, (SENT, b"%d" % sent)))))
    return [each for _, each in sorted(found, key=_second)]


def _second(record: tuple[int, Sent]) -> int:
    return record[0]


@dataclass
class World:
    """The lane's processes, and how much of the recording has been sent."""

    seed: int
    folder: Path
    in_bulk: bool = False
    memory: Memory = field(init=False)
    running: dict[str, Process] = field(default_factory=dict)
    paused: list[Process] = field(default_factory=list)  # each had the lane until another was started
    sent: int = 0
    patch: Any = None

    def __post_init__(self) -> None:
        self.memory = Memory(random.Random(self.seed)).install(World.patch)
        self.live = live(self.folder)
        self.told = told(self.in_bulk)

    def process(self, flow: str) -> Process:
        """The flow's process, started if it is not there."""
        if flow not in self.running:
            self.running[flow] = Process(self.memory, self.live, flow)
        return self.running[flow]

    def act(self, action: str, flow: str, count: int) -> None:
        """One thing happens."""
        if action == "feed":
            for topic, lane, value, headers in self.told[self.sent : self.sent + 40 * count]:
                self.memory.append(topic, lane, value, *headers)
            self.sent = min(self.sent + 40 * count, len(self.told))
        elif action == "turn":
            for _ in range(count):
                self.turn(flow)
        elif action == "commit":
            self.process(flow).commit()
        elif action == "kill" and flow in self.running:
            self.running.pop(flow).kill()
        elif action == "stop" and flow in self.running:
            self.running.pop(flow).stop()
        elif action == "pause" and flow in self.running:
            self.paused.append(self.running.pop(flow))
        elif action == "revive":
            self.revive(count)

    def turn(self, flow: str) -> int:
        """One poll; a process whose lane was taken by one that was revived before its first turn is started anew."""
        try:
            return self.process(flow).turn()
        except LaneTaken:
            self.running.pop(flow).kill()
            return 1

    def revive(self, turns: int) -> None:
        """Paused processes go on, and find that the lane is another's, if it is."""
        for process in self.paused:
            try:
                for _ in range(turns):
                    process.turn()
                process.commit()
            except LaneTaken:
                process.kill()
        self.paused = [each for each in self.paused if each.flow == "clearing"]

    def finish(self) -> None:
        """All is sent, and every flow runs until nothing more comes."""
        self.act("feed", "", len(self.told))
        for flow in ("market", "intake", "clearing"):
            quiet = 0
            while quiet < QUIET:
                quiet = 0 if self.turn(flow) else quiet + 1
            self.process(flow).stop()

    # --- what came of it ---
    def batches(self, topic: str) -> list[EntryBatch]:
        """The batches of a lane that count."""
        standing = Standing()
        read = [(each, decode_entries(each.data)) for each in self.memory.logs[topic, LANE]]
        return [batch for each, batch in read if standing.take(batch.about, each.number)]

    def arrivals(self, batch: EntryBatch) -> dict[Partition, list[Arrived]]:
        """The records that a batch settles."""
        found = {}
        for each in batch.settled:
            log = self.memory.logs[en.TOPICS[each.topic], each.partition][each.first : each.end]
            if log:
                found[each.topic, each.partition] = [
                    Arrived(one.number, one.data, _sent(one), BULK in one.told) for one in log
                ]
        return found

    def again(self, flow: str) -> list[Any]:
        """What an undisturbed run makes of the same polls."""
        topic, made = {"market": (market.TOPIC, market.Price), "intake": (intake.TOPIC, intake.Admit)}[flow]
        with tempfile.TemporaryDirectory() as folder:
            step = made(live(Path(folder)), POOL)
            list(step.apply(Begin(1, "undisturbed", None, Standing().state())))
            polls = [Polled(batch.settled, self.arrivals(batch), {}) for batch in self.batches(topic)]
            return [one for each in polls for one in step.apply(each)]


def _sent(record: Any) -> int:
    return next((int(value) for name, value in record.told if name == SENT), 0)


def same(world: World, flow: str, topic: str) -> None:
    """The lane holds what is made of its own polls."""
    batches, again = world.batches(topic), world.again(flow)
    assert len(batches) == len(again)
    for number, (batch, made) in enumerate(zip(batches, again, strict=True)):
        assert batch.first_offset == made.first, number
        assert np.array_equal(batch.rows, made.rows), number
        assert batch.texts == made.texts, number
    settled: dict[Partition, int] = {}
    for batch in batches:
        settled |= {(each.topic, each.partition): each.end for each in batch.settled}
    for (topic_, partition), end in settled.items():
        assert end == len(world.memory.logs[en.TOPICS[topic_], partition]), "every record has its place"


def sound(seed: int, script: list[tuple[str, str, int]], in_bulk: bool = False) -> World:
    """Play a script to its end, and judge what is published."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(seed, Path(folder), in_bulk)
        for action, flow, count in script:
            world.act(action, flow, count)
        world.finish()
        same(world, "market", "market-state")
        same(world, "intake", "journal")
        [told_, _] = check(world.live)
        assert told_.is_sound, told_.differences
        assert told_.entries > 300
    return world


SCRIPTS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(["market", "intake", "clearing"]), st.integers(1, 6)),
    max_size=40,
)


@pytest.mark.compiled
@pytest.mark.slow
@given(seed=st.integers(0, 1 << 16), script=SCRIPTS, in_bulk=st.booleans())
@example(seed=0, script=[], in_bulk=True)
@settings(max_examples=20)
def test_killed_anywhere_a_lane_holds_what_an_undisturbed_run_makes(
    seed: int, script: list[tuple[str, str, int]], in_bulk: bool
) -> None:
    sound(seed, script, in_bulk)
