"""The venue on the stage: broker, flows, database, producers, and an operator who starts again what died.

Faults act on it; `Scene.pump` lets time pass, and notes the first sign of trouble that an operator would get.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flows.lanes.settings import Live
from flows.live.broker import Broker
from flows.live.chaos.database import Database
from flows.live.chaos.follow import Follow
from flows.live.chaos.processes import FLOWS, STOP_S, Flow, Started, Starter
from flows.live.chaos.sender import Sender
from flows.rules.scale.time import SECOND_NS

TICK_S: Final = 0.05
AGAIN_S: Final = 0.5
"""How long the operator waits before a process is started again."""

LAG_S: Final = 5.0
"""Events that are further behind what is sent are a sign of trouble."""

LONGEST_SIGN: Final = 300

PATIENCE_S: Final = 120.0
"""What takes longer than this has not come about."""


@dataclass
class Scene:
    """Everything that a fault may touch."""

    folder: Path
    live: Live
    broker: Broker
    starter: Starter
    sender: Sender
    follow: Follow
    dice: random.Random
    database: Database | None = None
    patience: float = 1.0  # multiplies all limits of time
    flows: dict[Flow, Started] = field(default_factory=dict)
    strays: list[Started] = field(default_factory=list)  # second processes of a flow
    signs: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _died: dict[Flow, float] = field(default_factory=dict)
    _letters: int = 0

    def start(self) -> None:
        """Start all four flows."""
        for flow in FLOWS:
            self.flows[flow] = self.starter.start(flow)

    def pump(self, seconds: float = 0.0) -> None:
        """Let time pass; the operator looks after the processes meanwhile."""
        end = time.monotonic() + seconds
        while True:
            self.follow.look()
            self._watch()
            if time.monotonic() >= end:
                return
            time.sleep(TICK_S)

    def until(self, what: str, happened: object, patience_s: float = PATIENCE_S) -> bool:
        """Let time pass until something has happened; what has not is noted as wrong."""
        assert callable(happened), "a question"
        end = time.monotonic() + patience_s * self.patience
        while not happened():
            if time.monotonic() > end:
                self.wrong.append(f"not within {patience_s * self.patience:.0f} s: {what}")
                return False
            self.pump(TICK_S)
        return True

    def sign(self, text: str) -> None:
        """Note a sign of trouble."""
        self.signs.append((time.monotonic(), text[:LONGEST_SIGN]))

    def is_well(self) -> bool:
        """Whether every flow runs and has begun."""
        return all(each.code is None and each.begun for each in self.flows.values())

    def lag_s(self) -> float:
        """How far events are behind what is sent, in seconds of the player."""
        return (self.sender.clock_ns - self.follow.followed_ns) / SECOND_NS / self.sender.speed

    def _watch(self) -> None:
        now = time.monotonic()
        for flow, started in list(self.flows.items()):
            if said := started.warned():
                self.sign(said)
            if started.code is None:
                continue
            if flow not in self._died:
                self._died[flow] = now
                self.sign(
                    f"{flow} ended with {started.code}: {started.last_line if started.code > 0 else ''}"
                )
                if wrong := started.fault():
                    self.wrong.append(wrong)
            elif now - self._died[flow] >= AGAIN_S:
                del self._died[flow]
                self.flows[flow] = self.starter.start(flow)
        if self.follow.letters > self._letters:
            self._letters = self.follow.letters
            self.sign("dead letters")
        if self.follow.followed_ns and self.lag_s() > LAG_S:
            self.sign("events are behind")

    def replace(self, flow: Flow) -> Started:
        """Start another process of a flow; the one that ran is a stray from now on."""
        former = self.flows[flow]
        self.strays.append(former)
        self.flows[flow] = self.starter.start(flow)
        return former

    def stop(self, flow: Flow) -> None:
        """Ask a flow to stop, as an operator does; it must, with 0 and in time."""
        code = self.flows[flow].stop(STOP_S * self.patience)
        if code != 0:
            last = self.flows[flow].last_line[:200]
            self.wrong.append(f"{flow} was asked to stop and ended with {code}: {last}")

    def close(self) -> None:
        """End whatever still runs."""
        self.sender.halted.set()
        self.sender.gate.set()
        for each in [*self.flows.values(), *self.strays]:
            if each.code is None:
                each.kill()
        self.follow.close()
        if self.database is not None:
            self.database.end()
