"""What the insurance fund pays of a deficit."""

from flows.rules.exact import rule


@rule
def draw(deficit_quanta: int, available_quanta: int) -> tuple[int, int]:
    """What the fund pays of a deficit, and what is left of it: rule R-K1, version 1.

    Formula   paid = min(deficit, available), available being what the fund holds above its floor;
              left = deficit - paid.
    Units     quanta of the settlement asset.
    Rounding  none: both amounts are whole.
    Errors    a negative deficit is a caller's bug and asserts. A fund at or under its floor pays 0.
    Source    surplus in, deficits out: as Binance, Bybit and OKX describe their funds.
    """
    assert deficit_quanta >= 0, "a deficit is not negative"
    paid_quanta = min(deficit_quanta, max(available_quanta, 0))
    return paid_quanta, deficit_quanta - paid_quanta
