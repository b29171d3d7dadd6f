"""An order before it is placed: what it would cost, and the code that answers it."""

from flows.rules.exact import Ints, compare_products, mul_ppm_ceil, rule
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.maintenance import maintenance_margin

# Codes on the wire: never renumbered. Codes 20 and up belong to withdrawals (withdrawal.py).
ACCEPT = 0
INSUFFICIENT_MARGIN = 1
POSITION_LIMIT = 2
OI_LIMIT = 3
REDUCE_ONLY_MARKET = 4
HALTED = 5
LEVERAGE = 6
IN_LIQUIDATION = 7
PRICE_BAND = 8
UNKNOWN_ACCOUNT = 9
UNKNOWN_MARKET = 10
NOT_REDUCING = 11


@rule
def order_cost(delta_lots: int, mark_ticks: int, limit_ticks: int, lot_tick_quanta: int, fee_ppm: int) -> int:
    """Equity an order may cost the moment it fills: rule R-F1, version 1.

    Formula   max(0, delta x (limit - mark)) x v + |delta| x limit x v x fee.
    Units     quanta; v = lot_tick_quanta; limit is the worst price the order can fill at.
    Rounding  the fee up. A price better than the mark earns no credit: it is not filled yet.
    Errors    none.
    Source    Drift v2 and dYdX v4 count an order at its limit price, too.
    """
    loss_quanta = max(0, delta_lots * (limit_ticks - mark_ticks)) * lot_tick_quanta
    return loss_quanta + mul_ppm_ceil(abs(delta_lots) * limit_ticks * lot_tick_quanta, fee_ppm)


@rule
def after_order(
    equity_initial_quanta: int,
    margin_other_quanta: int,
    lots: int,
    delta_lots: int,
    mark_ticks: int,
    limit_ticks: int,
    lot_tick_quanta: int,
    fee_ppm: int,
    tier_floor_quanta: Ints,
    tier_initial_ppm: Ints,
    tier_initial_amount_quanta: Ints,
    leverage: int,
) -> tuple[int, int]:
    """Equity for initial margin, and that margin, as they would stand after a fill: rule R-F1, version 1.

    Formula   equity - order_cost; margin of the other positions + IM(|lots + delta| x mark x v).
    Units     quanta; margin_other is the initial margin of all other positions of the account.
    Rounding  as order_cost and R-D2: against the account. Where gains count for less than 100 %, realizing
              one would raise equity further than this says.
    Errors    none.
    Source    as order_cost.
    """
    notional_quanta = abs(lots + delta_lots) * mark_ticks * lot_tick_quanta
    margin_quanta = initial_margin(
        notional_quanta, tier_floor_quanta, tier_initial_ppm, tier_initial_amount_quanta, leverage
    )
    cost_quanta = order_cost(delta_lots, mark_ticks, limit_ticks, lot_tick_quanta, fee_ppm)
    return equity_initial_quanta - cost_quanta, margin_other_quanta + margin_quanta


@rule
def after_reduction(
    equity_quanta: int,
    margin_other_quanta: int,
    lots: int,
    delta_lots: int,
    mark_ticks: int,
    limit_ticks: int,
    lot_tick_quanta: int,
    fee_ppm: int,
    tier_floor_quanta: Ints,
    tier_rate_ppm: Ints,
    tier_amount_quanta: Ints,
) -> tuple[int, int]:
    """Equity and maintenance margin as they would stand after a fill: rule R-F1, version 1.

    Formula   equity - order_cost; margin of the other positions + MM(|lots + delta| x mark x v).
    Units     quanta; margin_other is the maintenance margin of all other positions of the account.
    Rounding  as order_cost and R-D1: against the account.
    Errors    none.
    Source    as order_cost.
    """
    notional_quanta = abs(lots + delta_lots) * mark_ticks * lot_tick_quanta
    margin_quanta = maintenance_margin(notional_quanta, tier_floor_quanta, tier_rate_ppm, tier_amount_quanta)
    cost_quanta = order_cost(delta_lots, mark_ticks, limit_ticks, lot_tick_quanta, fee_ppm)
    return equity_quanta - cost_quanta, margin_other_quanta + margin_quanta


@rule
def lowers_health(
    equity_quanta: int, margin_quanta: int, equity_after_quanta: int, margin_after_quanta: int
) -> bool:
    """Whether equity / maintenance margin would fall: rule R-F1, version 1.

    Formula   equity' x margin < equity x margin'.
    Units     quanta, equity E_m and maintenance margin, before and after.
    Rounding  none: cross products through 128 bits.
    Errors    none. An account under zero looks worse with every lot it closes; the ladder acts for it.
    Source    dYdX v4 IsValidStateTransitionForUndercollateralizedSubaccount (x/subaccounts/lib/updates.go).
    """
    return compare_products(equity_after_quanta, margin_quanta, equity_quanta, margin_after_quanta) < 0


@rule
def decide_increase(
    equity_after_quanta: int,
    margin_after_quanta: int,
    within_position_limit: bool,
    within_open_interest: bool,
    reduce_only_market: bool,
    new_risk_allowed: bool,
    leverage_allowed: bool,
    in_liquidation: bool,
    within_band: bool,
) -> int:
    """The answer to an order that may add risk: rule R-F1, version 1.

    Formula   ACCEPT iff equity' >= initial margin', R-D6 passes and no breaker, level or setting forbids it;
              else the first reason in the order of the codes.
    Units     quanta of after_order; facts from R-D6, R-P4 (new_risk_allowed, within_band), R-D2, R-G3.
    Rounding  none.
    Errors    unknown accounts and markets have no facts: the caller answers them with UNKNOWN_*.
    Source    derived here; the reasons are the rulebook's.
    """
    if equity_after_quanta < margin_after_quanta:
        return INSUFFICIENT_MARGIN
    if not within_position_limit:
        return POSITION_LIMIT
    if not within_open_interest:
        return OI_LIMIT
    if reduce_only_market:
        return REDUCE_ONLY_MARKET
    if not new_risk_allowed:
        return HALTED
    if not leverage_allowed:
        return LEVERAGE
    if in_liquidation:
        return IN_LIQUIDATION
    if not within_band:
        return PRICE_BAND
    return ACCEPT


@rule
def decide_reduction(
    equity_after_quanta: int,
    margin_after_quanta: int,
    health_falls: bool,
    reductions_allowed: bool,
    within_band: bool,
) -> int:
    """The answer to an order that only reduces: rule R-F1, version 1.

    Formula   ACCEPT iff (equity' >= initial margin' or health does not fall) and R-P4 lets reductions
              through.
    Units     quanta of after_order; health_falls from lowers_health on after_reduction.
    Rounding  none.
    Errors    none. Limits, reduce-only markets, calls and liquidations never refuse a reduction; a price
              outside the band does (R-P4): at an absurd price a reduction is a gift to whoever takes the
              other side.
    Source    as lowers_health.
    """
    if equity_after_quanta < margin_after_quanta and health_falls:
        return INSUFFICIENT_MARGIN
    if not reductions_allowed:
        return HALTED
    if not within_band:
        return PRICE_BAND
    return ACCEPT
