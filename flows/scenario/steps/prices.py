"""Sentences about what the market stage says: prices, status, breakers, depth, funding; and about time."""

from __future__ import annotations

from typing import Final

from flows.journal import entries as en
from flows.rules.breaker.permissions import STATE_LIMIT, STATE_PAUSE
from flows.rules.exact import PPB, PPM
from flows.rules.oracle import status as statuses
from flows.scenario.amounts import duration_ns, positive, rate, time_of_day_ns, units
from flows.scenario.draft import QUANTA
from flows.scenario.entries import RINGS, entry
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import PoolInPlay
from flows.scenario.vocabulary import Chapter, Table
from flows.scenario.world import MIDNIGHT_NS, World

CHAPTER: Final = Chapter(
    "Prices and time",
    "What the market stage would say, given by hand. It is noon when a scenario begins; time stands still but for"
    " these sentences and for `at 12:05:00, ...`, which may begin any action: time then passes up to that moment,"
    " and the clock that stands at it comes after the action.",
)

STATUS: Final = {"ok": statuses.OK, "degraded": statuses.DEGRADED, "halted": statuses.HALTED}
DEPTH_COLUMNS: Final = {
    "within": "distance from the mark: " + ", ".join(f"{ppm / 10_000:g} %" for ppm in en.DEPTH_DISTANCES_PPM),
    "bids": "quantity bid from the mark to there, in all",
    "asks": "quantity offered from the mark to there, in all",
}


def publish(world: World, pool: PoolInPlay, market: int, flags: int, rate_ppb: int = 0) -> None:
    """Send the market's state as its board has it now."""
    pool.send(pool.boards[market].entry(world.time_ns, flags, rate_ppb))


def board_of(world: World, market: str) -> tuple[PoolInPlay, int]:
    """The pool of a market, open, and the market's row."""
    pool = world.pool_of_market(market)
    pool.open(world.time_ns)
    return pool, pool.market(market)


def ticks_of(pool: PoolInPlay, row: int, price: str) -> int:
    """A price in ticks."""
    return positive(price, pool.draft.markets[row].tick_scale, "ticks")


def move_to(world: World, pool: PoolInPlay, row: int, mark: int, index: int) -> None:
    """A new mark and index."""
    board = pool.boards[row]
    board.mark_ticks, board.index_ticks = mark, index
    publish(world, pool, row, en.FLAG_MOVED)


# --- prices -----------------------------------------------------------------------------------------------------------
@CHAPTER.action(
    "the mark price of {market} is {price:amount}[, its index {index:amount}]",
    "the mark price of BTC-PERP is 57,500",
)
def set_mark(world: World, market: str, price: str, index: str | None) -> None:
    """A new mark; the index is the same unless it is named."""
    pool, row = board_of(world, market)
    mark = ticks_of(pool, row, price)
    move_to(world, pool, row, mark, ticks_of(pool, row, index) if index else mark)


@CHAPTER.action(
    "the mark price of {market} moves tick by tick to {price:amount}",
    "the mark price of BTC-PERP moves tick by tick to 55,226.2",
)
def walk_mark(world: World, market: str, price: str) -> None:
    """Every tick from the present mark to this one, the last included."""
    pool, row = board_of(world, market)
    mark, end = pool.boards[row].mark_ticks, ticks_of(pool, row, price)
    step = 1 if end > mark else -1
    for ticks in range(mark + step, end + step, step):
        move_to(world, pool, row, ticks, ticks)


