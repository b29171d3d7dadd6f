"""The penalty of a liquidation: cut by the guard, and split among those who carry the risk."""

from flows.rules.exact import PPM, mul_ppm_ceil, mul_ppm_floor, rule


@rule
def effective_penalty_ppm(penalty_ppm: int, slippage_ppm: int, cost_cap_ppm: int) -> int:
    """The penalty rate that health leaves room for: rule R-H5, version 1.

    Formula   min(penalty, cost cap - slippage), not under 0.
    Units     parts per million; the cap is R-H2's largest cost per quantum closed (cost_cap_ppm).
    Rounding  none here; the cap comes rounded down.
    Errors    none.
    Source    Drift v2 cuts its fee to the margin ratio; dYdX v4 to the collateral that is left.
    """
    return max(0, min(penalty_ppm, cost_cap_ppm - slippage_ppm))


@rule
def penalty_quanta(traded_quanta: int, effective_ppm: int, loss_max_quanta: int, loss_quanta: int) -> int:
    """What a liquidation's fill costs beside its price: rule R-H5, version 1.

    Formula   min(traded x effective rate, largest loss of R-H2 - loss by the price), not under 0.
    Units     quanta; traded is the notional at the fill's price; loss_quanta is what the price itself cost.
    Rounding  up, yet never past what keeps health: an account that had equity is not made negative by a
              penalty.
    Errors    none.
    Source    as effective_penalty_ppm.
    """
    return max(0, min(mul_ppm_ceil(traded_quanta, effective_ppm), loss_max_quanta - loss_quanta))


@rule
def penalty_split(
    penalty_quanta: int, liquidator_ppm: int, insurance_ppm: int, venue_ppm: int
) -> tuple[int, int, int]:
    """Who receives a penalty: rule R-H5, version 1.

    Formula   liquidator and venue their share of it, insurance its share and the remainder.
    Units     quanta to (liquidator, insurance, venue); shares in parts per million.
    Rounding  down each, the remainder to insurance.
    Errors    shares that do not sum to 10^6 assert. A penalty of 0 is split, too: its event says so.
    Source    rule R-A4 names the owner of the remainder; the shares are the venue's.
    """
    assert liquidator_ppm + insurance_ppm + venue_ppm == PPM, "the shares of a penalty sum to one"
    liquidator_quanta = mul_ppm_floor(penalty_quanta, liquidator_ppm)
    venue_quanta = mul_ppm_floor(penalty_quanta, venue_ppm)
    return liquidator_quanta, penalty_quanta - liquidator_quanta - venue_quanta, venue_quanta
