"""What a run came to, counted from its journal and events alone: totals, a path a market, minutes for the picture.

Whole columns at a time; row by row only what must be told apart one by one and is rare: orders, calls, breakers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.journal import entries as en
from flows.journal import events as ev
from flows.registry.parameters import PoolParameters
from flows.rules.call.levels import SOFT
from flows.rules.orders.check import ACCEPT
from flows.verify.ledger import HANDED_OVER, VAULT, Ledger, grown
from flows.verify.minutes import CHANNELS, Minutes, states_of

Column = NDArray[np.int64]

WORST: Final = 10
"""Accounts shown as the worst hit."""

STAGES: Final = ("soft", "partial", "full")
"""What a liquidation order was: inside the window, a part of what was held, all that was left of it."""

# What happened to an account, as bits of `Tally.fate`.
FATES: Final = ("soft", "partial", "full", "auction", "vault", "bankrupt", "loss share", "adl", "called")
SOFTLY, PARTLY, FULLY, AUCTIONED, TAKEN, BANKRUPTED, CHARGED, DELEVERAGED, CALLED = (
    1 << place for place in range(len(FATES))
)
HURT: Final = SOFTLY | PARTLY | FULLY | AUCTIONED | TAKEN | BANKRUPTED | CHARGED
_OF_STAGE: Final = {"soft": SOFTLY, "partial": PARTLY, "full": FULLY}

ORDERS, OFFERS, TO_VAULT, ADL = range(len(CHANNELS))


@dataclass
class MarketTally:
    """One market's run."""

    id: str
    first_ticks: int = 0
    low_ticks: int = 0
    high_ticks: int = 0
    last_ticks: int = 0
    states: int = 0
    trips: Counter[str] = field(default_factory=Counter)  # by unusual state: how often it began
    funding_quanta: int = 0  # a lot paid over the run
    liquidated_quanta: int = 0  # on every channel but deleveraging
    adl_lots: int = 0


@dataclass
class Forced:
    """Liquidation orders of one stage."""

    orders: int = 0
    fills: int = 0
    quanta: int = 0
    penalty_quanta: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One account's share of the run."""

    account: int
    lost_quanta: int  # settlement asset paid in and gone, at the last marks
    forced_quanta: int  # notional closed for it
    cost_quanta: int  # penalties and bonuses
    fates: tuple[str, ...]


