"""How much the vault can carry: gross, in one market, and by its own initial margin."""

from flows.rules.exact import Ints, mul_ppm_floor, rule
from flows.rules.margin.initial import initial_margin


@rule
def margin_cap_lots(
    lots_max: int,
    lot_quanta: int,
    free_quanta: int,
    tier_floor_quanta: Ints,
    tier_initial_ppm: Ints,
    tier_initial_amount_quanta: Ints,
    leverage: int,
) -> int:
    """The largest position an amount of equity can open: rule R-J3, version 1.

    Formula   the largest n <= lots_max with IM(n x lot) <= free; IM never falls with n, so bisection finds
              it.
    Units     lots, unsigned; lot_quanta the notional of a lot at the mark; free is equity less other initial
              margins.
    Rounding  as R-D2.
    Errors    none; 0 where nothing is free.
    Source    derived here.
    """
    passing, failing = 0, max(0, lots_max) + 1
    while failing - passing > 1:
        middle = passing + (failing - passing) // 2
        margin_quanta = initial_margin(
            middle * lot_quanta, tier_floor_quanta, tier_initial_ppm, tier_initial_amount_quanta, leverage
        )
        if margin_quanta <= free_quanta:
            passing = middle
        else:
            failing = middle
    return passing


@rule
def takeover_lots(
    lots: int,
    price_ticks: int,
    lot_tick_quanta: int,
    vault_lots: int,
    vault_equity_quanta: int,
    vault_margin_quanta: int,
    vault_other_initial_quanta: int,
    vault_other_notional_quanta: int,
    tier_floor_quanta: Ints,
    tier_initial_ppm: Ints,
    tier_initial_amount_quanta: Ints,
    leverage: int,
    gross_ppm: int,
    market_share_ppm: int,
) -> int:
    """The lots of a position that the vault can take: rule R-J3, version 1.

    Formula   as many as leave the vault's position h' in this market within all of: |h'| x lot + other
              notional <= gross x A; |h'| x lot <= market share x gross x A; IM(|h'| x lot) + other IM <= A.
              What it holds on the other side is closed by them first and needs no room.
    Units     lots, result unsigned, lots and vault_lots signed; A the vault's equity before, in quanta; gross
              in ppm (5,000,000 is fivefold), market share in ppm of that. "Other" is all but this market.
    Rounding  down: caps. The equity that comes with the lots is left out: it is not there yet.
    Errors    none; 0 for a vault below its maintenance margin.
    Source    this rulebook's; dYdX v4 limits by block, Hyperliquid publishes no limit.
    """
    if vault_equity_quanta < vault_margin_quanta:
        return 0
    lot_quanta = price_ticks * lot_tick_quanta
    gross_quanta = mul_ppm_floor(vault_equity_quanta, gross_ppm)
    room_quanta = min(
        gross_quanta - vault_other_notional_quanta, mul_ppm_floor(gross_quanta, market_share_ppm)
    )
    cap_lots = margin_cap_lots(
        room_quanta // lot_quanta,
        lot_quanta,
        vault_equity_quanta - vault_other_initial_quanta,
        tier_floor_quanta,
        tier_initial_ppm,
        tier_initial_amount_quanta,
        leverage,
    )
    # Signed by the position's side: lots that the vault holds the other way round are room.
    same_side_lots = vault_lots if lots > 0 else -vault_lots
    return min(abs(lots), max(0, cap_lots - same_side_lots))
