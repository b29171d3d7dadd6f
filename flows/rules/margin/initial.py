"""Initial margin: what new risk must show, by bracket and by the leverage an account has chosen."""

from flows.rules.exact import Ints, div_ceil, rule
from flows.rules.margin.maintenance import maintenance_margin, tier_of


@rule
def initial_margin(
    notional_quanta: int,
    tier_floor_quanta: Ints,
    tier_initial_ppm: Ints,
    tier_initial_amount_quanta: Ints,
    leverage: int,
) -> int:
    """Margin new risk must show, without a jump between brackets: rule R-D2, version 1.

    Formula   max(notional x initial_rate[i] - amount[i], notional / leverage); tiers and amounts as in R-D1.
    Units     quanta; rates in parts per million; leverage a whole number of at least 1.
    Rounding  up, each of the two.
    Errors    a negative notional or a leverage under 1 asserts.
    Source    continuous tiers as Hyperliquid's; chosen leverage as on every venue.
    """
    assert leverage >= 1, "a leverage is at least 1"
    tiered_quanta = maintenance_margin(
        notional_quanta, tier_floor_quanta, tier_initial_ppm, tier_initial_amount_quanta
    )
    return max(tiered_quanta, div_ceil(notional_quanta, leverage))


@rule
def bracket_initial_margin(
    notional_quanta: int, tier_floor_quanta: Ints, tier_leverage: Ints, leverage: int
) -> int:
    """Margin new risk must show where a bracket's rate holds for the whole notional: rule R-D2, version 1.

    Formula   notional / min(leverage, tier_leverage[i]): a step at each floor, as exchanges publish it.
    Units     quanta; leverages whole numbers, so that 1/75 needs no rate in between.
    Rounding  up.
    Errors    a leverage under 1 asserts.
    Source    maximum leverage a bracket as Binance and Bybit publish it.
    """
    assert leverage >= 1, "a leverage is at least 1"
    tier = tier_of(notional_quanta, tier_floor_quanta)
    return div_ceil(notional_quanta, min(leverage, tier_leverage[tier]))


@rule
def leverage_fits(leverage: int, max_leverage: int) -> bool:
    """Whether an account may choose a leverage: rule R-D2, version 1.

    Formula   1 <= leverage <= max, max of the bracket its notional is in.
    Units     whole numbers.
    Rounding  none.
    Errors    none: a choice for which this is false is refused (LEVERAGE). Growth into a bracket with a lower
              maximum binds new risk only.
    Source    as initial_margin.
    """
    return 1 <= leverage <= max_leverage


@rule
def missing_quanta(equity_initial_quanta: int, initial_margin_quanta: int) -> int:
    """What an account lacks to carry a requirement: rule R-D2, version 1.

    Formula   max(0, initial margin - equity for it). Lowering leverage is refused where this is above 0.
    Units     quanta.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return max(0, initial_margin_quanta - equity_initial_quanta)


@rule
def initial_leaves_room(tier_initial_ppm: Ints, tier_maintenance_ppm: Ints, taker_fee_ppm: int) -> bool:
    """Whether opening at the limit leaves an account above maintenance: rule R-D2, version 1.

    Formula   initial_rate - maintenance_rate >= 2 x taker fee in each tier: the way in and the way out.
    Units     parts per million; both tables have the same floors.
    Rounding  none.
    Errors    none: registration refuses tables for which this is false. The gap need not grow with the tier:
              in real tables it sometimes shrinks.
    Source    derived here.
    """
    if len(tier_initial_ppm) != len(tier_maintenance_ppm):
        return False
    for tier in range(len(tier_initial_ppm)):
        if tier_initial_ppm[tier] - tier_maintenance_ppm[tier] < 2 * taker_fee_ppm:
            return False
    return True
