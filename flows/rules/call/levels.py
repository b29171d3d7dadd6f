"""The rungs of the ladder: levels of health, checked once, and the state an account is in."""

from flows.rules.exact import PPM, is_below, rule

# The rulebook's levels, parts per million of maintenance margin. The venue's file decides which are in force.
CLEAR_PPM = 1_350_000
CALL_PPM = 1_250_000
TARGET_PPM = 1_100_000
HARD_PPM = 800_000
BACKSTOP_PPM = 666_667

# States, by rising severity: a higher one is worse.
OK = 0
CALL = 1
SOFT = 2
PARTIAL = 3
BACKSTOP = 4
BANKRUPT = 5

# What check_levels finds.
LEVELS_RISE = 0
CLEAR_TOO_HIGH = 1
CLEAR_NOT_ABOVE_CALL = 2
CALL_BELOW_TARGET = 3
TARGET_NOT_ABOVE_ONE = 4
HARD_NOT_BELOW_ONE = 5
BACKSTOP_NOT_BELOW_HARD = 6
BACKSTOP_NOT_POSITIVE = 7


@rule
def check_levels(clear_ppm: int, call_ppm: int, target_ppm: int, hard_ppm: int, backstop_ppm: int) -> int:
    """The first thing wrong with a set of levels: rule R-G1, version 1.

    Formula   2 >= clear > call >= target > 1 > hard > backstop > 0.
    Units     parts per million of maintenance margin; the result is one of the codes above, LEVELS_RISE if
              all is well.
    Rounding  none.
    Errors    none: the start refuses a configuration for which this is not LEVELS_RISE.
    Source    liquidation at 1 and backstop at 2/3 as Hyperliquid; the rest is this rulebook's.
    """
    if clear_ppm > 2 * PPM:
        return CLEAR_TOO_HIGH
    if clear_ppm <= call_ppm:
        return CLEAR_NOT_ABOVE_CALL
    if call_ppm < target_ppm:
        return CALL_BELOW_TARGET
    if target_ppm <= PPM:
        return TARGET_NOT_ABOVE_ONE
    if hard_ppm >= PPM:
        return HARD_NOT_BELOW_ONE
    if backstop_ppm >= hard_ppm:
        return BACKSTOP_NOT_BELOW_HARD
    if backstop_ppm <= 0:
        return BACKSTOP_NOT_POSITIVE
    return LEVELS_RISE


@rule
def is_under_margin(equity_quanta: int, margin_quanta: int, at_equality: bool = False) -> bool:
    """Whether an account may be liquidated: rule R-G1, version 1.

    Formula   equity < maintenance margin; with at_equality also equity = margin. Never without a margin to
              keep.
    Units     quanta; at_equality is the pool's setting for reproducing venues that act at 100 %.
    Rounding  none.
    Errors    none.
    Source    strict as dYdX v4, Hyperliquid and Drift v2; at equality as OKX and Bybit.
    """
    if margin_quanta == 0:
        return False
    return equity_quanta < margin_quanta or (at_equality and equity_quanta == margin_quanta)


@rule
def level_of(
    equity_quanta: int,
    equity_low_quanta: int,
    margin_quanta: int,
    window_open: bool,
    call_ppm: int,
    hard_ppm: int,
    backstop_ppm: int,
    at_equality: bool = False,
) -> int:
    """The state an account is in: rules R-G1 and R-E2, version 1.

    Formula   BANKRUPT if E_lo < 0, else OK without a margin to keep, else the worst that holds of BACKSTOP (E
              < backstop), PARTIAL (E < hard, or under margin and the window over), SOFT (under margin, window
              open), CALL (E < call), OK.
    Units     quanta: equity E_m, equity without a haircut E_lo, maintenance margin; levels in ppm of the
              margin.
    Rounding  none: each test is exact (R-A5), and equality is the safe side.
    Errors    none. A function of these facts alone; what remembers (an open call, a liquidation under way) is
              R-G3's.
    Source    as check_levels and is_under_margin.
    """
    if equity_low_quanta < 0:
        return BANKRUPT
    if margin_quanta == 0:
        return OK
    if is_below(equity_quanta, margin_quanta, backstop_ppm):
        return BACKSTOP
    if is_below(equity_quanta, margin_quanta, hard_ppm):
        return PARTIAL
    if is_under_margin(equity_quanta, margin_quanta, at_equality):
        return SOFT if window_open else PARTIAL
    if is_below(equity_quanta, margin_quanta, call_ppm):
        return CALL
    return OK
