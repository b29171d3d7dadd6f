"""Margin calls and liquidation orders, told apart one by one: who was cured in time, which order was what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flows.journal import events as ev
from flows.rules.call.levels import SOFT

STAGES: Final = ("soft", "partial", "full")
"""What a liquidation order was: inside the window, a part of what was held, all that was left of it."""

FORCING: Final = (ev.OFFER_OPENED, ev.TAKEOVER, ev.COLLATERAL_SOLD, ev.BANKRUPT)
"""Steps against an account's will, beside liquidation orders: a call cleared after one was not cured by its holder."""


@dataclass
class Forced:
    """Liquidation orders of one stage."""

    orders: int = 0
    fills: int = 0
    quanta: int = 0
    penalty_quanta: int = 0


class ForcedSteps:
    """One pool's calls and orders; events in order, each a list of its columns."""

    def __init__(self) -> None:
        """Nobody was called."""
        self.calls_cured = 0  # cleared before a forced step
        self.calls_forced = 0  # cleared after one
        self.calls_open: dict[int, bool] = {}  # account -> whether a step was forced since its call
        self.stages = {stage: Forced() for stage in STAGES}
        self.lapsed = 0  # orders that went unanswered, in part or in full
        self._unanswered: dict[tuple[int, int], tuple[str, int]] = {}  # order -> stage, lots left

    def called(self, event: list[int]) -> None:
        """A call was announced."""
        self.calls_open.setdefault(event[ev.ACCOUNT], False)

    def cleared(self, event: list[int]) -> None:
        """A call that was never announced, because the last was a moment ago, is nobody's cure."""
        forced = self.calls_open.pop(event[ev.ACCOUNT], None)
        self.calls_cured += forced is False
        self.calls_forced += forced is True

    def step(self, event: list[int]) -> None:
        """Something was forced on an account."""
        if event[ev.ACCOUNT] in self.calls_open:
            self.calls_open[event[ev.ACCOUNT]] = True

    def ordered(self, event: list[int]) -> None:
        """The order says what it is: it closes all that is held if it is as large as the position before it."""
        all_of_it = event[ev.LOTS] == -event[ev.POSITION_LOTS]
        stage = "soft" if event[ev.CODE] == SOFT else "full" if all_of_it else "partial"
        self.stages[stage].orders += 1
        self._unanswered[event[ev.OFFSET], event[ev.INDEX]] = (stage, abs(event[ev.LOTS]))
        self.step(event)

    def answered(self, event: list[int]) -> str:
        """A fill of an order; the order's stage. An order is remembered until nothing is left of it."""
        order = (event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX])
        stage, left = self._unanswered.pop(order)
        if left > abs(event[ev.LOTS]):
            self._unanswered[order] = (stage, left - abs(event[ev.LOTS]))
        forced = self.stages[stage]
        forced.fills += 1
        forced.quanta += abs(event[ev.QUANTA])
        forced.penalty_quanta += event[ev.FEE_QUANTA]
        return stage

    def lapse(self, event: list[int]) -> None:
        """What was left of an order is void; those of the vault, which lapse too, are no liquidation's."""
        lapsed = self._unanswered.pop((event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX]), None)
        self.lapsed += lapsed is not None
