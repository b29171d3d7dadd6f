"""Sentences about those who answer the pool: execution, which fills its orders, and liquidators, who bid for offers."""

from __future__ import annotations

from typing import Final

from flows.journal import entries as en
from flows.journal import events as ev
from flows.rules.exact import PPM
from flows.scenario.amounts import positive, rate, units
from flows.scenario.entries import entry
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import THE_MARKET, order_fill
from flows.scenario.settings import AT_MARK, NEVER
from flows.scenario.vocabulary import Chapter
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Execution and liquidators",
    "How execution answers orders is said with the pool, and may change; one order may be answered by hand. A bid names an"
    " offer by the account and the market; after an offer is gone the bid still names the last one there was.",
)


@CHAPTER.action("orders are filled at the mark price[ in pool {pool}]", "orders are filled at the mark price")
def fill_at_mark(world: World, pool: str | None) -> None:
    """Execution answers orders of the pool at once and in full, at the mark, within their limit."""
    into = world.pool(pool)
    into.fills, into.fill_ticks = AT_MARK, {}


@CHAPTER.action("orders are not filled[ in pool {pool}]", "orders are not filled")
def fill_never(world: World, pool: str | None) -> None:
    """Execution answers no order."""
    into = world.pool(pool)
    into.fills, into.fill_ticks = NEVER, {}


@CHAPTER.action("orders in {market} are filled at {amount}", "orders in BTC-PERP are filled at 57,450")
def fill_at_price(world: World, market: str, amount: str) -> None:
    """Execution answers orders of a market at once and in full at this price, within their limit."""
    pool = world.pool_of_market(market)
    row = pool.market(market)
    pool.fill_ticks[row] = positive(amount, pool.draft.markets[row].tick_scale, "ticks")


@CHAPTER.action(
    "the order of {account} is filled for {quantity:amount} at {price:amount}[ by {other:account}]",
    "the order of alice is filled for 0.05 at 57,400",
)
def fill_order(world: World, account: str, quantity: str, price: str, other: str | None) -> None:
    """Execution answers the account's last liquidation order; the vault's orders are answered by settings only."""
    pool = world.pool_of(account)
    row = pool.account(account)
    if row not in pool.orders:
        raise ScenarioError(f"{account} has had no liquidation order.")
    order = pool.orders[row]
    of = pool.draft.markets[order[ev.MARKET]]
    lots = positive(quantity, of.lot_scale, "lots")
    pool.send(
        order_fill(
            order,
            lots if order[ev.LOTS] > 0 else -lots,
            positive(price, of.tick_scale, "ticks"),
            pool.account(other or THE_MARKET),
            world.time_ns,
        )
    )


@CHAPTER.action(
    "{account} bids for {quantity:amount} of {of:account}'s {market} offer[, asking {least:rate} or more]"
    "[, down to a mark of {down:amount}][, up to a mark of {up:amount}]",
    "carol bids for 0.8 of alice's BTC-PERP offer, asking 1 % or more",
)
def bid(
    world: World,
    account: str,
    quantity: str,
    of: str,
    market: str,
    least: str | None,
    down: str | None,
    up: str | None,
) -> None:
    """A liquidator's bid (R-I3): how much, for what bonus at least, and while the mark is how good to it."""
    pool = world.pool_of_market(market)
    row, debtor = pool.market(market), pool.account(of)
    if (debtor, row) not in pool.offers:
        raise ScenarioError(f"{of} has had no offer in {market}.")
    offer = pool.offers[debtor, row]
    drafted, any_price = pool.draft.markets[row], pool.parameters.markets[row].max_price_ticks
    buys = offer[ev.LOTS] < 0
    limit = down or up
    pool.send(
        entry(
            en.BID,
            world.time_ns,
            offer_offset=offer[ev.OFFSET],
            offer_index=offer[ev.INDEX],
            account=pool.account(account),
            lots=units(quantity, drafted.lot_scale, "lots"),
            minimum_bonus_ppm=rate(least, PPM) if least else 0,
            limit_ticks=positive(limit, drafted.tick_scale, "ticks") if limit else (any_price if buys else 1),
        )
    )