@CHAPTER.action(
    "for {length:duration} the mark price of {market} swings between {one:amount} and {two:amount}"
    " every {step:duration}",
    "for 1 hour the mark price of BTC-PERP swings between 58,000 and 59,000 every 30 seconds",
)
def swing_mark(world: World, length: str, market: str, one: str, two: str, step: str) -> None:
    """One price, then the other, in turn, while time passes."""
    pool, row = board_of(world, market)
    prices = ticks_of(pool, row, one), ticks_of(pool, row, two)
    for turn in range(duration_ns(length) // duration_ns(step)):
        mark = prices[turn % 2]
        move_to(world, pool, row, mark, mark)
        world.pass_time(duration_ns(step))


@CHAPTER.action(
    "the price of {asset} is {low:amount}[ to {high:amount}]", "the price of BTC is 59,990 to 60,010"
)
def price_asset(world: World, asset: str, low: str, high: str | None) -> None:
    """The price of a collateral asset, or the interval that it lies in (R-C1)."""
    for pool in world.present():
        if any(each.id == asset for each in pool.draft.assets):
            pool.open(world.time_ns)
            pool.send(
                entry(
                    en.ASSET_STATE,
                    world.time_ns,
                    asset=pool.asset(asset),
                    low_quanta=positive(low, QUANTA, "quanta"),
                    high_quanta=positive(high or low, QUANTA, "quanta"),
                )
            )
            return
    world.pool(None).asset(asset)
    raise ScenarioError(f"{asset} is the settlement asset: it has no price.")


# --- status and breakers ----------------------------------------------------------------------------------------------
@CHAPTER.action("the index of {market} is {status}", "the index of BTC-PERP is halted")
def set_status(world: World, market: str, status: str) -> None:
    """The status of the index (R-O5), and what it pauses (R-P4)."""
    pool, row = board_of(world, market)
    pool.boards[row].status = STATUS[status]
    publish(world, pool, row, en.FLAG_STATUS)


@CHAPTER.action(
    "{market} is in limit state between {low:amount} and {high:amount}",
    "BTC-PERP is in limit state between 58,200 and 61,800",
)
def limit_state(world: World, market: str, low: str, high: str) -> None:
    """The price band (R-P1, breaker 1) holds: for 15 s before a pause."""
    pool, row = board_of(world, market)
    board = pool.boards[row]
    board.breakers = board.breakers & ~STATE_PAUSE | STATE_LIMIT
    board.band_low_ticks, board.band_high_ticks = ticks_of(pool, row, low), ticks_of(pool, row, high)
    publish(world, pool, row, en.FLAG_BREAKER)


@CHAPTER.action("{market} is paused", "BTC-PERP is paused")
def pause(world: World, market: str) -> None:
    """A pause (R-P1): no new risk and no orders of liquidations; offers, vault and cures go on."""
    pool, row = board_of(world, market)
    board = pool.boards[row]
    board.breakers = board.breakers & ~STATE_LIMIT | STATE_PAUSE
    publish(world, pool, row, en.FLAG_BREAKER)


@CHAPTER.action("{market} opens again", "BTC-PERP opens again")
def open_again(world: World, market: str) -> None:
    """The end of a pause (R-P3): no breaker holds, and liquidations have half their budget for 60 s."""
    pool, row = board_of(world, market)
    board = pool.boards[row]
    board.breakers, board.opened_ns = 0, world.time_ns
    board.band_low_ticks = board.band_high_ticks = 0
    publish(world, pool, row, en.FLAG_BREAKER)


# --- liquidity --------------------------------------------------------------------------------------------------------
@CHAPTER.action("the depth of {market} is", "the depth of BTC-PERP is", DEPTH_COLUMNS)
def set_depth(world: World, market: str, table: Table) -> None:
    """Depth by distance from the mark: what liquidations trade into (R-H2, R-G5). A distance left out adds nothing."""
    pool, row = board_of(world, market)
    board, scale = pool.boards[row], pool.draft.markets[row].lot_scale
    for column, rings in (("bids", board.bid_lots), ("asks", board.ask_lots)):
        lots = [0] * RINGS
        for cells in table.rows:
            distance = rate(cells["within"], PPM)
            if distance not in en.DEPTH_DISTANCES_PPM:
                raise ScenarioError(f"depth is known within {DEPTH_COLUMNS['within'][24:]} only.")
            if cells.get(column):
                ring = en.DEPTH_DISTANCES_PPM.index(distance)
                lots[ring:] = [units(cells[column], scale, "lots")] * (RINGS - ring)
        rings[:] = lots
    publish(world, pool, row, 0)


@CHAPTER.action(
    "{quantity:amount} {market} were traded in the last minute", "50 BTC-PERP were traded in the last minute"
)
def set_volume(world: World, quantity: str, market: str) -> None:
    """The volume that forced orders may take a part of (R-G5), from now on."""
    pool, row = board_of(world, market)
    pool.boards[row].volume_lots = units(quantity, pool.draft.markets[row].lot_scale, "lots")
    publish(world, pool, row, 0)


@CHAPTER.action("the volatility of {market} is {rate} a day", "the volatility of BTC-PERP is 4 % a day")
def set_volatility(world: World, market: str, rate: str) -> None:
    """Volatility (R-R1): it shortens windows (R-G2) and prices sales where no depth is known (R-H2)."""
    pool, row = board_of(world, market)
    pool.boards[row].sigma_ppm = ppm_of(rate)
    publish(world, pool, row, 0)


def ppm_of(text: str) -> int:
    """A rate in ppm."""
    return rate(text, PPM)


# --- funding ----------------------------------------------------------------------------------------------------------
@CHAPTER.action(
    "a funding instant of {market} passes at {rate}", "a funding instant of BTC-PERP passes at 12,345 ppb"
)
def fund(world: World, market: str, rate: str) -> None:
    """Funding at this rate of the interval (R-N4); with a halted index it is passed over."""
    pool, row = board_of(world, market)
    fund_once(world, pool, row, ppb_of(rate))


@CHAPTER.action(
    "{count} funding instants of {market} pass at {rate}, {step:duration} apart",
    "1,000 funding instants of BTC-PERP pass at 12,345 ppb, 1 second apart",
)
def fund_often(world: World, count: str, market: str, rate: str, step: str) -> None:
    """Many instants, time passing after each."""
    pool, row = board_of(world, market)
    for _ in range(units(count, 1, "instants")):
        fund_once(world, pool, row, ppb_of(rate))
        world.pass_time(duration_ns(step))


def ppb_of(text: str) -> int:
    """A rate in ppb."""
    return rate(text, PPB)


def fund_once(world: World, pool: PoolInPlay, row: int, rate_ppb: int) -> None:
    """One instant."""
    halted = pool.boards[row].is_halted
    publish(world, pool, row, en.FLAG_FUNDING_SKIPPED if halted else en.FLAG_FUNDING, rate_ppb)


# --- time -------------------------------------------------------------------------------------------------------------
@CHAPTER.action("{length:duration} (passes|pass)", "10 seconds pass")
def pass_time(world: World, length: str) -> None:
    """Time passes, a clock entry each second; what is due happens at a clock and at no other entry (R-A6)."""
    world.pass_time(duration_ns(length))


@CHAPTER.action("it is {time}", "it is 12:05:00")
def reach(world: World, time: str) -> None:
    """Time passes up to this moment, its own clock included."""
    world.advance(MIDNIGHT_NS + time_of_day_ns(time), with_clock=True)
