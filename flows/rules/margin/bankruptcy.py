"""Bankruptcy: the price, and the money, at which an account's equity is used up."""

from flows.rules.exact import div_ceil, mul_div_floor, rule


@rule
def bankruptcy_ticks(lots: int, cost_quanta: int, other_equity_quanta: int, lot_tick_quanta: int) -> int:
    """The last price at which an account with this position owes nothing: rule R-E5, version 1.

    Formula   a long's (cost - other) / (lots x lot_tick_quanta), a short's (other - cost) / (|lots| x
              lot_tick_quanta).
    Units     ticks; other is all equity without a haircut (E_lo of R-E1) but this position's unrealized gain.
    Rounding  to the side where equity is still at least 0: a long's up, a short's down. An answer of 0 or
              less is no price: a long that cannot go bankrupt, or a short that is bankrupt at every price.
    Errors    no lots have no price and assert.
    Source    the price of zero margin as BitMEX and Bybit use it.
    """
    assert lots != 0, "a position has lots"
    if lots > 0:
        return div_ceil(cost_quanta - other_equity_quanta, lots * lot_tick_quanta)
    return (other_equity_quanta - cost_quanta) // (-lots * lot_tick_quanta)


@rule
def equity_share(equity_quanta: int, margin_quanta: int, margin_total_quanta: int) -> int:
    """The part of an account's equity that stands behind one position: rule R-E5, version 1.

    Formula   equity x margin of the position / margin of all.
    Units     quanta; equity without a haircut (E_lo of R-E1), of either sign.
    Rounding  toward minus infinity for either sign. Positions are closed one at a time and shares taken anew,
              so the last one takes the rest and the account ends at exactly 0.
    Errors    raises without a margin: such a position has no weight to share by.
    Source    dYdX v4, GetBankruptcyPriceInQuoteQuantums.
    """
    return mul_div_floor(equity_quanta, margin_quanta, margin_total_quanta)


@rule
def bankruptcy_quote(lots: int, mark_ticks: int, lot_tick_quanta: int, share_quanta: int) -> int:
    """The money for which a position is taken over at bankruptcy: rule R-E5, version 1.

    Formula   lots x mark x lot_tick_quanta - share: what it is worth less the equity it leaves behind.
    Units     quanta the account is paid for giving the whole position up, signed: a short pays. The signed
              cost that R-B1 wants for the closing change of -lots is minus this.
    Rounding  none: money, so that no tick stands between a transfer and equity of exactly 0. It may be 0 or
              less for a long far under water, and is then still an amount, never a price.
    Errors    none.
    Source    as equity_share.
    """
    return lots * mark_ticks * lot_tick_quanta - share_quanta
