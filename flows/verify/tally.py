"""What a run came to, counted from its journal and events alone: totals, a path a market, minutes for the picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.permissions import STATE_DIVERGENCE, STATE_LIMIT, STATE_PAUSE
from flows.rules.call.levels import CALL, OK, PARTIAL, SOFT

MINUTE_NS: Final = 60_000_000_000
WORST: Final = 10
"""Accounts shown as the worst hit."""

BREAKERS: Final = {"limit state": STATE_LIMIT, "pause": STATE_PAUSE, "divergence": STATE_DIVERGENCE}


@dataclass
class MarketTally:
    """One market's day."""

    id: str
    first_ticks: int = 0
    low_ticks: int = 0
    high_ticks: int = 0
    last_ticks: int = 0
    states: int = 0
    trips: Counter[str] = field(default_factory=Counter)  # by breaker, and by index status
    funding_quanta: int = 0  # a lot paid over the day
    liquidated_quanta: int = 0
    adl_lots: int = 0


@dataclass
class Minute:
    """What happened in a minute, or stood at its end."""

    mark_ticks: dict[int, int] = field(default_factory=dict)
    breakers: dict[int, int] = field(default_factory=dict)  # bits, with 1 << 16 degraded and 1 << 17 halted index
    liquidated_quanta: int = 0
    fund_quanta: int = 0
    levels: tuple[int, ...] = ()


