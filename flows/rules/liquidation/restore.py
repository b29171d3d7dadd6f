"""How much of a position must go: as little as restores health, and no more."""

from flows.rules.exact import PPM, Ints, is_below, mul_ppm_ceil, rule
from flows.rules.margin.maintenance import maintenance_margin, tier_of


@rule
def after_close(
    closed_lots: int,
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_other_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
    slippage_ppm: int,
    penalty_ppm: int,
) -> tuple[int, int]:
    """Equity and maintenance margin after part of a position is closed as expected: rule R-H1, version 1.

    Formula   loss = closed notional x slippage; penalty = (closed notional - loss; + loss if short) x penalty
              rate; equity - loss - penalty; margin of the other positions + MM(what is left at the mark).
    Units     closed lots unsigned, the position's lots signed; price is the mark; quanta; slippage under 10^6
              ppm.
    Rounding  loss and penalty up, each once: the account may keep more than this says, not less.
    Errors    closing more than the position asserts.
    Source    derived here; dYdX v4 and Drift v2 count penalty and slippage against the account likewise.
    """
    left_lots = abs(lots) - closed_lots
    assert left_lots >= 0, "no more can be closed than is held"
    lot_quanta = price_ticks * lot_tick_quanta
    closed_quanta = closed_lots * lot_quanta
    loss_quanta = mul_ppm_ceil(closed_quanta, slippage_ppm)
    traded_quanta = closed_quanta - loss_quanta if lots > 0 else closed_quanta + loss_quanta
    equity_after_quanta = equity_quanta - loss_quanta - mul_ppm_ceil(traded_quanta, penalty_ppm)
    left_quanta = maintenance_margin(
        left_lots * lot_quanta, tier_floor_quanta, tier_rate_ppm, tier_amount_quanta
    )
    return equity_after_quanta, margin_other_quanta + left_quanta


@rule
def reaches_target(
    closed_lots: int,
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_other_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
    target_ppm: int,
    slippage_ppm: int,
    penalty_ppm: int,
) -> bool:
    """Whether closing this many lots restores the target health: rule R-H1, version 1.

    Formula   equity' >= target x margin' of after_close.
    Units     as after_close; the target in parts per million of maintenance margin.
    Rounding  none beyond after_close: an exact test (R-A5).
    Errors    as after_close.
    Source    Aave V4 sells to a target health likewise.
    """
    equity_after_quanta, margin_after_quanta = after_close(
        closed_lots,
        lots,
        price_ticks,
        lot_tick_quanta,
        equity_quanta,
        margin_other_quanta,
        tier_floor_quanta,
        tier_rate_ppm,
        tier_amount_quanta,
        slippage_ppm,
        penalty_ppm,
    )
    return not is_below(equity_after_quanta, margin_after_quanta, target_ppm)


@rule
def frees_more_than_it_costs(
    is_long: bool, tier_rate_ppm: int, target_ppm: int, slippage_ppm: int, penalty_ppm: int
) -> bool:
    """Whether closing inside a bracket brings the account nearer to the target: rule R-H1, version 1.

    Formula   target x rate > slippage + penalty x (1 - slippage; + slippage if short), per quantum closed.
    Units     all in parts per million, compared as whole squares of a million.
    Rounding  none.
    Errors    none.
    Source    the denominator of Drift v2's size (math/liquidation.rs), with slippage.
    """
    traded_ppm = PPM - slippage_ppm if is_long else PPM + slippage_ppm
    return target_ppm * tier_rate_ppm > slippage_ppm * PPM + penalty_ppm * traded_ppm


@rule
def size_bracket(
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_other_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
    target_ppm: int,
    slippage_ppm: int,
    penalty_ppm: int,
) -> tuple[int, int]:
    """Sizes between which the restore size lies: rule R-H1, version 1.

    Formula   brackets from the present one down while closing inside them frees more than it costs; the first
              whose last whole lot reaches the target, and the last size before it that does not. Then the one
              lot that crosses into a bracket where closing costs more: its first part may still free enough.
    Units     lots, unsigned: a size that falls short (-1 under none) and one that is enough; the rest as
              reaches_target.
    Rounding  none beyond after_close.
    Errors    (all, all) where no size is enough.
    Source    as restore_lots. Rates fall as a position shrinks, so the distance to the target has one lowest
              point.
    """
    lot_quanta = price_ticks * lot_tick_quanta
    notional_quanta = abs(lots) * lot_quanta
    tier = tier_of(notional_quanta, tier_floor_quanta)
    short, tried = -1, 0
    while True:
        if reaches_target(
            tried,
            lots,
            price_ticks,
            lot_tick_quanta,
            equity_quanta,
            margin_other_quanta,
            tier_floor_quanta,
            tier_rate_ppm,
            tier_amount_quanta,
            target_ppm,
            slippage_ppm,
            penalty_ppm,
        ):
            return short, tried
        short = tried
        if tier < 0:
            return abs(lots), abs(lots)
        if frees_more_than_it_costs(lots > 0, tier_rate_ppm[tier], target_ppm, slippage_ppm, penalty_ppm):
            tried = (notional_quanta - tier_floor_quanta[tier]) // lot_quanta
            tier -= 1
        else:
            tried = short + 1
            tier = -1


@rule
def restore_lots(
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    equity_quanta: int,
    margin_other_quanta: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
    target_ppm: int,
    slippage_ppm: int,
    penalty_ppm: int,
) -> int:
    """The lots of one position that restore the target health: rule R-H1, version 1.

    Formula   the k for which reaches_target holds and for k - 1 does not: size_bracket, then bisection.
    Units     lots, unsigned; the rest as reaches_target.
    Rounding  none beyond after_close: both sides of k are tested exactly.
    Errors    0 where the target is met already; all lots where no part of the position restores it
              (reaches_target tells which: go on to the next position). No position asserts.
    Source    Drift v2 math/liquidation.rs: shortage / (price x (margin rate - fees)), here over brackets and
              exact.
    """
    assert lots != 0, "there is a position to close"
    short, enough = size_bracket(
        lots,
        price_ticks,
        lot_tick_quanta,
        equity_quanta,
        margin_other_quanta,
        tier_floor_quanta,
        tier_rate_ppm,
        tier_amount_quanta,
        target_ppm,
        slippage_ppm,
        penalty_ppm,
    )
    while enough - short > 1:
        middle = short + (enough - short) // 2
        if reaches_target(
            middle,
            lots,
            price_ticks,
            lot_tick_quanta,
            equity_quanta,
            margin_other_quanta,
            tier_floor_quanta,
            tier_rate_ppm,
            tier_amount_quanta,
            target_ppm,
            slippage_ppm,
            penalty_ppm,
        ):
            enough = middle
        else:
            short = middle
    return enough
