"""Sentences about what people order, as admission lets it in: signed by enough of them, and in time."""

from __future__ import annotations

from typing import Final

from flows.journal import entries as en
from flows.rules.breaker.command import CANCEL, EVERY_MARKET, HALT, RELEASE
from flows.scenario.entries import entry
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import PoolInPlay
from flows.scenario.vocabulary import Chapter
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Orders of people",
    "Signed commands (R-P1, row 10). A halt takes effect at once, a release after ten minutes, counted from the last"
    " clock; what waits can be cancelled.",
)


@CHAPTER.action("people order a halt of (pool {pool}|{market})", "people order a halt of BTC-PERP")
def halt(world: World, pool: str | None, market: str | None) -> None:
    """New risk and forced orders stop; accounting, deposits, cures, fills and reductions go on (R-P4)."""
    send(world, HALT, pool, market)


@CHAPTER.action("people order a release of (pool {pool}|{market})", "people order a release of pool majors")
def release(world: World, pool: str | None, market: str | None) -> None:
    """The halt ends once the delay is over, unless it is cancelled or there is another halt before."""
    send(world, RELEASE, pool, market)


@CHAPTER.action("people cancel their last order", "people cancel their last order")
def cancel(world: World) -> None:
    """A command that still waits is taken back; one that does not is left as it is, and an event says so."""
    for pool in world.present():
        if pool.ordered:
            order(world, pool, CANCEL, cancels=pool.ordered)
            return
    raise ScenarioError("people have ordered nothing yet.")


def send(world: World, command: int, pool: str | None, market: str | None) -> None:
    """A command about one market, or all of a pool."""
    if market is None:
        order(world, world.pool(pool), command)
    else:
        of = world.pool_of_market(market)
        order(world, of, command, market=of.market(market))


def order(
    world: World, pool: PoolInPlay, command: int, market: int = EVERY_MARKET, cancels: int = -1
) -> None:
    """Admit a command; its place in the journal serves as its id."""
    pool.open(world.time_ns)
    id_ = len(pool.rows)
    if command != CANCEL:
        pool.ordered = id_
    named = {"market": market, "journal_offset": -1, "cancels": cancels}
    pool.send(entry(en.COMMAND, world.time_ns, command=command, id=id_, **named))
