"""Soft liquidation goes in slices: while the owner can still cure, only a growing part may be closed."""

from flows.rules.exact import PPM, mul_div_floor, rule

WINDOW_MAX_NS = 3_600_000_000_000
"""Longest window of the soft stage. A bound, so that window x 1e6 stays in int64."""


@rule
def soft_allowance_lots(
    total_lots: int, initial_ppm: int, elapsed_ns: int, window_ns: int, allowed_before_lots: int
) -> int:
    """Lots that soft liquidation may have closed so far: rule R-G4, version 1.

    Formula   max(what was allowed before, total x (initial + (1 - initial) x elapsed / window)).
    Units     lots, unsigned; total is the restore size of R-H1 with what is done already; ns of event time.
    Rounding  down, once.
    Errors    a window over WINDOW_MAX_NS asserts; past its end (and with a window of 0) all is allowed.
    Source    Drift v2 frees a share that grows with time (math/liquidation.rs).
    """
    assert 0 <= window_ns <= WINDOW_MAX_NS, "the soft window is longer than its bound"
    if elapsed_ns >= window_ns:
        return max(allowed_before_lots, total_lots)
    share = initial_ppm * window_ns + (PPM - initial_ppm) * elapsed_ns
    return max(allowed_before_lots, mul_div_floor(total_lots, share, PPM * window_ns))


@rule
def soft_slice_lots(
    restore_lots: int, allowed_lots: int, done_lots: int, shortfall_quanta: int, full_quanta: int
) -> int:
    """The next slice of a soft liquidation: rule R-G4, version 1.

    Formula   min(restore size now, allowed - done), not under 0; the restore size at once if the shortfall is
              small.
    Units     lots, unsigned; done counts the owner's own reductions; shortfall to the target and full in
              quanta.
    Rounding  none.
    Errors    none.
    Source    Drift v2 frees all under 100 dollars; this rulebook's line is the venue's setting, 50 by
              default.
    """
    if shortfall_quanta < full_quanta:
        return restore_lots
    return max(0, min(restore_lots, allowed_lots - done_lots))
