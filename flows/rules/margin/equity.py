"""Equity: what an account owns, counted once for each question asked of it.

A sum of few terms, kept apart by name because each leaves out something else. An isolated position has its
own balance and is an account of its own for each of them.
"""

from flows.rules.exact import mul_ppm_floor, rule


@rule
def equity_maintenance(balance_quanta: int, credit_maintenance_quanta: int, unrealized_quanta: int) -> int:
    """Equity that maintenance margin and health are measured against: rule R-E1, version 1.

    Formula   balance + credit at maintenance weights + unrealized.
    Units     quanta; the balance may be negative; credit over all assets, unrealized over all positions at
              mark.
    Rounding  none: funding and interest are in the balance from their entries on.
    Errors    none.
    Source    total collateral with unrealized profit as on every venue.
    """
    return balance_quanta + credit_maintenance_quanta + unrealized_quanta


@rule
def equity_initial(
    balance_quanta: int,
    credit_initial_quanta: int,
    losses_quanta: int,
    gains_quanta: int,
    gain_weight_ppm: int,
) -> int:
    """Equity that new risk is measured against: rule R-E1, version 1.

    Formula   balance + credit at initial weights + losses + weight x gains.
    Units     quanta; losses is the sum of min(U, 0), gains the sum of max(U, 0), over positions; weight in
              ppm.
    Rounding  down on the weighted gains: a credit.
    Errors    losses above or gains below 0 assert.
    Source    Drift v2 can weight and cap unsettled profit for initial margin.
    """
    assert losses_quanta <= 0 <= gains_quanta, "losses and gains have their signs"
    weighted_quanta = mul_ppm_floor(gains_quanta, gain_weight_ppm)
    return balance_quanta + credit_initial_quanta + losses_quanta + weighted_quanta


@rule
def equity_withdrawal(balance_quanta: int, credit_initial_quanta: int, losses_quanta: int) -> int:
    """Equity that a withdrawal is measured against: rule R-E1, version 1.

    Formula   balance + credit at initial weights + losses: a gain that is not realized cannot be taken out.
    Units     quanta; losses is the sum of min(U, 0) over positions.
    Rounding  none.
    Errors    losses above 0 assert.
    Source    as equity_initial.
    """
    assert losses_quanta <= 0, "losses have their sign"
    return balance_quanta + credit_initial_quanta + losses_quanta


@rule
def equity_low(balance_quanta: int, value_low_quanta: int, unrealized_quanta: int) -> int:
    """Equity without a haircut, for deficits and claims: rule R-E1, version 1.

    Formula   balance + value of collateral at the lower end of its prices + unrealized.
    Units     quanta; the value is the sum of R-C1 over assets.
    Rounding  none.
    Errors    none.
    Source    derived here: a haircut is a margin of safety, not a loss to be paid.
    """
    return balance_quanta + value_low_quanta + unrealized_quanta
