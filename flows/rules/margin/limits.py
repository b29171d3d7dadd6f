"""Limits of size: what may grow, never what may stay."""

from flows.rules.exact import rule


@rule
def only_reduces(lots: int, delta_lots: int) -> bool:
    """Whether a change takes a position towards flat and not past it: rules R-D6 and R-F1, version 1.

    Formula   delta has the other sign and is no larger than the position: -lots <= delta < 0 for a long.
    Units     lots, signed.
    Rounding  none.
    Errors    none; a change of 0 lots reduces nothing.
    Source    "no flip", as dYdX v4 requires of an undercollateralized subaccount
              (x/subaccounts/lib/updates.go).
    """
    return -lots <= delta_lots < 0 or 0 < delta_lots <= -lots


@rule
def within_bracket_limit(
    lots: int, delta_lots: int, price_ticks: int, lot_tick_quanta: int, limit_quanta: int
) -> bool:
    """Whether a change of a position keeps the limit of its top bracket: rule R-D6, version 1.

    Formula   it only reduces, or |lots + delta| x price x lot_tick_quanta <= limit. So a limit that falls
              below a position makes it reduce-only and never closes it; a flip is new risk and is measured.
    Units     lots, ticks, quanta; the limit is the upper end of the last tier.
    Rounding  none.
    Errors    none: an order for which this is false is refused (POSITION_LIMIT).
    Source    the top bracket is the position limit on Binance.
    """
    if only_reduces(lots, delta_lots):
        return True
    return abs(lots + delta_lots) * price_ticks * lot_tick_quanta <= limit_quanta
