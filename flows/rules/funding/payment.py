"""What a lot pays, and what a position owes."""

from flows.rules.exact import PPB, rule


@rule
def per_lot(index_ticks: int, lot_tick_quanta: int, rate_ppb: int, carry: int) -> tuple[int, int]:
    """What a long lot pays to a short one at one instant, and the carry to the next: rule R-N4, version 1.

    Formula   x = index x v x rate + carry; f = x / 1e9; carry = x - f x 1e9.
    Units     f in quanta a lot, positive where longs pay; carry in 1e-9 quanta a lot, |carry| < 1e9, of f's sign;
              the rate in parts per billion.
    Rounding  f toward zero; the carry owns the remainder and hands it to the next instant, so over any number of
              instants a lot is within one quantum of the exact amount.
    Errors    none: an interval without an index is skipped, not asked for.
    Source    dYdX v4 and Hyperliquid pay on the oracle price; one integer a lot is ours: theirs leaks roundings.
    """
    lot_quanta = index_ticks * lot_tick_quanta
    # Split at 1e9, so that neither product leaves int64: x = whole x 1e9 + part with 0 <= part < 1e9.
    below = lot_quanta % PPB * rate_ppb + carry
    whole = lot_quanta // PPB * rate_ppb + below // PPB
    part = below % PPB
    if whole < 0 and part > 0:
        return whole + 1, part - PPB
    return whole, part


@rule
def owed(lots: int, cumulative_quanta: int, position_cumulative_quanta: int) -> int:
    """What a position owes of all funding since it was last settled: rule R-N4, version 1.

    Formula   lots x (cumulative - the position's), cumulative being the sum of ``per_lot``'s f.
    Units     quanta, positive to pay, negative to get; lots signed, long above 0.
    Rounding  none: lots of a market sum to zero, so what is owed does too.
    Errors    none.
    Source    own derivation.
    """
    return lots * (cumulative_quanta - position_cumulative_quanta)