class Tally:
    """Counts one pool's run; batches in the order of the journal."""

    def __init__(self, of: PoolParameters) -> None:
        """Nothing has happened."""
        self.of = of
        self.markets = [MarketTally(each.id) for each in of.markets]
        self.entries: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.accounts = 0
        self.levels = np.zeros(6, np.int64)  # accounts at each level now
        self.calls_cleared = 0
        self.sold_quanta: Counter[str] = Counter()  # by stage: soft, partial
        self.orders: dict[tuple[int, int], int] = {}  # event id -> stage
        self.auction_quanta = 0
        self.vault_taken_quanta = 0
        self.vault_sold_quanta = 0
        self.penalty_quanta = 0
        self.fund_first_quanta = 0
        self.fund_quanta = 0
        self.fund_low_quanta = 0
        self.fund_drawn_quanta = 0
        self.deficit_quanta = 0
        self.bankrupt = 0
        self.adl_quanta = 0
        self.adl_haircut_quanta = 0
        self.adl_accounts: set[int] = set()  # counted only
        self.socialized_quanta = 0
        self.unborne_quanta = 0
        self.losses: Counter[int] = Counter()  # penalties, bonuses, handed-over equity, by account
        self.minutes: dict[int, Minute] = {}

    # --- the journal --------------------------------------------------------------------------------------------------
    def add_entries(self, rows: en.Rows) -> None:
        """Entries in order: kinds, paths."""
        for kind, count in zip(*np.unique(rows[:, en.KIND], return_counts=True), strict=True):
            self.entries[en.KIND_NAMES[int(kind)]] += int(count)
        of = en.MarketState
        states = rows[rows[:, en.KIND] == en.MARKET_STATE]
        for m, market in enumerate(self.markets):
            own = states[states[:, of.MARKET] == m]
            if not len(own):
                continue
            marks = own[:, of.MARK_TICKS]
            priced = marks[marks > 0]
            market.states += len(own)
            if len(priced):
                market.first_ticks = market.first_ticks or int(priced[0])
                low, high = int(priced.min()), int(priced.max())
                market.low_ticks = min(low, market.low_ticks) if market.low_ticks else low
                market.high_ticks = max(high, market.high_ticks)
                market.last_ticks = int(priced[-1])
            minutes = own[:, en.TIME_NS] // MINUTE_NS
            last = np.append(np.flatnonzero(np.diff(minutes)), len(own) - 1)
            for at in last.tolist():
                minute = self.minute(int(own[at, en.TIME_NS]))
                minute.mark_ticks[m] = int(own[at, of.MARK_TICKS])

    # --- the events ---------------------------------------------------------------------------------------------------
    def add_events(self, rows: en.Rows) -> None:
        """Events in order."""
        kinds = rows[:, ev.TYPE]
        for kind, count in zip(*np.unique(kinds, return_counts=True), strict=True):
            self.events[ev.TYPE_NAMES[int(kind)]] += int(count)
        told = np.isin(kinds, _TOLD)
        for event in rows[told].tolist():
            _TELL[event[ev.TYPE]](self, event)

    def minute(self, time_ns: int) -> Minute:
        """The minute of a moment."""
        key = time_ns // MINUTE_NS
        found = self.minutes.get(key)
        if found is None:
            found = self.minutes[key] = Minute()
        return found

    def _opened(self, _event: list[int]) -> None:
        self.accounts += 1
        self.levels[OK] += 1

    def _level(self, event: list[int]) -> None:
        self.levels[event[ev.FORMER_CODE]] -= 1
        self.levels[event[ev.CODE]] += 1
        self.minute(event[ev.TIME_NS]).levels = tuple(self.levels.tolist())

    def _cleared(self, _event: list[int]) -> None:
        self.calls_cleared += 1

    def _ordered(self, event: list[int]) -> None:
        self.orders[(event[ev.OFFSET], event[ev.INDEX])] = event[ev.CODE]

    def _sold(self, event: list[int]) -> None:
        stage = self.orders.get((event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX]), PARTIAL)
        size = abs(event[ev.QUANTA])
        self.sold_quanta["soft" if stage == SOFT else "full" if event[ev.POSITION_LOTS] else "partial"] += size
        self.penalty_quanta += event[ev.FEE_QUANTA]
        self.losses[event[ev.ACCOUNT]] += event[ev.FEE_QUANTA]
        self._liquidated(event, size)

    def _liquidated(self, event: list[int], size: int) -> None:
        self.markets[event[ev.MARKET]].liquidated_quanta += size
        self.minute(event[ev.TIME_NS]).liquidated_quanta += size

    def _auctioned(self, event: list[int]) -> None:
        size = abs(event[ev.QUANTA])
        self.auction_quanta += size
        self.losses[event[ev.ACCOUNT]] += event[ev.FEE_QUANTA]
        self._liquidated(event, size)

    def _taken(self, event: list[int]) -> None:
        size = abs(event[ev.LOTS]) * event[ev.MARK_TICKS] * self.of.markets[event[ev.MARKET]].lot_tick_quanta
        self.vault_taken_quanta += size
        self._liquidated(event, size)

    def _fund(self, event: list[int]) -> None:
        self.fund_quanta += event[ev.QUANTA]
        if event[ev.CODE] == ev.FUND_OPENING:
            self.fund_first_quanta = self.fund_low_quanta = self.fund_quanta
        if event[ev.CODE] in (ev.FUND_DRAW, ev.FUND_FLOOR_DRAW):
            self.fund_drawn_quanta -= event[ev.QUANTA]
        self.fund_low_quanta = min(self.fund_low_quanta, self.fund_quanta)
        self.minute(event[ev.TIME_NS]).fund_quanta = self.fund_quanta

    def _bankrupt(self, event: list[int]) -> None:
        self.bankrupt += 1
        self.deficit_quanta += event[ev.QUANTA]
        self.losses[event[ev.ACCOUNT]] += event[ev.QUANTA]

    def _deleveraged(self, event: list[int]) -> None:
        self.adl_quanta += abs(event[ev.QUANTA])
        self.adl_haircut_quanta += event[ev.FEE_QUANTA]
        self.adl_accounts.add(event[ev.ACCOUNT])
        self.markets[event[ev.MARKET]].adl_lots += abs(event[ev.LOTS])

    def _cut(self, event: list[int]) -> None:
        self.adl_haircut_quanta += event[ev.FEE_QUANTA]

    def _socialized(self, event: list[int]) -> None:
        self.socialized_quanta += event[ev.QUANTA]

    def _insolvent(self, event: list[int]) -> None:
        self.unborne_quanta += event[ev.QUANTA]

    def _funding(self, event: list[int]) -> None:
        self.markets[event[ev.MARKET]].funding_quanta += event[ev.QUANTA]

    def _status(self, event: list[int]) -> None:
        market = self.markets[event[ev.MARKET]]
        bits, former = event[ev.QUANTA], event[ev.FEE_QUANTA]
        for name, bit in BREAKERS.items():
            if bits & bit and not former & bit:
                market.trips[name] += 1
        if event[ev.CODE] > event[ev.FORMER_CODE]:
            market.trips["halted index" if event[ev.CODE] == 2 else "degraded index"] += 1
        status = (0, 1 << 16, 1 << 17)[event[ev.CODE]]
        minute = self.minute(event[ev.TIME_NS])
        minute.breakers[event[ev.MARKET]] = minute.breakers.get(event[ev.MARKET], 0) | bits | status

    # --- what people ask ----------------------------------------------------------------------------------------------
    def worst(self) -> list[tuple[int, int]]:
        """Accounts that lost most to liquidation, with what they lost."""
        return sorted(self.losses.items(), key=lambda each: (-each[1], each[0]))[:WORST]

    def counts(self) -> dict[str, int]:
        """Events of every type, zero included."""
        return {name: self.events[name] for name in ev.TYPE_NAMES}


_TELL: Final = {
    ev.ACCOUNT_OPENED: Tally._opened,
    ev.LEVEL: Tally._level,
    ev.CALL_CLEARED: Tally._cleared,
    ev.LIQUIDATION_ORDER: Tally._ordered,
    ev.LIQUIDATION_FILL: Tally._sold,
    ev.OFFER_FILL: Tally._auctioned,
    ev.TAKEOVER: Tally._taken,
    ev.FUND: Tally._fund,
    ev.BANKRUPT: Tally._bankrupt,
    ev.ADL: Tally._deleveraged,
    ev.ADL_CASH: Tally._cut,
    ev.SOCIALIZED_LOSS: Tally._socialized,
    ev.INSOLVENT: Tally._insolvent,
    ev.FUNDING: Tally._funding,
    ev.MARKET_STATUS: Tally._status,
}
_TOLD: Final = np.array(sorted(_TELL), np.int64)
assert CALL < SOFT < PARTIAL, "levels are ordered"
