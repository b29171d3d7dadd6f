"""Liquidation price: the first tick at which the engine acts, not an estimate of it."""

from flows.rules.exact import Ints, rule
from flows.rules.margin.maintenance import maintenance_margin


@rule
def excess_quanta(
    price_ticks: int,
    lots: int,
    mark_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_other_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
) -> int:
    """What an account would have above its margin line at another price of one market: rule R-E4, version 1.

    Formula   f(p) = equity + lots x (p - mark) x lot_tick_quanta - margin of the other positions - MM(|lots|
              x p x lot_tick_quanta). The engine acts where it is below 0.
    Units     equity (E_m of R-E1) at mark, quanta; all other marks, collateral prices and parameters held
              fixed.
    Rounding  that of the margin: up.
    Errors    none: prices are within the market's bound.
    Source    as liquidation_ticks.
    """
    equity_there_quanta = equity_quanta + lots * (price_ticks - mark_ticks) * lot_tick_quanta
    margin_quanta = maintenance_margin(
        abs(lots) * price_ticks * lot_tick_quanta, tier_floor_quanta, tier_rate_ppm, tier_amount_quanta
    )
    return equity_there_quanta - margin_other_quanta - margin_quanta


@rule
def liquidation_ticks(
    lots: int,
    mark_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_other_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
    max_price_ticks: int,
) -> int:
    """The first price at which the engine acts, as one market moves: rule R-E4, version 1.

    Formula   a long's largest p with f(p) < 0, a short's smallest, f of excess_quanta, 1 <= p <= max; 0 for
              none. By bisection, at most 62 steps: no rate is above 1, so a tick adds no more margin than
              value and f does not fall with a long's price, nor rise with a short's.
    Units     ticks. With several positions one price a market, the others fixed, as every venue shows it.
    Rounding  none: the answer is a tick of f itself, so a closed form's rounding cannot put it one off.
    Errors    no lots have no price: 0.
    Source    derived here; Hyperliquid's closed form is the same line within one bracket.
    """
    if lots == 0:
        return 0
    near_ticks = 1 if lots > 0 else max_price_ticks  # the end where a position of this side has least
    worst_quanta = excess_quanta(
        near_ticks,
        lots,
        mark_ticks,
        lot_tick_quanta,
        equity_quanta,
        margin_other_quanta,
        tier_floor_quanta,
        tier_rate_ppm,
        tier_amount_quanta,
    )
    if worst_quanta >= 0:
        return 0
    acts_ticks = near_ticks  # f < 0 here
    safe_ticks = max_price_ticks + 1 if lots > 0 else 0  # f >= 0 here, or past the end
    while abs(safe_ticks - acts_ticks) > 1:
        middle_ticks = (acts_ticks + safe_ticks) // 2
        middle_quanta = excess_quanta(
            middle_ticks,
            lots,
            mark_ticks,
            lot_tick_quanta,
            equity_quanta,
            margin_other_quanta,
            tier_floor_quanta,
            tier_rate_ppm,
            tier_amount_quanta,
        )
        if middle_quanta < 0:
            acts_ticks = middle_ticks
        else:
            safe_ticks = middle_ticks
    return acts_ticks
