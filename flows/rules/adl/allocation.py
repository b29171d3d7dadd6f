"""Who is deleveraged by how much: capped integer pro-rata on winners."""

from collections.abc import Sequence
from typing import NamedTuple

from flows.rules.adl.remainder import fill_by_owner


class Allocation(NamedTuple):
    """What each opposite position must close, and how the deficit is raised."""

    first_lots: list[int]
    """Closed at the bankruptcy quote (R-L3)."""
    second_lots: list[int]
    """Closed at mark, without a haircut: what caps left over."""
    haircut_quanta: int
    """Raised by the quote of the first lots."""
    cash_quanta: int
    """Raised in cash from the gains that are left."""


def allocate_lots(
    quantity_lots: int,
    deficit_quanta: int,
    weights_quanta: Sequence[int],
    held_lots: Sequence[int],
    owners: Sequence[int],
    accounts: Sequence[int],
) -> Allocation:
    """Which opposite positions close a bankrupt's lots: rule R-L2, version 1.

    Formula   cap = min(held, floor(u x Q / B)), or held where B is 0; the first pass fills Q by weight u up to
              the caps, over owners and then inside each. What caps leave over is spread over the lots that are
              still held. The first pass raises floor(B x Q1 / Q), the rest of B is raised in cash.
    Units     lots, unsigned; quanta of the settlement asset; u is ``capacity``, B the feasible deficit. Plain Python.
    Rounding  largest remainder: Q and B come out exact. Caps down, so no haircut is above its gain.
    Errors    more lots than the other side holds, or a deficit above its gains, is a caller's bug and asserts.
              A position without gain takes no part in the first pass.
    Source    integer and capped pro-rata of arXiv 2512.01112 (v3) and 2602.15182; cash part: gains haircutting.
    """
    assert 0 <= quantity_lots <= sum(held_lots), "the other side of a market holds every lot"
    assert 0 <= deficit_quanta <= sum(weights_quanta), "only the feasible part is raised here"
    caps = list(held_lots)
    if deficit_quanta > 0:
        caps = [
            min(held, weight * quantity_lots // deficit_quanta)
            for held, weight in zip(held_lots, weights_quanta, strict=True)
        ]
    first = fill_by_owner(quantity_lots, weights_quanta, caps, owners, accounts)
    left = [held - taken for held, taken in zip(held_lots, first, strict=True)]
    second = fill_by_owner(quantity_lots - sum(first), left, left, owners, accounts)
    haircut_quanta = deficit_quanta * sum(first) // quantity_lots if quantity_lots > 0 else 0
    return Allocation(first, second, haircut_quanta, deficit_quanta - haircut_quanta)


def cash_haircuts(
    cash_quanta: int,
    weights_quanta: Sequence[int],
    haircuts_quanta: Sequence[int],
    owners: Sequence[int],
    accounts: Sequence[int],
) -> list[int]:
    """What each winner gives in cash: rule R-L2, version 1.

    Formula   the cash part in proportion to the gain left, u - haircut, over owners and then inside each.
    Units     quanta of the settlement asset. Plain Python.
    Rounding  largest remainder: the parts add up exactly.
    Errors    more cash than gains are left, or a haircut above its gain, is a caller's bug and asserts.
    Source    variation margin gains haircutting, as clearing houses write it.
    """
    left = [weight - taken for weight, taken in zip(weights_quanta, haircuts_quanta, strict=True)]
    assert 0 <= cash_quanta <= sum(left), "gains left cover the cash part"
    return fill_by_owner(cash_quanta, left, left, owners, accounts)
