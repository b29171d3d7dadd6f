"""What a level remembers: a call ends higher than it began, and so does a liquidation."""

from flows.rules.call.levels import is_under_margin
from flows.rules.exact import is_below, rule

CALL_EVENT_GAP_NS = 60_000_000_000
"""Least time between two call events of one account that is no worse off: enough for a screen, no flood."""


@rule
def is_call_open(
    was_open: bool, equity_quanta: int, margin_quanta: int, call_ppm: int, clear_ppm: int
) -> bool:
    """Whether a call is open after a valuation: rule R-G3, version 1.

    Formula   opens at equity < call, closes at equity >= clear, each of maintenance margin; never without a
              margin.
    Units     quanta; levels in parts per million of the margin.
    Rounding  none: exact tests (R-A5).
    Errors    none. A window belongs to the opening of a call, so an account gets a new one only after clear.
    Source    the gap as in Drift v2, which leaves liquidation only above the margin and a buffer.
    """
    if margin_quanta == 0:
        return False
    return is_below(equity_quanta, margin_quanta, clear_ppm if was_open else call_ppm)


@rule
def is_liquidating(
    was_liquidating: bool, equity_quanta: int, margin_quanta: int, target_ppm: int, at_equality: bool = False
) -> bool:
    """Whether a liquidation is under way after a valuation: rule R-G3, version 1.

    Formula   begins under margin (R-G1), ends at equity >= target x margin; never without a margin to keep.
    Units     quanta; the target in parts per million of the margin.
    Rounding  none: exact tests (R-A5).
    Errors    none.
    Source    as is_call_open.
    """
    if was_liquidating:
        return margin_quanta > 0 and is_below(equity_quanta, margin_quanta, target_ppm)
    return is_under_margin(equity_quanta, margin_quanta, at_equality)


@rule
def is_call_event_due(state: int, last_state: int, time_ns: int, last_event_ns: int) -> bool:
    """Whether an open call is announced again: rule R-G3, version 1.

    Formula   the state is worse than the last announced one, or a minute has passed since.
    Units     states of R-G1, ns of event time.
    Rounding  none.
    Errors    none; the last state of an account never called is OK, and any call is worse.
    Source    derived here.
    """
    return state > last_state or time_ns - last_event_ns >= CALL_EVENT_GAP_NS
