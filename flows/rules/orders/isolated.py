"""Margin of an isolated position: how much of it may go back to the cross account."""

from flows.rules.exact import rule
from flows.rules.orders.withdrawal import free_equity


@rule
def largest_removable(
    equity_initial_quanta: int,
    equity_withdrawal_quanta: int,
    initial_margin_quanta: int,
    notional_quanta: int,
    balance_quanta: int,
    in_call: bool,
    floor_ppm: int,
) -> int:
    """The largest amount that may be taken out of an isolated position: rule R-F4, version 1.

    Formula   min(E_i - IM, free equity of R-F3, balance) of the position alone, not under 0; 0 while it is in
              call.
    Units     quanta, all of the isolated position.
    Rounding  as R-F3.
    Errors    none.
    Source    Hyperliquid applies the same 10 % rule to each isolated position.
    """
    if in_call:
        return 0
    free_quanta = free_equity(equity_withdrawal_quanta, initial_margin_quanta, notional_quanta, floor_ppm)
    return max(0, min(equity_initial_quanta - initial_margin_quanta, free_quanta, balance_quanta))
