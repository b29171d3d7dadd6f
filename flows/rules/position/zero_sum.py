"""Double entry: every long lot has a short lot."""

from flows.rules.exact import Ints, rule


@rule
def fill_sides(quantity_lots: int) -> tuple[int, int]:
    """What a match does to buyer and seller: rule R-B4, version 1.

    Formula   +quantity and -quantity.
    Units     lots.
    Rounding  none.
    Errors    a quantity that is not positive asserts; admission refuses it.
    Source    clearing houses novate, on-chain venues settle both sides in one transaction.
    """
    assert quantity_lots > 0, "a match moves lots"
    return quantity_lots, -quantity_lots


@rule
def is_balanced(delta_lots: Ints) -> bool:
    """Whether the changes of one entry leave a market's lots summing to zero: rule R-B4, version 1.

    Formula   sum of deltas = 0.
    Units     lots, one item a position of the market.
    Rounding  none.
    Errors    none: an entry that is not balanced is a dead letter (UNBALANCED_FILL).
    Source    as fill_sides.
    """
    total_lots = 0
    for place in range(len(delta_lots)):
        total_lots += delta_lots[place]
    return total_lots == 0
