"""The venue's producers as one thread: the fall at some speed, and on request repeated, swapped, late or flooded.

    records -> what is done to them -> broker

What is done is drawn by dice of a seed, so a plan sends the same records every time.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Literal

from flows.connectors.kafka.errors import KafkaFailure
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.kafka.settings import KafkaSettings
from flows.live.chaos.fall import Sent
from flows.rules.scale.time import SECOND_NS

Trouble = Literal["none", "repeat", "swap", "late"]

HEADERS: Final = (("content-type", b"application/json"),)
OPENING_SPEED: Final = 40.0
"""Before the first fill only prices and deposits come: nothing strikes so early."""

HELD_S: Final = 0.02

SHARE: Final = 0.1
"""Of the records, how many meet with trouble while there is some."""

LATE_S: Final = 2.0
"""How long a late one is held back, at most."""

SURGE: Final = 80
"""Order checks for each one while there is a surge."""

FLUSHED_AT: Final = 500
"""Records between two waits for the broker to acknowledge them all."""

ABOVE: Final = 10_000
"""From its first surge on, order checks are numbered from here: above all that the fall numbers itself."""

_NUMBER: Final = re.compile(rb'"number":[0-9]+')


class Sender(threading.Thread):
    """Sends the fall. ``trouble`` and ``surge`` may be set while it runs."""

    def __init__(self, settings: KafkaSettings, told: Sequence[Sent], speed: float, seed: int) -> None:
        super().__init__(name="sender", daemon=True)
        self.settings, self.told, self.speed = settings, told, speed
        self.dice = random.Random(seed)  # noqa: S311 - a plan's dice must fall the same way again
        self.trouble: Trouble = "none"
        self.surge = False
        self.clock_ns = 0  # the last clock that was sent
        self.sent = 0
        self.opened = threading.Event()  # all before the first fill is sent
        self.gate = threading.Event()  # and may be gone on from
        self.halted = threading.Event()
        self.held = threading.Event()  # a venue waits where its risk plane is far behind
        self.extra: deque[Sent] = deque()
        self._held: list[tuple[float, Sent]] = []  # by when they are sent at last
        self._kept: dict[tuple[str, int], Sent] = {}
        self._checks = 0
        self._unsafe: list[tuple[str, int, bytes]] = []  # sent, and not known to be acknowledged
        self._out = Outbox(settings, "sender", linger_ms=5)

    def run(self) -> None:
        """Send all of it, each at its time."""
        first = next(place for place, each in enumerate(self.told) if each.topic == "fills")
        self._play(self.told[:first], OPENING_SPEED)
        self._flush()
        self.opened.set()
        self.gate.wait()
        self._play(self.told[first:], self.speed)
        for _, each in self._held:
            self._send(each)
        for each in self._kept.values():
            self._send(each)
        self._flush()

    def _play(self, told: Sequence[Sent], speed: float) -> None:
        began, base = time.monotonic(), told[0].at_ns
        for each in told:
            wait = (each.at_ns - base) / SECOND_NS / speed - (time.monotonic() - began)
            if wait > 0:
                time.sleep(wait)
            since = time.monotonic()
            while self.held.is_set() and not self.halted.is_set():
                time.sleep(HELD_S)
            began += time.monotonic() - since
            if self.halted.is_set():
                return
            for one in self._met(each):
                self._send(one)
            while self.extra:
                self._send(self.extra.popleft())

    def _met(self, each: Sent) -> list[Sent]:
        """What becomes of a record: itself, more often than not."""
        now, at = time.monotonic(), (each.topic, each.lane)
        ready = [one for due, one in self._held if due <= now]
        self._held = [(due, one) for due, one in self._held if due > now]
        kept = self._kept.pop(at, None)
        told = [*ready, each, *([kept] if kept is not None else [])]
        if self.surge and each.topic == "order-checks":
            told += [each] * (SURGE - 1)
        if self.trouble == "none" or self.dice.random() >= SHARE:
            return told
        if self.trouble == "repeat":
            self._held.append((now + self.dice.random() * LATE_S, each))
        elif self.trouble == "swap" and kept is None:
            self._kept[at] = each
            told.remove(each)
        elif self.trouble == "late":
            self._held.append((now + self.dice.random() * LATE_S, each))
            told.remove(each)
        return told

    def _send(self, each: Sent) -> None:
        value = each.value
        if each.topic == "order-checks" and (self.surge or self._checks):
            self._checks += 1
            value = _NUMBER.sub(b'"number":%d' % (ABOVE + self._checks), value)
        if each.topic == "clock":
            self.clock_ns = max(self.clock_ns, each.at_ns)
        self.sent += 1
        self._put(each.topic, each.lane, value)
        if self.sent % FLUSHED_AT == 0:
            self._flush()

    def _put(self, topic: str, lane: int, value: bytes) -> None:
        self._unsafe.append((topic, lane, value))
        try:
            self._out.send(topic, lane, "chaos", value, HEADERS)
        except KafkaFailure:
            self._flush()  # which sends it again

    def _flush(self) -> None:
        """All that was sent is acknowledged. A broker that is away for longer than a client waits is tried anew.

        What is sent twice so is known by its number, as with any producer that must not lose anything.
        """
        while not self.halted.is_set():
            try:
                self._out.flush()
            except KafkaFailure:
                with suppress(KafkaFailure):
                    self._out.close()
                self._out = Outbox(self.settings, "sender", linger_ms=5)
                with suppress(KafkaFailure):
                    for topic, lane, value in self._unsafe:
                        self._out.send(topic, lane, "chaos", value, HEADERS)
            else:
                self._unsafe.clear()
                return
