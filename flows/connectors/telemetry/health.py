"""Whether a flow has started, has caught up, and still moves: what a supervisor asks every few seconds.

A flow has parts (a pool, a lane), worked on by one worker each. Every part beats when it is called, work or no work; one
that is silent too long makes the flow not live. Ready is a flow that has started, and no part of which stands still or is
further behind than the bound. Calls are cheap: they store a number, whoever asks does the arithmetic.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from flows.connectors.telemetry import metrics

SILENT_MOST_S: Final = 30.0
"""A part that has not beaten for so long hangs. A checkpoint or a long batch takes a few seconds at most."""

BEHIND_MOST_S: Final = 5.0
"""A part that is further behind has not caught up."""


class Answer(NamedTuple):
    """What a probe is told."""

    well: bool
    why: str


class Health:
    """One process's flow."""

    def __init__(
        self,
        flow: str,
        *,
        silent_most_s: float = SILENT_MOST_S,
        behind_most_s: float = BEHIND_MOST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing has started. Parts are known from their first beat on. The clock is none that anybody can set."""
        self.flow = flow
        self.silent_most_s, self.behind_most_s = silent_most_s, behind_most_s
        self.clock = clock
        self._started_s: float | None = None
        self._beats: dict[str, float] = {}
        self._behind_s: dict[str, float] = {}
        self._still: dict[str, str] = {}
        metrics.flow_ready(flow).set_function(lambda: float(self.ready().well))
        metrics.flow_beat(flow).set_function(self._last_beat)

    # --- what a flow says ---------------------------------------------------------------------------------------------
    def started(self) -> None:
        """The flow is built, its state is loaded, it takes records."""
        self._started_s = self.clock()

    def beat(self, part: str) -> None:
        """The part was called."""
        self._beats[part] = self.clock()

    def behind(self, part: str, seconds: float) -> None:
        """How far the part is behind what it could have read; 0 once it has read all."""
        self._behind_s[part] = seconds

    def stands_still(self, part: str, why: str) -> None:
        """The part takes nothing up any more; it goes on beating. A flow that could not even start for it has started."""
        self._still[part] = why
        if self._started_s is None:
            self.started()

    def forget(self, part: str) -> None:
        """The part has ended in good order."""
        self._beats.pop(part, None)
        self._behind_s.pop(part, None)

    # --- what a supervisor asks ---------------------------------------------------------------------------------------
    def startup(self) -> Answer:
        """Whether the flow has started; until then nobody asks whether it is live."""
        has_started = self._started_s is not None
        return Answer(has_started, f"{self.flow} {'has started' if has_started else 'is starting'}")

    def live(self) -> Answer:
        """Whether every part still beats."""
        hanging = [
            f"{part} has been silent for {seconds:.0f} s, at most {self.silent_most_s:.0f}"
            for part, seconds in self._silences()
            if seconds > self.silent_most_s
        ]
        return Answer(not hanging, "; ".join(hanging) or f"{self.flow} is live")

    def ready(self) -> Answer:
        """Whether the flow has started and has caught up."""
        started = self.startup()
        if not started.well:
            return started
        behind = [f"{part} stands still: {why}" for part, why in sorted(self._still.items())]
        behind += [
            f"{part} is {seconds:.1f} s behind, at most {self.behind_most_s:.0f}"
            for part, seconds in sorted(self._behind_s.items())
            if seconds > self.behind_most_s
        ]
        return Answer(not behind, "; ".join(behind) or f"{self.flow} is ready")

    def _silences(self) -> list[tuple[str, float]]:
        """Each part with the seconds since its last beat; a flow without any has been silent since it started."""
        now, beats = self.clock(), sorted(self._beats.items())
        if not beats and self._started_s is not None:
            return [(self.flow, now - self._started_s)]
        return [(part, now - at) for part, at in beats]

    def _last_beat(self) -> float:
        """By the wall: the last beat of the part that is silent longest."""
        return time.time() - max((seconds for _, seconds in self._silences()), default=0.0)
