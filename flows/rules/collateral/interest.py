"""Debt in the settlement asset: what it costs, who is paid, and when collateral is sold for it."""

from flows.rules.exact import PPB, PPM, mul_div_ceil, mul_div_floor, mul_ppm_floor, rule

HOUR_S = 3_600


@rule
def utilization_ppm(debts_quanta: int, lent_quanta: int) -> int:
    """How much of what depositors hold is owed by debtors: rule R-C5, version 1.

    Formula   debts / positive balances, at most 1; 1 where there is debt and no balance to lend from.
    Units     parts per million of two sums over the pool, both not negative.
    Rounding  up: interest is charged, so its inputs go up.
    Errors    a negative sum asserts.
    Source    kinked curve of utilization as in Drift v2 and the lending protocols.
    """
    assert debts_quanta >= 0, "a sum of debts is not negative"
    assert lent_quanta >= 0, "a sum of positive balances is not negative"
    if debts_quanta >= lent_quanta:
        return PPM if debts_quanta > 0 else 0
    return mul_div_ceil(debts_quanta, PPM, lent_quanta)


@rule
def interest_rate_ppb(
    utilization_ppm: int, optimal_ppm: int, optimal_rate_ppb: int, max_rate_ppb: int
) -> int:
    """The hourly rate that debtors pay: rule R-C5, version 1.

    Formula   up to the optimum: r_opt x u / u_opt; above it: r_opt + (r_max - r_opt) x (u - u_opt) / (1 -
              u_opt).
    Units     parts per billion an hour: 10 % a year is 11,416 ppb, and 11 ppm would be 4 % off.
    Rounding  up.
    Errors    an optimum outside (0, 1] or a falling curve asserts; registration refuses them.
    Source    as utilization_ppm.
    """
    assert 0 < optimal_ppm <= PPM, "the optimum is a utilization"
    assert optimal_rate_ppb <= max_rate_ppb, "the curve rises"
    if utilization_ppm <= optimal_ppm:
        return mul_div_ceil(optimal_rate_ppb, utilization_ppm, optimal_ppm)
    above_ppm, room_ppm = utilization_ppm - optimal_ppm, PPM - optimal_ppm
    return optimal_rate_ppb + mul_div_ceil(max_rate_ppb - optimal_rate_ppb, above_ppm, room_ppm)


@rule
def interest_charge(debt_quanta: int, rate_ppb: int, elapsed_s: int) -> int:
    """What one debtor pays for a stretch of time: rule R-C5, version 1.

    Formula   debt x rate x elapsed / hour.
    Units     debt > 0 in quanta; rate in parts per billion an hour; elapsed in whole seconds, since interest
              is charged at clock entries and these stand at whole seconds.
    Rounding  up.
    Errors    a negative debt or time asserts; no time is no charge.
    Source    rounded against the borrower as in Drift v2.
    """
    assert debt_quanta >= 0, "a debt is not negative"
    assert elapsed_s >= 0, "time does not run back"
    return mul_div_ceil(debt_quanta, rate_ppb * elapsed_s, PPB * HOUR_S)


@rule
def interest_split(interest_quanta: int, reserve_ppm: int) -> tuple[int, int]:
    """What insurance and what the lenders get of the interest of all debtors: rule R-C5, version 1.

    Formula   lenders: interest x (1 - reserve); insurance: the rest.
    Units     quanta (insurance, lenders); the reserve factor in parts per million.
    Rounding  down for the lenders; insurance owns the remainder.
    Errors    a reserve outside [0, 1] asserts; registration refuses it.
    Source    reserve factor as in the lending protocols; the split is ours.
    """
    assert 0 <= reserve_ppm <= PPM, "a part of the interest"
    lenders_quanta = mul_ppm_floor(interest_quanta, PPM - reserve_ppm)
    return interest_quanta - lenders_quanta, lenders_quanta


@rule
def lender_share(lenders_quanta: int, balance_quanta: int, lent_quanta: int) -> int:
    """What one lender gets of the lenders' part: rule R-C5, version 1.

    Formula   lenders' part x balance / sum of positive balances; nothing on a balance that is not positive.
    Units     quanta.
    Rounding  down; what the shares leave over goes to insurance.
    Errors    none: with a positive balance the sum is positive.
    Source    as interest_split.
    """
    if balance_quanta <= 0:
        return 0
    return mul_div_floor(lenders_quanta, balance_quanta, lent_quanta)


@rule
def debt_limit_quanta(credit_quanta: int, debt_cap_quanta: int, debt_share_ppm: int) -> int:
    """How much an account may owe: rule R-C5, version 1.

    Formula   min(cap, share x credit).
    Units     quanta; credit is the maintenance credit of the account's other collateral; share in ppm.
    Rounding  down.
    Errors    none.
    Source    as conversion_due_quanta.
    """
    return min(debt_cap_quanta, mul_ppm_floor(credit_quanta, debt_share_ppm))


@rule
def conversion_due_quanta(debt_quanta: int, credit_quanta: int, floor_quanta: int, share_ppm: int) -> int:
    """How much collateral has to be turned into the settlement asset: rule R-C5, version 1.

    Formula   the whole debt once it is above max(floor, share x credit), else nothing.
    Units     quanta to raise by sales of R-C6; credit as in debt_limit_quanta; share in ppm.
    Rounding  none on the debt; the threshold down.
    Errors    none.
    Source    Binance converts a negative balance by itself at a fixed amount owed.
    """
    threshold_quanta = max(floor_quanta, mul_ppm_floor(credit_quanta, share_ppm))
    return debt_quanta if debt_quanta > threshold_quanta else 0
