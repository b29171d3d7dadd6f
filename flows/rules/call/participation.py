"""A cap on forced volume: liquidation takes a share of the market, never the market."""

from flows.rules.exact import mul_ppm_floor, rule


@rule
def budget_total(volume_quanta: int, depth_quanta: int, phi_ppm: int) -> int:
    """Notional that forced orders may trade in a minute: rule R-G5, version 1.

    Formula   phi x max(volume of the last 60 s, depth within 1 %).
    Units     quanta; phi in parts per million.
    Rounding  down: a cap.
    Errors    none.
    Source    caps per block as in dYdX v4, on debt in auction as in Maker; the measure is this rulebook's.
    """
    return mul_ppm_floor(max(volume_quanta, depth_quanta), phi_ppm)


@rule
def budget(volume_quanta: int, depth_quanta: int, phi_ppm: int, used_quanta: int) -> int:
    """Notional that forced orders may still trade: rule R-G5, version 1.

    Formula   budget_total - forced notional of the last 60 s, not under 0.
    Units     quanta. Soft stages pass their phi, hard and backstop stages theirs: what is used is one sum for
              both.
    Rounding  as budget_total.
    Errors    none.
    Source    as budget_total.
    """
    return max(0, budget_total(volume_quanta, depth_quanta, phi_ppm) - used_quanta)


@rule
def lots_within_budget(
    wanted_lots: int,
    volume_quanta: int,
    depth_quanta: int,
    phi_ppm: int,
    used_quanta: int,
    lot_quanta: int,
) -> int:
    """How much of a forced order the market's budget admits: rule R-G5, version 1.

    Formula   min(wanted, budget / notional of a lot); a budget that never holds one lot admits one lot a
              minute.
    Units     lots, unsigned; lot_quanta is the notional of one lot at the mark.
    Rounding  down: a cap.
    Errors    a lot of no notional asserts.
    Source    as budget_total. Accounts ask in order of risk (R-A5); each is answered from what is left.
    """
    assert lot_quanta > 0, "a lot has a notional"
    if budget_total(volume_quanta, depth_quanta, phi_ppm) < lot_quanta:
        return min(wanted_lots, 1) if used_quanta == 0 else 0
    return min(wanted_lots, budget(volume_quanta, depth_quanta, phi_ppm, used_quanta) // lot_quanta)
