"""The order in which a deficit is paid, and in which a later recovery is paid back."""

from collections.abc import Sequence

from flows.rules.exact import rule

PENALTY, COMPARTMENT, GENERAL_FUND, JUNIOR_TRANCHE, ADL, FUND_FLOOR, SOCIALIZED, INSOLVENT = range(8)
"""The steps after the account's own equity, in order: places in what ``waterfall`` returns."""


@rule
def waterfall(
    deficit_quanta: int,
    penalty_quanta: int,
    compartment_quanta: int,
    fund_above_floor_quanta: int,
    junior_tranche_quanta: int,
    adl_capacity_quanta: int,
    fund_floor_quanta: int,
    social_capacity_quanta: int,
) -> tuple[int, int, int, int, int, int, int, int]:
    """What each step pays of a deficit: rule R-M3, version 1.

    Formula   in order: the penalty taken in the same event, the market's compartment, the general fund to its
              floor, the vault's junior tranche, winners of the market, the fund's floor, socialized loss;
              each min(what is left, what it can), the last one the insolvency. The steps add up to the deficit.
    Units     quanta of the settlement asset; a step that isn't configured can pay 0. The deficit is what the
              account's own equity, isolated margin first, does not cover.
    Rounding  none: all amounts are whole.
    Errors    negative amounts are a caller's bug and assert.
    Source    the order of clearing houses: defaulter, own capital, default fund, then gains haircut (ISDA 2013).
    """
    assert deficit_quanta >= 0, "a deficit is not negative"
    assert min(penalty_quanta, compartment_quanta, fund_above_floor_quanta, junior_tranche_quanta) >= 0, (
        "a step cannot pay less than nothing"
    )
    assert min(adl_capacity_quanta, fund_floor_quanta, social_capacity_quanta) >= 0, (
        "a step cannot pay less than nothing"
    )
    penalty = min(deficit_quanta, penalty_quanta)
    left = deficit_quanta - penalty
    compartment = min(left, compartment_quanta)
    left -= compartment
    general = min(left, fund_above_floor_quanta)
    left -= general
    junior = min(left, junior_tranche_quanta)
    left -= junior
    adl = min(left, adl_capacity_quanta)
    left -= adl
    floor = min(left, fund_floor_quanta)
    left -= floor
    social = min(left, social_capacity_quanta)
    left -= social
    return penalty, compartment, general, junior, adl, floor, social, left


def refund(recovered_quanta: int, paid_quanta: Sequence[int]) -> list[int]:
    """What each step gets back of a later recovery: rule R-M3, version 1.

    Formula   in reverse order of payment, each min(what is left of the recovery, what it paid).
    Units     quanta of the settlement asset; ``paid_quanta`` as ``waterfall`` returns it. Plain Python.
    Rounding  none: all amounts are whole.
    Errors    a negative recovery, or one above what was paid, is a caller's bug and asserts.
    Source    own choice: who pays last is paid back first.
    """
    assert 0 <= recovered_quanta <= sum(paid_quanta), "no step gets back more than it paid"
    refunds = [0] * len(paid_quanta)
    for step in reversed(range(len(paid_quanta))):
        refunds[step] = min(recovered_quanta, paid_quanta[step])
        recovered_quanta -= refunds[step]
    return refunds
