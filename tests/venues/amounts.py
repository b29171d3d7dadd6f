"""Other venues' numbers as exact integers: decimal texts, fractions, and the scales that hold them. No float."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import NamedTuple

from flows.rules.exact import PPB, PPM
from flows.rules.scale.unit import lot_tick_quanta


class UnfitError(ValueError):
    """A number that none of our units holds: the case asks for what no rule takes."""


def exact(value: object) -> Fraction:
    """Read an integer, a decimal text or a fraction "n/d"; anything else is no number."""
    if isinstance(value, bool) or not isinstance(value, int | str | Fraction):
        raise TypeError(f"no exact number: {value!r}")
    return Fraction(value)


def whole(value: object) -> int:
    """Read a number that must be an integer."""
    number = exact(value)
    if number.denominator != 1:
        raise ValueError(f"no integer: {value}")
    return number.numerator


def places(*values: object) -> int:
    """Count the digits after the point that hold all of these exactly."""
    most = 0
    for value in values:
        rest, digits = exact(value).denominator, 0
        while rest > 1:
            if gcd(rest, 10) == 1:
                raise ValueError(f"no finite decimal: {value}")
            rest //= gcd(rest, 10)
            digits += 1
        most = max(most, digits)
    return most


def scaled(value: object, digits: int) -> int:
    """Give a number in units of ``10^-digits``, exactly."""
    return whole(exact(value) * 10**digits)


def ppm(rate: object) -> int:
    """Give a rate in parts per million; one that is none does not fit."""
    return _parts(exact(rate), PPM, "million")


def ppb(rate: object) -> int:
    """Give a rate in parts per billion."""
    return _parts(exact(rate), PPB, "billion")


def _parts(rate: Fraction, unit: int, name: str) -> int:
    parts = rate * unit
    if parts.denominator != 1:
        raise UnfitError(f"a rate that is no whole number of parts per {name} ({rate})")
    return parts.numerator


def is_ppm(rate: object) -> bool:
    """Tell whether a rate is a whole number of parts per million."""
    return (exact(rate) * PPM).denominator == 1


class Scale(NamedTuple):
    """A market's lot, tick and quantum, each a power of ten below one unit."""

    lot_places: int
    tick_places: int
    quantum_places: int

    @property
    def v(self) -> int:
        """Quanta per lot per tick (R-A1)."""
        return lot_tick_quanta(1, self.lot_places, 1, self.tick_places, self.quantum_places)

    def lots(self, size: object) -> int:
        return scaled(size, self.lot_places)

    def ticks(self, price: object) -> int:
        return scaled(price, self.tick_places)

    def quanta(self, amount: object) -> int:
        return scaled(amount, self.quantum_places)

    def money(self, quanta: int) -> Fraction:
        return Fraction(quanta, 10**self.quantum_places)

    def price(self, ticks: int) -> Fraction:
        return Fraction(ticks, 10**self.tick_places)


RATE_PLACES = 12
"""Digits that a rate of parts per million, applied twice, adds to an amount."""


def scale_for(
    sizes: tuple[object, ...],
    prices: tuple[object, ...],
    amounts: tuple[object, ...] = (),
    tick_places: int = 0,
) -> Scale:
    """Choose the coarsest scale in which all of these are whole, and products with rates, too."""
    lot, tick = places(*sizes), max(places(*prices), tick_places)
    return Scale(lot, tick, max(lot + tick, places(*amounts)) + RATE_PLACES)


ONE_TIER = (0,)
"""The floors of a table with a single tier."""
