"""Sentences about what account holders do: pay in and out, trade, ask."""

from __future__ import annotations

from typing import Final

from flows.journal import entries as en
from flows.scenario.amounts import positive, units
from flows.scenario.entries import entry
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import THE_MARKET, THE_VAULT, PoolInPlay
from flows.scenario.steps.prices import publish
from flows.scenario.vocabulary import Chapter
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Accounts",
    "The first deposit opens an account. A side that is not named is the market, an account with funds enough:"
    " where it matters who wins or bears a loss, name both sides. A trade is a fact and never refused; the first"
    " one in a market that has no price yet makes its price.",
)


@CHAPTER.action(
    "{account}[, owned by {owner:account},] (has deposited|deposits) {amount}[ {asset}][ in pool {pool}]",
    "alice has deposited 1,000",
)
def deposit(
    world: World, account: str, owner: str | None, amount: str, asset: str | None, pool: str | None
) -> None:
    """Pay in; of the settlement asset if none is named. An account of the same owner is said to be owned by it."""
    known = any(account in each.accounts[2:] for each in world.pools.values())
    into = world.pool_of(account) if known else world.pool(pool)
    pay_in(world, into, account, owner, amount, asset)


@CHAPTER.action(
    "{account} has deposited {amount} and {traded} {quantity:amount} {market} at {price:amount}"
    "[ (from|to) {other:account}]",
    "alice has deposited 1,000 and bought 0.2 BTC-PERP at 60,000",
)
def deposit_and_trade(
    world: World,
    account: str,
    amount: str,
    traded: str,
    quantity: str,
    market: str,
    price: str,
    other: str | None,
) -> None:
    """Both in one sentence."""
    pool = world.pool_of_market(market)
    pay_in(world, pool, account, None, amount, None)
    settle_trade(world, account, -1 if traded == "sold" else 1, quantity, market, price, other)


@CHAPTER.action(
    "{account} (has bought|buys) {quantity:amount} {market} at {price:amount}[ from {other:account}]",
    "alice has bought 0.2 BTC-PERP at 60,000",
)
def buy(world: World, account: str, quantity: str, market: str, price: str, other: str | None) -> None:
    """A match with the market, or with another account; the one named first is the taker."""
    settle_trade(world, account, 1, quantity, market, price, other)


@CHAPTER.action(
    "{account} (has sold|sells) {quantity:amount} {market} at {price:amount}[ to {other:account}]",
    "bob sells 0.1 BTC-PERP at 60,000 to alice",
)
def sell(world: World, account: str, quantity: str, market: str, price: str, other: str | None) -> None:
    """As a purchase, the other way round."""
    settle_trade(world, account, -1, quantity, market, price, other)


@CHAPTER.action(
    "{account} (has moved|moves) {amount} to {to:account}", "alice has moved 5,000 to alice/BTC-PERP"
)
def move(world: World, account: str, amount: str, to: str) -> None:
    """A transfer to an isolated position, which it opens, or back (R-F4). It is a request: the pool may refuse it."""
    pool = world.pool_of(account)
    source = pool.account(account)
    opens = to not in pool.accounts
    isolated = -1
    owner = pool.owners[source]
    if "/" in to:
        parent, _, market = to.partition("/")
        isolated = pool.market(market)
        if opens and parent != account:
            raise ScenarioError(f"{to} is opened by {parent}, not by {account}.")
    elif opens:
        raise ScenarioError(f"{to} has no account; a transfer opens isolated positions only.")
    if opens:
        pool.accounts.append(to)
        pool.owners.append(owner)
    pool.send(
        entry(
            en.TRANSFER,
            world.time_ns,
            account=source,
            asset=0,
            amount_units=money(pool, amount),
            owner=owner,
            opens=int(opens),
            isolated_market=isolated,
            to_account=pool.account(to),
        )
    )


