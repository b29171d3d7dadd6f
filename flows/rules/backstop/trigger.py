"""When the backstop vault steps in."""

from flows.rules.exact import is_below, rule

NO_TAKEOVER = 0
UNDER_BACKSTOP = 1
OFFERS_UNFILLED = 2


@rule
def takeover_reason(
    equity_quanta: int,
    equity_low_quanta: int,
    margin_quanta: int,
    hard_ppm: int,
    backstop_ppm: int,
    unfilled_ns: int,
    patience_ns: int,
    index_halted: bool,
) -> int:
    """Why the vault takes an account over, if it does: rule R-J1, version 1.

    Formula   with E_lo >= 0, a margin to keep and an index that is not halted: UNDER_BACKSTOP if E < backstop
              x margin, OFFERS_UNFILLED if E < hard x margin and its offers have stood unfilled for the
              patience; else NO_TAKEOVER.
    Units     quanta, equity E_m; levels in parts per million of maintenance margin; ns of event time.
    Rounding  none: exact tests (R-A5).
    Errors    none. E_lo < 0 goes to the insurance fund first (R-K1); what is then at 0 may be taken at the
              mark.
    Source    two thirds of the maintenance margin as Hyperliquid; Binance's fund takes over at the bankruptcy
              price.
    """
    if index_halted or equity_low_quanta < 0 or margin_quanta == 0:
        return NO_TAKEOVER
    if is_below(equity_quanta, margin_quanta, backstop_ppm):
        return UNDER_BACKSTOP
    if is_below(equity_quanta, margin_quanta, hard_ppm) and unfilled_ns >= patience_ns:
        return OFFERS_UNFILLED
    return NO_TAKEOVER
