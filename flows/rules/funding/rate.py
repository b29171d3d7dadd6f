"""From an hour's premium samples to the hour's funding rate."""

from flows.rules.exact import div_trunc, rule

SAMPLES_AN_HOUR = 720
"""One each five seconds (R-N1)."""

DAMPER_PPB = 500_000
"""How far the premium pulls before the rate leaves the interest rate: 0.05 %."""

INTEREST_PPB = 100_000
"""Default interest part of the 8-hour rate: 0.01 %."""


@rule
def mean_premium_ppb(sum_ppb: int, invalid_samples: int, expected_samples: int) -> int:
    """Mean premium of an hour: rule R-N2, version 1.

    Formula   sum of the samples / samples an hour has, so that a missing one counts as 0; 0 where more than half
              were invalid (R-N1).
    Units     parts per billion; counts.
    Rounding  toward zero: it favours no side.
    Errors    an hour without samples is a caller's bug and asserts.
    Source    dYdX v4 pads missing samples with zeros; equal weights as Hyperliquid, not Bybit's rising ones.
    """
    if 2 * invalid_samples > expected_samples:
        return 0
    return div_trunc(sum_ppb, expected_samples)


@rule
def eight_hour_rate_ppb(premium_ppb: int, interest_ppb: int) -> int:
    """The funding rate as it is quoted, for eight hours: rule R-N2, version 1.

    Formula   premium + clamp(interest - premium, -0.05 %, +0.05 %).
    Units     parts per billion.
    Rounding  none.
    Errors    none.
    Source    the same formula at Binance, Bybit, BitMEX and Hyperliquid.
    """
    return premium_ppb + min(max(interest_ppb - premium_ppb, -DAMPER_PPB), DAMPER_PPB)


@rule
def hourly_rate_ppb(eight_hour_ppb: int, listed_ns: int, hour_start_ns: int) -> int:
    """What an hour pays of the 8-hour rate: rule R-N2, version 1.

    Formula   an eighth; 0 for the hour in which the market was listed, as its samples do not fill it.
    Units     parts per billion; nanoseconds of event time.
    Rounding  toward zero: it favours no side.
    Errors    none.
    Source    Hyperliquid: hourly at an eighth.
    """
    if listed_ns > hour_start_ns:
        return 0
    return div_trunc(eight_hour_ppb, 8)