@CHAPTER.action("{account} withdraws {amount}[ {asset}]", "alice withdraws 400")
def withdraw(world: World, account: str, amount: str, asset: str | None) -> None:
    """Ask to pay out (R-F3); of the settlement asset if none is named."""
    pool = world.pool_of(account)
    row = pool.asset(asset) if asset else 0
    pool.send(
        entry(
            en.WITHDRAWAL,
            world.time_ns,
            account=pool.account(account),
            asset=row,
            amount_units=units(amount, unit_scale(pool, row), "units"),
            owner=pool.owners[pool.account(account)],
            isolated_market=-1,
        )
    )


@CHAPTER.action(
    "{account} asks to {side} {quantity:amount} {market} at {price:amount}[, {reduce}]",
    "alice asks to sell 0.1 BTC-PERP at 57,000, reduce-only",
)
def ask(
    world: World, account: str, side: str, quantity: str, market: str, price: str, reduce: str | None
) -> None:
    """An order check (R-F1): answered, and nothing traded or reserved."""
    pool = world.pool_of_market(market)
    row = pool.market(market)
    of = pool.draft.markets[row]
    lots = positive(quantity, of.lot_scale, "lots")
    pool.send(
        entry(
            en.ORDER_CHECK,
            world.time_ns,
            account=pool.account(account) if account in pool.accounts else -1,
            market=row,
            lots=-lots if side == "sell" else lots,
            price_ticks=positive(price, of.tick_scale, "ticks"),
            reduce_only=int(reduce is not None),
        )
    )


# --- what they do -----------------------------------------------------------------------------------------------------
def pay_in(
    world: World, pool: PoolInPlay, account: str, owner: str | None, amount: str, asset: str | None
) -> None:
    """A deposit entry, which opens the account if it is its first."""
    if account in (THE_MARKET, THE_VAULT):
        raise ScenarioError(f"{account} needs no deposit.")
    if "/" in account:
        raise ScenarioError(f"{account} is an isolated position: money is moved to it.")
    opens = account not in pool.accounts
    if owner is not None and not opens:
        raise ScenarioError(f"{account} is open already; its owner is named with the first deposit.")
    row = pool.asset(asset) if asset else 0
    number = positive(amount, unit_scale(pool, row), "units")
    if opens:
        pool.accounts.append(account)
        pool.owners.append(pool.owners[pool.account(owner)] if owner else len(pool.owners))
    pool.open(world.time_ns)
    at = pool.account(account)
    pool.deposited[row] += number
    pool.send(
        entry(
            en.DEPOSIT,
            world.time_ns,
            account=at,
            asset=row,
            amount_units=number,
            owner=pool.owners[at],
            opens=int(opens),
            isolated_market=-1,
        )
    )


def settle_trade(
    world: World, account: str, sign: int, quantity: str, market: str, price: str, other: str | None
) -> None:
    """A fill; a market without a price takes the trade's."""
    pool = world.pool_of_market(market)
    row = pool.market(market)
    of = pool.draft.markets[row]
    lots, ticks = positive(quantity, of.lot_scale, "lots"), positive(price, of.tick_scale, "ticks")
    one, two = pool.account(account), pool.account(other or THE_MARKET)
    pool.open(world.time_ns)
    board = pool.boards[row]
    if board.mark_ticks == 0:
        board.mark_ticks = board.index_ticks = ticks
        publish(world, pool, row, en.FLAG_MOVED)
    pool.send(
        entry(
            en.FILL,
            world.time_ns,
            market=row,
            buyer=one if sign > 0 else two,
            seller=two if sign > 0 else one,
            taker=0 if sign > 0 else 1,
            lots=lots,
            price_ticks=ticks,
            order_offset=-1,
            order_index=-1,
        )
    )


def money(pool: PoolInPlay, text: str) -> int:
    """An amount of the settlement asset in quanta."""
    return units(text, unit_scale(pool, 0), "quanta")


def unit_scale(pool: PoolInPlay, asset: int) -> int:
    """Smallest units in a whole one."""
    return 1_000_000 if asset == 0 else pool.draft.assets[asset - 1].unit_scale
