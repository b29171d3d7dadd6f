"""Expectations about an account: its amounts, positions, level, and what it would take to change them."""

from __future__ import annotations

import re
from typing import Final

from flows.journal import events as ev
from flows.journal.codes import LEVELS
from flows.pool.layout import (
    V_BALANCE,
    V_EQUITY,
    V_INITIAL,
    V_INITIAL_EQUITY,
    V_LOW,
    V_MAINTENANCE,
    V_NOTIONAL,
    V_WITHDRAWAL,
)
from flows.rules.exact import PPM
from flows.rules.liquidation.restore import after_close
from flows.rules.margin.liquidation_price import liquidation_ticks
from flows.rules.margin.maintenance import maintenance_margin
from flows.scenario.amounts import parts, shown, shown_ratio
from flows.scenario.compare import must_agree, must_be
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import Event, PoolInPlay
from flows.scenario.view import NONE, asset_units, money, quantity
from flows.scenario.vocabulary import AMOUNT, FACT, Chapter
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Expectations on accounts",
    "`has` is now, at the present marks; `had` is as the pool's first decision since the last When found the"
    " account. Health is cut to the decimals written (R-A4).",
)

VALUES: Final = {
    "equity": V_EQUITY,
    "equity without haircut": V_LOW,
    "initial equity": V_INITIAL_EQUITY,
    "withdrawable equity": V_WITHDRAWAL,
    "maintenance margin": V_MAINTENANCE,
    "initial margin": V_INITIAL,
    "notional": V_NOTIONAL,
    "balance": V_BALANCE,
}
EVIDENCE: Final = {
    "equity": ev.EQUITY_QUANTA,
    "equity without haircut": ev.EQUITY_LOW_QUANTA,
    "maintenance margin": ev.MAINTENANCE_MARGIN_QUANTA,
    "initial margin": ev.INITIAL_MARGIN_QUANTA,
    "notional": ev.QUANTA,
    "balance": ev.BALANCE_QUANTA,
}
HEALTH: Final = "health"


def facts_of(text: str) -> list[tuple[str, str]]:
    """Names and amounts of "equity 500, maintenance margin 575 and health 0.869"."""
    return re.findall(rf"({FACT}) ({AMOUNT})", text)


@CHAPTER.expectation(
    "{account} has {facts}", "alice has equity 458.025, maintenance margin 365.125 and health 1.254"
)
def has(world: World, account: str, facts: str) -> None:
    """Amounts of R-E1, R-D1 and R-D2, and health."""
    pool = world.pool_of(account)
    value = pool.value(pool.account(account))
    compare(account, facts, {name: value[at] for name, at in VALUES.items()})


@CHAPTER.expectation("{account} had {facts}", "alice had equity 500, maintenance margin 575 and health 0.869")
def had(world: World, account: str, facts: str) -> None:
    """The evidence of the first decision about the account since the last When."""
    pool = world.pool_of(account)
    row = pool.account(account)
    found = first_of(pool, ev.MARGIN, row)
    must_be(f"decisions about {account}", "decided on", "an event", "an event" if found else NONE)
    if found is not None:
        compare(account, facts, {name: found[at] for name, at in EVIDENCE.items()})


def first_of(pool: PoolInPlay, kind: int, row: int) -> Event | None:
    """The first event of a type about an account since the last When."""
    return next((each for each in pool.recent() if each[ev.TYPE] == kind and each[ev.ACCOUNT] == row), None)


def compare(account: str, facts: str, values: dict[str, int]) -> None:
    """Each fact against the amount of its name; money exactly, health as far as it is written."""
    expected, found, names = [], [], []
    for name, amount in facts_of(facts):
        if name == HEALTH:
            got = shown_ratio(values["equity"], values["maintenance margin"], parts(amount)[1])
        elif name in values:
            got = money(values[name])
        else:
            raise ScenarioError(f"a decision has no {name}; it has {', '.join(values)}.")
        names.append(name)
        expected.append(amount)
        found.append(got)
    must_agree(account, names, [expected], [found])


