"""What the plain pool holds, how it values an account, and how it writes an event.

Everything is an ordinary Python object and an unbounded int. An account is revalued whenever anybody asks.
"""

from __future__ import annotations

from flows.journal import events as ev
from flows.registry.parameters import PoolParameters
from flows.rules.call.zone import zone_of
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value
from flows.rules.loss.gate import OUTAGE_NS, is_outage
from flows.rules.margin.equity import equity_initial, equity_low, equity_maintenance, equity_withdrawal
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.liquidation_price import liquidation_ticks
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.oracle.status import HALTED
from flows.rules.position.fill import apply_quote
from flows.rules.position.zero_sum import is_balanced
from flows.rules.scale.conservation import held_quanta, is_conserved
from flows.verify.opinion.holdings import VAULT, Account, Asset, Command, Market, Order, Position, Valuation

Event = list[int]


class State:
    """A pool: its accounts, markets, money, and the events of the entry being applied."""

    def __init__(self, parameters: PoolParameters) -> None:
        """Nothing is open yet; genesis opens the vault and the fund."""
        self.registered = self.parameters = parameters
        self.markets = [Market(each) for each in parameters.markets]
        self.assets = [Asset() for _ in parameters.assets]
        self.accounts: list[Account] = []
        self.time_ns = 0
        self.clock_ns = 0  # of the last clock
        self.offset = -1
        self.waiting: list[Command] = []  # orders of people that are not in effect yet
        self.passed: dict[int, int] = {}  # entries passed over, and the skip that allowed each
        self.fund_quanta = 0  # the general part
        self.fund_units = [0] * len(parameters.assets)
        self.fees_quanta = 0
        self.fees_unswept_quanta = 0
        self.deposited_quanta = 0
        self.deposited_units = [0] * len(parameters.assets)
        self.gate_closed = False
        self.gate_opens_ns = 0
        self.insolvent = False
        self.outage = False  # the journal was silent too long, and no clock has said so yet
        self.told_open_lots: dict[
            int, int
        ] = {}  # by market, where one account is all that is known of the pool
        self.awaiting: dict[int, bool] = {}  # markets without a fresh price since
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
        if self.time_ns > 0 and is_outage(self.time_ns, time_ns, OUTAGE_NS):
            self.outage = True
            self.awaiting = dict.fromkeys(range(len(self.markets)), True)
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
        return {
            "mark_offset": held.mark_offset,
            "mark_ticks": held.mark_ticks,
            "index_ticks": held.index_ticks,
        }

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
                abs(value),
                of.tier_floor_quanta,
                of.tier_initial_ppm,
                of.tier_initial_amount_quanta,
                of.leverage,
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
                price_ticks=self.liquidation_price(value, market, position.lots),
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

    def open_lots(self, market: int) -> int:
        """Lots open in a market, one side."""
        return self.told_open_lots.get(market, sum(max(0, each.lots(market)) for each in self.accounts))

    def liquidation_price(self, value: Valuation, market: int, lots: int) -> int:
        """First tick at which the engine acts on the account as this market moves (R-E4), 0 for none."""
        held = self.markets[market]
        of = held.parameters
        return liquidation_ticks(
            lots,
            held.mark_ticks,
            of.lot_tick_quanta,
            # Acting at equality, a margin just met is one quantum short.
            value.equity_quanta - int(self.parameters.liquidate_at_equality),
            value.maintenance_quanta - value.maintenance_by_market[market],
            of.tier_floor_quanta,
            of.tier_maintenance_ppm,
            of.tier_maintenance_amount_quanta,
            of.max_price_ticks,
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
        """Both sides of R-A7 for the settlement asset; funding owed is still in the balance, so the basis counts."""
        costs = 0
        for account in self.accounts:
            for position in account.positions.values():
                costs += position.cost_quanta - position.lots * position.paid_quanta
        held = held_quanta(
            sum(account.balance_quanta for account in self.accounts[VAULT + 1 :]),
            self.fund_quanta + sum(market.fund_quanta for market in self.markets),
            self.fees_quanta,
            self.accounts[VAULT].balance_quanta,
            0,  # R-S3's unit: this pool issues none
            costs,
        )
        return held, self.deposited_quanta

    def check(self) -> None:
        """Assert what holds between any two entries, by counting anew."""
        assert is_conserved(*self.conserved(), 0), "value is not conserved"
        for market in range(len(self.markets)):
            lots = [account.lots(market) for account in self.accounts]
            assert is_balanced(lots), f"market {market}: every long lot has a short lot"
        for asset in range(1, len(self.assets)):
            held = self.fund_units[asset] + sum(account.units[asset] for account in self.accounts)
            assert is_conserved(held, self.deposited_units[asset], 0), "an asset is not conserved"
