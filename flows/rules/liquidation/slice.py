"""One order at a time, of a size that the market can take, and no crumbs left behind."""

from flows.rules.exact import Ints, mul_ppm_ceil, rule
from flows.rules.liquidation.guard import keeps_health, relief_quanta
from flows.rules.liquidation.slippage import slippage_ppm


@rule
def slice_lots(
    lots: int,
    restore_lots: int,
    lot_quanta: int,
    slice_ppm: int,
    least_quanta: int,
    dust_quanta: int,
    budget_lots: int,
) -> int:
    """The lots of the next order against a position: rule R-H4, version 1.

    Formula   min(restore size, max(slice share of |lots|, lots of the least notional, 1), budget); all of the
              position if what would be left is worth less than dust and the budget admits it.
    Units     lots, result and restore size unsigned; lot_quanta the notional of a lot at the mark; least and
              dust in quanta; budget_lots from R-G5.
    Rounding  the share up, the lots of the least notional down.
    Errors    none; 0 where nothing is to be restored or the budget is spent.
    Source    dYdX v4: 10 % of a position or 1,000 dollars; Aave leaves no less than 1,000.
    """
    held_lots = abs(lots)
    paced_lots = max(mul_ppm_ceil(held_lots, slice_ppm), least_quanta // lot_quanta, 1)
    order_lots = min(restore_lots, paced_lots, budget_lots)
    if order_lots > 0 and (held_lots - order_lots) * lot_quanta < dust_quanta and held_lots <= budget_lots:
        return held_lots
    return order_lots


@rule
def passing_slice_lots(
    order_lots: int,
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
    has_depth: bool,
    ring_ppm: Ints,
    ring_lots: Ints,
    adv_quanta: int,
    sigma_day_ppm: int,
    scale_ppm: int,
) -> int:
    """A slice cut down until the market's depth lets it pass: rule R-H4, version 1.

    Formula   halved until it has a price (slippage_ppm) and its slippage alone keeps health (R-H2). The
              penalty is not counted: it takes what room is left (R-H5).
    Units     lots, unsigned; margin is the account's; the rest as relief_quanta and slippage_ppm.
    Rounding  down at each halving; slippage up.
    Errors    0 where even one lot fails: the position is stuck, and the next stage has it.
    Source    derived here.
    """
    while order_lots > 0:
        distance_ppm = slippage_ppm(
            order_lots,
            price_ticks * lot_tick_quanta,
            has_depth,
            ring_ppm,
            ring_lots,
            adv_quanta,
            sigma_day_ppm,
            scale_ppm,
        )
        if distance_ppm >= 0:
            freed_quanta = relief_quanta(
                lots,
                order_lots,
                price_ticks,
                lot_tick_quanta,
                tier_floor_quanta,
                tier_rate_ppm,
                tier_amount_quanta,
            )
            loss_quanta = mul_ppm_ceil(order_lots * price_ticks * lot_tick_quanta, distance_ppm)
            if keeps_health(equity_quanta, margin_quanta, loss_quanta, freed_quanta):
                return order_lots
        order_lots //= 2
    return 0
