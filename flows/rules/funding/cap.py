"""The cap that keeps one funding from liquidating an account at initial margin."""

from flows.rules.exact import PPM, Ints, mul_div_floor, rule

CAP_SHARE_PPM = 750_000
"""Default part of the margin gap that one funding may take."""


@rule
def margin_gap_ppm(end_quanta: Ints, initial_margin_quanta: Ints, maintenance_margin_quanta: Ints) -> int:
    """Least gap between initial and maintenance margin, relative to notional: rule R-N3, version 1.

    Formula   min over bracket ends N of floor((IM(N) - MM(N)) / N), up to the position limit, at maximum
              leverage. Inside a bracket the gap over N is monotone, so the ends suffice.
    Units     parts per million; N, IM(N), MM(N) in quanta, a row an end.
    Rounding  down: the gap is never overstated.
    Errors    no end, or an end of 0, is a caller's bug and asserts. A gap of 0 or below is returned, and refused
              by registration.
    Source    own derivation; in 13 of 524 published bracket tables the least gap is not the first bracket's.
    """
    assert len(end_quanta) > 0, "a market has a bracket"
    assert end_quanta[0] > 0, "a bracket ends above 0"
    least_ppm = mul_div_floor(initial_margin_quanta[0] - maintenance_margin_quanta[0], PPM, end_quanta[0])
    for end in range(1, len(end_quanta)):
        assert end_quanta[end] > 0, "a bracket ends above 0"
        gap_quanta = initial_margin_quanta[end] - maintenance_margin_quanta[end]
        least_ppm = min(least_ppm, mul_div_floor(gap_quanta, PPM, end_quanta[end]))
    return least_ppm


@rule
def funding_cap_ppb(gap_ppm: int, share_ppm: int) -> int:
    """Largest size of one interval's rate: rule R-N3, version 1.

    Formula   share x gap.
    Units     parts per billion; gap and share in parts per million.
    Rounding  down: a cap is never overstated.
    Errors    a gap of 0 or below is refused at registration and asserts.
    Source    dYdX v4: 600 % of the gap on the 8-hour rate, which is 75 % of it an hour.
    """
    assert gap_ppm > 0, "registration refuses a market without a gap"
    return gap_ppm * share_ppm // 1_000


@rule
def capped_rate_ppb(rate_ppb: int, cap_ppb: int) -> int:
    """The rate that is paid: rule R-N3, version 1.

    Formula   clamp(rate, -cap, +cap).
    Units     parts per billion.
    Rounding  none.
    Errors    none.
    Source    as ``funding_cap_ppb``.
    """
    return min(max(rate_ppb, -cap_ppb), cap_ppb)
