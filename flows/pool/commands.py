"""Orders of people in the pool (R-P1, row 10): taken, waiting, in effect, cancelled, void."""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.signing import parameters_in
from flows.pool import book, ladder
from flows.pool.bands import refresh_all
from flows.pool.layout import BREAKERS, CLOCK, MARKETS, OPENED, STATUS
from flows.pool.ordered import Ordered
from flows.pool.prices import full_pass
from flows.pool.state import PoolState
from flows.registry.change import NotNextError, changed
from flows.rules.breaker.command import (
    CANCEL,
    EVERY_MARKET,
    HALT,
    PARAMETERS,
    RELEASE,
    SKIP,
    covers,
    effective_ns,
    states_after,
)
from flows.rules.breaker.permissions import STATE_MANUAL

RULE = 1601


def take(state: PoolState, row: list[int], text: str) -> None:
    """Write down what was ordered and when it takes effect; at once if that is now."""
    of = en.Command
    command, market, names = row[of.COMMAND], row[of.MARKET], row[of.JOURNAL_OFFSET]
    clock_ns = int(state.c.pool[0, CLOCK])
    due_ns = effective_ns(command, clock_ns, state.parameters.commands.delay_ns)
    index = state.emit(
        ev.COMMAND_TAKEN,
        RULE,
        [
            (ev.MARKET, market),
            (ev.CODE, command),
            (ev.REFERENCE_OFFSET, names),
            (ev.DEADLINE_NS, due_ns),
        ],
    )
    if command == CANCEL:
        names = row[of.CANCELS]
    order = Ordered(state.offset, index, command, market, due_ns, row[of.ID], names, text)
    if due_ns > clock_ns:
        state.waiting.append(order)
    else:
        perform(state, order)


def due(state: PoolState) -> None:
    """At a clock: what has waited long enough, in the order in which it was ordered."""
    clock_ns = int(state.c.pool[0, CLOCK])
    for order in [each for each in state.waiting if each.due_ns <= clock_ns]:
        state.waiting.remove(order)
        perform(state, order)


def perform(state: PoolState, order: Ordered) -> None:
    """Let a command take effect, or say why it cannot."""
    if order.command == CANCEL:
        cancelled = [each for each in state.waiting if each.id == order.names]
        withdraw(state, cancelled)
        if not cancelled:
            tell(state, ev.COMMAND_VOID, order, ev.VOID_NOTHING_WAITS)
        return
    if order.command == SKIP and state.passed.get(order.names) != order.offset:
        tell(state, ev.COMMAND_VOID, order, ev.VOID_NOT_STOPPED)
        return
    if order.command == PARAMETERS:
        change(state, order)
        return
    tell(state, ev.COMMAND_EFFECTIVE, order)
    if order.command == HALT:
        withdraw(
            state,
            [each for each in state.waiting if each.command == RELEASE and covers(order.market, each.market)],
        )
    if order.command in (HALT, RELEASE):
        every = range(int(state.c.pool[0, MARKETS]))
        for m in every if order.market == EVERY_MARKET else (order.market,):
            set_breakers(state, m, states_after(order.command, int(state.c.market[m, BREAKERS])))


def change(state: PoolState, order: Ordered) -> None:
    """New parameters are in force from this clock on: everybody is valued anew, and acted on as after a price."""
    try:
        new = changed(parameters_in(order.text), state.registered, state.parameters)
    except NotNextError:
        tell(state, ev.COMMAND_VOID, order, ev.VOID_SUPERSEDED)
        return
    state.parameters, state.c = new, book.with_parameters(state.c, new)
    tell(state, ev.COMMAND_EFFECTIVE, order)
    moved = state.c.woken[: full_pass(state.c)].tolist()
    refresh_all(state.c)
    ladder.act_on(state, moved)


def withdraw(state: PoolState, orders: list[Ordered]) -> None:
    """Commands that wait no longer."""
    for order in orders:
        state.waiting.remove(order)
        tell(state, ev.COMMAND_CANCELLED, order)


def tell(state: PoolState, kind: int, order: Ordered, why: int = 0) -> None:
    """What became of a command."""
    state.emit(
        kind,
        RULE,
        [
            (ev.MARKET, order.market),
            (ev.CODE, order.command),
            (ev.FORMER_CODE, why),
            (ev.REFERENCE_OFFSET, order.offset),
            (ev.REFERENCE_INDEX, order.index),
        ],
    )


def set_breakers(state: PoolState, m: int, breakers: int) -> None:
    """A market is halted or released by hand; a release opens it as an auction would (R-P3)."""
    market = state.c.market[m]
    former, status = int(market[BREAKERS]), int(market[STATUS])
    if breakers == former:
        return
    market[BREAKERS] = breakers
    if former & STATE_MANUAL:
        market[OPENED] = state.time_ns
    state.emit(
        ev.MARKET_STATUS,
        1604,
        [
            (ev.MARKET, m),
            (ev.CODE, status),
            (ev.FORMER_CODE, status),
            (ev.QUANTA, breakers),
            (ev.FEE_QUANTA, former),
            *state.marks(m),
        ],
    )
