"""Bounds at registration: no state that can be reached leaves int64."""

from flows.rules.exact import PPM, Ints, rule

BOUND = 1 << 62
"""Most any amount of a pool may come to: half of int64, so that two of them still add up."""


@rule
def largest_position_lots(max_price_ticks: int, lot_tick_quanta: int) -> int:
    """The largest position a market may allow: rule R-A2, version 1.

    Formula   2^62 / (max_price x lot_tick_quanta).
    Units     lots of one position, of either sign.
    Rounding  down.
    Errors    a bound or unit that is not positive asserts.
    Source    derived here; dYdX v4 carries unbounded integers, Drift checked ones that abort.
    """
    assert max_price_ticks > 0, "a bound is positive"
    assert lot_tick_quanta > 0, "a unit is positive"
    return BOUND // max_price_ticks // lot_tick_quanta


@rule
def position_fits(max_position_lots: int, max_price_ticks: int, lot_tick_quanta: int) -> bool:
    """Whether the largest position at the largest price stays in bounds: rule R-A2, version 1.

    Formula   max_position x max_price x lot_tick_quanta <= 2^62.
    Units     lots, ticks, quanta per lot per tick.
    Rounding  none: decided by division, since the product is what may not be formed.
    Errors    a bound or unit that is not positive asserts.
    Source    as largest_position_lots.
    """
    return max_position_lots <= largest_position_lots(max_price_ticks, lot_tick_quanta)


@rule
def open_interest_fits(
    max_open_interest_lots: int, max_price_ticks: int, lot_tick_quanta: int, budget_quanta: int
) -> bool:
    """Whether all of a market's longs together stay in its share of the pool's bound: rule R-A2, version 1.

    Formula   max_open_interest x max_price x lot_tick_quanta <= budget.
    Units     lots, ticks, quanta per lot per tick, quanta.
    Rounding  none: decided by division, since the product is what may not be formed.
    Errors    a bound or unit that is not positive asserts.
    Source    as largest_position_lots.
    """
    assert max_price_ticks > 0, "a bound is positive"
    assert lot_tick_quanta > 0, "a unit is positive"
    return max_open_interest_lots <= budget_quanta // max_price_ticks // lot_tick_quanta


@rule
def pool_fits(market_budget_quanta: Ints, asset_value_quanta: Ints) -> bool:
    """Whether all markets and all collateral of a pool together stay in bounds: rule R-A2, version 1.

    Formula   sum of market budgets + sum of the assets' largest values <= 2^62.
    Units     quanta of the settlement asset.
    Rounding  none.
    Errors    a negative budget or value asserts.
    Source    derived here: an account's equity is a sum over markets, so bounding each market alone is not
              enough.
    """
    room = BOUND
    for place in range(len(market_budget_quanta)):
        assert market_budget_quanta[place] >= 0, "a budget is not negative"
        if market_budget_quanta[place] > room:
            return False
        room -= market_budget_quanta[place]
    for place in range(len(asset_value_quanta)):
        assert asset_value_quanta[place] >= 0, "a value is not negative"
        if asset_value_quanta[place] > room:
            return False
        room -= asset_value_quanta[place]
    return True


@rule
def deposit_fits(held_quanta: int, deposit_quanta: int, max_value_quanta: int) -> bool:
    """Whether a deposit leaves its asset's total in bounds: rule R-A2, version 1.

    Formula   held + deposit <= max_value.
    Units     quanta, or units of the asset for all three.
    Rounding  none.
    Errors    none: a deposit that does not fit is refused by whoever asked.
    Source    as largest_position_lots.
    """
    return deposit_quanta <= max_value_quanta - held_quanta


@rule
def rate_fits(rate_ppm: int) -> bool:
    """Whether a rate or level may be configured: rule R-A2, version 1.

    Formula   0 <= rate <= 2 x 10^6.
    Units     parts per million.
    Rounding  none.
    Errors    none: a rate that does not fit is refused by registration.
    Source    derived here: up to twice the amount, mul_ppm stays in int64 for every amount under 2^62.
    """
    return 0 <= rate_ppm <= 2 * PPM


@rule
def price_fits(price_ticks: int, max_price_ticks: int) -> bool:
    """Whether a price may be used: rule R-A2, version 1.

    Formula   1 <= price <= max_price.
    Units     ticks.
    Rounding  none: a price out of bounds halts its market (PRICE_BOUND), it is never cut to the bound.
    Errors    none.
    Source    as largest_position_lots.
    """
    return 1 <= price_ticks <= max_price_ticks
