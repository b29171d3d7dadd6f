"""What the plain pool knows of an account, a market and an asset, and an account's valuation."""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.registry.parameters import MarketParameters
from flows.rules.breaker.permissions import STATE_DEGRADED, STATE_HALTED, permissions
from flows.rules.oracle.status import DEGRADED, HALTED

VAULT = 0
"""Account row of the backstop vault: genesis opens it."""


@dataclass
class Position:
    """Signed lots, what they cost, and the market's funding sum up to which they have paid."""

    lots: int = 0
    cost_quanta: int = 0
    paid_quanta: int = 0


@dataclass
class Order:
    """A liquidation or vault order that has not been answered in full; ``lots`` signed as the account trades."""

    offset: int
    index: int
    market: int
    lots: int
    lapses_ns: int


@dataclass
class Offer:
    """Lots of a position offered to independent liquidators; ``lots`` signed as the account trades."""

    offset: int
    index: int
    market: int
    lots: int
    opens_ns: int
    expires_ns: int


@dataclass
class Command:
    """An order of people that was taken."""

    offset: int
    index: int
    kind: int
    market: int
    due_ns: int
    id: int
    text: str


@dataclass
class Account:
    """An account, cross or isolated, and where it stands on the ladder."""

    row: int
    owner: int
    isolated_market: int = -1
    parent: int = -1  # of an isolated account: the cross account that opened it
    balance_quanta: int = 0
    units: list[int] = field(default_factory=list)  # by asset row; the settlement asset's stays 0
    positions: dict[int, Position] = field(default_factory=dict)
    zone: int = 0
    level: int = 0
    call_open: bool = False
    call_time_ns: int = 0
    deadline_ns: int = 0  # 0: not announced yet, or no window left to end
    announced_ns: int = 0
    announced_level: int = 0
    announce_due_ns: int = 0
    window_over: bool = False
    liquidating: bool = False
    under_hard_ns: int = 0  # since when it has been below hard with offers unfilled; 0 if not
    next_step_ns: int = 0
    answered_offset: int = -1  # the entry that last filled an order of the account's
    soft_market: int = -1
    soft_start_lots: int = 0
    soft_allowed_lots: int = 0
    stuck: bool = False
    held_lots: bool = False  # an isolated account that has had its position: closing returns its margin
    order: Order | None = None
    offers: dict[int, Offer] = field(default_factory=dict)

    def lots(self, market: int) -> int:
        """Signed lots held in a market."""
        return self.positions[market].lots if market in self.positions else 0


@dataclass
class Market:
    """The last market-state, the market's funding, and the forced volume of the last minute."""

    parameters: MarketParameters
    status: int = HALTED  # until its first state
    breakers: int = 0
    mark_ticks: int = 0
    mark_offset: int = -1
    index_ticks: int = 0
    index_low_ticks: int = 0
    index_high_ticks: int = 0
    valid_index_ticks: int = 0  # the last index that was not halted
    volume_60s_lots: int = 0
    bid_depth_lots: tuple[int, ...] = (0,) * 6
    ask_depth_lots: tuple[int, ...] = (0,) * 6
    sigma_ppm: int = 0
    band_low_ticks: int = 0
    band_high_ticks: int = 0
    opened_ns: int = 0
    funding_quanta: int = 0  # per lot, summed since genesis
    funding_carry: int = 0
    forced: list[tuple[int, int]] = field(default_factory=list)  # (time, notional) of forced orders
    fund_quanta: int = 0  # the market's compartment

    def permissions(self) -> int:
        """What R-P4 allows here now."""
        states = self.breakers
        if self.status == DEGRADED:
            states |= STATE_DEGRADED
        if self.status == HALTED:
            states |= STATE_HALTED
        return permissions(states)

    def ring_lots(self, lots: int) -> tuple[int, ...]:
        """Depth that closing this position would trade into: bids for a long, asks for a short."""
        return self.bid_depth_lots if lots > 0 else self.ask_depth_lots

    def forced_quanta(self, time_ns: int) -> int:
        """Forced notional in the minute that ends now."""
        return sum(quanta for at_ns, quanta in self.forced if at_ns > time_ns - 60_000_000_000)


@dataclass
class Asset:
    """The last price interval of a collateral asset, quanta a whole unit."""

    low_quanta: int = 0
    high_quanta: int = 0
    status: int = HALTED
    sigma_ppm: int = 0


@dataclass
class Valuation:
    """An account at the present marks: what R-E1, R-D1 and R-D2 say of it."""

    balance_quanta: int  # with funding owed counted
    equity_quanta: int
    equity_low_quanta: int
    equity_initial_quanta: int
    equity_withdrawal_quanta: int
    maintenance_quanta: int
    initial_quanta: int
    notional_quanta: int
    credit_quanta: int
    maintenance_by_market: dict[int, int]
    initial_by_market: dict[int, int]
