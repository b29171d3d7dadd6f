"""Sentences about what people order, as admission lets it in: signed by enough of them, and in time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from flows.journal import entries as en
from flows.journal.signing import canonical
from flows.registry.canonical import canonical_json
from flows.registry.change import changed
from flows.registry.errors import ConfigurationError
from flows.registry.parameters import MarketParameters
from flows.rules.breaker.command import CANCEL, EVERY_MARKET, HALT, PARAMETERS, RELEASE
from flows.rules.margin.maintenance import tier_amounts
from flows.scenario.draft import MarketDraft
from flows.scenario.entries import entry
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import PoolInPlay
from flows.scenario.settings import TIER_COLUMNS, set_tiers
from flows.scenario.vocabulary import Chapter, Table
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Orders of people",
    "Signed commands (R-P1, row 10). A halt takes effect at once, a release and new parameters after ten minutes,"
    " counted from the last clock; what waits can be cancelled.",
)


@CHAPTER.action("people order a halt of (pool {pool}|{market})", "people order a halt of BTC-PERP")
def halt(world: World, pool: str | None, market: str | None) -> None:
    """New risk and forced orders stop; accounting, deposits, cures, fills and reductions go on (R-P4)."""
    send(world, HALT, pool, market)


@CHAPTER.action("people order a release of (pool {pool}|{market})", "people order a release of pool majors")
def release(world: World, pool: str | None, market: str | None) -> None:
    """The halt ends once the delay is over, unless it is cancelled or there is another halt before."""
    send(world, RELEASE, pool, market)


@CHAPTER.action(
    "people order the margin tiers of {market}", "people order the margin tiers of BTC-PERP", TIER_COLUMNS
)
def change(world: World, market: str, table: Table) -> None:
    """The pool's next parameters, with another margin table for this market (R-D1), after the same delay."""
    pool = world.pool_of_market(market)
    pool.open(world.time_ns)
    draft = replace(pool.draft.markets[pool.market(market)])
    set_tiers(draft, table)
    old = pool.parameters
    markets = tuple(with_tiers(each, draft) if each.id == market else each for each in old.markets)
    text = canonical_json(replace(old, version=old.version + 1, markets=markets))
    try:
        changed(text, pool.real.state.registered, old)
    except ConfigurationError as fault:
        raise ScenarioError(str(fault)) from fault
    order(world, pool, PARAMETERS, text=canonical({"order": {"parameters": json.loads(text)}}))


def with_tiers(of: MarketParameters, draft: MarketDraft) -> MarketParameters:
    """A market with a draft's margin table."""
    floors = draft.floor_quanta
    return replace(
        of,
        tier_floor_quanta=floors,
        tier_maintenance_ppm=draft.maintenance_ppm,
        tier_maintenance_amount_quanta=tier_amounts(floors, draft.maintenance_ppm),
        tier_initial_ppm=draft.initial_ppm,
        tier_initial_amount_quanta=tier_amounts(floors, draft.initial_ppm),
    )


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
    world: World,
    pool: PoolInPlay,
    command: int,
    market: int = EVERY_MARKET,
    cancels: int = -1,
    text: str = "",
) -> None:
    """Admit a command; its place in the journal serves as its id."""
    pool.open(world.time_ns)
    id_ = len(pool.rows)
    if command != CANCEL:
        pool.ordered = id_
    named = {"market": market, "journal_offset": -1, "cancels": cancels}
    pool.send(entry(en.COMMAND, world.time_ns, command=command, id=id_, **named), text)
