"""What is done before anything is sold, in an order that never hurts."""

from flows.rules.exact import rule

# Steps, in the order in which they are taken; each is an event, and the account is tested anew after it.
RESTORED = 0
CANCEL_ORDERS = 1
NET_LEGS = 2
CONVERT_COLLATERAL = 3
SELL_POSITIONS = 4


@rule
def next_step(
    last_step: int, is_restored: bool, has_orders: bool, has_opposite_legs: bool, conversion_gains: bool
) -> int:
    """The next step of a liquidation: rule R-H6, version 1.

    Formula   RESTORED if the account needs no more; else the first step after last_step for which there is
              something to do: risk-increasing orders to cancel, legs of one market to net, collateral whose
              sale raises equity to convert; then positions to sell.
    Units     the codes above; last_step is 0 at the beginning.
    Rounding  none.
    Errors    none. None of the first three lowers health: orders count in no maintenance margin, legs net at
              the mark, and R-C6 sells only what gains.
    Source    Bybit cancels, repays, then reduces; Binance cancels all orders first.
    """
    if is_restored:
        return RESTORED
    if last_step < CANCEL_ORDERS and has_orders:
        return CANCEL_ORDERS
    if last_step < NET_LEGS and has_opposite_legs:
        return NET_LEGS
    if last_step < CONVERT_COLLATERAL and conversion_gains:
        return CONVERT_COLLATERAL
    return SELL_POSITIONS
