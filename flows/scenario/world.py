"""The world of one scenario: its pools, its clock, and what the next sentence may refer to."""

from __future__ import annotations

from typing import Final

from flows.journal import entries as en
from flows.rules.scale.time import SECOND_NS
from flows.scenario.amounts import shown_time, time_of_day_ns
from flows.scenario.draft import Draft
from flows.scenario.entries import entry
from flows.scenario.errors import AbsentPoolError, ScenarioError
from flows.scenario.pools import THE_MARKET, THE_VAULT, Opinions, PoolInPlay
from flows.scenario.vocabulary import ACTION, Bound, unknown

MIDNIGHT_NS: Final = 1_743_984_000 * SECOND_NS
START_NS: Final = MIDNIGHT_NS + 12 * 3_600 * SECOND_NS
"""Noon of 7 April 2025: when every scenario begins."""

CLOCKS_MOST: Final = 100_000
"""Seconds that a scenario may take: more is a slip of the pen."""


class World:
    """Pools by id. ``absent`` names a pool that this run leaves out, with all that concerns it."""

    def __init__(self, opinions: Opinions, absent: str = "") -> None:
        self.opinions, self.absent = opinions, absent
        self.time_ns = START_NS
        self.clock_s = START_NS // SECOND_NS  # the last second whose clock has been
        self.pools: dict[str, PoolInPlay] = {}
        self.done: list[Bound] = []

    # --- steps --------------------------------------------------------------------------------------------------------
    def perform(self, step: Bound) -> None:
        """Do one step of a scenario."""
        if step.at is not None:
            self.advance(MIDNIGHT_NS + time_of_day_ns(step.at), with_clock=False)
        arguments: dict[str, object] = dict(step.arguments)
        if step.table is not None:
            arguments["table"] = step.table
        if step.sentence.kind == ACTION:
            self.done.append(step)
        step.sentence.act(self, **arguments)

    def begin_block(self) -> None:
        """A When begins."""
        for pool in self.present():
            if pool.is_open:
                pool.begin_block()

    def without(self, absent: str) -> World:
        """The same actions in a world that lacks a pool."""
        other = World(self.opinions, absent)
        for step in self.done:
            try:
                other.perform(step)
            except AbsentPoolError:
                continue
        return other

    # --- pools --------------------------------------------------------------------------------------------------------
    def add_pool(self, draft: Draft, fills: str) -> None:
        """Declare a pool."""
        if draft.id in self.pools:
            raise ScenarioError(f"there is a pool {draft.id} already; name the other one.")
        self.pools[draft.id] = PoolInPlay(draft, self.opinions, fills, absent=draft.id == self.absent)

    def present(self) -> list[PoolInPlay]:
        """Pools that this run has."""
        return [pool for pool in self.pools.values() if not pool.absent]

    def pool(self, name: str | None = None) -> PoolInPlay:
        """A pool by id; without one the only pool there is."""
        if name is None:
            if len(self.pools) != 1:
                raise ScenarioError(f"say which pool: there are {', '.join(self.pools) or 'none yet'}.")
            name = next(iter(self.pools))
        if name not in self.pools:
            raise unknown("pool", name, list(self.pools))
        return self._here(self.pools[name])

    def declared(self, name: str | None) -> PoolInPlay:
        """A pool by id, or the one declared last, whether this run has it or not."""
        if not self.pools:
            raise ScenarioError("declare a pool first.")
        if name is not None and name not in self.pools:
            raise unknown("pool", name, list(self.pools))
        return self.pools[name] if name is not None else list(self.pools.values())[-1]

    def declaring(self, market: str) -> PoolInPlay:
        """The pool that a market is in, whether this run has it or not."""
        for pool in self.pools.values():
            if any(each.id == market for each in pool.draft.markets):
                return pool
        raise unknown(
            "market", market, [each.id for pool in self.pools.values() for each in pool.draft.markets]
        )

    def pool_of_market(self, market: str) -> PoolInPlay:
        """The pool that a market is in."""
        return self._here(self.declaring(market))

    def pool_of(self, account: str) -> PoolInPlay:
        """The pool that an account is in."""
        if account in (THE_VAULT, THE_MARKET):
            return self.pool()
        for pool in self.pools.values():
            if account in pool.accounts:
                return self._here(pool)
        if self.absent:  # the step was good with all pools there: the account is in the one that is not
            raise AbsentPoolError(account)
        raise unknown("account", account, [name for pool in self.pools.values() for name in pool.accounts])

    def _here(self, pool: PoolInPlay) -> PoolInPlay:
        if pool.absent:
            raise AbsentPoolError(pool.draft.id)
        return pool

    # --- time ---------------------------------------------------------------------------------------------------------
    def advance(self, to_ns: int, *, with_clock: bool) -> None:
        """Let time pass, a clock a second; the clock that stands at the moment itself only if asked for."""
        if to_ns < self.time_ns:
            raise ScenarioError(f"it is {shown_time(self.time_ns)} already; time does not run back.")
        last = to_ns // SECOND_NS if with_clock else (to_ns - 1) // SECOND_NS
        if last - self.clock_s > CLOCKS_MOST:
            raise ScenarioError(f"more than {CLOCKS_MOST:,} seconds at once.")
        while self.clock_s < last:
            self.clock_s += 1
            self.time_ns = self.clock_s * SECOND_NS
            for pool in self.present():
                pool.send(entry(en.CLOCK, self.time_ns))
        self.time_ns = to_ns

    def pass_time(self, length_ns: int) -> None:
        """Let a duration pass, its last clock included."""
        self.advance(self.time_ns + length_ns, with_clock=True)
