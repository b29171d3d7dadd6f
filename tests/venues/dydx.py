"""dYdX v4's accounts in our units. Its quote quantum is our quantum, its base quantum our lot.

Where a base quantum at a price is no whole number of quanta, dYdX cuts each notional to 1e-6; registration here would
refuse such a scale (R-A1). So every account is formed twice: in quanta fine enough to be whole, and by its habits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flows.rules.exact import PPM, div_trunc, mul_ppm_ceil
from flows.rules.funding.payment import owed
from flows.rules.margin.equity import equity_maintenance
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.maintenance import maintenance_margin_over
from flows.rules.scale.unit import notional_quanta, unrealized_quanta
from tests.venues.amounts import ONE_TIER, whole

NOTIONAL_CUT = "notionals are cut and margins rounded to 1e-6; here scales keep a notional whole (R-A1)"
ROUNDED_TWICE = (
    "maintenance margin is a share of a rounded initial margin, rounded up again; here rounded once (R-D1)"
)
FUNDING_FLOORED = "funding is rounded down for each account; here a lot's is whole and carried (R-N4)"
QUOTE_PLACES = 6
FUNDING_PLACES = 6
ANY_LEVERAGE = 10**30
"""A leverage that binds nobody: the table alone decides."""


@dataclass(frozen=True)
class Market:
    """A market's price and rates; ``fine`` more digits than 1e-6 make its notionals whole."""

    ticks: int
    power: int
    fine: int
    initial_ppm: int
    maintenance_ppm: int

    @property
    def v(self) -> int:
        """Quanta of 10^-(6 + fine) per base quantum per tick."""
        return int(10 ** (self.power + self.fine))


def power_of(price: int, exponent: int, resolution: int) -> tuple[int, int]:
    """Give a price without its trailing zeros, and the power of ten of a base quantum at one tick, in 1e-6."""
    while price and price % 10 == 0:
        price, exponent = price // 10, exponent + 1
    return price, exponent + resolution + QUOTE_PLACES


def market_of(raw: dict[str, Any], fine: int = 0) -> Market:
    price, power = power_of(
        whole(raw["price"]), whole(raw["price_exponent"]), whole(raw["atomic_resolution"])
    )
    return Market(
        price,
        power,
        max(fine, -power),
        whole(raw.get("initial_margin_ppm", 0)),
        whole(raw.get("maintenance_fraction_ppm", 0)),
    )


@dataclass(frozen=True)
class Account:
    """An account; amounts in quanta of 10^-(6 + fine), or of 1e-6 cut and rounded by dYdX's habits."""

    balance: int
    lots: dict[str, int]
    funding: dict[str, int]
    markets: dict[str, Market]
    fine: int
    habits: bool

    @property
    def unit(self) -> int:
        return 1 if self.habits else 10**self.fine

    def habit(self) -> str:
        """Name the habit that can part the two forms of this account."""
        if self.funding:
            return FUNDING_FLOORED
        return NOTIONAL_CUT if self.fine else ROUNDED_TWICE

    def amount(self, quanta: int) -> Fraction:
        """Give an amount in 1e-6."""
        return Fraction(quanta, self.unit)

    def signed_notional(self, market: str, lots: int) -> int:
        """What lots are worth at the oracle price: unrealized gain of a position that cost nothing."""
        held = self.markets[market]
        value = unrealized_quanta(lots, 0, held.ticks, held.v)
        return div_trunc(value, 10**self.fine) if self.habits else value

    def initial(self, market: str, lots: int) -> int:
        """Initial margin of a position."""
        rate = self.markets[market].initial_ppm
        notional = abs(self.signed_notional(market, lots))
        return initial_margin(notional, ONE_TIER, (rate,), (0,), ANY_LEVERAGE) if rate else 0

    def maintenance(self, market: str, lots: int) -> int:
        """Maintenance margin of a position: its share of the initial rate, or of the rounded initial margin."""
        held = self.markets[market]
        if self.habits:
            return mul_ppm_ceil(self.initial(market, lots), held.maintenance_ppm)
        rate = Fraction(held.initial_ppm * held.maintenance_ppm, PPM * PPM)
        notional = notional_quanta(lots, held.ticks, held.v)
        return maintenance_margin_over(notional, ONE_TIER, (rate.numerator,), (0,), rate.denominator)

    def equity(self) -> int:
        value = sum(self.signed_notional(market, lots) for market, lots in self.lots.items())
        return equity_maintenance(self.balance, 0, value - self.owed())

    def owed(self) -> int:
        """Funding owed; the index moves in 1e-6 of a quantum a base quantum, and dYdX floors what an account gets."""
        total = 0
        for market, delta in self.funding.items():
            due = owed(self.lots[market], delta, 0)
            total += -(-due // PPM) if self.habits else due * 10 ** (self.fine - FUNDING_PLACES)
        return total

    def initial_margin(self) -> int:
        return sum(self.initial(market, lots) for market, lots in self.lots.items())

    def margin(self) -> int:
        return sum(self.maintenance(market, lots) for market, lots in self.lots.items())

    def after(self, market: str, delta: int, quote: int) -> Account:
        """The account after lots of a market changed hands; a position that closes leaves."""
        lots = {**self.lots, market: self.lots.get(market, 0) + delta}
        return replace(
            self,
            balance=self.balance + quote,
            lots={name: held for name, held in lots.items() if held},
            funding={},
        )


def accounts(given: Any, raw: dict[str, Any]) -> tuple[Account, Account]:
    """Form an account exactly, and by dYdX's habits."""
    raw_markets = given["markets"]
    funding = {
        held["market"]: whole(held["funding_index_delta"])
        for held in raw["positions"]
        if "funding_index_delta" in held
    }
    fine = max([0, *(market_of(market).fine for market in raw_markets.values())])
    fine = max(fine, FUNDING_PLACES) if funding else fine
    markets = {name: market_of(market, fine) for name, market in raw_markets.items()}
    lots = {held["market"]: whole(held["base_quantums"]) for held in raw["positions"]}
    lots = {name: held for name, held in lots.items() if held}
    funding = {name: delta for name, delta in funding.items() if name in lots}
    balance = whole(raw["quote_balance"])
    plain = Account(balance * 10**fine, lots, funding, markets, fine, habits=False)
    return plain, replace(plain, balance=balance, habits=True)
