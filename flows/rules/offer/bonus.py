"""What a liquidator earns: more as health falls and time passes, never more than the account can bear."""

from flows.rules.exact import mul_div_floor, rule


@rule
def bonus_guard_ppm(cost_cap_ppm: int, insurance_ppm: int, venue_ppm: int, reserve_ppm: int) -> int:
    """The largest bonus that keeps the account's health: rule R-I2, version 1.

    Formula   cost cap of R-H2 - insurance's and the venue's part - reserve.
    Units     parts per million of the notional at the mark.
    Rounding  none here; the cap comes rounded down.
    Errors    below 0 there is no offer: the account goes to the backstop.
    Source    derived here.
    """
    return cost_cap_ppm - insurance_ppm - venue_ppm - reserve_ppm


@rule
def bonus_ppm(
    equity_quanta: int,
    margin_quanta: int,
    elapsed_ns: int,
    guard_ppm: int,
    bonus_max_ppm: int,
    bonus_base_ppm: int,
    bonus_slope_ppm: int,
    bonus_step_ppm: int,
    bonus_step_ns: int,
) -> int:
    """The bonus of an offer at a moment: rule R-I2, version 1.

    Formula   min(max, base + slope x (1 - health) + step x whole steps since it opened, guard), not under 0.
    Units     parts per million of the notional at the mark; elapsed and the step's length in ns of event
              time.
    Rounding  down, slope x (margin - equity) / margin in one quotient: health is not formed.
    Errors    no margin raises: nothing is offered without one.
    Source    linear in health as Euler and Aave V4, rising with time as Drift v2 and Maker's auctions.
    """
    by_health_ppm = mul_div_floor(bonus_slope_ppm, margin_quanta - equity_quanta, margin_quanta)
    by_time_ppm = elapsed_ns // bonus_step_ns * bonus_step_ppm
    return max(0, min(bonus_max_ppm, bonus_base_ppm + by_health_ppm + by_time_ppm, guard_ppm))
