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


@rule
def within_open_interest(lots: int, delta_lots: int, open_lots: int, open_max_lots: int) -> bool:
    """Whether a change of a position keeps the market's cap on open interest: rule R-D6, version 1.

    Formula   it only reduces, or open + what the change opens <= cap. Whoever takes the other side may open as
              much or close: the larger outcome is measured.
    Units     lots; open counts one side of the market, which is as much as the other.
    Rounding  none.
    Errors    none: an order for which this is false is refused (OI_LIMIT).
    Source    caps on open interest as Hyperliquid's; registration proves int64 for no more than the cap (R-A2).
    """
    if only_reduces(lots, delta_lots):
        return True
    return open_lots + opening_lots(lots, delta_lots) <= open_max_lots


@rule
def opening_lots(lots: int, delta_lots: int) -> int:
    """What a change of a position adds on its own side: rule R-D6, version 1.

    Formula   |lots + delta| less what of it was there before on the same side, not under 0.
    Units     lots, signed; the result unsigned.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    after_lots = lots + delta_lots
    if (lots > 0) == (after_lots > 0):
        return max(0, abs(after_lots) - abs(lots))
    return abs(after_lots)


@rule
def largest_change_lots(
    side: int,
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    limit_quanta: int,
    position_max_lots: int,
    open_lots: int,
    open_max_lots: int,
) -> int:
    """The largest order on one side that the limits of R-D6 leave room for: rule R-D6, version 1.

    Formula   lots that close + the smallest room: top bracket at this price, position and open interest.
    Units     lots, unsigned; side is 1 to buy, -1 to sell; limit in quanta.
    Rounding  down: a limit.
    Errors    none; 0 where nothing closes and no room is left.
    Source    as within_bracket_limit and within_open_interest.
    """
    held_lots = side * lots
    most_lots = min(limit_quanta // (price_ticks * lot_tick_quanta), position_max_lots)
    room_lots = min(most_lots - max(0, held_lots), open_max_lots - open_lots)
    return max(0, -held_lots) + max(0, room_lots)
