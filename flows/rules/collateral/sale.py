"""Selling collateral for the settlement asset: only where it gains, and no more than is needed."""

from flows.rules.exact import (
    PPM,
    div_ceil,
    isqrt_ceil,
    mul_div_ceil,
    mul_div_floor,
    mul_ppm_floor,
    rule,
)

ROOT_SCALE = 1_000_000_000_000
"""The square of a million: the root of a ratio times this is in ppm."""


@rule
def sale_cost_ppm(
    spread_ppm: int, impact_ppm: int, sigma_day_ppm: int, value_quanta: int, daily_volume_quanta: int
) -> int:
    """What selling at market is expected to lose: rule R-C6, version 1.

    Formula   spread / 2 + Y x sigma x sqrt(value / daily volume).
    Units     parts per million of the value sold; Y (impact) in ppm, 1_000_000 is 1; sigma a day's
              volatility.
    Rounding  up, each of the two terms, and under the root.
    Errors    a daily volume of 0 raises.
    Source    the square-root law of market impact.
    """
    root_ppm = isqrt_ceil(mul_div_ceil(value_quanta, ROOT_SCALE, daily_volume_quanta))
    return div_ceil(spread_ppm, 2) + mul_div_ceil(impact_ppm * sigma_day_ppm, root_ppm, ROOT_SCALE)


@rule
def sale_gain_ppm(haircut_ppm: int, cost_ppm: int) -> int:
    """What a quantum of collateral gains in equity by being sold: rule R-C6, version 1.

    Formula   haircut - cost: what did not count before, less what the sale loses.
    Units     parts per million of the value sold; haircut is 1 less the marginal maintenance weight.
    Rounding  none.
    Errors    none: an asset with no gain is not sold, positions are reduced instead.
    Source    derived here.
    """
    return haircut_ppm - cost_ppm


@rule
def sells_before(
    gain_1_ppm: int, sigma_1_ppm: int, asset_1: int, gain_2_ppm: int, sigma_2_ppm: int, asset_2: int
) -> bool:
    """Whether asset 1 is sold before asset 2: rule R-C6, version 1.

    Formula   larger gain first, then smaller volatility, then smaller asset number.
    Units     parts per million; asset numbers of the registry.
    Rounding  none.
    Errors    none.
    Source    ours; Binance converts each asset in proportion.
    """
    if gain_1_ppm != gain_2_ppm:
        return gain_1_ppm > gain_2_ppm
    if sigma_1_ppm != sigma_2_ppm:
        return sigma_1_ppm < sigma_2_ppm
    return asset_1 < asset_2


@rule
def sale_proceeds(units: int, low_quanta: int, scale_units: int, cost_ppm: int) -> int:
    """What the account gets for collateral it sells: rule R-C6, version 1.

    Formula   (units x low / scale) x (1 - cost).
    Units     quanta of the settlement asset; price and scale as in R-C1; cost in ppm, at most all of it.
    Rounding  down twice: the value as it was credited, then the proceeds.
    Errors    a cost outside [0, 1] asserts.
    Source    derived here.
    """
    assert 0 <= cost_ppm <= PPM, "a part of the value"
    return mul_ppm_floor(mul_div_floor(units, low_quanta, scale_units), PPM - cost_ppm)


@rule
def units_to_raise(due_quanta: int, held_units: int, low_quanta: int, scale_units: int, cost_ppm: int) -> int:
    """The smallest amount of an asset that raises what is due: rule R-C6, version 1.

    Formula   smallest u with sale_proceeds(u) >= due, or all that is held: ceil(ceil(due / (1 - cost)) x
              scale / low).
    Units     the asset's smallest units.
    Rounding  up twice, so that the two roundings down of the proceeds are made good exactly.
    Errors    a cost of everything asserts; a price of 0 raises: such an asset raises nothing and is not sold.
    Source    derived here: no sale beyond what is needed.
    """
    assert 0 <= cost_ppm < PPM, "something must be left of the value"
    if due_quanta <= 0:
        return 0
    value_quanta = mul_div_ceil(due_quanta, PPM, PPM - cost_ppm)
    # All of the holding is worth less: asked first, since the units to raise it may leave int64.
    if value_quanta > mul_div_floor(held_units, low_quanta, scale_units):
        return held_units
    return mul_div_ceil(value_quanta, scale_units, low_quanta)


@rule
def sale_gain_quanta(credit_before_quanta: int, credit_after_quanta: int, proceeds_quanta: int) -> int:
    """What a sale does to maintenance equity: rule R-C6, version 1.

    Formula   proceeds - (credit before - credit after). A sale is made only where this is not negative.
    Units     quanta.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return proceeds_quanta - (credit_before_quanta - credit_after_quanta)
