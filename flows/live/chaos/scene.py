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
"""Events that have not come for so long, while there is something to decide, are a sign of trouble."""

BEHIND_MOST_NS: Final = 30 * SECOND_NS
"""Time of the recording by which events may be behind before the venue waits for them: else a machine that is slow to
start a process would sleep through the fall, and nobody would be liquidated."""

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
    _followed: tuple[float, int] = (0.0, 0)  # since when, up to which event time

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
        """Note a sign of trouble, however long it lasts."""
        text = text[:LONGEST_SIGN]
        if not self.signs or self.signs[-1][1] != text:
            self.signs.append((time.monotonic(), text))

    def is_well(self) -> bool:
        """Whether every flow runs and has begun."""
        return all(each.code is None and each.begun for each in self.flows.values())

    def _keep_up(self, now: float) -> None:
        """Have the venue wait for events that are far behind; that they do not come at all is a sign."""
        followed_ns = self.follow.followed_ns
        if followed_ns != self._followed[1] or self.sender.clock_ns <= followed_ns:
            self._followed = now, followed_ns
        elif now - self._followed[0] > LAG_S:
            self.sign("no events come")
        if followed_ns and self.sender.clock_ns - followed_ns > BEHIND_MOST_NS:
            self.sender.held.set()
        else:
            self.sender.held.clear()

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
        self._keep_up(now)

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
