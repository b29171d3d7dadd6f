"""What the plain pool holds, how it values an account, and how it writes an event.

Everything is an ordinary Python object and an unbounded int. An account is revalued whenever anybody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flows.journal import events as ev
from flows.registry.parameters import MarketParameters, PoolParameters
from flows.rules.breaker.permissions import STATE_DEGRADED, STATE_HALTED, permissions
from flows.rules.call.zone import zone_of
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value
from flows.rules.margin.equity import equity_initial, equity_low, equity_maintenance, equity_withdrawal
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.oracle.status import DEGRADED, HALTED
from flows.rules.position.fill import apply_quote

VAULT = 0
"""Account row of the backstop vault: genesis opens it."""

Event = list[int]


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


class State:
    """A pool: its accounts, markets, money, and the events of the entry being applied."""

    def __init__(self, parameters: PoolParameters) -> None:
        """Nothing is open yet; genesis opens the vault and the fund."""
        self.parameters = parameters
        self.markets = [Market(each) for each in parameters.markets]
        self.assets = [Asset() for _ in parameters.assets]
        self.accounts: list[Account] = []
        self.time_ns = 0
        self.offset = -1
        self.fund_quanta = 0  # the general part
        self.fund_units = [0] * len(parameters.assets)
        self.fees_quanta = 0
        self.fees_unswept_quanta = 0
        self.deposited_quanta = 0
        self.deposited_units = [0] * len(parameters.assets)
        self.gate_closed = False
        self.gate_opens_ns = 0
        self.insolvent = False
        self.offers: dict[tuple[int, int], int] = {}  # event id -> account row
        self.vault_orders: dict[int, Order] = {}  # by market
        self.vault_started_ns = [0] * len(parameters.markets)  # since when the vault holds lots there
        self.vault_next_ns = 0
        self.hour_ns = 0
        self.touched: list[int] = []
        self.evident: set[int] = set()  # membership only, never iterated
        self.events: list[Event] = []

    # --- entries and events -------------------------------------------------------------------------------------------
    def begin(self, offset: int, time_ns: int) -> None:
        """The next entry: pool time never runs back (R-A6)."""
        self.offset = offset
        self.time_ns = max(self.time_ns, time_ns)
        self.events = []
        self.touched = []
        self.evident = set()

    def emit(self, type_: int, rule: int, **columns: int) -> int:
        """Write an event and return its index; names are the columns of flows.journal.events in lower case."""
        event = list(ev.BLANK)
        event[ev.OFFSET], event[ev.INDEX] = self.offset, len(self.events)
        event[ev.TYPE], event[ev.TIME_NS] = type_, self.time_ns
        event[ev.RULE], event[ev.RULE_VERSION] = rule, 1
        event[ev.PARAMETERS_VERSION] = self.parameters.version
        for name, value in columns.items():
            event[getattr(ev, name.upper())] = value
        self.events.append(event)
        return event[ev.INDEX]

    def marks(self, market: int) -> dict[str, int]:
        """Columns that name the price a decision was taken at."""
        held = self.markets[market]
        return {"mark_offset": held.mark_offset, "mark_ticks": held.mark_ticks, "index_ticks": held.index_ticks}

    def touch(self, row: int) -> None:
        """The account was changed by this entry: it is assessed, with new evidence, before the entry ends."""
        if row not in self.touched:
            self.touched.append(row)
        self.evident.discard(row)

    # --- valuation ----------------------------------------------------------------------------------------------------
    def owed(self, market: int, position: Position) -> int:
        """Funding owed and not yet settled (R-N4)."""
        return position.lots * (self.markets[market].funding_quanta - position.paid_quanta)

    def value(self, account: Account) -> Valuation:
        """Revalue an account at the present marks."""
        balance = account.balance_quanta
        unrealized, losses, gains, notional_sum = 0, 0, 0, 0
        maintenance: dict[int, int] = {}
        initial: dict[int, int] = {}
        for market, position in sorted(account.positions.items()):
            held = self.markets[market]
            of = held.parameters
            balance -= self.owed(market, position)
            value = position.lots * held.mark_ticks * of.lot_tick_quanta
            gain = value - position.cost_quanta
            unrealized += gain
            losses += min(gain, 0)
            gains += max(gain, 0)
            notional_sum += abs(value)
            maintenance[market] = maintenance_margin(
                abs(value), of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta
            )
            initial[market] = initial_margin(
                abs(value), of.tier_floor_quanta, of.tier_initial_ppm, of.tier_initial_amount_quanta, of.leverage
            )
        credit, credit_initial, value_low = self.collateral(account)
        return Valuation(
            balance,
            equity_maintenance(balance, credit, unrealized),
            equity_low(balance, value_low, unrealized),
            equity_initial(balance, credit_initial, losses, gains, self.parameters.gain_weight_ppm),
            equity_withdrawal(balance, credit_initial, losses),
            sum(maintenance.values()),
            sum(initial.values()),
            notional_sum,
            credit,
            maintenance,
            initial,
        )

    def collateral(self, account: Account) -> tuple[int, int, int]:
        """Credit at maintenance and at initial weights, and value without haircut, of all assets but settlement."""
        credit, credit_initial, value_low = 0, 0, 0
        for row, units in enumerate(account.units):
            if units:
                maintenance, initial, low = self.asset_credit(row, units)
                credit += maintenance
                credit_initial += initial
                value_low += low
        return credit, credit_initial, value_low

    def asset_credit(self, asset: int, units: int) -> tuple[int, int, int]:
        """As `collateral`, of units of one asset. A halted price counts nothing for initial margin (R-C1)."""
        of = self.parameters.assets[asset]
        value = asset_value(units, self.assets[asset].low_quanta, of.unit_scale)
        credit = tiered_credit(value, of.maintenance_floor_quanta, of.maintenance_weight_ppm)
        initial = 0
        if self.assets[asset].status != HALTED:
            initial = tiered_credit(value, of.initial_floor_quanta, of.initial_weight_ppm)
        return credit, initial, value

    def zone(self, account: Account, value: Valuation) -> int:
        """The zone an account is in (R-E2, R-G1)."""
        of = self.parameters
        return zone_of(
            value.equity_quanta,
            value.equity_low_quanta,
            value.maintenance_quanta,
            account.call_open,
            account.liquidating,
            of.clear_ppm,
            of.call_ppm,
            of.target_ppm,
            of.hard_ppm,
            of.backstop_ppm,
            int(of.liquidate_at_equality),
        )

    def evidence(self, account: Account, value: Valuation) -> None:
        """Write down, once for each state of the account, what its next decision is taken on."""
        if account.row in self.evident:
            return
        self.evident.add(account.row)
        self.emit(
            ev.MARGIN,
            501,
            account=account.row,
            code=account.level,
            quanta=value.notional_quanta,
            equity_quanta=value.equity_quanta,
            equity_low_quanta=value.equity_low_quanta,
            maintenance_margin_quanta=value.maintenance_quanta,
            initial_margin_quanta=value.initial_quanta,
            balance_quanta=value.balance_quanta,
        )
        for market, position in sorted(account.positions.items()):
            held = self.markets[market]
            self.emit(
                ev.POSITION_MARGIN,
                401,
                account=account.row,
                market=market,
                position_lots=position.lots,
                position_cost_quanta=position.cost_quanta,
                quanta=abs(position.lots) * held.mark_ticks * held.parameters.lot_tick_quanta,
                maintenance_margin_quanta=value.maintenance_by_market[market],
                initial_margin_quanta=value.initial_by_market[market],
                **self.marks(market),
            )
        for asset, units in enumerate(account.units):
            if units:
                credit, _, low = self.asset_credit(asset, units)
                self.emit(
                    ev.COLLATERAL_MARGIN,
                    301,
                    account=account.row,
                    market=asset,
                    quanta=units,
                    equity_quanta=credit,
                    equity_low_quanta=low,
                )

    # --- money --------------------------------------------------------------------------------------------------------
    def trade(self, account: Account, market: int, delta_lots: int, quote_quanta: int) -> int:
        """Change a position for money (R-B1), settling the funding it owes first. The realized gain is returned."""
        position = account.positions.setdefault(market, Position())
        account.balance_quanta -= self.owed(market, position)
        position.paid_quanta = self.markets[market].funding_quanta
        position.lots, position.cost_quanta, realized = apply_quote(
            position.lots, position.cost_quanta, delta_lots, quote_quanta
        )
        account.balance_quanta += realized
        account.held_lots = True
        if position.lots == 0:
            assert position.cost_quanta == 0, "a closed position leaves no cost"
            del account.positions[market]
        self.touch(account.row)
        return realized

    def position_event(self, account: Account, market: int, **columns: int) -> None:
        """The position and balance after a change."""
        position = account.positions.get(market, Position())
        self.emit(
            ev.POSITION,
            201,
            account=account.row,
            market=market,
            balance_quanta=account.balance_quanta,
            position_lots=position.lots,
            position_cost_quanta=position.cost_quanta,
            **self.marks(market),
            **columns,
        )

    def fund(self, quanta: int, reason: int, rule: int, market: int = -1, **columns: int) -> None:
        """Move money in or out of the insurance fund: a market's compartment, or the general part."""
        if quanta == 0:
            return
        if market >= 0:
            self.markets[market].fund_quanta += quanta
            after = self.markets[market].fund_quanta
        else:
            self.fund_quanta += quanta
            after = self.fund_quanta
        assert after >= 0, "the fund pays out no more than it holds"
        self.emit(ev.FUND, rule, market=market, quanta=quanta, code=reason, balance_quanta=after, **columns)

    # --- what holds between two entries -------------------------------------------------------------------------------
    def conserved(self) -> tuple[int, int]:
        """Both sides of R-A7 for the settlement asset."""
        held = self.fund_quanta + self.fees_quanta + sum(market.fund_quanta for market in self.markets)
        for account in self.accounts:
            held += account.balance_quanta
            for position in account.positions.values():
                held -= position.cost_quanta - position.lots * position.paid_quanta
        return held, self.deposited_quanta

    def check(self) -> None:
        """Assert what holds between any two entries, by counting anew."""
        left, right = self.conserved()
        assert left == right, "value is not conserved"
        for market in range(len(self.markets)):
            assert sum(account.lots(market) for account in self.accounts) == 0, "every long lot has a short lot"
        for asset in range(1, len(self.assets)):
            held = self.fund_units[asset] + sum(account.units[asset] for account in self.accounts)
            assert held == self.deposited_units[asset], "an asset is not conserved"
