"""How the vault gets rid of what it took over."""

from flows.rules.exact import PPM, mul_div_ceil, mul_ppm_ceil, mul_ppm_floor, rule


@rule
def unwind_slice_lots(
    inventory_lots: int,
    step_ns: int,
    horizon_ns: int,
    elapsed_ns: int,
    budget_lots: int,
    market_halted: bool,
) -> int:
    """The lots of the vault's next unwinding order in a market: rule R-J4, version 1.

    Formula   min(|inventory| x step / (horizon - elapsed), budget): equal parts over what is left of the
              horizon, all of it in the last step and after; nothing in a halted market.
    Units     lots, result unsigned; ns of event time; the budget is what client liquidations left of R-G5.
    Rounding  up: nothing is left at the horizon.
    Errors    a step of no length asserts.
    Source    equal slices are Almgren and Chriss' schedule without aversion to risk.
    """
    assert step_ns > 0, "a step takes time"
    if market_halted:
        return 0
    left_ns = max(step_ns, horizon_ns - elapsed_ns)
    return min(mul_div_ceil(abs(inventory_lots), step_ns, left_ns), budget_lots)


@rule
def unwind_limit_ticks(inventory_lots: int, price_ticks: int, band_ppm: int) -> int:
    """The limit of the vault's unwinding order: rule R-J4, version 1.

    Formula   mark x (1 - band) to sell a long, mark x (1 + band) to buy a short back.
    Units     ticks; the band in parts per million of the mark, under 10^6.
    Rounding  into the band: up for a sale, down for a purchase.
    Errors    none.
    Source    derived here.
    """
    if inventory_lots > 0:
        return mul_ppm_ceil(price_ticks, PPM - band_ppm)
    return mul_ppm_floor(price_ticks, PPM + band_ppm)
