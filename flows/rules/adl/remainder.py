"""Proportional parts in whole units: by largest remainder, capped, and through owners.

Plain Python, not compiled: deleveraging is rare, and the products of two full-size factors want unbounded ints.
"""

from collections.abc import Sequence
from functools import cmp_to_key


def largest_remainder(total: int, weights: Sequence[int], ids: Sequence[int]) -> list[int]:
    """Whole parts of a total, in proportion to weights: rule R-L2, version 1.

    Formula   part = floor(total x weight / sum of weights); the units left over go one each by remainder
              descending, then weight descending, then id ascending.
    Units     any whole unit, the total's; weights of any one unit. Plain Python.
    Rounding  down, then the left-over units as above: no remainder is left and nobody owns one. A negative
              total works the same way, "down" being toward minus infinity.
    Errors    a total to share among weights of 0 is a caller's bug and asserts.
    Source    Hamilton's method.
    """
    weight_sum = sum(weights)
    if total == 0:
        return [0] * len(weights)
    assert weight_sum > 0, "somebody must have a share"
    quotas = [divmod(total * weight, weight_sum) for weight in weights]
    parts = [whole for whole, _ in quotas]
    order = sorted(range(len(weights)), key=lambda place: (-quotas[place][1], -weights[place], ids[place]))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


def fill(total: int, weights: Sequence[int], caps: Sequence[int], ids: Sequence[int]) -> list[int]:
    """Whole parts of a total in proportion to weights, none above its cap (water-filling): rule R-L2, version 1.

    Formula   by cap / weight ascending: while cap x W <= R x weight the part is the cap and R and W lose it
              (R and W: what is left of the total and of the weights); the others share R by largest remainder.
    Units     any whole unit, the total's; weights of any one unit. Plain Python.
    Rounding  as in ``largest_remainder``; the parts add up to the total, or to all caps when these are less.
    Errors    negative totals, weights or caps are a caller's bug and assert. A weight of 0 has no part.
    Source    capped pro-rata h = min(level, cap): the split-proof monotone rule of arXiv 2512.01112.
    """
    assert total >= 0, "nothing negative is shared here"
    assert min(weights, default=0) >= 0, "a weight is not negative"
    assert min(caps, default=0) >= 0, "a cap is not negative"

    def fullness(place: int, other: int) -> int:
        return caps[place] * weights[other] - caps[other] * weights[place]

    parts = [0] * len(weights)
    if total == 0:
        return parts
    weight_left = sum(weights)
    live = [place for place in range(len(weights)) if weights[place] > 0]
    # Nearly always no cap binds, and then nothing needs sorting.
    if any(caps[place] * weight_left <= total * weights[place] for place in live):
        live.sort(key=cmp_to_key(fullness))
        capped = 0
        for place in live:
            if caps[place] * weight_left > total * weights[place]:
                break
            parts[place] = caps[place]
            total -= caps[place]
            weight_left -= weights[place]
            capped += 1
        live = live[capped:]
    if live:
        shares = largest_remainder(total, [weights[p] for p in live], [ids[p] for p in live])
        for place, share in zip(live, shares, strict=True):
            parts[place] = share
    return parts


def fill_by_owner(
    total: int, weights: Sequence[int], caps: Sequence[int], owners: Sequence[int], accounts: Sequence[int]
) -> list[int]:
    """Capped pro-rata over owners, then inside each over accounts: rule R-L2, version 1.

    Formula   ``fill`` on each owner's sums of weights and of caps, ids being owners; then ``fill`` of what the
              owner got on its own accounts, ids being accounts.
    Units     any whole unit, the total's. Plain Python.
    Rounding  as in ``fill``, twice; the parts add up exactly.
    Errors    as in ``fill``. A cap without weight counts as none, else an owner could be given what no account of
              its own may take.
    Source    own choice: shares by person, so that splitting an account gains nothing.
    """
    usable = [cap if weight > 0 else 0 for weight, cap in zip(weights, caps, strict=True)]
    members: dict[int, list[int]] = {}
    for place, owner in enumerate(owners):
        members.setdefault(owner, []).append(place)
    names = sorted(members)
    owner_parts = fill(
        total,
        [sum(weights[p] for p in members[name]) for name in names],
        [sum(usable[p] for p in members[name]) for name in names],
        names,
    )
    parts = [0] * len(weights)
    for name, owner_part in zip(names, owner_parts, strict=True):
        own = members[name]
        if len(own) == 1:
            parts[own[0]] = owner_part
            continue
        shares = fill(
            owner_part, [weights[p] for p in own], [usable[p] for p in own], [accounts[p] for p in own]
        )
        for place, share in zip(own, shares, strict=True):
            parts[place] = share
    return parts
