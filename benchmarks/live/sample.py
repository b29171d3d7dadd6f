"""What is seen of a system each second, from outside: how far each flow is behind, rates, memory and processor time.

    broker's ends, newest records of market-state, journal and events, /proc  ->  Sample

A flow's lag in seconds is the age of the newest record it has settled: the time since its input ended where it stands now.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Final, Self

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from benchmarks.live.rig import Rig
from benchmarks.live.seen import seen_of
from flows.connectors.clickhouse import DatabaseError
from flows.connectors.kafka.clients import admin, consumer
from flows.connectors.kafka.errors import KafkaFailure
from flows.journal import entries as en
from flows.journal.codec import about_of, end_of_events
from flows.lanes import intake, market
from flows.lanes.settings import SHARED

EVERY_S: Final = 1.0
LOOK_S: Final = 0.8
"""How long the newest records are waited for; a sample without one goes by the last."""

LANES: Final = ("market-state", "journal", "events")

LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]

Place = tuple[str, int]
"""A topic and its partition; or a flow and a pool."""


@dataclass(slots=True)
class Sample:
    """One second."""

    at_s: float  # since the sampling began
    wall_ns: int
    lag_records: dict[str, int]  # by flow; of clearing and audit entries
    lag_s: dict[str, float]
    ends: dict[str, int]  # records by topic, entries of the journal, states, events' end
    cpu: dict[str, float]  # cores, by process
    rss_mb: dict[str, float]
    load: float  # load average of the last minute


@dataclass(slots=True)
class Trail:
    """When an end was where."""

    at: list[float] = field(default_factory=list)
    end: list[int] = field(default_factory=list)

    def add(self, at: float, end: int) -> None:
        """An end that moved."""
        if not self.end or end > self.end[-1]:
            self.at.append(at)
            self.end.append(end)

    def age(self, position: int, now: float) -> float:
        """How long ago it ended at a position."""
        if not self.end or position >= self.end[-1]:
            return 0.0
        place = bisect_left(self.end, position)
        if place == 0:
            return now - self.at[0]
        low, high = self.end[place - 1], self.end[place]
        share = (position - low) / (high - low)
        return now - (self.at[place - 1] + share * (self.at[place] - self.at[place - 1]))


class Sampler:
    """Looks each second, on a thread of its own."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.samples: list[Sample] = []
        self.began = time.monotonic()
        self.trails: dict[Place, Trail] = {}
        self.latest: dict[Place, bytes] = {}
        self.cpu: dict[str, tuple[int, float, float]] = {}  # process, seconds used, when
        self.admin = admin(rig.live.kafka, "bench-ends")
        self.consumer = consumer(rig.live.kafka, "bench-tail", fetch_message_max_bytes=1 << 20)
        self.places = [
            (topic, lane)
            for code, topic in enumerate(en.TOPICS)
            if code not in {en.TOPIC_PAPER, en.TOPIC_POOL}
            for lane in ([0] if code in SHARED else range(len(rig.pools)))
        ]
        self.places += [(topic, lane) for topic in ("journal", "events") for lane in range(len(rig.pools))]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.missed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        self.consumer.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            at = time.monotonic()
            try:
                self.samples.append(self.look())
            except (KafkaException, KafkaFailure, TimeoutError, DatabaseError, OSError):
                self.missed += 1  # the broker, or a flow that is down, did not answer in time
            self._stop.wait(max(0.0, EVERY_S - (time.monotonic() - at)))

    # --- one look -----------------------------------------------------------------------------------------------------
    def look(self) -> Sample:
        """A sample of now."""
        ends = self._ends()
        self._read_latest(ends)
        now = time.monotonic()
        records: dict[str, int] = {}
        seconds: dict[str, float] = {}
        for flow, position in self._positions(ends).items():
            records[flow], seconds[flow] = 0, 0.0
            for place, (at, end) in position.items():
                trail = self.trails.setdefault(place, Trail())
                trail.add(now, end)
                records[flow] += max(0, end - at)
                seconds[flow] = max(seconds[flow], trail.age(at, now))
        cpu, rss = self._processes()
        told = {topic: sum(end for (of, _), end in ends.items() if of == topic) for topic, _ in ends}
        told |= self._lengths()
        return Sample(now - self.began, time.time_ns(), records, seconds, told, cpu, rss, os.getloadavg()[0])

    def _ends(self) -> dict[Place, int]:
        named = self.rig.live.kafka.topic
        asked = {TopicPartition(named(topic), lane): LATEST for topic, lane in self.places}
        answers = {
            (each.topic, each.partition): found for each, found in self.admin.list_offsets(asked).items()
        }
        return {(topic, lane): answers[named(topic), lane].result(10).offset for topic, lane in self.places}

    def _read_latest(self, ends: dict[Place, int]) -> None:
        """The newest record of each lane that the flows write."""
        named = self.rig.live.kafka.topic
        wanted = {
            (topic, lane): ends[topic, lane] - 1
            for topic in LANES
            for lane in range(len(self.rig.pools))
            if ends[topic, lane] > 0
        }
        self.consumer.assign([TopicPartition(named(topic), lane, at) for (topic, lane), at in wanted.items()])
        until = time.monotonic() + LOOK_S
        missing = dict(wanted)
        while missing and time.monotonic() < until:
            for message in self.consumer.consume(64, 0.02):
                if message.error() is not None:
                    continue
                place = ((message.topic() or "").removeprefix(named("")), message.partition() or 0)
                self.latest[place] = message.value() or b""
                missing.pop(place, None)
        self.consumer.unassign()

    def _positions(self, ends: dict[Place, int]) -> dict[str, dict[Place, tuple[int, int]]]:
        """By flow: where it stands of each input, and where that ends."""
        found: dict[str, dict[Place, tuple[int, int]]] = {"market": {}, "intake": {}, "clearing": {}}
        for flow, topic, inputs in (
            ("market", "market-state", market.INPUTS),
            ("intake", "journal", intake.INPUTS),
        ):
            for lane in range(len(self.rig.pools)):
                value = self.latest.get((topic, lane))
                if value is None:
                    continue
                settled = {(each.topic, each.partition): each.end for each in about_of(value).settled}
                for code in inputs:
                    at = code, 0 if code in SHARED else lane
                    if at in settled:
                        end = ends[en.TOPICS[code], at[1]]
                        key = (f"{en.TOPICS[code]} {flow} {lane}", at[1])
                        found[flow][key] = settled[at], end
        lengths = self._lengths()
        stored = self.rig.stored() if self.rig.audit else {}
        for pool in self.rig.pools:
            cleared, length = lengths.get(f"events {pool}", 0), lengths.get(f"journal {pool}", 0)
            found["clearing"][f"clearing {pool}", 0] = cleared, length
            if self.rig.audit:
                read = stored.get("stored_to", {}).get(pool, 0)
                found.setdefault("audit", {})[f"audit {pool}", 0] = read, cleared
        return found

    def _lengths(self) -> dict[str, int]:
        """Entries in the journal, and those that are cleared, by pool; states made."""
        found = {}
        for lane, pool in enumerate(self.rig.pools):
            if journal := self.latest.get(("journal", lane)):
                about = about_of(journal)
                found[f"journal {pool}"] = about.first_offset + about.count
            if states := self.latest.get(("market-state", lane)):
                about = about_of(states)
                found[f"states {pool}"] = about.first_offset + about.count
            if events := self.latest.get(("events", lane)):
                found[f"events {pool}"] = end_of_events(events)
        return found

    def _processes(self) -> tuple[dict[str, float], dict[str, float]]:
        cpu, rss = {}, {}
        for name, process in self.rig.processes().items():
            seen = seen_of(process)
            if seen is None:
                continue
            used, rss[name] = seen
            now = time.monotonic()
            former = self.cpu.get(name)
            if former is not None and former[0] == process:
                cpu[name] = (used - former[1]) / (now - former[2])
            self.cpu[name] = (process, used, now)
        return cpu, rss


def between(samples: list[Sample], from_ns: int, until_ns: int) -> list[Sample]:
    """Those of a stretch of time."""
    return [each for each in samples if from_ns <= each.wall_ns <= until_ns]


def rate(samples: list[Sample], *names: str) -> float:
    """How fast some ends moved, together, a second."""
    if len(samples) < 2:
        return 0.0
    first, last = samples[0], samples[-1]
    moved = sum(last.ends.get(name, 0) - first.ends.get(name, 0) for name in names)
    return moved / ((last.wall_ns - first.wall_ns) / 1e9)


def slope(samples: list[Sample], value: Any) -> float:
    """How fast a figure grew, a second: the least squares line."""
    points = [(each.at_s, value(each)) for each in samples]
    if len(points) < 3:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    wide = sum((x - mean_x) ** 2 for x, _ in points)
    found: float = sum((x - mean_x) * (y - mean_y) for x, y in points) / wide
    return found
