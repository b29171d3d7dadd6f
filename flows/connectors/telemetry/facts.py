"""One pool's gauges, kept from its journal and events alone: levels, calls, deficits, the fund, breakers.

    facts = Facts("clearing", parameters)
    facts.add_entries(first_offset, entry_rows)
    facts.add_events(event_rows)

Batches in order, whole columns at a time; row by row only calls and bankruptcies, which are rare. A flow that begins
behind a checkpoint has not seen what led there: it gives `Facts.seed` what the pool itself says (`flows.pool.standing`).
What it executes again was counted when it was first published: `Entered.stand` alone tells how far that has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.connectors.telemetry import metrics
from flows.connectors.telemetry.progress import EventClock
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codes import BREAKERS, LEVELS, STATUSES
from flows.journal.dead_letters import DeadLetter
from flows.registry.parameters import PoolParameters

Column = NDArray[np.int64]

VAULT: Final = 0
"""Account row of the backstop vault: no account of anybody's."""

OK: Final = next(level for level, name in LEVELS.items() if name == "ok")
BANKRUPT: Final = next(level for level, name in LEVELS.items() if name == "bankrupt")
HALTED: Final = next(status for status, name in STATUSES.items() if name == "halted")

GENERAL: Final = "general"
"""The part of the fund that is no market's compartment."""

FUND, FLOOR, WINNERS, TRADERS = metrics.BEARERS


class Entered:
    """What a pool's entries say: how many of each kind, how far they reach, what time it is."""

    def __init__(self, flow: str, of: PoolParameters) -> None:
        """Nothing has happened."""
        self.clock = EventClock(flow, of.id)
        self._kinds = [metrics.journal_entries(flow, of.id, name) for name in en.KIND_NAMES]
        self._position = metrics.journal_position(flow, of.id)

    def stand(self, length: int) -> None:
        """So many entries are behind the flow; none of them is news."""
        self._position.set(length)

    def add_entries(self, first_offset: int, rows: en.Rows) -> None:
        """Entries that the flow has behind it now, and that are news."""
        if len(rows) == 0:
            return
        counts = np.bincount(rows[:, en.KIND], minlength=len(en.KIND_NAMES))
        for kind in np.flatnonzero(counts).tolist():
            self._kinds[kind].inc(int(counts[kind]))
        self.stand(first_offset + len(rows))
        if counts[en.CLOCK]:
            self.clock.tick(int(rows[rows[:, en.KIND] == en.CLOCK, en.TIME_NS][-1]))


