"""The largest order that would pass: what a refusal tells the trader."""

from flows.rules.exact import Ints, rule
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.orders.check import after_order, after_reduction, lowers_health


@rule
def largest_order_lots(
    side: int,
    lots: int,
    equity_initial_quanta: int,
    margin_other_quanta: int,
    mark_ticks: int,
    limit_ticks: int,
    lot_tick_quanta: int,
    fee_ppm: int,
    tier_floor_quanta: Ints,
    tier_initial_ppm: Ints,
    tier_initial_amount_quanta: Ints,
    leverage: int,
    lots_max: int,
) -> int:
    """The largest order on one side that passes the margin test: rule R-F2, version 1.

    Formula   the lots that close, or, where more pass, the largest n <= lots_max with equity'(n) >= initial
              margin'(n): past the flat point no lot more raises the first or lowers the second, so bisection
              finds it.
    Units     lots, unsigned; side is 1 to buy, -1 to sell; lots_max is what R-D6 and the market's bounds
              leave.
    Rounding  as after_order, which judges every size.
    Errors    a side other than 1 and -1 asserts. 0 where nothing passes; what closes is judged by
              largest_reduction_lots.
    Source    derived here.
    """
    assert side in (-1, 1), "an order buys or sells"
    passing = max(0, -side * lots)
    failing = max(passing, lots_max) + 1
    while failing - passing > 1:
        middle = passing + (failing - passing) // 2
        equity_quanta, margin_quanta = after_order(
            equity_initial_quanta,
            margin_other_quanta,
            lots,
            side * middle,
            mark_ticks,
            limit_ticks,
            lot_tick_quanta,
            fee_ppm,
            tier_floor_quanta,
            tier_initial_ppm,
            tier_initial_amount_quanta,
            leverage,
        )
        if equity_quanta >= margin_quanta:
            passing = middle
        else:
            failing = middle
    return passing


@rule
def largest_reduction_lots(
    lots: int,
    equity_quanta: int,
    margin_other_quanta: int,
    mark_ticks: int,
    limit_ticks: int,
    lot_tick_quanta: int,
    fee_ppm: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
) -> int:
    """The largest part of a position that may be closed without lowering health: rule R-F2, version 1.

    Formula   the largest n <= |lots| for which health after selling n of a long (buying n of a short) at the
              limit is not lower: all of it at a fair price, less where lower brackets free less margin than
              the price costs.
    Units     lots, unsigned; equity E_m and maintenance margins in quanta.
    Rounding  as after_reduction, which judges every size.
    Errors    none; 0 where every lot would lower health.
    Source    derived here.
    """
    side = -1 if lots > 0 else 1
    before_quanta = margin_other_quanta + maintenance_margin(
        abs(lots) * mark_ticks * lot_tick_quanta, tier_floor_quanta, tier_rate_ppm, tier_amount_quanta
    )
    passing, failing = 0, abs(lots) + 1
    while failing - passing > 1:
        middle = passing + (failing - passing) // 2
        equity_after_quanta, after_quanta = after_reduction(
            equity_quanta,
            margin_other_quanta,
            lots,
            side * middle,
            mark_ticks,
            limit_ticks,
            lot_tick_quanta,
            fee_ppm,
            tier_floor_quanta,
            tier_rate_ppm,
            tier_amount_quanta,
        )
        if lowers_health(equity_quanta, before_quanta, equity_after_quanta, after_quanta):
            failing = middle
        else:
            passing = middle
    return passing
