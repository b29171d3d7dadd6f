"""Who bears a loss that neither the fund nor winners could."""

from collections.abc import Sequence

from flows.rules.adl.remainder import fill

MARKET, TRADERS, ALL = 0, 1, 2
"""How near an account is to the loss: in the failing market, with a position elsewhere in the pool, flat. As a scope:
the farthest that may be charged."""


def socialize(
    loss_quanta: int,
    equity_low_quanta: Sequence[int],
    nearness: Sequence[int],
    accounts: Sequence[int],
    scope: int,
) -> tuple[list[int], int]:
    """What each account is charged of a loss, and what nobody could bear: rule R-M1, version 1.

    Formula   nearest first: a circle's accounts share min(loss left, sum of their equities) in proportion to
              max(0, E_lo), and so on to the scope. What is left makes the pool insolvent.
    Units     quanta of the settlement asset; nearness and scope as MARKET, TRADERS, ALL. Isolated margin is an
              account of its own. Plain Python.
    Rounding  largest remainder: the charges add up exactly.
    Errors    a negative loss is a caller's bug and asserts. Accounts under water are charged nothing, and nobody
              more than its equity.
    Source    Hyperliquid: users without positions never socialize; Drift spreads over positions.
    """
    assert loss_quanta >= 0, "a loss is not negative"
    charges = [0] * len(accounts)
    for circle in range(scope + 1):
        equities = [
            max(0, equity) if near == circle else 0
            for equity, near in zip(equity_low_quanta, nearness, strict=True)
        ]
        for place, charge in enumerate(fill(loss_quanta, equities, equities, accounts)):
            charges[place] += charge
            loss_quanta -= charge
    return charges, loss_quanta