class Facts(Entered):
    """What one pool's metrics say."""

    def __init__(self, flow: str, of: PoolParameters) -> None:
        """Nothing has happened; every gauge and counter shows zero."""
        super().__init__(flow, of)
        pool = of.id
        self.markets = [market.id for market in of.markets]
        self.levels = np.zeros(len(LEVELS), np.int64)  # accounts at each
        self.called: set[int] = set()  # accounts; asked for membership and size only
        self.deficits: dict[int, int] = {}  # of accounts under water, in quanta
        self._types = [metrics.pool_events(pool, name) for name in ev.TYPE_NAMES]
        self._levels = [metrics.pool_accounts(pool, LEVELS[level]) for level in range(len(LEVELS))]
        self._called = metrics.called_accounts(pool)
        self._deficit = metrics.deficit(pool)
        self._deficit_accounts = metrics.deficit_accounts(pool)
        self._found = metrics.deficit_found(pool)
        self._borne = {by: metrics.deficit_borne(pool, by) for by in metrics.BEARERS}
        self._closed = metrics.withdrawals_closed(pool)
        self._fund = [metrics.fund(pool, part) for part in (*self.markets, GENERAL)]
        self._breakers = [
            [(bit, metrics.breaker(pool, market, name)) for bit, name in BREAKERS.items()]
            for market in self.markets
        ]
        self._statuses = [
            [(status, metrics.index_status(pool, market, name)) for status, name in STATUSES.items()]
            for market in self.markets
        ]
        openings = [*(market.fund_opening_quanta for market in of.markets), of.fund_opening_quanta]
        for part, opening_quanta in zip(self._fund, openings, strict=True):
            part.set(opening_quanta)  # until its first event
        metrics.fund_floor(pool).set(of.fund_floor_quanta)
        for market in range(len(self.markets)):
            self._state(market, HALTED, 0)  # until its first price
        self._tells: dict[int, Callable[[en.Rows], None]] = {
            ev.ACCOUNT_OPENED: self._opened,
            ev.LEVEL: self._moved,
            ev.FUND: self._funded,
            ev.ADL: self._cut,
            ev.ADL_CASH: self._cut,
            ev.LOSS_CHARGE: self._charged,
            ev.GATE: self._gated,
            ev.MARKET_STATUS: self._stated,
        }

    def seed(
        self,
        *,
        levels: Sequence[int],
        called: Iterable[int],
        deficits: Mapping[int, int],
        fund_quanta: Sequence[int],
        states: Sequence[tuple[int, int]],
        gate_closed: bool,
    ) -> None:
        """Go on from where the pool stands: accounts at each level, calls, deficits, the fund, index status and breakers."""
        self.levels = np.array(levels, np.int64)
        self.called, self.deficits = set(called), dict(deficits)
        for part, quanta in zip(self._fund, fund_quanta, strict=True):
            part.set(quanta)
        for market, (status, breakers) in enumerate(states):
            self._state(market, status, breakers)
        self._closed.set(gate_closed)
        self._show()

    # --- what has happened --------------------------------------------------------------------------------------------
    def add_events(self, rows: en.Rows) -> None:
        """Events of whole entries."""
        if len(rows) == 0:
            return
        kinds = rows[:, ev.TYPE].copy()
        counts = np.bincount(kinds, minlength=len(ev.TYPE_NAMES))
        for kind in np.flatnonzero(counts).tolist():
            self._types[kind].inc(int(counts[kind]))
            if kind in self._tells:
                self._tells[kind](rows[kinds == kind])
        if counts[[ev.MARGIN_CALL, ev.CALL_CLEARED]].any():
            self._call(rows[(kinds == ev.MARGIN_CALL) | (kinds == ev.CALL_CLEARED)])
        if counts[[ev.LEVEL, ev.BANKRUPT, ev.INSOLVENT]].any():
            self._owe(rows[_is_of_deficit(rows, kinds)])
        self._show()

    # --- columns ------------------------------------------------------------------------------------------------------
    def _opened(self, rows: en.Rows) -> None:
        self.levels[OK] += int(np.count_nonzero(rows[:, ev.ACCOUNT] != VAULT))

    def _moved(self, rows: en.Rows) -> None:
        came = np.bincount(rows[:, ev.CODE], minlength=len(LEVELS))
        went = np.bincount(rows[:, ev.FORMER_CODE], minlength=len(LEVELS))
        self.levels += came - went

    def _funded(self, rows: en.Rows) -> None:
        for market in np.unique(rows[:, ev.MARKET]).tolist():
            last = rows[rows[:, ev.MARKET] == market][-1]
            self._fund[market].set(int(last[ev.BALANCE_QUANTA]))  # -1, the general part, is the last
        for code, by in ((ev.FUND_DRAW, FUND), (ev.FUND_FLOOR_DRAW, FLOOR)):
            self._bear(by, -rows[rows[:, ev.CODE] == code, ev.QUANTA])

    def _cut(self, rows: en.Rows) -> None:
        self._bear(WINNERS, rows[:, ev.FEE_QUANTA])

    def _charged(self, rows: en.Rows) -> None:
        self._bear(TRADERS, rows[:, ev.QUANTA])

    def _bear(self, by: str, quanta: Column) -> None:
        self._borne[by].inc(int(quanta.sum()))

    def _gated(self, rows: en.Rows) -> None:
        self._closed.set(int(rows[-1, ev.CODE]))

    def _stated(self, rows: en.Rows) -> None:
        for market in np.unique(rows[:, ev.MARKET]).tolist():
            last = rows[rows[:, ev.MARKET] == market][-1]
            self._state(market, int(last[ev.CODE]), int(last[ev.QUANTA]))

    def _state(self, market: int, status: int, breakers: int) -> None:
        for bit, gauge in self._breakers[market]:
            gauge.set(breakers & bit > 0)
        for which, gauge in self._statuses[market]:
            gauge.set(status == which)

    # --- one by one ---------------------------------------------------------------------------------------------------
    def _call(self, rows: en.Rows) -> None:
        """A call may be announced again while it is open."""
        for kind, account in rows[:, [ev.TYPE, ev.ACCOUNT]].tolist():
            if kind == ev.MARGIN_CALL:
                self.called.add(account)
            else:
                self.called.discard(account)

    def _owe(self, rows: en.Rows) -> None:
        """Deficits that stand: those that wait for a halted market, and what nobody could bear.

        An entry that finds a deficit has it borne before it ends, as far as anybody can.
        """
        for row in rows.tolist():
            kind, account = row[ev.TYPE], row[ev.ACCOUNT]
            if kind == ev.LEVEL and row[ev.CODE] == BANKRUPT:
                self.deficits[account] = max(0, -row[ev.EQUITY_LOW_QUANTA])
            elif kind == ev.INSOLVENT:
                self.deficits[account] = row[ev.QUANTA]
            else:
                self.deficits.pop(account, None)
                if kind == ev.BANKRUPT:
                    self._found.inc(row[ev.QUANTA])

    def _show(self) -> None:
        for level, gauge in enumerate(self._levels):
            gauge.set(int(self.levels[level]))
        self._called.set(len(self.called))
        self._deficit_accounts.set(len(self.deficits))
        self._deficit.set(sum(self.deficits.values()))


def _is_of_deficit(rows: en.Rows, kinds: Column) -> NDArray[np.bool_]:
    """Bankruptcies, insolvencies, and moves to and from the last level."""
    is_last = (rows[:, ev.CODE] == BANKRUPT) | (rows[:, ev.FORMER_CODE] == BANKRUPT)
    found: NDArray[np.bool_] = (
        (kinds == ev.BANKRUPT) | (kinds == ev.INSOLVENT) | ((kinds == ev.LEVEL) & is_last)
    )
    return found


def count_dead(letters: Iterable[DeadLetter]) -> None:
    """Refused records, by the topic they came on and why."""
    for letter in letters:
        metrics.dead_letters(letter.topic, letter.reason.value).inc()