class Tally:
    """Counts one pool's run; batches in the order of the journal."""

    def __init__(self, of: PoolParameters) -> None:
        """Nothing has happened."""
        self.of = of
        self.ledger = Ledger(of)
        self.minutes = Minutes(len(of.markets))
        self.markets = [MarketTally(each.id) for each in of.markets]
        self.entries: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.time_ns = 0
        # accounts, by row
        self.fate = np.zeros(1, np.int64)
        self.forced_quanta = np.zeros(1, np.int64)
        self.cost_quanta = np.zeros(1, np.int64)
        # orders asked for, margin calls
        self.decisions: Counter[int] = Counter()  # by code
        self.calls_cured = 0  # cleared before a forced step
        self.calls_forced = 0  # cleared after one
        self.calls_open: dict[int, bool] = {}  # account -> whether a step was forced since the call
        # liquidations
        self.forced = {stage: Forced() for stage in STAGES}
        self.orders: dict[tuple[int, int], tuple[str, int]] = {}  # unanswered: stage, lots left
        self.orders_lapsed = 0
        self.largest: tuple[int, int, int] = (0, -1, -1)  # fill by notional, with its event
        self.auction_quanta = 0
        self.bonus_quanta = 0
        self.vault_taken_quanta = 0
        self.vault_equity_quanta = 0  # handed over with it, before collateral in kind
        self.vault_fills = 0
        self.vault_sold_quanta = 0
        # the waterfall
        self.fund_quanta = 0
        self.fund_first_quanta = 0
        self.fund_low_quanta = 0
        self.fund_flows: Counter[str] = Counter()  # by reason
        self.fund_units = [0] * len(of.assets)  # bought in kind
        self.deficit_quanta = 0
        self.adl_bankrupts = 0  # positions closed against winners
        self.adl_quanta = 0
        self.adl_haircut_quanta = 0
        self.socialized_quanta = 0
        self.unborne_quanta = 0
        self.gate_closings = 0

    # --- the journal --------------------------------------------------------------------------------------------------
    def add_entries(self, rows: en.Rows) -> None:
        """Entries in order: kinds, paths."""
        if len(rows) == 0:
            return
        kinds = rows[:, en.KIND].copy()
        for kind, count in zip(*np.unique(kinds, return_counts=True), strict=True):
            self.entries[en.KIND_NAMES[int(kind)]] += int(count)
        time_ns = np.maximum(np.maximum.accumulate(rows[:, en.TIME_NS]), self.time_ns)
        self.time_ns = int(time_ns[-1])
        self.minutes.reach(self.time_ns)
        of = en.MarketState
        places = np.flatnonzero(kinds == en.MARKET_STATE)
        markets, marks = rows[places, of.MARKET], rows[places, of.MARK_TICKS]
        for m, market in enumerate(self.markets):
            own = markets == m
            market.states += int(np.count_nonzero(own))
            own &= marks > 0
            if own.any():
                self._path(market, marks[own])
                self.minutes.mark(m, time_ns[places[own]], marks[own])

    def _path(self, market: MarketTally, marks: Column) -> None:
        low, high = int(marks.min()), int(marks.max())
        market.first_ticks = market.first_ticks or int(marks[0])
        market.low_ticks = min(low, market.low_ticks or low)
        market.high_ticks = max(high, market.high_ticks)
        market.last_ticks = int(marks[-1])

    # --- the events ---------------------------------------------------------------------------------------------------
    def add_events(self, rows: en.Rows) -> None:
        """Events in order."""
        if len(rows) == 0:
            return
        kinds = rows[:, ev.TYPE].copy()
        for kind, count in zip(*np.unique(kinds, return_counts=True), strict=True):
            self.events[ev.TYPE_NAMES[int(kind)]] += int(count)
        self.ledger.add(rows)
        for name in ("fate", "forced_quanta", "cost_quanta"):
            setattr(self, name, grown(getattr(self, name), self.ledger.accounts))
        for kind, tell in _COLUMNS.items():
            own = rows[kinds == kind]
            if len(own):
                tell(self, own)
        for event in rows[np.isin(kinds, _ONE_BY_ONE)].tolist():
            _ROWS[event[ev.TYPE]](self, event)

    # --- columns ------------------------------------------------------------------------------------------------------
    def _decided(self, rows: en.Rows) -> None:
        for code, count in zip(*np.unique(rows[:, ev.CODE], return_counts=True), strict=True):
            self.decisions[int(code)] += int(count)

    def _moved(self, rows: en.Rows) -> None:
        self.minutes.move(rows[:, ev.TIME_NS], rows[:, ev.FORMER_CODE], rows[:, ev.CODE])

    def _traded(self, rows: en.Rows) -> None:
        """Of all positions only the vault's own fills: what it unwinds has a price, what it takes over has none."""
        own = rows[(rows[:, ev.ACCOUNT] == VAULT) & (rows[:, ev.PRICE_TICKS] > 0)]
        self.vault_fills += len(own)
        self.vault_sold_quanta += int(
            (np.abs(own[:, ev.LOTS]) * own[:, ev.PRICE_TICKS] * self._unit(own)).sum()
        )

    def _closed(self, rows: en.Rows, channel: int, fate: int, quanta: Column) -> None:
        """Positions were closed for their holders."""
        self.minutes.liquidate(channel, rows[:, ev.TIME_NS], quanta)
        self._hit(rows[:, ev.ACCOUNT], fate)
        np.add.at(self.forced_quanta, rows[:, ev.ACCOUNT], quanta)
        for m in np.unique(rows[:, ev.MARKET]).tolist():
            self.markets[m].liquidated_quanta += int(quanta[rows[:, ev.MARKET] == m].sum())

    def _sold(self, rows: en.Rows) -> None:
        quanta = np.abs(rows[:, ev.QUANTA])
        self._closed(rows, ORDERS, 0, quanta)  # the fate is the order's, told one by one
        np.add.at(self.cost_quanta, rows[:, ev.ACCOUNT], rows[:, ev.FEE_QUANTA])
        most = int(quanta.argmax())
        if int(quanta[most]) > self.largest[0]:
            self.largest = (int(quanta[most]), int(rows[most, ev.OFFSET]), int(rows[most, ev.INDEX]))

    def _auctioned(self, rows: en.Rows) -> None:
        quanta = np.abs(rows[:, ev.QUANTA])
        self.auction_quanta += int(quanta.sum())
        self.bonus_quanta += int(rows[:, ev.FEE_QUANTA].sum())
        self._closed(rows, OFFERS, AUCTIONED, quanta)
        np.add.at(self.cost_quanta, rows[:, ev.ACCOUNT], rows[:, ev.FEE_QUANTA])

    def _taken(self, rows: en.Rows) -> None:
        quanta = np.abs(rows[:, ev.LOTS]) * rows[:, ev.MARK_TICKS] * self._unit(rows)
        self.vault_taken_quanta += int(quanta.sum())
        self.vault_equity_quanta += int(rows[:, ev.FEE_QUANTA].sum())
        self._closed(rows, TO_VAULT, TAKEN, quanta)

    def _collected(self, rows: en.Rows) -> None:
        """Cash that went to the vault with an account's last position."""
        handed = (
            (rows[:, ev.ACCOUNT] == VAULT) & (rows[:, ev.RULE] == HANDED_OVER) & (rows[:, ev.MARKET] == 0)
        )
        self.vault_equity_quanta += int(rows[handed, ev.QUANTA].sum())

    def _funded(self, rows: en.Rows) -> None:
        after = self.fund_quanta + np.cumsum(rows[:, ev.QUANTA])
        self.fund_quanta = int(after[-1])
        for code in np.unique(rows[:, ev.CODE]).tolist():
            self.fund_flows[ev.FUND_REASONS[code]] += int(rows[rows[:, ev.CODE] == code, ev.QUANTA].sum())
        opening = rows[:, ev.CODE] == ev.FUND_OPENING
        if opening.any():
            self.fund_first_quanta = self.fund_low_quanta = int(after[opening][-1])
        if not opening.all():
            self.fund_low_quanta = min(self.fund_low_quanta, int(after[~opening].min()))
        self.minutes.fund(rows[:, ev.TIME_NS], after)

    def _deleveraged(self, rows: en.Rows) -> None:
        """Winners' parts; a position closed against many of them is one."""
        quanta = np.abs(rows[:, ev.QUANTA])
        self.adl_quanta += int(quanta.sum())
        self.adl_haircut_quanta += int(rows[:, ev.FEE_QUANTA].sum())
        closed = rows[:, [ev.OFFSET, ev.COUNTER_ACCOUNT, ev.MARKET]]
        self.adl_bankrupts += len(np.unique(closed, axis=0))
        self._hit(rows[:, ev.ACCOUNT], DELEVERAGED)
        self.minutes.liquidate(ADL, rows[:, ev.TIME_NS], quanta)
        for m in np.unique(rows[:, ev.MARKET]).tolist():
            self.markets[m].adl_lots += int(np.abs(rows[rows[:, ev.MARKET] == m, ev.LOTS]).sum())

    def _cut(self, rows: en.Rows) -> None:
        self.adl_haircut_quanta += int(rows[:, ev.FEE_QUANTA].sum())
        self._hit(rows[:, ev.ACCOUNT], DELEVERAGED)

    def _charged(self, rows: en.Rows) -> None:
        self._hit(rows[:, ev.ACCOUNT], CHARGED)

    def _unit(self, rows: en.Rows) -> Column:
        return np.array([each.lot_tick_quanta for each in self.of.markets], np.int64)[rows[:, ev.MARKET]]

    def _hit(self, accounts: Column, fate: int) -> None:
        np.bitwise_or.at(self.fate, accounts, fate)

    # --- one by one ---------------------------------------------------------------------------------------------------
    def _called(self, event: list[int]) -> None:
        self.calls_open.setdefault(event[ev.ACCOUNT], False)
        self.fate[event[ev.ACCOUNT]] |= CALLED

    def _cleared(self, event: list[int]) -> None:
        """A call that was never announced, because the last was a moment ago, is nobody's cure."""
        forced = self.calls_open.pop(event[ev.ACCOUNT], None)
        self.calls_cured += forced is False
        self.calls_forced += forced is True

    def _forced(self, event: list[int]) -> None:
        if event[ev.ACCOUNT] in self.calls_open:
            self.calls_open[event[ev.ACCOUNT]] = True

    def _ordered(self, event: list[int]) -> None:
        """The order says what it is: it closes all that is held if it is as large as the position before it."""
        all_of_it = event[ev.LOTS] == -event[ev.POSITION_LOTS]
        stage = "soft" if event[ev.CODE] == SOFT else "full" if all_of_it else "partial"
        self.forced[stage].orders += 1
        self.orders[event[ev.OFFSET], event[ev.INDEX]] = (stage, abs(event[ev.LOTS]))
        self._forced(event)

    def _answered(self, event: list[int]) -> None:
        order = (event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX])
        stage, left = self.orders.pop(order)
        if left > abs(event[ev.LOTS]):
            self.orders[order] = (stage, left - abs(event[ev.LOTS]))
        forced = self.forced[stage]
        forced.fills += 1
        forced.quanta += abs(event[ev.QUANTA])
        forced.penalty_quanta += event[ev.FEE_QUANTA]
        self.fate[event[ev.ACCOUNT]] |= _OF_STAGE[stage]

    def _lapsed(self, event: list[int]) -> None:
        lapsed = self.orders.pop((event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX]), None)
        self.orders_lapsed += lapsed is not None  # the vault's own lapse, too

    def _in_kind(self, event: list[int]) -> None:
        self.fund_units[event[ev.MARKET]] += event[ev.LOTS]
        self._forced(event)

    def _bankrupt(self, event: list[int]) -> None:
        self.deficit_quanta += event[ev.QUANTA]
        self.fate[event[ev.ACCOUNT]] |= BANKRUPTED
        self._forced(event)

    def _socialized(self, event: list[int]) -> None:
        self.socialized_quanta += event[ev.QUANTA]

    def _insolvent(self, event: list[int]) -> None:
        self.unborne_quanta += event[ev.QUANTA]

    def _gated(self, event: list[int]) -> None:
        self.gate_closings += event[ev.CODE]

    def _funding(self, event: list[int]) -> None:
        self.markets[event[ev.MARKET]].funding_quanta += event[ev.QUANTA]

    def _status(self, event: list[int]) -> None:
        former = states_of(event[ev.FORMER_CODE], event[ev.FEE_QUANTA])
        states = states_of(event[ev.CODE], event[ev.QUANTA])
        trips = self.markets[event[ev.MARKET]].trips
        trips.update(state for state in states if state not in former)
        self.minutes.change_states(event[ev.MARKET], event[ev.TIME_NS], states)

    # --- what people ask ----------------------------------------------------------------------------------------------
    @property
    def accounts(self) -> int:
        """Accounts opened, without the vault."""
        return max(0, self.ledger.accounts - 1)

    def touched(self, *fates: int) -> int:
        """Accounts, without the vault, to which one of these things happened."""
        mask = 0
        for fate in fates:
            mask |= fate
        return int(np.count_nonzero(self.fate[1:] & mask))

    def orders_refused(self) -> int:
        """Order checks that were answered with a no."""
        return sum(count for code, count in self.decisions.items() if code != ACCEPT)

    def liquidated_quanta(self) -> int:
        """Notional closed for its holders by market orders, liquidators and the vault."""
        return sum(each.liquidated_quanta for each in self.markets)

    def vault_worth_quanta(self) -> int:
        """The vault's settlement asset at the last marks."""
        return int(self.ledger.equity_quanta([each.last_ticks for each in self.markets])[VAULT])

    def worst(self, most: int = WORST) -> list[Hit]:
        """Of the accounts that were forced or charged, those that lost most, without the vault."""
        hurt = np.flatnonzero(self.fate & HURT)
        hurt = hurt[hurt != VAULT]
        lost = self.ledger.lost_quanta([each.last_ticks for each in self.markets])[hurt]
        first = np.lexsort((hurt, -lost))[:most]
        return [
            Hit(
                row,
                int(loss),
                int(self.forced_quanta[row]),
                int(self.cost_quanta[row]),
                tuple(name for bit, name in enumerate(FATES) if self.fate[row] >> bit & 1),
            )
            for row, loss in zip(hurt[first].tolist(), lost[first].tolist(), strict=True)
        ]

    def counts(self) -> dict[str, int]:
        """Events of every type, zero included."""
        return {name: self.events[name] for name in ev.TYPE_NAMES}


