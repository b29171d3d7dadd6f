"""The money that events tell of, booked again from them alone: balances, positions, fund, fees (R-A7, R-B4).

Columns by account row, all accounts at once. What an event says a balance is *after* it replaces what was known; what
it only moves (a draw of the fund, a winner's cash, a share of a loss) is added to its receiver. So both sides of R-A7
stand at the end without asking the engine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.journal import events as ev
from flows.journal.entries import Rows
from flows.registry.parameters import PoolParameters
from flows.rules.collateral.value import asset_value

Column = NDArray[np.int64]

VAULT: Final = 0
"""Account row of the backstop vault: genesis opens it."""

HANDED_OVER: Final = 1002
"""Rule under which what is left of an account moves to the vault."""

TELL_BALANCE: Final = np.array(
    [ev.COLLATERAL, ev.POSITION, ev.INTEREST, ev.COLLATERAL_SOLD, ev.ADL_CASH, ev.LOSS_CHARGE], np.int64
)
"""Types whose BALANCE is what their ACCOUNT then holds; of COLLATERAL only in the settlement asset."""


_BY_ACCOUNT: Final = (
    "balance_quanta",
    "paid_in_quanta",
    "lots",
    "cost_quanta",
    "funded_quanta",
    "units",
    "paid_in_units",
    "_told_at",
)


def grown(column: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """The column with room for ``length`` accounts along its last axis; new ones are zero."""
    room = column.shape[-1]
    if length <= room:
        return column
    wider = np.zeros((*column.shape[:-1], max(length, 2 * room)), np.int64)
    wider[..., :room] = column
    return wider


class Ledger:
    """One pool's books; events in order."""

    def __init__(self, of: PoolParameters) -> None:
        """Nothing is booked."""
        markets = len(of.markets)
        self.of = of
        self.accounts = 0
        self.balance_quanta = np.zeros(1, np.int64)
        self.paid_in_quanta = np.zeros(
            1, np.int64
        )  # deposits less withdrawals; handed over to the vault is not
        self.lots = np.zeros((markets, 1), np.int64)
        self.cost_quanta = np.zeros((markets, 1), np.int64)
        self.funded_quanta = np.zeros((markets, 1), np.int64)  # funding sum up to which a position has paid
        self.units = np.zeros(
            (len(of.assets), 1), np.int64
        )  # of collateral; row 0, the settlement asset, is empty
        self.paid_in_units = np.zeros((len(of.assets), 1), np.int64)
        self.funding_quanta = [0] * markets  # funding sum, a lot
        self.fund_quanta = [0] * (markets + 1)  # compartments, then the general part
        self.fees_quanta = 0  # venue's: taken from accounts and not passed on to the fund
        self.fund_units = [0] * len(of.assets)
        self.deposited_quanta = 0
        self.deposited_units = [0] * len(of.assets)
        self._told_at = np.zeros(1, np.int64)  # place of the event that told the balance
        self._places = 0  # events booked

    def add(self, rows: Rows) -> None:
        """Book events."""
        kinds = rows[:, ev.TYPE].copy()
        opened = rows[kinds == ev.ACCOUNT_OPENED, ev.ACCOUNT]
        if len(opened):
            self._open(int(opened.max()) + 1)
        self._book_positions(rows, kinds)
        self._book_balances(rows, kinds)
        self._book_payments(rows, kinds)
        self._book_units(rows, kinds)
        self._book_fund(rows, kinds)
        self._places += len(rows)

    def _open(self, accounts: int) -> None:
        self.accounts = accounts
        for name in _BY_ACCOUNT:
            setattr(self, name, grown(getattr(self, name), accounts))

    def _book_positions(self, rows: Rows, kinds: Column) -> None:
        """Positions as last told, and the funding sum at that moment."""
        changed = np.flatnonzero(kinds == ev.POSITION)
        markets, accounts = rows[changed, ev.MARKET], rows[changed, ev.ACCOUNT]
        self.lots[markets, accounts] = rows[changed, ev.POSITION_LOTS]
        self.cost_quanta[markets, accounts] = rows[changed, ev.POSITION_COST_QUANTA]
        self.fees_quanta += int(rows[changed, ev.FEE_QUANTA].sum())
        paid = np.array(self.funding_quanta, np.int64)[markets]
        funded = np.flatnonzero((kinds == ev.FUNDING) & (rows[:, ev.CODE] == 0))
        for place in funded.tolist():
            market, after = int(rows[place, ev.MARKET]), int(rows[place, ev.BALANCE_QUANTA])
            paid[(markets == market) & (changed > place)] = after
            self.funding_quanta[market] = after
        self.funded_quanta[markets, accounts] = paid

    def _book_balances(self, rows: Rows, kinds: Column) -> None:
        """Balances: told ones replace, moved ones add to what was told before them."""
        settlement = (kinds != ev.COLLATERAL) | (rows[:, ev.MARKET] == 0)
        told = np.flatnonzero(np.isin(kinds, TELL_BALANCE) & settlement)
        accounts = rows[told, ev.ACCOUNT]
        self.balance_quanta[accounts] = rows[told, ev.BALANCE_QUANTA]
        self._told_at[accounts] = self._places + told
        draws = (kinds == ev.FUND) & np.isin(rows[:, ev.CODE], (ev.FUND_DRAW, ev.FUND_FLOOR_DRAW))
        for moved, receiver, amount, sign in (
            (draws, ev.ACCOUNT, ev.QUANTA, -1),
            (kinds == ev.ADL_CASH, ev.COUNTER_ACCOUNT, ev.FEE_QUANTA, 1),
            (kinds == ev.LOSS_CHARGE, ev.COUNTER_ACCOUNT, ev.QUANTA, 1),
        ):
            places = np.flatnonzero(moved)
            accounts = rows[places, receiver]
            later = self._places + places > self._told_at[accounts]
            np.add.at(self.balance_quanta, accounts[later], sign * rows[places[later], amount])

    def _book_payments(self, rows: Rows, kinds: Column) -> None:
        """What accounts brought in, and what came into the pool from outside."""
        moved = rows[(kinds == ev.COLLATERAL) & (rows[:, ev.MARKET] == 0)]
        outside = moved[:, ev.COUNTER_ACCOUNT] < 0
        self.deposited_quanta += int(moved[outside, ev.QUANTA].sum())
        own = moved[moved[:, ev.RULE] != HANDED_OVER]
        np.add.at(self.paid_in_quanta, own[:, ev.ACCOUNT], own[:, ev.QUANTA])

    def _book_units(self, rows: Rows, kinds: Column) -> None:
        """Collateral in other assets: moved between accounts, in and out, or sold to the fund."""
        moved = rows[(kinds == ev.COLLATERAL) & (rows[:, ev.MARKET] > 0)]
        np.add.at(self.units, (moved[:, ev.MARKET], moved[:, ev.ACCOUNT]), moved[:, ev.QUANTA])
        own = moved[moved[:, ev.RULE] != HANDED_OVER]
        np.add.at(self.paid_in_units, (own[:, ev.MARKET], own[:, ev.ACCOUNT]), own[:, ev.QUANTA])
        sold = rows[kinds == ev.COLLATERAL_SOLD]
        np.subtract.at(self.units, (sold[:, ev.MARKET], sold[:, ev.ACCOUNT]), sold[:, ev.LOTS])
        for asset in range(1, len(self.of.assets)):
            self.fund_units[asset] += int(sold[sold[:, ev.MARKET] == asset, ev.LOTS].sum())
            outside = (moved[:, ev.MARKET] == asset) & (moved[:, ev.COUNTER_ACCOUNT] < 0)
            self.deposited_units[asset] += int(moved[outside, ev.QUANTA].sum())

    def _book_fund(self, rows: Rows, kinds: Column) -> None:
        """The fund's parts as last told; what of the accounts' fees it was passed."""
        fund = rows[kinds == ev.FUND]
        for market in np.unique(fund[:, ev.MARKET]).tolist():
            self.fund_quanta[market] = int(fund[fund[:, ev.MARKET] == market][-1, ev.BALANCE_QUANTA])
        codes, amounts = fund[:, ev.CODE], fund[:, ev.QUANTA]
        self.deposited_quanta += int(amounts[codes == ev.FUND_OPENING].sum())
        self.fees_quanta -= int(amounts[codes == ev.FUND_PENALTY].sum())
        self.fees_quanta -= int(rows[kinds == ev.FEES_SWEPT, ev.QUANTA].sum())

    # --- what people ask ----------------------------------------------------------------------------------------------
    def conserved(self) -> tuple[int, int]:
        """Both sides of R-A7 for the settlement asset: what is held, and what was brought in."""
        costs = int((self.cost_quanta - self.lots * self.funded_quanta).sum())
        held = int(self.balance_quanta.sum()) - costs + sum(self.fund_quanta) + self.fees_quanta
        return held, self.deposited_quanta

    def assets_conserved(self) -> bool:
        """The same of every other asset, in its own units."""
        held = self.units.sum(axis=1).tolist()
        return [left + fund for left, fund in zip(held, self.fund_units, strict=True)] == self.deposited_units

    def zero_sum(self) -> bool:
        """Whether every long lot has a short lot (R-B4)."""
        return not self.lots.sum(axis=1).any()

    def equity_quanta(self, mark_ticks: list[int]) -> Column:
        """Each account's settlement asset at these marks: balance, unrealized gain, funding owed."""
        equity = self.balance_quanta.copy()
        for market, of in enumerate(self.of.markets):
            owed = self.funding_quanta[market] - self.funded_quanta[market]
            worth = self.lots[market] * (mark_ticks[market] * of.lot_tick_quanta - owed)
            equity += worth - self.cost_quanta[market]
        return equity

    def worth_quanta(self, mark_ticks: list[int], low_quanta: list[int]) -> Column:
        """The same with collateral at the low ends of its prices, without haircut."""
        return self.equity_quanta(mark_ticks) + self._value(self.units, low_quanta)

    def lost_quanta(self, mark_ticks: list[int], low_quanta: list[int]) -> Column:
        """What each account paid in and does not have any more, at these prices; below zero for a gain."""
        paid_in = self.paid_in_quanta + self._value(self.paid_in_units, low_quanta)
        return paid_in - self.worth_quanta(mark_ticks, low_quanta)

    def _value(self, units: Column, low_quanta: list[int]) -> Column:
        """Units at a price: exact, so one by one where there are any."""
        value = np.zeros_like(self.balance_quanta)
        for asset, of in enumerate(self.of.assets):
            for account in np.flatnonzero(units[asset]).tolist():
                held = int(units[asset, account])
                size = asset_value(abs(held), low_quanta[asset], of.unit_scale)
                value[account] += size if held > 0 else -size
        return value
