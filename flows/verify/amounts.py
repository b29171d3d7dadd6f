"""Integers as people read them: lots, ticks and quanta as decimals, with the scales of the pool's parameters."""

from __future__ import annotations

from datetime import UTC, datetime

from flows.registry.parameters import PoolParameters
from flows.rules.exact import PPM
from flows.rules.margin.health import SHOWN_MAX_PPM, health_ppm
from flows.rules.scale.time import SECOND_NS


def decimal_text(value: int, scale: int, *, grouped: bool = True, trimmed: bool = False) -> str:
    """``value / scale``, exact where it has a finite number of decimals, else cut after nine.

    ``trimmed`` leaves out the zeros at the end; else there are as many decimals as the scale can have.
    """
    places = next((places for places in range(10) if 10**places % scale == 0), 9)
    whole, part = divmod(abs(value) * 10**places // scale, 10**places)
    sign = "-" if value < 0 else ""
    head = f"{sign}{whole:,}" if grouped else f"{sign}{whole}"
    tail = f"{part:0{places}d}" if places else ""
    if trimmed:
        tail = tail.rstrip("0")
    return f"{head}.{tail}" if tail else head


def time_text(time_ns: int) -> str:
    """``2025-04-07 06:31:04.250000000``: UTC, all nine digits only where they say something."""
    seconds, part = divmod(time_ns, SECOND_NS)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    digits = f"{part:09d}".rstrip("0")
    return f"{text}.{digits}" if digits else text


def percent_text(rate_ppm: int) -> str:
    """``0.5 %`` for 5,000 ppm."""
    return f"{decimal_text(rate_ppm, PPM // 100, trimmed=True)} %"


def health_text(equity_quanta: int, margin_quanta: int) -> str:
    """``0.870``, rounded down; without a margin to keep there is none."""
    shown_ppm = health_ppm(equity_quanta, margin_quanta)
    if margin_quanta == 0 or abs(shown_ppm) == SHOWN_MAX_PPM:
        return "-"
    return decimal_text(shown_ppm // 1_000, 1_000)


class Amounts:
    """Texts of one pool's amounts. ``grouped=False`` is for machines: no thousands separators."""

    def __init__(self, parameters: PoolParameters, *, grouped: bool = True) -> None:
        self.parameters = parameters
        self.grouped = grouped

    def money(self, quanta: int, *, trimmed: bool = False) -> str:
        """An amount of the settlement asset."""
        return decimal_text(
            quanta, self.parameters.assets[0].unit_scale, grouped=self.grouped, trimmed=trimmed
        )

    def price(self, market: int, ticks: int) -> str:
        """A price of a market."""
        return decimal_text(ticks, self.parameters.markets[market].tick_scale, grouped=self.grouped)

    def quantity(self, market: int, lots: int) -> str:
        """A quantity of a market, signed as the lots are."""
        scale = self.parameters.markets[market].lot_scale
        return decimal_text(lots, scale, grouped=self.grouped, trimmed=True)

    def units(self, asset: int, units: int) -> str:
        """An amount of a collateral asset."""
        return decimal_text(
            units, self.parameters.assets[asset].unit_scale, grouped=self.grouped, trimmed=True
        )

    def market(self, market: int) -> str:
        """A market's id, or nothing for row -1."""
        return self.parameters.markets[market].id if market >= 0 else ""

    def asset(self, asset: int) -> str:
        """An asset's id; row 0 and -1 are the settlement asset."""
        return self.parameters.assets[max(asset, 0)].id
