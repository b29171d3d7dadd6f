"""The vault takes positions at the mark, and the equity that is left in them as its reward."""

from flows.rules.exact import mul_div_floor, rule
from flows.rules.margin.bankruptcy import equity_share


@rule
def taken_share(
    equity_low_quanta: int,
    margin_position_quanta: int,
    margin_quanta: int,
    taken_lots: int,
    held_lots: int,
) -> int:
    """Equity that goes with the part of a position the vault takes: rules R-J2 and R-J3, version 1.

    Formula   equity x margin of the position / margin of all (R-E5), then x taken / held.
    Units     quanta, equity without a haircut E_lo; lots unsigned.
    Rounding  toward minus infinity, twice: the remainder stays with the account. The last position, taken
              whole, takes all that is left.
    Errors    no margin or no position raises.
    Source    dYdX v4 divides equity over positions by maintenance margin (x/clob/keeper/liquidations.go).
    """
    share_quanta = equity_share(equity_low_quanta, margin_position_quanta, margin_quanta)
    return mul_div_floor(share_quanta, taken_lots, held_lots)


@rule
def takeover_quote(taken_lots: int, price_ticks: int, lot_tick_quanta: int, share_quanta: int) -> int:
    """Money for which the vault takes lots over: rule R-J2, version 1.

    Formula   taken x mark x v - share: at the mark, less the equity that goes with them.
    Units     quanta, the signed cost of +taken lots to the vault (R-B1), its negative to the account; taken
              lots carry the sign of the account's position.
    Rounding  none.
    Errors    none; the quote of a long far under water may be 0 or less: it is money, never a price.
    Source    the bankruptcy quote of R-E5; Hyperliquid's vault likewise keeps what equity is left.
    """
    return taken_lots * price_ticks * lot_tick_quanta - share_quanta


@rule
def owed_to_vault(equity_low_quanta: int) -> int:
    """What insurance pays the vault for taking an account that is under water: rule R-J2, version 1.

    Formula   max(0, -E_lo).
    Units     quanta.
    Rounding  none.
    Errors    none.
    Source    derived here.
    """
    return max(0, -equity_low_quanta)
