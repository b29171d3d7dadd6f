"""Which position goes first: the one that frees most margin for what it costs."""

from flows.rules.exact import compare_products, rule


@rule
def closes_first(
    relief_1: int,
    cost_1: int,
    notional_1_quanta: int,
    market_1: int,
    relief_2: int,
    cost_2: int,
    notional_2_quanta: int,
    market_2: int,
) -> bool:
    """Whether position 1 is closed before position 2: rule R-H3, version 1.

    Formula   relief_1 / cost_1 > relief_2 / cost_2; a tie goes to the larger notional, then to the smaller
              market number. The target multiplies both sides and falls out.
    Units     relief and cost of each first slice in one unit, quanta or ppm of its notional; notionals in
              quanta.
    Rounding  none: cross products through 128 bits. What costs nothing goes before what costs something.
    Errors    none. Halted and paused markets and slices that fail R-H2 are not compared at all.
    Source    derived here; OKX nets hedged pairs first, as R-H6 does.
    """
    order = compare_products(relief_1, cost_2, relief_2, cost_1)
    if order != 0:
        return order > 0
    if notional_1_quanta != notional_2_quanta:
        return notional_1_quanta > notional_2_quanta
    return market_1 < market_2
