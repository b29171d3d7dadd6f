"""What an offer to independent liquidators says, and for how long."""

from flows.rules.exact import is_below, rule


@rule
def offered_lots(restore_lots: int, ordered_lots: int) -> int:
    """The lots on offer: rule R-I1, version 1.

    Formula   restore size - lots in orders not answered yet, not under 0: both together never pass the size.
    Units     lots, unsigned. With several markets the size of each is taken after what is offered before it
              (R-H3).
    Rounding  none.
    Errors    none.
    Source    derived here; Derive and Euler sell to anyone likewise.
    """
    return max(0, restore_lots - ordered_lots)


@rule
def expires_ns(opens_ns: int, life_ns: int) -> int:
    """The last moment of an offer: rule R-I1, version 1.

    Formula   opens + life.
    Units     ns of event time.
    Rounding  none.
    Errors    none.
    Source    derived here; the life is the venue's setting, 60 s by default.
    """
    return opens_ns + life_ns


@rule
def is_over(clock_ns: int, expires_ns: int) -> bool:
    """Whether a clock entry ends an offer, which is then issued anew with the next size: rule R-I1, version 1.

    Formula   clock >= expires: bids up to that very moment have come before this clock.
    Units     ns of event time.
    Rounding  none.
    Errors    none.
    Source    deadlines of R-A6.
    """
    return clock_ns >= expires_ns


@rule
def is_withdrawn(equity_quanta: int, margin_quanta: int, target_ppm: int) -> bool:
    """Whether a recovery takes an offer back: rule R-I1, version 1.

    Formula   equity >= target x maintenance margin.
    Units     quanta; the target in parts per million of the margin.
    Rounding  none: an exact test (R-A5).
    Errors    none.
    Source    derived here.
    """
    return not is_below(equity_quanta, margin_quanta, target_ppm)
