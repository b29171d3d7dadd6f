"""The money of a deleveraging: all first-pass lots at one quote, the bankrupt's."""

from collections.abc import Sequence

from flows.rules.adl.remainder import largest_remainder


def quotes(
    first_lots: Sequence[int],
    haircut_quanta: int,
    bankrupt_is_long: bool,
    price_ticks: int,
    lot_tick_quanta: int,
    accounts: Sequence[int],
) -> list[int]:
    """The money against which each winner's first-pass lots close: rule R-L3, version 1.

    Formula   T = Q1 x p x v + haircut where the bankrupt is long (winners buy dearer), - haircut where it is
              short (winners sell cheaper); each winner's part in proportion to its lots.
    Units     quanta of the settlement asset, the size of the trade's money: a winner who buys pays it, one who
              sells gets it. Lots unsigned; p the mark in ticks. Plain Python.
    Rounding  largest remainder: the parts add up to T exactly, and the bankrupt closes against T.
    Errors    a haircut without lots to carry it is a caller's bug and asserts. T below 0 is allowed: it is money,
              not a price.
    Source    the bankruptcy price of BitMEX, MEXC and dYdX, kept as money.
    """
    lots_sum = sum(first_lots)
    assert lots_sum > 0 or haircut_quanta == 0, "lots carry the haircut"
    shift_quanta = haircut_quanta if bankrupt_is_long else -haircut_quanta
    return largest_remainder(lots_sum * price_ticks * lot_tick_quanta + shift_quanta, first_lots, accounts)


def haircuts(
    first_lots: Sequence[int], quotes_quanta: Sequence[int], price_ticks: int, lot_tick_quanta: int
) -> list[int]:
    """What each winner loses against the mark: rule R-L3, version 1.

    Formula   h = |T_i - k_i x p x v|; the sum is the first pass' haircut.
    Units     quanta of the settlement asset. Plain Python.
    Rounding  none: differences of whole amounts.
    Errors    none.
    Source    own definition, for the audit record of each fill.
    """
    return [
        abs(quote - lots * price_ticks * lot_tick_quanta)
        for lots, quote in zip(first_lots, quotes_quanta, strict=True)
    ]
