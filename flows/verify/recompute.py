"""Evidence, worked out again: each figure that the pool wrote down beside the one that the plain rules give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from flows.registry.parameters import MarketParameters
from flows.rules.call.levels import SOFT
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value
from flows.rules.margin.equity import equity_low, equity_maintenance
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.liquidation_price import liquidation_ticks
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.oracle.status import HALTED
from flows.verify.facts import Evidence, Facts, Row
from flows.verify.opinion.holdings import Account, Position, Valuation
from flows.verify.opinion.state import State


class Kind(StrEnum):
    """What a figure is, which says how it is shown."""

    MONEY = "money"
    PRICE = "price"
    QUANTITY = "quantity"
    RATE = "rate"
    LEVEL = "level"
    CODE = "code"
    TIME = "time"
    OFFSET = "offset"
    COUNT = "count"


class Relation(StrEnum):
    """How the recorded figure must stand to the recomputed one."""

    EQUAL = "="
    AT_MOST = "<="
    AT_LEAST = ">="
    BELOW = "<"


@dataclass(frozen=True, slots=True)
class Check:
    """A figure as it was recorded and as the rules give it again."""

    what: str
    rule: str
    kind: Kind
    recorded: int
    recomputed: int
    market: int = -1  # whose scales the figure has
    relation: Relation = Relation.EQUAL

    @property
    def same(self) -> bool:
        """Whether the recorded figure stands up."""
        match self.relation:
            case Relation.EQUAL:
                return self.recorded == self.recomputed
            case Relation.AT_MOST:
                return self.recorded <= self.recomputed
            case Relation.AT_LEAST:
                return self.recorded >= self.recomputed
            case Relation.BELOW:
                return self.recorded < self.recomputed


@dataclass(frozen=True, slots=True)
class Holding:
    """A collateral asset of the account at the price in force: what it is worth, what it counts."""

    asset: int
    units: int
    low_quanta: int
    value_quanta: int
    credit_quanta: int
    halted: bool


def tiers_of(market: MarketParameters) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The tiers that maintenance margin is computed by."""
    return market.tier_floor_quanta, market.tier_maintenance_ppm, market.tier_maintenance_amount_quanta


def evidence_checks(facts: Facts) -> list[Check]:
    """Recompute all of an account's evidence from what it held and from the market states in force."""
    if facts.evidence is None:
        return []
    return [
        *chain.from_iterable(
            _position_checks(facts, facts.evidence, row) for row in facts.evidence.positions
        ),
        *chain.from_iterable(_holding_checks(facts, row) for row in facts.evidence.holdings),
        *_account_checks(facts, facts.evidence),
    ]


def _position_checks(facts: Facts, evidence: Evidence, row: Row) -> Iterator[Check]:
    market = row["market"]
    of = facts.parameters.markets[market]
    state = mark_in_force(facts, market)
    if state is not None:
        yield Check(
            f"{of.id} market state in force", "R-A6", Kind.OFFSET, row["mark_offset"], state["journal_offset"]
        )
        yield Check(f"{of.id} mark", "R-O8", Kind.PRICE, row["mark_ticks"], state["mark_ticks"], market)
        yield Check(f"{of.id} index", "R-O2", Kind.PRICE, row["index_ticks"], state["index_ticks"], market)
    notional = abs(row["position_lots"]) * row["mark_ticks"] * of.lot_tick_quanta
    yield Check(f"{of.id} notional", "R-A1", Kind.MONEY, row["quanta"], notional)
    maintenance = maintenance_margin(notional, *tiers_of(of))
    yield Check(
        f"{of.id} maintenance margin", "R-D1", Kind.MONEY, row["maintenance_margin_quanta"], maintenance
    )
    initial = initial_margin(
        notional, of.tier_floor_quanta, of.tier_initial_ppm, of.tier_initial_amount_quanta, of.leverage
    )
    yield Check(f"{of.id} initial margin", "R-D2", Kind.MONEY, row["initial_margin_quanta"], initial)
    price = _liquidation_price(facts, evidence, row)
    yield Check(f"{of.id} liquidation price", "R-E4", Kind.PRICE, row["price_ticks"], price, market)


def _liquidation_price(facts: Facts, evidence: Evidence, row: Row) -> int:
    """First tick at which the engine acts as this position's market moves, 0 for none, from what was written beside it."""
    of, margin = facts.parameters.markets[row["market"]], evidence.margin
    return liquidation_ticks(
        row["position_lots"],
        row["mark_ticks"],
        of.lot_tick_quanta,
        # Acting at equality, a margin just met is one quantum short.
        margin["equity_quanta"] - int(facts.parameters.liquidate_at_equality),
        margin["maintenance_margin_quanta"] - row["maintenance_margin_quanta"],
        *tiers_of(of),
        of.max_price_ticks,
    )


