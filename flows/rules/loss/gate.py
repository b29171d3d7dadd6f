"""When withdrawals wait: while somebody's loss is not yet somebody's."""

from flows.rules.exact import rule

COOL_NS = 60_000_000_000
"""Default time between the last resolved deficit and the next withdrawal."""

OUTAGE_NS = 300_000_000_000
"""A silence of the journal longer than this closes the gate until prices are fresh."""


@rule
def is_outage(previous_ns: int, entry_ns: int, outage_ns: int) -> bool:
    """Whether the journal was silent long enough to distrust prices: rule R-M2, version 1.

    Formula   entry - previous > outage.
    Units     nanoseconds of event time.
    Rounding  none.
    Errors    none: pool time never runs back (R-A6).
    Source    dYdX v4 blocks withdrawals after an outage of five minutes.
    """
    return entry_ns - previous_ns > outage_ns


@rule
def withdrawals_open(
    unresolved_accounts: int,
    resolved_ns: int,
    cool_ns: int,
    awaits_prices: bool,
    time_ns: int,
) -> bool:
    """Whether withdrawals are accepted: rule R-M2, version 1.

    Formula   no account with E_lo < 0 and lots unresolved, cool over since the last was resolved (half-open:
              the gate is open at resolved + cool), and prices fresh again after an outage.
    Units     nanoseconds of event time; ``resolved_ns`` 0 where there never was a deficit.
    Rounding  none.
    Errors    none. Deposits, reductions and cures never ask.
    Source    dYdX v4: 50 blocks after a negative account was seen, the 50th being free.
    """
    return unresolved_accounts == 0 and time_ns >= resolved_ns + cool_ns and not awaits_prices
