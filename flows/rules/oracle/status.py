"""How far an index may be trusted."""

from flows.rules.exact import mul_ppm_floor, rule

OK, DEGRADED, HALTED = 0, 1, 2
"""Levels of trust, best first: the worse of two is their maximum."""

NOT_CLEAN = -1
"""``clean_since_ns`` while nothing better than the present level is seen."""

RISE_NS = 30_000_000_000
"""How long a better level must hold before it is taken."""

CONFIDENCE_DEGRADED_PPM, CONFIDENCE_HALTED_PPM = 2_500, 20_000
"""An index whose confidence is wider than these parts of it is degraded, halted."""


@rule
def confidence_level(confidence_subticks: int, index_subticks: int) -> int:
    """The level that an index's confidence allows: rule R-O5, version 1.

    Formula   OK up to 25 bp of the index, DEGRADED up to 200 bp, else HALTED; without an index HALTED.
    Units     subticks.
    Rounding  none: an integer is above a rational iff it is above its floor (R-A5).
    Errors    none.
    Source    Drift: invalid for margin above 2 %.
    """
    if index_subticks <= 0 or confidence_subticks > mul_ppm_floor(index_subticks, CONFIDENCE_HALTED_PPM):
        return HALTED
    if confidence_subticks > mul_ppm_floor(index_subticks, CONFIDENCE_DEGRADED_PPM):
        return DEGRADED
    return OK


@rule
def level_now(
    sources: int, weight: int, nominal_weight: int, confidence_subticks: int, index_subticks: int
) -> int:
    """The level that this instant's sources allow: rule R-O5, version 1.

    Formula   OK: at least 3 sources, 2/3 of the nominal weight and a confidence that is OK; DEGRADED: at least 2
              sources, 1/3 of the weight and a confidence that is not HALTED; else HALTED.
    Units     counts of fresh sources; weights before the cap of R-O3; subticks.
    Rounding  none: thirds are compared as products.
    Errors    none.
    Source    own choice of counts; Drift's 2 % for the confidence.
    """
    by_confidence = confidence_level(confidence_subticks, index_subticks)
    if sources >= 3 and 3 * weight >= 2 * nominal_weight:
        return by_confidence
    if sources >= 2 and 3 * weight >= nominal_weight:
        return max(by_confidence, DEGRADED)
    return HALTED


@rule
def status_step(level: int, clean_since_ns: int, now: int, time_ns: int) -> tuple[int, int]:
    """The status after one more look, with hysteresis: rule R-O5, version 1.

    Formula   down at once; up by one level once something better has held for 30 s, counted anew for each level.
    Units     levels OK, DEGRADED, HALTED; nanoseconds of event time; state (level, clean_since), at the start
              (HALTED, NOT_CLEAN).
    Rounding  none: at 30 s exactly the better level is taken.
    Errors    none: pool time never runs back (R-A6).
    Source    own choice.
    """
    if now >= level:
        return now, NOT_CLEAN
    if clean_since_ns == NOT_CLEAN:
        return level, time_ns
    if time_ns - clean_since_ns < RISE_NS:
        return level, clean_since_ns
    return level - 1, time_ns if now < level - 1 else NOT_CLEAN
