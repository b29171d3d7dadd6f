"""The money of a fill between an account in liquidation and a liquidator."""

from flows.rules.exact import mul_ppm_ceil, mul_ppm_floor, rule


@rule
def settlement(
    taken_lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    bonus_ppm: int,
    insurance_ppm: int,
    venue_ppm: int,
) -> tuple[int, int, int, int]:
    """What an accepted bid moves: rule R-I4, version 1.

    Formula   pay = |taken| x mark x v x bonus; the bidder's quote = taken x mark x v - pay, the account's its
              negative; beside it the account pays insurance and the venue their part of |taken| x mark x v.
    Units     (bidder's quote, pay, insurance, venue) in quanta; taken lots carry the sign of the account's
              position. The quote is the signed cost of +taken lots to the bidder (R-B1): under notional for a
              long, and for a short more than notional received.
    Rounding  pay down, a bonus; insurance and venue up, a fee.
    Errors    none.
    Source    Drift v2 moves the base at a liquidator's multiplier and takes an insurance fee.
    """
    quote_quanta = taken_lots * price_ticks * lot_tick_quanta
    notional_quanta = abs(quote_quanta)
    pay_quanta = mul_ppm_floor(notional_quanta, bonus_ppm)
    insurance_quanta = mul_ppm_ceil(notional_quanta, insurance_ppm)
    venue_quanta = mul_ppm_ceil(notional_quanta, venue_ppm)
    return quote_quanta - pay_quanta, pay_quanta, insurance_quanta, venue_quanta


@rule
def settlement_loss(pay_quanta: int, insurance_quanta: int, venue_quanta: int) -> int:
    """Equity an accepted bid costs the account: rule R-I4, version 1.

    Formula   pay + insurance + venue: the lots themselves change hands at the mark.
    Units     quanta; this is the loss that R-H2 judges.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return pay_quanta + insurance_quanta + venue_quanta
