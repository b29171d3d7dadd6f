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
from flows.rules.orders.check import ACCEPT
from flows.verify.forced import FORCING, ForcedSteps
from flows.verify.ledger import HANDED_OVER, VAULT, Ledger, grown
from flows.verify.minutes import CHANNELS, Minutes, states_of

Column = NDArray[np.int64]

WORST: Final = 10
"""Accounts shown as the worst hit."""

# What happened to an account, as bits of `Tally.fate`.
FATES: Final = ("soft", "partial", "full", "auction", "vault", "bankrupt", "loss share", "adl", "called")
SOFTLY, PARTLY, FULLY, AUCTIONED, TAKEN, BANKRUPTED, CHARGED, DELEVERAGED, CALLED = (
    1 << place for place in range(len(FATES))
)
HURT: Final = SOFTLY | PARTLY | FULLY | AUCTIONED | TAKEN | BANKRUPTED | CHARGED
OF_STAGE: Final = {"soft": SOFTLY, "partial": PARTLY, "full": FULLY}

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


@dataclass(frozen=True, slots=True)
class Hit:
    """One account's share of the run."""

    account: int
    lost_quanta: int  # paid in and gone, at the last prices
    forced_quanta: int  # notional closed for it, against winners too
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
        self.low_quanta = [0] * len(of.assets)  # last low price of each collateral asset
        # accounts, by row
        self.fate = np.zeros(1, np.int64)
        self.forced_quanta = np.zeros(1, np.int64)
        self.cost_quanta = np.zeros(1, np.int64)
        self.decisions: Counter[int] = Counter()  # by code
        # liquidations
        self.steps = ForcedSteps()
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
        self.deficit_quanta = 0
        self.adl_positions = 0  # closed against winners
        self.adl_quanta = 0
        self.adl_haircut_quanta = 0
        self.socialized_quanta = 0
        self.unborne_quanta = 0
        self.gate_closings = 0
        self._columns = self._told_in_columns()
        self._rows = self._told_one_by_one()

    def _told_in_columns(self) -> dict[int, Callable[[en.Rows], None]]:
        return {
            ev.COLLATERAL: self._collected,
            ev.POSITION: self._traded,
            ev.ORDER_DECISION: self._decided,
            ev.LEVEL: self._moved,
            ev.MARGIN_CALL: self._called,
            ev.LIQUIDATION_FILL: self._sold,
            ev.OFFER_FILL: self._auctioned,
            ev.TAKEOVER: self._taken,
            ev.BANKRUPT: self._bankrupt,
            ev.FUND: self._funded,
            ev.ADL: self._deleveraged,
            ev.ADL_CASH: self._cut,
            ev.LOSS_CHARGE: self._charged,
            ev.SOCIALIZED_LOSS: self._socialized,
            ev.INSOLVENT: self._insolvent,
        }

    def _told_one_by_one(self) -> dict[int, Callable[[list[int]], None]]:
        return {
            **dict.fromkeys(FORCING, self.steps.step),
            ev.MARGIN_CALL: self.steps.called,
            ev.CALL_CLEARED: self.steps.cleared,
            ev.LIQUIDATION_ORDER: self.steps.ordered,
            ev.LIQUIDATION_FILL: self._answered,
            ev.LIQUIDATION_LAPSED: self.steps.lapse,
            ev.GATE: self._gated,
            ev.FUNDING: self._funding,
            ev.MARKET_STATUS: self._status,
        }

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

        assets = rows[kinds == en.ASSET_STATE]
        for asset in np.unique(assets[:, en.AssetState.ASSET]).tolist():
            last = assets[assets[:, en.AssetState.ASSET] == asset][-1]
            self.low_quanta[asset] = int(last[en.AssetState.LOW_QUANTA])

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
        for kind, tell in self._columns.items():
            own = rows[kinds == kind]
            if len(own):
                tell(own)
        for event in rows[np.isin(kinds, list(self._rows))].tolist():
            self._rows[event[ev.TYPE]](event)

    # --- columns ------------------------------------------------------------------------------------------------------
    def _decided(self, rows: en.Rows) -> None:
        for code, count in zip(*np.unique(rows[:, ev.CODE], return_counts=True), strict=True):
            self.decisions[int(code)] += int(count)

    def _moved(self, rows: en.Rows) -> None:
        self.minutes.move(*rows[:, [ev.TIME_NS, ev.ACCOUNT, ev.FORMER_CODE, ev.CODE]].T)

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
        self.adl_positions += len(np.unique(closed, axis=0))
        self._hit(rows[:, ev.ACCOUNT], DELEVERAGED)
        np.add.at(self.forced_quanta, rows[:, ev.COUNTER_ACCOUNT], quanta)
        self.minutes.liquidate(ADL, rows[:, ev.TIME_NS], quanta)
        for m in np.unique(rows[:, ev.MARKET]).tolist():
            self.markets[m].adl_lots += int(np.abs(rows[rows[:, ev.MARKET] == m, ev.LOTS]).sum())

    def _cut(self, rows: en.Rows) -> None:
        self.adl_haircut_quanta += int(rows[:, ev.FEE_QUANTA].sum())
        self._hit(rows[:, ev.ACCOUNT], DELEVERAGED)

    def _charged(self, rows: en.Rows) -> None:
        self._hit(rows[:, ev.ACCOUNT], CHARGED)

    def _called(self, rows: en.Rows) -> None:
        self._hit(rows[:, ev.ACCOUNT], CALLED)

    def _bankrupt(self, rows: en.Rows) -> None:
        self.deficit_quanta += int(rows[:, ev.QUANTA].sum())
        self._hit(rows[:, ev.ACCOUNT], BANKRUPTED)

    def _socialized(self, rows: en.Rows) -> None:
        self.socialized_quanta += int(rows[:, ev.QUANTA].sum())

    def _insolvent(self, rows: en.Rows) -> None:
        self.unborne_quanta += int(rows[:, ev.QUANTA].sum())

    def _unit(self, rows: en.Rows) -> Column:
        return np.array([each.lot_tick_quanta for each in self.of.markets], np.int64)[rows[:, ev.MARKET]]

    def _hit(self, accounts: Column, fate: int) -> None:
        np.bitwise_or.at(self.fate, accounts, fate)

    # --- one by one ---------------------------------------------------------------------------------------------------
    def _answered(self, event: list[int]) -> None:
        self.fate[event[ev.ACCOUNT]] |= OF_STAGE[self.steps.answered(event)]

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

    def channel_quanta(self) -> tuple[int, ...]:
        """Notional closed on each of `CHANNELS`."""
        sold = sum(each.quanta for each in self.steps.stages.values())
        return sold, self.auction_quanta, self.vault_taken_quanta, self.adl_quanta

    def drawn_quanta(self) -> int:
        """What the fund paid for deficits."""
        return -self.fund_flows["draw"] - self.fund_flows["floor-draw"]

    def vault_worth_quanta(self) -> int:
        """What the vault is worth at the last prices, with the collateral it took."""
        return int(self.ledger.worth_quanta(self._marks(), self.low_quanta)[VAULT])

    def _marks(self) -> list[int]:
        return [each.last_ticks for each in self.markets]

    def worst(self, most: int = WORST) -> list[Hit]:
        """Of the accounts that were forced or charged, those that lost most, without the vault."""
        hurt = np.flatnonzero(self.fate & HURT)
        hurt = hurt[hurt != VAULT]
        lost = self.ledger.lost_quanta(self._marks(), self.low_quanta)[hurt]
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
