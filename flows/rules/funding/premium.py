"""The premium sample: how far the book trades from the index."""

from flows.rules.exact import PPB, PPM, Ints, div_ceil, mul_div_ceil, mul_div_trunc, rule

SAMPLE_OK, SAMPLE_THIN, SAMPLE_CROSSED = 0, 1, 2
"""How a sample came about. A thin one counts, its thin side as 0; a crossed one is invalid and counts as 0."""

SAMPLE_NS = 5_000_000_000
"""Time between samples."""

IMPACT_BASE_QUANTA = 500_000_000
"""Default depth that an impact price must fill, at an initial margin of 100 %: $500."""


@rule
def impact_notional(base_quanta: int, initial_margin_ppm: int) -> int:
    """The money an impact price has to fill: rule R-N1, version 1.

    Formula   base / initial margin rate: what the base amount buys at the market's highest leverage.
    Units     quanta of the settlement asset; the rate in parts per million.
    Rounding  up: depth asked for is never understated.
    Errors    a rate of 0 is refused at registration and asserts.
    Source    Binance: 200 USDT over the initial margin rate; dYdX v4: $10k, $5k, $2.5k by liquidity tier.
    """
    assert initial_margin_ppm > 0, "leverage has a limit"
    return mul_div_ceil(base_quanta, PPM, initial_margin_ppm)


@rule
def impact_ticks(
    price_ticks: Ints,
    level_lots: Ints,
    notional_quanta: int,
    lot_tick_quanta: int,
    rounds_up: bool,
) -> int:
    """Average price at which one side of a book fills an amount, 0 where it is too thin: rule R-N1, version 1.

    Formula   levels are taken from the best on until their money reaches the amount, the last one by the fewest
              whole lots that do; quote / lots.
    Units     ticks; levels best first; the amount in quanta.
    Rounding  asks up and bids down, away from the middle: an impact price is never better than what was paid.
    Errors    a price of 0 or below, or an amount of 0, is a caller's bug and asserts.
    Source    dYdX v4 and Binance, impact bid and ask price.
    """
    assert notional_quanta > 0, "an impact price fills something"
    needed = div_ceil(notional_quanta, lot_tick_quanta)  # in lots times ticks
    lots, quote = 0, 0
    for level in range(len(price_ticks)):
        assert price_ticks[level] > 0, "a price is positive"
        enough_lots = div_ceil(needed - quote, price_ticks[level])
        taken = min(enough_lots, level_lots[level])
        lots += taken
        quote += taken * price_ticks[level]
        if taken == enough_lots:
            return div_ceil(quote, lots) if rounds_up else quote // lots
    return 0


@rule
def sample_bound_ppb(initial_margin_ppm: int, maintenance_margin_ppm: int) -> int:
    """Largest size of one premium sample: rule R-N1, version 1.

    Formula   60 x (initial - maintenance margin rate).
    Units     parts per billion; margin rates in parts per million.
    Rounding  none: 1 ppm is 1,000 ppb.
    Errors    none: registration orders the rates.
    Source    own choice, ten times dYdX v4's cap on the 8-hour rate: it stops absurd samples, not high ones.
    """
    return 60 * 1_000 * (initial_margin_ppm - maintenance_margin_ppm)


@rule
def premium_sample(
    bid_ticks: Ints,
    bid_lots: Ints,
    ask_ticks: Ints,
    ask_lots: Ints,
    impact_notional_quanta: int,
    lot_tick_quanta: int,
    index_ticks: int,
    bound_ppb: int,
) -> tuple[int, int]:
    """One premium sample and how it came about: rule R-N1, version 1.

    Formula   (max(0, IB - I) - max(0, I - IA)) / I, clamped to the bound; I index, IB and IA impact bid and ask.
              The term of a side that is too thin is 0.
    Units     parts per billion; prices in ticks, levels best first; the second result is SAMPLE_OK, SAMPLE_THIN or
              SAMPLE_CROSSED.
    Rounding  toward zero: it favours no side.
    Errors    no index is a caller's bug and asserts: without one there is no sample. A book whose best bid is at
              or above its best ask is crossed: 0.
    Source    dYdX v4, Binance, Hyperliquid: the same premium from impact prices.
    """
    assert index_ticks > 0, "a premium needs an index"
    if len(bid_ticks) > 0 and len(ask_ticks) > 0 and bid_ticks[0] >= ask_ticks[0]:
        return 0, SAMPLE_CROSSED
    impact_bid = impact_ticks(bid_ticks, bid_lots, impact_notional_quanta, lot_tick_quanta, False)
    impact_ask = impact_ticks(ask_ticks, ask_lots, impact_notional_quanta, lot_tick_quanta, True)
    above_ticks = max(0, impact_bid - index_ticks)
    below_ticks = max(0, index_ticks - impact_ask) if impact_ask > 0 else 0
    premium_ppb = mul_div_trunc(above_ticks - below_ticks, PPB, index_ticks)
    premium_ppb = min(max(premium_ppb, -bound_ppb), bound_ppb)
    return premium_ppb, SAMPLE_OK if impact_bid > 0 and impact_ask > 0 else SAMPLE_THIN
