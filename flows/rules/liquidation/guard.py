"""The guard: no forced step may leave an account less healthy than it was."""

from flows.rules.exact import PPM, Ints, compare_products, div_ceil, mul_div_ceil, mul_div_floor, rule
from flows.rules.margin.maintenance import maintenance_margin


@rule
def relief_quanta(
    lots: int,
    closed_lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
) -> int:
    """Maintenance margin that closing part of a position frees: rule R-H2, version 1.

    Formula   MM(|lots| x mark x v) - MM((|lots| - closed) x mark x v).
    Units     quanta; closed lots unsigned, the position's lots signed.
    Rounding  as R-D1, on each of the two.
    Errors    closing more than the position asserts.
    Source    derived here.
    """
    assert closed_lots <= abs(lots), "no more can be closed than is held"
    lot_quanta = price_ticks * lot_tick_quanta
    before_quanta = maintenance_margin(
        abs(lots) * lot_quanta, tier_floor_quanta, tier_rate_ppm, tier_amount_quanta
    )
    after_quanta = maintenance_margin(
        (abs(lots) - closed_lots) * lot_quanta, tier_floor_quanta, tier_rate_ppm, tier_amount_quanta
    )
    return before_quanta - after_quanta


@rule
def keeps_health(equity_quanta: int, margin_quanta: int, loss_quanta: int, relief_quanta: int) -> bool:
    """Whether a step may be taken: rule R-H2, version 1.

    Formula   relief > 0 and equity > 0 and loss x margin <= equity x relief: health does not fall, and what
              closes the last position leaves equity at 0 or above.
    Units     quanta; loss = equity before - after, relief = maintenance margin before - after.
    Rounding  none: cross products through 128 bits.
    Errors    none. Without equity no sale helps: that is the backstop's.
    Source    the condition under which a liquidation is not toxic (2510.10171), in integers.
    """
    if relief_quanta <= 0 or equity_quanta <= 0:
        return False
    return compare_products(loss_quanta, margin_quanta, equity_quanta, relief_quanta) <= 0


@rule
def largest_loss(equity_quanta: int, margin_quanta: int, relief_quanta: int) -> int:
    """The most a step may cost, slippage and penalty together: rule R-H2, version 1.

    Formula   equity x relief / margin.
    Units     quanta.
    Rounding  down: a loss of one quantum more lowers health.
    Errors    below 0 where equity is: no step is allowed there (keeps_health). No margin raises.
    Source    as keeps_health.
    """
    return mul_div_floor(equity_quanta, relief_quanta, margin_quanta)


@rule
def cost_cap_ppm(loss_max_quanta: int, closed_quanta: int) -> int:
    """The most a step may cost as a rate of what it closes: rule R-H2, version 1.

    Formula   largest loss / closed notional; inside one bracket this is the rule's r x H.
    Units     parts per million of the notional closed, at the mark.
    Rounding  down.
    Errors    below 0 where equity is. Nothing closed raises.
    Source    as keeps_health.
    """
    return mul_div_floor(loss_max_quanta, PPM, closed_quanta)


@rule
def worst_price_ticks(
    lots: int,
    closed_lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    loss_max_quanta: int,
    penalty_ppm: int,
) -> int:
    """The limit an order carries so that the guard holds at whatever it fills: rule R-H2, version 1.

    Formula   the worst s with closed x v x |mark - s| + closed x s x v x penalty <= largest loss:
              long (sells) s >= (closed x mark x v - loss) / (closed x v x (1 - penalty)), at least 1;
              short (buys) s <= (closed x mark x v + loss) / (closed x v x (1 + penalty)).
    Units     ticks; closed lots unsigned, the position's lots signed; the penalty under 10^6 ppm.
    Rounding  up for a long, down for a short: the tick beyond it lowers health.
    Errors    none: a limit on the other side of the mark says that even the mark would lower health.
    Source    dYdX v4's fillable price (x/clob/keeper/liquidations.go) is such a limit, from other terms.
    """
    tick_quanta = closed_lots * lot_tick_quanta
    closed_quanta = tick_quanta * price_ticks
    # One rounding after another in the same direction is the rounding of the whole quotient.
    if lots > 0:
        least_quanta = mul_div_ceil(closed_quanta - loss_max_quanta, PPM, PPM - penalty_ppm)
        return max(1, div_ceil(least_quanta, tick_quanta))
    most_quanta = mul_div_floor(closed_quanta + loss_max_quanta, PPM, PPM + penalty_ppm)
    return most_quanta // tick_quanta
