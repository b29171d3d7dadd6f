"""What a holding of another asset is worth, always from the side that flatters the account least."""

from flows.rules.exact import PPM, isqrt_ceil, mul_div_ceil, mul_div_floor, mul_ppm_ceil, mul_ppm_floor, rule

DAY_NS = 86_400_000_000_000


@rule
def asset_value(amount_units: int, low_quanta: int, scale_units: int) -> int:
    """What a holding is worth: rule R-C1, version 1.

    Formula   amount x low / scale, low the lower end of the asset's price interval.
    Units     amount in the asset's smallest units; the price is quanta per scale units.
    Rounding  down: the account is credited no more than it has.
    Errors    a negative amount asserts: that is a debt.
    Source    derived here; Bybit's collateral value and Drift v2's asset weights value holdings per asset
              likewise.
    """
    assert amount_units >= 0, "a holding is not negative"
    return mul_div_floor(amount_units, low_quanta, scale_units)


@rule
def debt_value(debt_units: int, high_quanta: int, scale_units: int) -> int:
    """What a debt in an asset counts: rule R-C1, version 1.

    Formula   -(debt x high / scale), high the upper end of the asset's price interval.
    Units     debt in the asset's smallest units, not negative; the result is quanta, not positive.
    Rounding  the debt up, so the value down.
    Errors    a negative debt asserts: that is a holding.
    Source    as asset_value; Bybit counts negative balances in full.
    """
    assert debt_units >= 0, "a debt is not negative"
    return -mul_div_ceil(debt_units, high_quanta, scale_units)


@rule
def widening_ppm(sigma_day_ppm: int, age_ns: int) -> int:
    """How far the last interval of a halted price is pushed outward: rule R-C1, version 1.

    Formula   sigma x sqrt(age / day).
    Units     parts per million of the price; sigma a day's volatility in ppm; age since the last valid price.
    Rounding  up, under the root and of the root.
    Errors    a negative age asserts.
    Source    derived here: a price that is not seen spreads like a random walk.
    """
    assert age_ns >= 0, "a price is not from the future"
    return isqrt_ceil(mul_div_ceil(sigma_day_ppm * sigma_day_ppm, age_ns, DAY_NS))


@rule
def widened_low(low_quanta: int, widening_ppm: int) -> int:
    """The lower end of a halted price's interval, for margin: rule R-C1, version 1.

    Formula   low x (1 - widening), not under 0. For initial margin and withdrawals a halted asset counts
              zero.
    Units     quanta per scale units; the widening in parts per million.
    Rounding  down.
    Errors    none.
    Source    as widening_ppm.
    """
    return mul_ppm_floor(low_quanta, max(0, PPM - widening_ppm))


@rule
def widened_high(high_quanta: int, widening_ppm: int) -> int:
    """The upper end of a halted price's interval, for margin: rule R-C1, version 1.

    Formula   high x (1 + widening).
    Units     quanta per scale units; the widening in parts per million.
    Rounding  up.
    Errors    none.
    Source    as widening_ppm.
    """
    return high_quanta + mul_ppm_ceil(high_quanta, widening_ppm)
