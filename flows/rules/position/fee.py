"""Trading fees and rebates. They never enter a position's cost: an entry price stays a market price."""

from flows.rules.exact import mul_ppm_ceil, mul_ppm_floor, rule


@rule
def taker_fee(notional_quanta: int, fee_ppm: int) -> int:
    """What the taker of a fill pays: rule R-B2, version 1.

    Formula   notional x fee.
    Units     quanta; the fee in parts per million of the fill's notional.
    Rounding  up; the fee account receives it.
    Errors    a negative notional asserts.
    Source    as every venue charges it; the levels are the operator's.
    """
    assert notional_quanta >= 0, "a notional is not negative"
    return mul_ppm_ceil(notional_quanta, fee_ppm)


@rule
def maker_rebate(notional_quanta: int, rebate_ppm: int) -> int:
    """What the maker of a fill gets back: rule R-B2, version 1.

    Formula   notional x rebate.
    Units     quanta; the rebate in parts per million of the fill's notional.
    Rounding  down; the fee account pays it.
    Errors    a negative notional asserts.
    Source    as taker_fee.
    """
    assert notional_quanta >= 0, "a notional is not negative"
    return mul_ppm_floor(notional_quanta, rebate_ppm)


@rule
def covers_rebate(fee_ppm: int, rebate_ppm: int) -> bool:
    """Whether no fill can drain the fee account: rule R-B2, version 1.

    Formula   0 <= rebate <= fee.
    Units     parts per million.
    Rounding  none: the fee goes up and the rebate down, so the order of the rates is the order of the
              amounts.
    Errors    none: registration refuses rates for which this is false.
    Source    derived here.
    """
    return 0 <= rebate_ppm <= fee_ppm
