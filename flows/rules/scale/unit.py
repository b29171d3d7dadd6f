"""A market's unit of value: quanta a lot gains when the price rises by one tick."""

from flows.rules.exact import div_half_even, rule

SUBTICKS = 1_000
"""Subticks in a tick: what index, TWAP and basis are carried in until they are handed to clearing."""


@rule
def _power_of_ten(exponent: int) -> int:
    power = 1
    for _ in range(exponent):
        power *= 10
    return power


@rule
def _scaled_product(lot_size: int, tick_size: int, decimals: int) -> tuple[int, int]:
    """lot x tick over a divisor, both integers: quanta a lot gains a tick before any rounding."""
    if decimals <= 0:
        return lot_size * tick_size * _power_of_ten(-decimals), 1
    return lot_size * tick_size, _power_of_ten(decimals)


@rule
def is_integer_scale(
    lot_size: int, lot_decimals: int, tick_size: int, tick_decimals: int, quantum_decimals: int
) -> bool:
    """Whether lot and tick make a whole number of quanta: rule R-A1, version 1.

    Formula   lot_size x tick_size / quantum is a positive integer.
    Units     sizes are the digits of a decimal text, decimals how many of them stand after its point: 0.001
              is 1, 3. A quantum is 10^-quantum_decimals of the settlement asset.
    Rounding  none: a market whose unit is no integer is refused (SCALE_NOT_INTEGER), never rounded.
    Errors    a size that is not positive asserts.
    Source    dYdX v4 derives subticks and quantums by exponents in the same way.
    """
    assert lot_size > 0, "a lot is positive"
    assert tick_size > 0, "a tick is positive"
    product, divisor = _scaled_product(lot_size, tick_size, lot_decimals + tick_decimals - quantum_decimals)
    return product % divisor == 0


@rule
def lot_tick_quanta(
    lot_size: int, lot_decimals: int, tick_size: int, tick_decimals: int, quantum_decimals: int
) -> int:
    """Quanta a lot gains when the price rises by a tick: rule R-A1, version 1.

    Formula   lot_size x tick_size / quantum.
    Units     as in is_integer_scale; the result is quanta per lot per tick, at least 1.
    Rounding  none: exact, or the market is not registered.
    Errors    asserts where is_integer_scale says no: registration asks it first.
    Source    as is_integer_scale.
    """
    assert is_integer_scale(lot_size, lot_decimals, tick_size, tick_decimals, quantum_decimals), "no integer"
    product, divisor = _scaled_product(lot_size, tick_size, lot_decimals + tick_decimals - quantum_decimals)
    return product // divisor


@rule
def smallest_lot_size(lot_decimals: int, tick_size: int, tick_decimals: int, quantum_decimals: int) -> int:
    """The smallest lot that gives an integer unit with this tick: rule R-A1, version 1.

    Formula   d / gcd(d, tick_size), d = 10^(lot_decimals + tick_decimals - quantum_decimals), 1 where that is
              below 1.
    Units     digits of a lot size with lot_decimals digits after the point; every lot that fits is a multiple
              of it.
    Rounding  none.
    Errors    a tick that is not positive asserts.
    Source    derived here; told to whoever registers a market that was refused.
    """
    assert tick_size > 0, "a tick is positive"
    _, divisor = _scaled_product(1, tick_size, lot_decimals + tick_decimals - quantum_decimals)
    common, rest = divisor, tick_size
    while rest > 0:
        common, rest = rest, common % rest
    return divisor // common


@rule
def notional_quanta(lots: int, price_ticks: int, lot_tick_quanta: int) -> int:
    """What a position is worth at a price: rule R-A1, version 1.

    Formula   |lots| x price x lot_tick_quanta.
    Units     quanta of the settlement asset.
    Rounding  none: exact by the choice of scales.
    Errors    none: registration bounds the product (R-A2).
    Source    as is_integer_scale.
    """
    return abs(lots) * price_ticks * lot_tick_quanta


@rule
def unrealized_quanta(lots: int, cost_quanta: int, price_ticks: int, lot_tick_quanta: int) -> int:
    """What closing a position at a price would gain: rule R-A1, version 1.

    Formula   lots x price x lot_tick_quanta - cost.
    Units     quanta of the settlement asset, signed; lots > 0 is long and then cost is usually positive.
    Rounding  none: exact by the choice of scales.
    Errors    none: registration bounds the product (R-A2).
    Source    as is_integer_scale.
    """
    return lots * price_ticks * lot_tick_quanta - cost_quanta


@rule
def nearest_ticks(price_subticks: int) -> int:
    """The price handed to clearing for a mark or an index: rule R-A1, version 1.

    Formula   subticks / 1000.
    Units     subticks in, ticks out.
    Rounding  half to even: it favours neither side of the market.
    Errors    none.
    Source    as is_integer_scale.
    """
    return div_half_even(price_subticks, SUBTICKS)


@rule
def low_ticks(price_subticks: int) -> int:
    """The lower end of a price interval as clearing sees it: rule R-A1, version 1.

    Formula   subticks / 1000.
    Units     subticks in, ticks out.
    Rounding  down: the ends of an interval go outward.
    Errors    none.
    Source    as is_integer_scale.
    """
    return price_subticks // SUBTICKS


@rule
def high_ticks(price_subticks: int) -> int:
    """The upper end of a price interval as clearing sees it: rule R-A1, version 1.

    Formula   subticks / 1000.
    Units     subticks in, ticks out.
    Rounding  up: the ends of an interval go outward.
    Errors    none.
    Source    as is_integer_scale.
    """
    return -(-price_subticks // SUBTICKS)