# --- positions and collateral -----------------------------------------------------------------------------------------
@CHAPTER.expectation(
    "{account} is (long {long:amount}|short {short:amount}) {market}[ with an entry cost of {cost:amount}]",
    "alice is long 0.127 BTC-PERP with an entry cost of 7,620",
)
def holds(
    world: World, account: str, long: str | None, short: str | None, market: str, cost: str | None
) -> None:
    """A position, and the cost basis left in it (R-B1), unsigned."""
    pool = world.pool_of_market(market)
    row, at = pool.account(account), pool.market(market)
    lots = pool.lots(row, at)
    wanted = f"long {long}" if long else f"short {short}"
    size = quantity(pool, at, abs(lots))
    side = "flat" if lots == 0 else "long" if lots > 0 else "short"
    expected, found, names = wanted.split(" "), [side, size], ["side", market]
    if cost is not None:
        basis = pool.real.state.cost(row, at)
        names, expected = [*names, "entry cost"], [*expected, cost]
        found.append(money(basis if lots > 0 else -basis))
    must_agree(account, names, [expected], [found])


@CHAPTER.expectation("{account} has no position[ in {market}]", "alice has no position in BTC-PERP")
def is_flat(world: World, account: str, market: str | None) -> None:
    """Nothing is held in a market, or in any; a closed position leaves no cost either."""
    pool = world.pool_of(account)
    row = pool.account(account)
    rows = [pool.market(market)] if market else range(len(pool.draft.markets))
    held = [
        f"{quantity(pool, at, pool.lots(row, at))} {pool.draft.markets[at].id}"
        for at in rows
        if pool.lots(row, at)
    ]
    must_be(account, "positions", NONE, ", ".join(held) or NONE)


@CHAPTER.expectation("{account} holds {amount} {asset} as collateral", "alice holds 0.5 BTC as collateral")
def holds_units(world: World, account: str, amount: str, asset: str) -> None:
    """Units of an asset other than the settlement asset."""
    pool = world.pool_of(account)
    at = pool.asset(asset)
    held = next((number for row, number in pool.real.state.units_of(pool.account(account)) if row == at), 0)
    must_be(account, asset, amount, asset_units(pool, at, held))


@CHAPTER.expectation(
    "the liquidation price of {account} in {market} is {price:amount}",
    "the liquidation price of alice in BTC-PERP is 55,226.1",
)
def liquidation_price(world: World, account: str, market: str, price: str) -> None:
    """The first tick at which the engine acts, as the account is shown it (R-E4)."""
    pool = world.pool_of_market(market)
    row, at = pool.account(account), pool.market(market)
    of, mark, value = pool.parameters.markets[at], pool.boards[at].mark_ticks, pool.value(row)
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    lots = pool.lots(row, at)
    own = maintenance_margin(abs(lots) * mark * of.lot_tick_quanta, *tiers)
    ticks = liquidation_ticks(
        lots,
        mark,
        of.lot_tick_quanta,
        value[V_EQUITY],
        value[V_MAINTENANCE] - own,
        *tiers,
        of.max_price_ticks,
    )
    must_be(account, f"liquidation price in {market}", price, shown(ticks, of.tick_scale))


# --- changes ----------------------------------------------------------------------------------------------------------
@CHAPTER.expectation("{account} has realized {amount}", "alice has realized 500")
def realized(world: World, account: str, amount: str) -> None:
    """Gains and losses realized by fills and closings since the scenario began, without fees."""
    pool = world.pool_of(account)
    row = pool.account(account)
    total = sum(
        each[ev.QUANTA] for each in pool.events if (each[ev.TYPE], each[ev.ACCOUNT]) == (ev.POSITION, row)
    )
    must_be(account, "realized", amount, money(total))


