"""Health: equity over maintenance margin. Decided without ever being formed, formed only to be shown."""

from flows.rules.exact import PPM, Ints, compare_products, is_below, mul_div_ceil, mul_div_floor, rule

SHOWN_MAX_PPM = 1_000_000 * PPM
"""Where shown ratios stop: a million fold says all there is to say."""


@rule
def is_liquidatable(equity_quanta: int, margin_quanta: int) -> bool:
    """Whether an account is under its margin line: rule R-E2, version 1.

    Formula   equity < maintenance margin, and there is a margin to keep. Equality is safe.
    Units     quanta: E_m of R-E1 and the sum of R-D1 over positions.
    Rounding  none.
    Errors    none.
    Source    strict as dYdX v4, Hyperliquid and Drift v2; OKX and Bybit act at equality.
    """
    return margin_quanta > 0 and equity_quanta < margin_quanta


@rule
def state(equity_quanta: int, equity_low_quanta: int, margin_quanta: int, level_ppm: Ints) -> int:
    """How far down the ladder an account stands: rule R-E2, version 1.

    Formula   0 at or above every level, k below the first k of them, one more than there are levels where
              even equity without a haircut is below 0. Without a margin to keep an account is flat (0) or
              bankrupt.
    Units     quanta; levels in parts per million of the margin, falling.
    Rounding  none: each test is exact (R-A5).
    Errors    none. A function of these amounts alone; the call that is open decides what is done about it
              (R-G1).
    Source    levels of R-G1.
    """
    if equity_low_quanta < 0:
        return len(level_ppm) + 1
    if margin_quanta == 0:
        return 0
    rung = 0
    while rung < len(level_ppm) and is_below(equity_quanta, margin_quanta, level_ppm[rung]):
        rung += 1
    return rung


@rule
def health_ppm(equity_quanta: int, margin_quanta: int) -> int:
    """Health as it is shown: rule R-E3, version 1.

    Formula   equity / maintenance margin, cut at a million to either side; there too without a margin to
              keep.
    Units     parts per million.
    Rounding  down: it never looks better than it is.
    Errors    none. Never read back by a rule.
    Source    derived here.
    """
    if compare_products(equity_quanta, PPM, SHOWN_MAX_PPM, margin_quanta) >= 0:
        return SHOWN_MAX_PPM
    if compare_products(equity_quanta, PPM, -SHOWN_MAX_PPM, margin_quanta) <= 0:
        return -SHOWN_MAX_PPM
    return mul_div_floor(equity_quanta, PPM, margin_quanta)


@rule
def margin_ratio_ppm(equity_quanta: int, margin_quanta: int) -> int:
    """The margin ratio as exchanges show it, 100 % being the line: rule R-E3, version 1.

    Formula   maintenance margin / equity, cut at a million; there too (infinite) where equity is 0 or less.
    Units     parts per million.
    Rounding  up: it never looks better than it is.
    Errors    none. Never read back by a rule.
    Source    Binance and Bybit show it this way round.
    """
    return _over_equity_ppm(margin_quanta, equity_quanta)


@rule
def leverage_ppm(equity_quanta: int, notional_quanta: int) -> int:
    """The leverage in use, as it is shown: rule R-E3, version 1.

    Formula   sum of notionals / equity, cut at a million; there too (infinite) where equity is 0 or less.
    Units     parts per million: 10_000_000 is tenfold.
    Rounding  up: it never looks better than it is.
    Errors    none. Never read back by a rule.
    Source    derived here.
    """
    return _over_equity_ppm(notional_quanta, equity_quanta)


@rule
def _over_equity_ppm(amount_quanta: int, equity_quanta: int) -> int:
    if equity_quanta <= 0 or compare_products(amount_quanta, PPM, SHOWN_MAX_PPM, equity_quanta) >= 0:
        return SHOWN_MAX_PPM
    return mul_div_ceil(amount_quanta, PPM, equity_quanta)
