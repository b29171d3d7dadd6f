"""Volatility per tick. The one module of rules with floats: they end in ``sigma_ppm``, and only that is journalled.

No function of a maths library is called but the square root, whose result IEEE 754 fixes: logarithm and power are
plain sums, the same bits wherever a build keeps to the order of operations.
"""

from math import ceil, sqrt

from flows.rules.exact import rule

HALF_LIVES_NS = (300_000_000_000, 3_600_000_000_000, 86_400_000_000_000)
"""Five minutes, an hour, a day."""

SAMPLE_NS = 1_000_000_000
"""Ticks nearer than this are not sampled: the bounce between bid and ask is no volatility."""

GAP_NS = 60_000_000_000
"""A silence longer than this starts anew."""

SIGMA_MAX_PPM = 1_000_000_000
"""A thousandfold a day: beyond it an estimate is no estimate."""

_LN2 = 0.6931471805599453
_NS_A_SECOND = 1_000_000_000.0
_SECONDS_A_DAY = 86_400.0


@rule
def half_power(exponent: float) -> float:
    """2^-exponent: rule R-R1, version 1.

    Formula   whole halvings, then the series of e^-y for y = fraction x ln 2.
    Units     none.
    Rounding  that of floats: 16 terms leave less than 1e-16.
    Errors    a negative exponent is a caller's bug and asserts.
    Source    Taylor's series.
    """
    assert exponent >= 0.0, "time does not run back"
    if exponent >= 1_024.0:
        return 0.0
    halvings = int(exponent)
    y = (exponent - halvings) * _LN2
    power = 1.0
    for term in range(16, 0, -1):
        power = 1.0 - power * y / term
    for _ in range(halvings):
        power *= 0.5
    return power


@rule
def log_return(from_subticks: int, to_subticks: int) -> float:
    """ln(to / from): rule R-R1, version 1.

    Formula   doublings until the ratio is at most 2, then 2 x artanh((to - from) / (to + from)) as a series; the
              sign turns with the direction, so that a move and its way back cancel.
    Units     prices in subticks; the result is a plain number.
    Rounding  that of floats: 17 terms leave less than 1e-16.
    Errors    a price of 0 or below is a caller's bug and asserts.
    Source    Gregory's series.
    """
    assert min(from_subticks, to_subticks) > 0, "a price is positive"
    lower, higher = float(min(from_subticks, to_subticks)), float(max(from_subticks, to_subticks))
    doublings = 0
    while higher > 2.0 * lower:
        lower *= 2.0
        doublings += 1
    x = (higher - lower) / (higher + lower)
    series = 0.0
    for term in range(33, 0, -2):
        series = series * x * x + 1.0 / term
    size = 2.0 * x * series + doublings * _LN2
    return size if to_subticks >= from_subticks else -size


@rule
def ewma_step(sum_squares: float, change: float, delta_ns: int, half_life_ns: int, restart: float) -> float:
    """The decayed sum of squared returns after one more sample: rule R-R1, version 1.

    Formula   V x 2^(-delta / half-life) + r^2; after a gap of more than 60 s ``restart`` (``sum_for``), as a return
              over a silence says nothing about seconds.
    Units     squared returns; nanoseconds since the last sample, at least 1 s.
    Rounding  that of floats.
    Errors    a sample sooner than 1 s after the last is a caller's bug and asserts.
    Source    RiskMetrics, in time instead of ticks.
    """
    assert delta_ns >= SAMPLE_NS, "bounce is not sampled"
    if delta_ns > GAP_NS:
        return restart
    return sum_squares * half_power(delta_ns / half_life_ns) + change * change


@rule
def sum_for(daily_sigma_ppm: int, half_life_ns: int) -> float:
    """The decayed sum that stands for a volatility, for the first tick and after a gap: rule R-R1, version 1.

    Formula   sigma^2 / 86,400 s x half-life / ln 2: the inverse of ``sigma_ppm``.
    Units     parts per million a day; nanoseconds; squared returns.
    Rounding  that of floats.
    Errors    none.
    Source    as ``ewma_step``.
    """
    sigma = daily_sigma_ppm / 1_000_000.0
    return sigma * sigma / _SECONDS_A_DAY * (half_life_ns / _NS_A_SECOND) / _LN2


@rule
def sigma_ppm(sum_squares: float, half_life_ns: int, fallback_ppm: int) -> int:
    """Volatility a day as it enters the journal: rule R-R1, version 1.

    Formula   sqrt(V x ln 2 / half-life x 86,400 s).
    Units     parts per million a day; squared returns; nanoseconds.
    Rounding  up: risk is never understated.
    Errors    no number, infinity, 0 or below, or more than a thousandfold a day: the fallback.
    Source    as ``ewma_step``; the edge to integers is R-R6's.
    """
    # Written as what must hold, since every comparison with NaN is false.
    if not sum_squares > 0.0:
        return fallback_ppm
    sigma = sqrt(sum_squares * _LN2 / (half_life_ns / _NS_A_SECOND) * _SECONDS_A_DAY) * 1_000_000.0
    if not 0.0 < sigma <= SIGMA_MAX_PPM:
        return fallback_ppm
    return ceil(sigma)
