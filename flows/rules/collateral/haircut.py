"""How much of a holding's value counts as margin: the tenth million sells worse than the first."""

from flows.rules.exact import PPM, Ints, mul_ppm_floor, rule


@rule
def tiered_credit(value_quanta: int, tier_floor_quanta: Ints, tier_weight_ppm: Ints) -> int:
    """What a holding counts for after its haircut: rule R-C2, version 1.

    Formula   sum over tiers of weight x the part of the value inside the tier; the last tier has no upper
              end.
    Units     quanta, value at the lower end of the price; weights in parts per million, initial or
              maintenance.
    Rounding  down in each tier: the account is credited no more than it has.
    Errors    none. A debt has no haircut: a negative value counts in full.
    Source    marginal tiers as Bybit (collateral value ratio) and OKX (discount rate) publish them.
    """
    if value_quanta < 0:
        return value_quanta
    credit_quanta = 0
    for tier in range(len(tier_floor_quanta)):
        upper_quanta = value_quanta
        if tier + 1 < len(tier_floor_quanta):
            upper_quanta = min(value_quanta, tier_floor_quanta[tier + 1])
        inside_quanta = upper_quanta - tier_floor_quanta[tier]
        if inside_quanta <= 0:
            break
        credit_quanta += mul_ppm_floor(inside_quanta, tier_weight_ppm[tier])
    return credit_quanta


@rule
def weights_fall(tier_floor_quanta: Ints, tier_weight_ppm: Ints) -> bool:
    """Whether a table of weights may be registered: rule R-C2, version 1.

    Formula   floors start at 0 and rise; weights stay within 0 and 1 and do not rise.
    Units     quanta and parts per million.
    Rounding  none.
    Errors    none: registration refuses a table for which this is false. With it more of an asset never
              counts less.
    Source    as tiered_credit.
    """
    if len(tier_floor_quanta) == 0 or len(tier_floor_quanta) != len(tier_weight_ppm):
        return False
    if tier_floor_quanta[0] != 0 or tier_weight_ppm[0] > PPM:
        return False
    for tier in range(1, len(tier_floor_quanta)):
        if tier_floor_quanta[tier] <= tier_floor_quanta[tier - 1]:
            return False
        if tier_weight_ppm[tier] > tier_weight_ppm[tier - 1]:
            return False
    return tier_weight_ppm[len(tier_weight_ppm) - 1] >= 0


@rule
def initial_counts_less(tier_initial_ppm: Ints, tier_maintenance_ppm: Ints) -> bool:
    """Whether initial weights leave room above maintenance weights: rule R-C1, version 1.

    Formula   w_initial <= w_maintenance in each tier.
    Units     parts per million; both tables have the same floors.
    Rounding  none.
    Errors    none: registration refuses tables for which this is false, since a step of a haircut would then
              turn an account just opened into a liquidation.
    Source    initial and maintenance asset weights as in Drift v2.
    """
    if len(tier_initial_ppm) != len(tier_maintenance_ppm):
        return False
    for tier in range(len(tier_initial_ppm)):
        if tier_initial_ppm[tier] > tier_maintenance_ppm[tier]:
            return False
    return True
