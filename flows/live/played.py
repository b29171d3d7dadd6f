"""What of a recording its topics hold already: up to which second all of it, and what behind that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from flows.connectors.files import find_topics
from flows.connectors.kafka.errors import KafkaRefused
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.kafka.tail import Tail
from flows.journal.entries import TOPICS
from flows.registry.load import Venue
from flows.rules.scale.time import SECOND_NS

MARGIN_MS: Final = 60_000
"""Brokers' clocks differ: behind the last clock we look so much further back."""

NOTHING: Final = -1


@dataclass(frozen=True, slots=True)
class Play:
    """What is played where. ``speed`` 1 is the recording's own pace, 0 as fast as the broker takes it."""

    settings: KafkaSettings
    venue: Venue
    folders: tuple[Path, ...]
    horizon: tuple[int, int]  # first and last instant, ns
    speed: float = 1.0
    now: bool = False  # all times moved, so that the recording starts now
    fresh: bool = False  # refuse to go on with what another start has begun


@dataclass(slots=True)
class Played:
    """All records sent up to ``second`` are published, and of later ones those up to a number, by who sent them where."""

    second: int = NOTHING
    shift_ns: int = 0  # by which all times were moved
    highest: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def has(self, topic: str, lane: int, source: str, number: int) -> bool:
        """Whether a later record is published: numbers rise with the lines."""
        return number <= self.highest.get((topic, lane, source), NOTHING)


def look(play: Play, clock: str, first_s: int) -> Played:
    """Ask the broker. KafkaRefused if what is there is not of this recording, or nothing should be there."""
    tail = Tail(play.settings, "player-tail")
    try:
        last = tail.last("clock", 0)
        if last is None:
            return Played()
        said = _said(last.value)
        last_s = play.horizon[1] // SECOND_NS
        own = said.get("source") == clock and first_s - 1 <= said.get("number", NOTHING) <= last_s
        name = play.settings.topic("clock")
        if not own:
            raise KafkaRefused(
                f"{name} holds another recording, or another writes it: give another topic prefix."
            )
        if play.fresh:
            raise KafkaRefused(f"{name} holds a recording that was begun: give another topic prefix.")
        found = Played(said["number"], said["time_ns"] - said["number"] * SECOND_NS)
        for topic in find_topics(play.folders):
            for lane in range(tail.lanes(TOPICS[topic])):
                for source, number in _numbers(tail, TOPICS[topic], lane, last.time_ms - MARGIN_MS):
                    place = (TOPICS[topic], lane, source)
                    found.highest[place] = max(found.highest.get(place, NOTHING), number)
        return found
    finally:
        tail.close()


def _numbers(tail: Tail, topic: str, lane: int, time_ms: int) -> Iterator[tuple[str, int]]:
    """Who has sent which numbers since a time. What cannot be read is not ours."""
    for held in tail.since(topic, lane, time_ms):
        said = _said(held.value)
        source, number = said.get("source"), said.get("number")
        if isinstance(source, str) and isinstance(number, int):
            yield source, number


def _said(value: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(value)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
