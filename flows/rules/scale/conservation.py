"""Conservation: what a pool holds is what was brought in less what was taken out, whatever the marks."""

from flows.rules.exact import rule


@rule
def held_quanta(
    balances_quanta: int,
    insurance_fund_quanta: int,
    fees_quanta: int,
    vault_quanta: int,
    reserve_quanta: int,
    costs_quanta: int,
) -> int:
    """All settlement asset a pool answers for: rule R-A7, version 1.

    Formula   balances + insurance + fees + vault cash + reserve - sum of entry costs. Lots sum to zero in
              each market, so minus the costs is the unrealized gain of all positions together, at every
              price.
    Units     quanta of the settlement asset; balances and costs are signed sums over the pool's accounts.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return (
        balances_quanta + insurance_fund_quanta + fees_quanta + vault_quanta + reserve_quanta - costs_quanta
    )


@rule
def is_conserved(held_quanta: int, deposited_quanta: int, withdrawn_quanta: int) -> bool:
    """Whether no value appeared or vanished: rule R-A7, version 1.

    Formula   held = deposited - withdrawn.
    Units     quanta of the settlement asset; the same test holds for every other asset in its own units.
    Rounding  none: one quantum off is a fault.
    Errors    none: whoever asks stops the pool.
    Source    derived here.
    """
    return held_quanta == deposited_quanta - withdrawn_quanta
