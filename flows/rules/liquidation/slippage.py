"""What a forced order is expected to cost: the distance of its average price from the mark."""

from flows.rules.exact import PPM, Ints, div_ceil, isqrt_ceil, mul_div_ceil, rule

NO_DEPTH = -1
"""The order is larger than what is known to stand against it: refused for depth, not priced."""

RING_PPM = (1_000, 2_500, 5_000, 10_000, 20_000, 50_000)
"""Distances from the mark at which a market-state gives the depth of a side."""

SQUARE_PPM = PPM * PPM

TURNOVER_MAX = 1_000_000
"""Notional over daily volume up to which the root formula is asked at all. A bound: it keeps the square in int64."""


@rule
def depth_slippage_ppm(lots: int, ring_ppm: Ints, ring_lots: Ints) -> int:
    """Average distance from the mark at which lots trade into recorded depth: rule R-H2, version 1.

    Formula   sum over rings of the lots taken there x the ring's outer edge, over lots; inner rings first.
    Units     ppm of the mark; ring_lots counts all lots from the mark to each edge, below 2^46 of them.
    Rounding  up, and each lot costs its ring's outer edge: where inside the ring it stands is not recorded.
    Errors    NO_DEPTH beyond the last ring. 0 lots cost nothing.
    Source    derived here.
    """
    filled_lots = 0
    cost = 0
    for ring in range(len(ring_ppm)):
        taken_lots = max(0, min(lots, ring_lots[ring]) - filled_lots)
        filled_lots += taken_lots
        cost += taken_lots * ring_ppm[ring]
    if filled_lots < lots:
        return NO_DEPTH
    return div_ceil(cost, max(1, lots))


@rule
def impact_slippage_ppm(notional_quanta: int, adv_quanta: int, sigma_day_ppm: int, scale_ppm: int) -> int:
    """Expected distance from the mark without a view of depth: rule R-H2, version 1.

    Formula   Y x sigma x sqrt(notional / ADV).
    Units     ppm of the mark; ADV the average daily volume in quanta, sigma in ppm a day, Y (scale) in ppm.
    Rounding  up: under the root, the root, and the product.
    Errors    NO_DEPTH without a volume, over TURNOVER_MAX, or where the whole price would be lost.
    Source    square-root impact, exponent about 0.49 over some 2,300 stocks (Sato and Kanazawa).
    """
    if adv_quanta <= 0 or notional_quanta // adv_quanta >= TURNOVER_MAX:
        return NO_DEPTH
    root_ppm = isqrt_ceil(mul_div_ceil(notional_quanta, SQUARE_PPM, adv_quanta))
    distance_ppm = mul_div_ceil(scale_ppm * sigma_day_ppm, root_ppm, SQUARE_PPM)
    return distance_ppm if distance_ppm < PPM else NO_DEPTH


@rule
def slippage_ppm(
    lots: int,
    lot_quanta: int,
    has_depth: bool,
    ring_ppm: Ints,
    ring_lots: Ints,
    adv_quanta: int,
    sigma_day_ppm: int,
    scale_ppm: int,
) -> int:
    """Expected distance of an order's average price from the mark: rule R-H2, version 1.

    Formula   depth_slippage_ppm where the market's depth is known, impact_slippage_ppm where it is not.
    Units     ppm of the mark; lot_quanta is the notional of one lot at the mark.
    Rounding  up.
    Errors    NO_DEPTH as the two say.
    Source    as the two.
    """
    if has_depth:
        return depth_slippage_ppm(lots, ring_ppm, ring_lots)
    return impact_slippage_ppm(lots * lot_quanta, adv_quanta, sigma_day_ppm, scale_ppm)