_COLUMNS: Final[dict[int, Callable[[Tally, en.Rows], None]]] = {
    ev.COLLATERAL: Tally._collected,
    ev.POSITION: Tally._traded,
    ev.ORDER_DECISION: Tally._decided,
    ev.LEVEL: Tally._moved,
    ev.LIQUIDATION_FILL: Tally._sold,
    ev.OFFER_FILL: Tally._auctioned,
    ev.TAKEOVER: Tally._taken,
    ev.FUND: Tally._funded,
    ev.ADL: Tally._deleveraged,
    ev.ADL_CASH: Tally._cut,
    ev.LOSS_CHARGE: Tally._charged,
}
_ROWS: Final[dict[int, Callable[[Tally, list[int]], None]]] = {
    ev.FUNDING: Tally._funding,
    ev.MARGIN_CALL: Tally._called,
    ev.CALL_CLEARED: Tally._cleared,
    ev.COLLATERAL_SOLD: Tally._in_kind,
    ev.LIQUIDATION_ORDER: Tally._ordered,
    ev.LIQUIDATION_FILL: Tally._answered,
    ev.LIQUIDATION_LAPSED: Tally._lapsed,
    ev.OFFER_OPENED: Tally._forced,
    ev.TAKEOVER: Tally._forced,
    ev.BANKRUPT: Tally._bankrupt,
    ev.SOCIALIZED_LOSS: Tally._socialized,
    ev.INSOLVENT: Tally._insolvent,
    ev.GATE: Tally._gated,
    ev.MARKET_STATUS: Tally._status,
}
_ONE_BY_ONE: Final = np.array(sorted(_ROWS), np.int64)
