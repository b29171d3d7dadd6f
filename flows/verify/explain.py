"""Why an event happened: its facts, what they come to by the plain rules, and what would have cured it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flows.rules.call.cure import cure_quanta
from flows.rules.liquidation.restore import reaches_target, restore_lots
from flows.verify.decisions import RESTS_ON_EVIDENCE, decision_checks
from flows.verify.facts import Facts, Row
from flows.verify.recompute import Check, evidence_checks, mark_in_force, tiers_of


class Verdict(StrEnum):
    """What recomputing came to."""

    SAME = "same"
    DIFFERENT = "different"
    NOTHING = "nothing to recompute"


@dataclass(frozen=True, slots=True)
class Quote:
    """One of the quotes behind a price: who published it, under which number."""

    source: str
    number: int


@dataclass(frozen=True, slots=True)
class Cure:
    """What would have brought the account back over the clear level: money, or closing part of one position."""

    deposit_quanta: int
    closings: tuple[
        tuple[int, int], ...
    ]  # (market, signed lots to trade) at the mark, where one alone does it


@dataclass(frozen=True, slots=True)
class Explanation:
    """An event and everything it rests on, worked out again."""

    facts: Facts
    checks: tuple[Check, ...]
    gaps: tuple[str, ...]  # what could not be worked out, and why
    cure: Cure | None

    @property
    def limit(self) -> str:
        """What was taken as recorded, where the account changed between its evidence and the event."""
        changed = self.facts.changed_since
        return (
            f"the account's amounts after {changed}, in the same entry, are taken as recorded"
            if changed
            else ""
        )

    @property
    def verdict(self) -> Verdict:
        """Different if a single figure is, or if evidence is missing that must be there."""
        if self.differences or self.gaps:
            return Verdict.DIFFERENT
        return Verdict.SAME if self.checks else Verdict.NOTHING

    @property
    def differences(self) -> tuple[Check, ...]:
        """The figures that do not stand up."""
        return tuple(check for check in self.checks if not check.same)

    def quotes(self, market: int) -> tuple[Quote, ...]:
        """The quotes behind the index of a market state in force."""
        state = mark_in_force(self.facts, market)
        return quotes_of(state, self.facts.parameters.markets[market].sources) if state else ()


def explain(facts: Facts) -> Explanation:
    """Work an event out again from its facts."""
    checks = (*evidence_checks(facts), *decision_checks(facts))
    return Explanation(facts, checks, tuple(_gaps(facts)), _cure(facts))


def quotes_of(state: Row, sources: tuple[str, ...]) -> tuple[Quote, ...]:
    """The quotes that a market or asset state names."""
    numbers = state["quote_number"][: len(sources)]
    return tuple(
        Quote(source, number) for source, number in zip(sources, numbers, strict=True) if number >= 0
    )


def _gaps(facts: Facts) -> list[str]:
    """What must be in the database and is not."""
    if facts.evidence is None:
        if facts.event["type"] in RESTS_ON_EVIDENCE:
            return ["the evidence that must stand before this event is missing"]
        return []
    return [
        f"the market state of {facts.parameters.markets[row['market']].id} is missing"
        for row in facts.evidence.positions
        if mark_in_force(facts, row["market"]) is None
    ]


def _cure(facts: Facts) -> Cure | None:
    """R-G2 on the evidence: the deposit, and for each position the closing at the mark, that clear a call."""
    if facts.evidence is None or facts.changed_since:
        return None
    margin = facts.evidence.margin
    equity, maintenance = margin["equity_quanta"], margin["maintenance_margin_quanta"]
    deposit = cure_quanta(equity, maintenance, facts.parameters.clear_ppm)
    if deposit == 0:
        return None
    closings = []
    for row in facts.evidence.positions:
        lots = _closing(facts, row, equity, maintenance - row["maintenance_margin_quanta"])
        if lots:
            closings.append((row["market"], -lots if row["position_lots"] > 0 else lots))
    return Cure(deposit, tuple(closings))


def _closing(facts: Facts, row: Row, equity: int, other_margin: int) -> int:
    """Lots of a position whose closing at the mark, without a penalty, clears a call; 0 if none does."""
    of = facts.parameters.markets[row["market"]]
    clear = facts.parameters.clear_ppm
    at = (row["position_lots"], row["mark_ticks"], of.lot_tick_quanta, equity, other_margin, *tiers_of(of))
    lots = restore_lots(*at, clear, 0, 0)
    return lots if reaches_target(lots, *at, clear, 0, 0) else 0
