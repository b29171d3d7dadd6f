"""Zones: the stretches between the levels of the ladder that mean something to an account as it stands.

An entry acts on an account only if its zone has changed; that is what wake bands watch (R-E6). A level that means
nothing yet (clear without an open call, target outside a liquidation) is no border, so nobody wakes for it.
"""

from flows.rules.call.levels import BACKSTOP, BANKRUPT, CALL, OK, PARTIAL, SOFT
from flows.rules.exact import is_below, rule

CLEAR = 0  # nothing open, or cured
CALLED = 1  # a call is open: between call and clear
UNDER_CALL = 2
RECOVERING = 3  # in liquidation: at or above maintenance, under target
UNDER_MARGIN = 4
UNDER_HARD = 5
UNDER_BACKSTOP = 6
UNDER_WATER = 7  # equity without a haircut is below zero


@rule
def zone_of(
    equity_quanta: int,
    equity_low_quanta: int,
    margin_quanta: int,
    call_open: bool,
    liquidating: bool,
    clear_ppm: int,
    call_ppm: int,
    target_ppm: int,
    hard_ppm: int,
    backstop_ppm: int,
    at_equality: int,
) -> int:
    """Which zone an account is in: rules R-E2 and R-G1, version 1.

    Formula   below zero without a haircut: UNDER_WATER; without a margin to keep: CLEAR; else by equity against level x
              margin, strictly below; clear counts as a border only with a call open, target only in liquidation.
    Units     quanta; levels in ppm of maintenance margin; at_equality 1 acts at equity = margin, too (default 0).
    Rounding  none: thresholds are exact (R-A5).
    Errors    none.
    Source    the levels of R-G1 as registered.
    """
    if equity_low_quanta < 0:
        return UNDER_WATER
    if margin_quanta == 0:
        return CLEAR
    if not is_below(equity_quanta, margin_quanta, call_ppm):
        return CALLED if call_open and is_below(equity_quanta, margin_quanta, clear_ppm) else CLEAR
    if equity_quanta - at_equality >= margin_quanta:
        return (
            RECOVERING if liquidating and is_below(equity_quanta, margin_quanta, target_ppm) else UNDER_CALL
        )
    if not is_below(equity_quanta, margin_quanta, hard_ppm):
        return UNDER_MARGIN
    if not is_below(equity_quanta, margin_quanta, backstop_ppm):
        return UNDER_HARD
    return UNDER_BACKSTOP


@rule
def level_in(zone: int, call_open: bool, window_over: bool, liquidating: bool) -> int:
    """Which level of the ladder an account stands at: rule R-G1, version 1.

    Formula   soft while the window is open and equity at or above hard; partial after either; a call stays a call up
              to clear, a liquidation goes on up to target.
    Units     codes.
    Rounding  none.
    Errors    none.
    Source    RULES R-G1, R-G3.
    """
    if zone == UNDER_WATER:
        return BANKRUPT
    if zone == UNDER_BACKSTOP:
        return BACKSTOP
    if zone == UNDER_HARD:
        return PARTIAL
    if zone == UNDER_MARGIN or (zone == RECOVERING and liquidating):
        return PARTIAL if window_over else SOFT
    return CALL if call_open else OK
