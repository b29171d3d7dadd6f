"""Maintenance margin: what a position must keep, by brackets that rise with its size and never jump."""

from flows.rules.exact import PPM, Ints, div_ceil, mul_ppm_ceil, rule


@rule
def tier_of(notional_quanta: int, tier_floor_quanta: Ints) -> int:
    """The bracket that a notional falls into: rule R-D1, version 1.

    Formula   the last tier whose floor is at most the notional; a floor belongs to the tier above it.
    Units     quanta; tiers from 0.
    Rounding  none.
    Errors    none: the first floor is 0 and a notional is not negative.
    Source    as maintenance_margin.
    """
    tier = 0
    while tier + 1 < len(tier_floor_quanta) and tier_floor_quanta[tier + 1] <= notional_quanta:
        tier += 1
    return tier


@rule
def maintenance_margin(
    notional_quanta: int, tier_floor_quanta: Ints, tier_rate_ppm: Ints, tier_amount_quanta: Ints
) -> int:
    """Margin a position must keep: rule R-D1, version 1.

    Formula   notional x rate[i] - amount[i]; i is the last tier with floor[i] <= notional, and amount[i] is
              such that the curve has no jump (tier_amounts).
    Units     quanta of the settlement asset; rates in parts per million.
    Rounding  up, once, on the product: a requirement is never understated.
    Errors    a negative notional is a caller's bug and asserts; bad input never gets this far.
    Source    maintenance amounts as Hyperliquid and Binance publish them.
    """
    assert notional_quanta >= 0, "a notional is not negative"
    tier = tier_of(notional_quanta, tier_floor_quanta)
    return mul_ppm_ceil(notional_quanta, tier_rate_ppm[tier]) - tier_amount_quanta[tier]


@rule
def maintenance_margin_over(
    notional_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate: Ints,
    tier_deduction: Ints,
    rate_denominator: int,
) -> int:
    """Margin a position must keep where rates are no parts per million: rule R-D1, version 1.

    Formula   (notional x rate[i] - deduction[i]) / denominator; a rate of 1/30 is 5 over 150.
    Units     quanta; rates and deductions are numerators over one denominator of at most 10^9.
    Rounding  up, once, on the whole: 1/30 of 40,000,000 is not first rounded to a rate.
    Errors    a negative notional asserts.
    Source    Hyperliquid's margin tiers, which are halves of 1 / maximum leverage.
    """
    assert notional_quanta >= 0, "a notional is not negative"
    tier = tier_of(notional_quanta, tier_floor_quanta)
    rate, deduction = tier_rate[tier], tier_deduction[tier]
    whole, part = notional_quanta // rate_denominator, notional_quanta % rate_denominator
    less, rest = deduction // rate_denominator, deduction % rate_denominator
    return whole * rate - less + div_ceil(part * rate - rest, rate_denominator)


def tier_deductions(tier_floor_quanta: Ints, tier_rate: Ints) -> tuple[int, ...]:
    """What each tier deducts so that the curve has no jump: rule R-D1, version 1.

    Formula   D[0] = 0, D[k+1] = D[k] + floor[k+1] x (rate[k+1] - rate[k]).
    Units     quanta times the rate's numerator. Registration only, so in unbounded ints: not compiled.
    Rounding  none.
    Errors    none; what is no table of tiers is refused by tiers_rise.
    Source    as maintenance_margin; the recursion gives the amounts that venues publish.
    """
    deductions = [0]
    for tier in range(1, len(tier_floor_quanta)):
        step = tier_floor_quanta[tier] * (tier_rate[tier] - tier_rate[tier - 1])
        deductions.append(deductions[-1] + step)
    return tuple(deductions)


def tier_amounts(tier_floor_quanta: Ints, tier_rate_ppm: Ints) -> tuple[int, ...]:
    """The amounts that maintenance_margin takes off: rule R-D1, version 1.

    Formula   tier_deductions / 10^6.
    Units     quanta; floors are multiples of 10^6 quanta. Registration only: not compiled.
    Rounding  none: floors are whole units, so the quotient is an integer.
    Errors    asserts where a floor is no multiple of 10^6 quanta and an amount would be a fraction.
    Source    as tier_deductions.
    """
    deductions = tier_deductions(tier_floor_quanta, tier_rate_ppm)
    assert all(deduction % PPM == 0 for deduction in deductions), "floors are multiples of 10^6 quanta"
    return tuple(deduction // PPM for deduction in deductions)


@rule
def tiers_rise(tier_floor_quanta: Ints, tier_rate_ppm: Ints) -> bool:
    """Whether a table of margin tiers may be registered: rule R-D1, version 1.

    Formula   floors start at 0, rise, and are multiples of 10^6 quanta; rates start above 0, do not fall, and
              end at 1 or below, so that margin is continuous, convex and at most the notional.
    Units     quanta and parts per million.
    Rounding  none.
    Errors    none: registration refuses a table for which this is false.
    Source    as maintenance_margin.
    """
    if len(tier_floor_quanta) == 0 or len(tier_floor_quanta) != len(tier_rate_ppm):
        return False
    if tier_floor_quanta[0] != 0 or tier_rate_ppm[0] <= 0:
        return False
    for tier in range(1, len(tier_floor_quanta)):
        if tier_floor_quanta[tier] <= tier_floor_quanta[tier - 1] or tier_floor_quanta[tier] % PPM != 0:
            return False
        if tier_rate_ppm[tier] < tier_rate_ppm[tier - 1]:
            return False
    return tier_rate_ppm[len(tier_rate_ppm) - 1] <= PPM
