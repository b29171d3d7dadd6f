"""How much is deleveraged: exactly the lots nobody took, exactly the deficit nobody paid."""

from collections.abc import Sequence

from flows.rules.exact import mul_div_ceil, rule


@rule
def realized_deficit(equity_low_quanta: int, drawn_quanta: int) -> int:
    """What a bankrupt account still lacks after the fund: rule R-L1, version 1.

    Formula   B = max(0, -E_lo - draw).
    Units     quanta of the settlement asset.
    Rounding  none: all amounts are whole.
    Errors    a negative draw is a caller's bug and asserts. A solvent account lacks 0.
    Source    own definition. It must be exact: one event has been published as $304.5M, $100.1M and $23.19M.
    """
    assert drawn_quanta >= 0, "a draw is not negative"
    return max(0, -equity_low_quanta - drawn_quanta)


def split_deficit(deficit_quanta: int, margins_quanta: Sequence[int]) -> list[int]:
    """The deficit of each position of a bankrupt account: rule R-L1, version 1.

    Formula   one position at a time: ceil(rest x margin / sum of the margins not yet served); the last takes
              the rest. This is R-E5's share of a negative equity, position by position.
    Units     quanta of the settlement asset; maintenance margins as weights. Plain Python.
    Rounding  up, which is R-E5's floor on the negative side; the last position owns the remainder.
    Errors    no position, a negative deficit or margin is a caller's bug and asserts. Where the margins left are
              all 0 the last position takes the rest.
    Source    dYdX v4-chain, ``GetBankruptcyPriceInQuoteQuantums``, for the split by maintenance margin.
    """
    assert deficit_quanta >= 0, "a deficit is not negative"
    assert min(margins_quanta) >= 0, "a margin is not negative"
    shares = []
    rest_quanta, margin_left_quanta = deficit_quanta, sum(margins_quanta)
    for margin_quanta in margins_quanta[:-1]:
        share_quanta = 0
        if margin_left_quanta > 0:
            share_quanta = mul_div_ceil(rest_quanta, margin_quanta, margin_left_quanta)
        shares.append(share_quanta)
        rest_quanta -= share_quanta
        margin_left_quanta -= margin_quanta
    return [*shares, rest_quanta]


@rule
def capacity(unrealized_quanta: int) -> int:
    """What a winner's position can give: rule R-L1, version 1.

    Formula   u = max(0, U), U the unrealized gain of the position on the other side of the market.
    Units     quanta of the settlement asset.
    Rounding  none.
    Errors    none: a losing position gives 0.
    Source    gains, and only gains, are cut: variation margin gains haircutting, as clearing houses write it.
    """
    return max(0, unrealized_quanta)


@rule
def feasible_deficit(deficit_quanta: int, capacity_quanta: int) -> tuple[int, int]:
    """The part of a deficit that winners' gains can bear, and the part left to socialize: rule R-L1, version 1.

    Formula   B_1 = min(B, sum of u); rest = B - B_1.
    Units     quanta of the settlement asset; ``capacity_quanta`` is the sum over the winners.
    Rounding  none.
    Errors    negative amounts are a caller's bug and assert.
    Source    own definition; the rest follows R-M1.
    """
    assert deficit_quanta >= 0, "a deficit is not negative"
    assert capacity_quanta >= 0, "a capacity is not negative"
    feasible_quanta = min(deficit_quanta, capacity_quanta)
    return feasible_quanta, deficit_quanta - feasible_quanta