@CHAPTER.expectation(
    "the balance of {account} has {trend} by {amount}", "the balance of alice has fallen by 0.00222"
)
def balance_change(world: World, account: str, trend: str, amount: str) -> None:
    """The balance, with funding owed counted, against what it was before the last When."""
    pool = world.pool_of(account)
    row = pool.account(account)
    change = pool.value(row)[V_BALANCE] - pool.before(row)[0][V_BALANCE]
    must_be(account, "balance change", f"-{amount}" if trend == "fallen" else amount, money(change))


@CHAPTER.expectation("{account} is unchanged to the byte", "alice is unchanged to the byte")
def unchanged(world: World, account: str) -> None:
    """Nothing that the pool keeps of the account differs from before the last When: record, positions, funding."""
    pool = world.pool_of(account)
    row = pool.account(account)
    same = pool.bytes_of(row) == pool.before(row)[1]
    must_be(account, "bytes", "unchanged", "unchanged" if same else "changed")


# --- the ladder -------------------------------------------------------------------------------------------------------
@CHAPTER.expectation("{account} is at level {level}", "alice is at level call")
def at_level(world: World, account: str, level: str) -> None:
    """The level of the ladder that the account stands at (R-G1)."""
    pool = world.pool_of(account)
    case = pool.real.state.cases.get(pool.account(account))
    must_be(account, "level", level, LEVELS[case.level if case is not None else 0])


@CHAPTER.expectation("{account} is being liquidated", "alice is being liquidated")
def liquidating(world: World, account: str) -> None:
    """A liquidation is under way: begun under margin, not yet back at the target (R-G3)."""
    must_be(account, "liquidation", "under way", under_way(world, account))


@CHAPTER.expectation("{account} is not being liquidated", "alice is not being liquidated")
def not_liquidating(world: World, account: str) -> None:
    """No liquidation is under way."""
    must_be(account, "liquidation", NONE, under_way(world, account))


def under_way(world: World, account: str) -> str:
    """Whether a liquidation is, in a word."""
    pool = world.pool_of(account)
    return "under way" if pool.real.state.liquidating(pool.account(account)) else NONE


@CHAPTER.expectation(
    "one lot less would have left health at {health:amount}", "one lot less would have left health at 1.246"
)
def one_less(world: World, health: str) -> None:
    """Health after the last order's restore size less one lot, at the slippage and penalty foreseen (R-H1)."""
    pool = world.pool()
    order = next((each for each in reversed(pool.events) if each[ev.TYPE] == ev.LIQUIDATION_ORDER), None)
    if order is None:
        raise ScenarioError("there has been no liquidation order.")
    of = pool.parameters.markets[order[ev.MARKET]]
    tiers = (of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta)
    lots, mark = order[ev.POSITION_LOTS], order[ev.MARK_TICKS]
    own = maintenance_margin(abs(lots) * mark * of.lot_tick_quanta, *tiers)
    equity, margin = after_close(
        order[ev.QUANTA] - 1,
        lots,
        mark,
        of.lot_tick_quanta,
        order[ev.EQUITY_QUANTA],
        order[ev.MAINTENANCE_MARGIN_QUANTA] - own,
        *tiers,
        slippage_of(pool, order),
        order[ev.FEE_QUANTA],
    )
    must_be("one lot less", "health", health, shown_ratio(equity, margin, parts(health)[1]))


def slippage_of(pool: PoolInPlay, order: Event) -> int:
    """How far from the mark the order was answered, in ppm rounded up; 0 if it was not."""
    answered = (order[ev.OFFSET], order[ev.INDEX])
    for event in pool.events:
        if (event[ev.TYPE], event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX]) == (
            ev.LIQUIDATION_FILL,
            *answered,
        ):
            away = abs(event[ev.PRICE_TICKS] - order[ev.MARK_TICKS])
            return -(-away * PPM // order[ev.MARK_TICKS])
    return 0
