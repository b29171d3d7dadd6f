"""Money that leaves an account, by withdrawal or transfer: how much may, and the code that answers a request."""

from flows.rules.exact import mul_ppm_ceil, rule
from flows.rules.orders.check import ACCEPT, INSUFFICIENT_MARGIN

# Codes on the wire, disjoint from those of order checks (check.py).
NOT_POSITIVE = 20
UNKNOWN_ASSET = 21
SAME_ACCOUNT = 22
IN_CALL = 23
GATE_CLOSED = 24
POOL_CASH = 25
WOULD_BORROW = 26


@rule
def free_equity(
    equity_withdrawal_quanta: int, initial_margin_quanta: int, notional_sum_quanta: int, floor_ppm: int
) -> int:
    """Equity that may leave an account: rule R-F3, version 1.

    Formula   max(0, E_wd - max(IM, floor x sum of notionals)).
    Units     quanta; E_wd is equity for withdrawals (R-E1); the floor, usually 100,000 ppm, is the venue's.
    Rounding  the floor up: a requirement.
    Errors    none.
    Source    Hyperliquid's transfer requirement, the larger of initial margin and 10 % of position value.
    """
    kept_quanta = max(initial_margin_quanta, mul_ppm_ceil(notional_sum_quanta, floor_ppm))
    return max(0, equity_withdrawal_quanta - kept_quanta)


@rule
def largest_withdrawal(
    equity_withdrawal_quanta: int,
    initial_margin_quanta: int,
    notional_sum_quanta: int,
    pool_cash_quanta: int,
    balance_quanta: int,
    floor_ppm: int,
) -> int:
    """The largest amount of the settlement asset that may leave: rule R-F3, version 1.

    Formula   min(free equity, the pool's cash, the account's balance), not under 0.
    Units     quanta; balance with funding owed counted (R-N4).
    Rounding  as free_equity.
    Errors    none. The balance bounds it so that no debt is made by a withdrawal, the cash so that the pool
              can pay.
    Source    as free_equity; the bound by cash is derived here: collateral in other assets is owed in cash.
    """
    free_quanta = free_equity(equity_withdrawal_quanta, initial_margin_quanta, notional_sum_quanta, floor_ppm)
    return max(0, min(free_quanta, pool_cash_quanta, balance_quanta))


@rule
def decide_withdrawal(
    amount_units: int,
    cost_quanta: int,
    free_quanta: int,
    pool_units: int,
    held_units: int,
    asset_known: bool,
    same_account: bool,
    in_call: bool,
    gate_open: bool,
) -> int:
    """The answer to a withdrawal or a transfer: rule R-F3, version 1.

    Formula   ACCEPT iff the request makes sense, cost <= free equity, state ok, gate open, pool and account
              hold it; else the first reason in this order.
    Units     amount, pool_units and held_units in the asset's units; cost is what E_wd falls by, in quanta
              (for the settlement asset the amount itself); in_call covers liquidation, too.
    Rounding  none.
    Errors    none.
    Source    derived here; the gate is R-M2's, as on dYdX v4.
    """
    if amount_units <= 0:
        return NOT_POSITIVE
    if not asset_known:
        return UNKNOWN_ASSET
    if same_account:
        return SAME_ACCOUNT
    if cost_quanta > free_quanta:
        return INSUFFICIENT_MARGIN
    if in_call:
        return IN_CALL
    if not gate_open:
        return GATE_CLOSED
    if amount_units > pool_units:
        return POOL_CASH
    if amount_units > held_units:
        return WOULD_BORROW
    return ACCEPT
