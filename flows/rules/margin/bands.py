"""Wake bands: how far a price may go before its account has to be looked at again.

A band is derived for each position from its account alone: the slack to a threshold is shared over the
positions by notional, and each may use up its share. While all stay inside, losses (or gains) together stay
within the slack, so the account is on the same side of the threshold without being revalued. Bands go both
ways: towards the level below (a fall for a long, a rise for a short) and, for an account in call or
liquidation, towards the level above (a rise for a long, a fall for a short). Collateral in another asset is a
long of it: its price in quanta per scale units, its value at that price as the notional.

All of it rests on level x rate staying under 1, which registration checks: then a price that moves for an
account never moves its margin by more than its equity.
"""

from flows.rules.exact import PPM, div_ceil, mul_div_floor, mul_ppm_ceil, rule

CEILING_QUANTA = 4
"""Taken off a slack for each position: what ceilings of margin can add between two prices, at levels up to 2."""


@rule
def bands_hold(rate_max_ppm: int, level_max_ppm: int) -> bool:
    """Whether a market's margin moves slowly enough for bands: rule R-E6, version 1.

    Formula   level x rate < 1, for the highest level and the top marginal rate, add-ons included.
    Units     parts per million.
    Rounding  none.
    Errors    none: registration refuses a market for which this is false.
    Source    derived here.
    """
    return level_max_ppm * rate_max_ppm < PPM * PPM


@rule
def slack_below_quanta(equity_quanta: int, margin_quanta: int, level_ppm: int, positions: int) -> int:
    """What an account may lose before it falls under a level: rule R-E6, version 1.

    Formula   equity - ceil(level x margin) - 4 x positions.
    Units     quanta; positions counts them, collateral assets among them. Bankruptcy is the level 0, of E_lo.
    Rounding  down: 4 quanta a position cover every ceiling of margin and floor of credit on the way.
    Errors    none: below 0 the level is too near to be given a band, and the position wakes at every tick.
    Source    derived here.
    """
    return equity_quanta - mul_ppm_ceil(margin_quanta, level_ppm) - CEILING_QUANTA * positions


@rule
def slack_above_quanta(equity_quanta: int, margin_quanta: int, level_ppm: int, positions: int) -> int:
    """What an account under a level may gain before it reaches it: rule R-E6, version 1.

    Formula   ceil(level x margin) - equity - 1 - 4 x positions: to reach the level is to be above it.
    Units     as slack_below_quanta.
    Rounding  down, as slack_below_quanta.
    Errors    as slack_below_quanta.
    Source    derived here.
    """
    return mul_ppm_ceil(margin_quanta, level_ppm) - equity_quanta - 1 - CEILING_QUANTA * positions


@rule
def _share_ticks(price_ticks: int, slack_quanta: int, gross_quanta: int) -> int:
    """slack x (N / gross) / (N / price), N cancelled: a position's share over what a tick costs it."""
    if slack_quanta <= 0:
        return 0
    return slack_quanta // (gross_quanta // price_ticks + 1)


@rule
def _leveraged_slack_quanta(slack_quanta: int, level_ppm: int, rate_max_ppm: int) -> int:
    """The slack left for price where each quantum of price also moves level x rate of margin."""
    if slack_quanta <= 0:
        return 0
    margin_ppm = div_ceil(level_ppm * rate_max_ppm, PPM)
    return mul_div_floor(slack_quanta, PPM, PPM + margin_ppm)


@rule
def safe_fall_ticks(price_ticks: int, slack_quanta: int, gross_quanta: int) -> int:
    """How far a long's price may fall, towards the level below: rule R-E6, version 1.

    Formula   slack // (gross // price + 1). Margin falls with the price, which only helps and is left out.
    Units     ticks, inclusive: price - result is still inside. Slack of slack_below_quanta; gross is the sum
              of the account's notionals, collateral among them.
    Rounding  down, twice inward.
    Errors    none: no slack is no distance. A distance past price 1 never wakes.
    Source    derived here.
    """
    return _share_ticks(price_ticks, slack_quanta, gross_quanta)


@rule
def safe_rise_ticks(
    price_ticks: int, slack_quanta: int, gross_quanta: int, level_ppm: int, rate_max_ppm: int
) -> int:
    """How far a short's price may rise, towards the level below: rule R-E6, version 1.

    Formula   the same with slack x 10^6 // (10^6 + ceil(level x rate_max / 10^6)), since margin rises with
              the price.
    Units     ticks, inclusive. rate_max is the top marginal rate the position can reach on the way, add-ons
              included.
    Rounding  down, three times inward.
    Errors    none: no slack is no distance.
    Source    derived here.
    """
    return _share_ticks(
        price_ticks, _leveraged_slack_quanta(slack_quanta, level_ppm, rate_max_ppm), gross_quanta
    )


@rule
def idle_rise_ticks(price_ticks: int, slack_quanta: int, gross_quanta: int) -> int:
    """How far a long's price may rise, towards the level above: rule R-E6, version 1.

    Formula   as safe_fall_ticks: margin rises with the price, which only slows the recovery and is left out.
    Units     ticks, inclusive. Slack of slack_above_quanta.
    Rounding  down, twice inward.
    Errors    none: no slack is no distance.
    Source    derived here.
    """
    return _share_ticks(price_ticks, slack_quanta, gross_quanta)


@rule
def idle_fall_ticks(
    price_ticks: int, slack_quanta: int, gross_quanta: int, level_ppm: int, rate_max_ppm: int
) -> int:
    """How far a short's price may fall, towards the level above: rule R-E6, version 1.

    Formula   as safe_rise_ticks: margin falls with the price, which speeds the recovery.
    Units     ticks, inclusive. Slack of slack_above_quanta; rate_max is the marginal rate at the present
              notional.
    Rounding  down, three times inward.
    Errors    none: no slack is no distance.
    Source    derived here.
    """
    return _share_ticks(
        price_ticks, _leveraged_slack_quanta(slack_quanta, level_ppm, rate_max_ppm), gross_quanta
    )
