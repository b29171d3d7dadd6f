"""A position after a fill: lots, what they cost, and what the closed part earned."""

from flows.rules.exact import mul_div_trunc, rule


@rule
def apply_quote(lots: int, cost_quanta: int, delta_lots: int, quote_quanta: int) -> tuple[int, int, int]:
    """A position after lots changed hands for money: rule R-B1, version 1.

    Formula   same side or flat: lots + delta, cost + quote, nothing realized. towards flat: released = cost x
              |delta| / |lots|; cost - released; realized = -quote - released. past flat: close all for quote
              x |lots| / |delta|, open what is left of delta for what is left of quote. Equity at a mark
              changes by delta x mark x lot_tick_quanta - quote, whatever the rounding.
    Units     quote is the signed cost of delta in quanta: positive is paid. Delta > 0 buys.
    Rounding  toward zero, both released cost and a flip's closing part; the remainder stays in the position's
              cost, and a position that closes releases all of it.
    Errors    a delta of 0 asserts; admission refuses it.
    Source    proportional release of the cost basis as in Drift v2 (controller/position.rs).
    """
    assert delta_lots != 0, "a fill moves lots"
    if lots == 0 or (lots > 0) == (delta_lots > 0):
        return lots + delta_lots, cost_quanta + quote_quanta, 0
    if abs(delta_lots) <= abs(lots):
        released_quanta = mul_div_trunc(cost_quanta, abs(delta_lots), abs(lots))
        return lots + delta_lots, cost_quanta - released_quanta, -quote_quanta - released_quanta
    closing_quanta = mul_div_trunc(quote_quanta, abs(lots), abs(delta_lots))
    return lots + delta_lots, quote_quanta - closing_quanta, -closing_quanta - cost_quanta


@rule
def apply_fill(
    lots: int, cost_quanta: int, delta_lots: int, price_ticks: int, lot_tick_quanta: int
) -> tuple[int, int, int]:
    """A position after a fill at a price: rule R-B1, version 1.

    Formula   apply_quote with quote = delta x price x lot_tick_quanta; a flip then splits it exactly.
    Units     lots and ticks in; quanta as in apply_quote.
    Rounding  as apply_quote.
    Errors    as apply_quote.
    Source    as apply_quote.
    """
    return apply_quote(lots, cost_quanta, delta_lots, delta_lots * price_ticks * lot_tick_quanta)