def _holding_checks(facts: Facts, row: Row) -> Iterator[Check]:
    held = holding(facts, row)
    name = facts.parameters.assets[held.asset].id
    yield Check(f"{name} value", "R-C1", Kind.MONEY, row["equity_low_quanta"], held.value_quanta)
    yield Check(f"{name} credit", "R-C2", Kind.MONEY, row["equity_quanta"], held.credit_quanta)


def _account_checks(facts: Facts, evidence: Evidence) -> Iterator[Check]:
    margin = evidence.margin
    held = [holding(facts, row) for row in evidence.holdings]
    gain = sum(unrealized(facts, row) for row in evidence.positions)
    credit = sum(each.credit_quanta for each in held)
    value = sum(each.value_quanta for each in held)
    equity = equity_maintenance(margin["balance_quanta"], credit, gain)
    low = equity_low(margin["balance_quanta"], value, gain)
    yield Check("equity", "R-E1", Kind.MONEY, margin["equity_quanta"], equity)
    yield Check("equity without haircut", "R-E1", Kind.MONEY, margin["equity_low_quanta"], low)
    for name, rule, column in (
        ("notional", "R-A1", "quanta"),
        ("maintenance margin", "R-D1", "maintenance_margin_quanta"),
        ("initial margin", "R-D2", "initial_margin_quanta"),
    ):
        yield Check(name, rule, Kind.MONEY, margin[column], sum(row[column] for row in evidence.positions))


def lot_tick_quanta(facts: Facts) -> int:
    """Quanta a lot and tick of the event's market (R-A1)."""
    return facts.parameters.markets[facts.event["market"]].lot_tick_quanta


def mark_in_force(facts: Facts, market: int) -> Row | None:
    """The market state in force at the basis."""
    return next((row for row in facts.marks if row["market"] == market), None)


def unrealized(facts: Facts, row: Row) -> int:
    """What a position had gained at its mark (R-A1)."""
    v = facts.parameters.markets[row["market"]].lot_tick_quanta
    return int(row["position_lots"] * row["mark_ticks"] * v - row["position_cost_quanta"])


def holding(facts: Facts, row: Row) -> Holding:
    """A row of collateral evidence at the asset state in force; before the first state it counts nothing."""
    asset, units = row["market"], row["quanta"]
    of = facts.parameters.assets[asset]
    state = next((each for each in facts.assets if each["asset"] == asset), None)
    low, halted = (state["low_quanta"], state["status"] == HALTED) if state else (0, True)
    value = asset_value(units, low, of.unit_scale)
    credit = tiered_credit(value, of.maintenance_floor_quanta, of.maintenance_weight_ppm)
    return Holding(asset, units, low, value, credit, halted)


def plain_pool(facts: Facts, evidence: Evidence) -> tuple[State, Account, Valuation]:
    """The plain pool with nothing in it but this account, as the evidence and the market states describe it."""
    state = State(facts.parameters)
    state.offset, state.time_ns = facts.basis["journal_offset"], facts.basis["time_ns"]
    for row in facts.marks:
        market = state.markets[row["market"]]
        market.status, market.breakers = row["status"], row["breakers"]
        market.mark_ticks, market.mark_offset = row["mark_ticks"], row["journal_offset"]
        market.index_ticks = market.valid_index_ticks = row["index_ticks"]
        market.index_low_ticks, market.index_high_ticks = row["index_low_ticks"], row["index_high_ticks"]
        market.volume_60s_lots, market.sigma_ppm = row["volume_60s_lots"], row["sigma_ppm"]
        market.band_low_ticks, market.band_high_ticks = row["band_low_ticks"], row["band_high_ticks"]
        market.opened_ns = row["opened_ns"]
        market.bid_depth_lots = tuple(row["bid_depth_lots"])
        market.ask_depth_lots = tuple(row["ask_depth_lots"])
    for row in facts.assets:
        asset = state.assets[row["asset"]]
        asset.low_quanta, asset.high_quanta = row["low_quanta"], row["high_quanta"]
        asset.status, asset.sigma_ppm = row["status"], row["sigma_ppm"]
    margin = evidence.margin
    account = Account(margin["account"], margin["account"], balance_quanta=margin["balance_quanta"])
    account.level = margin["code"]
    account.liquidating = account.level >= SOFT
    account.units = [0] * len(state.assets)
    for row in evidence.holdings:
        account.units[row["market"]] = row["quanta"]
    for row in evidence.positions:
        account.positions[row["market"]] = Position(row["position_lots"], row["position_cost_quanta"])
    return state, account, state.value(account)
