"""Orders of people (R-P1, row 10): taken, waiting, in effect, cancelled, void."""

from __future__ import annotations

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.signing import parameters_in
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
from flows.verify.opinion import ladder
from flows.verify.opinion.holdings import Command
from flows.verify.opinion.state import State

RULE = 1601


def take(state: State, row: list[int], text: str) -> None:
    """Write down what was ordered and when it takes effect; at once if that is now."""
    of = en.Command
    kind = row[of.COMMAND]
    due_ns = effective_ns(kind, state.clock_ns, state.parameters.commands.delay_ns)
    index = state.emit(
        ev.COMMAND_TAKEN,
        RULE,
        market=row[of.MARKET],
        code=kind,
        reference_offset=row[of.JOURNAL_OFFSET],
        deadline_ns=due_ns,
    )
    command = Command(state.offset, index, kind, row[of.MARKET], due_ns, row[of.ID], text)
    if due_ns > state.clock_ns:
        state.waiting.append(command)
    elif kind == CANCEL:
        cancel(state, command, row[of.CANCELS])
    elif kind == SKIP and state.passed.get(row[of.JOURNAL_OFFSET]) != state.offset:
        become(state, ev.COMMAND_VOID, command, ev.VOID_NOT_STOPPED)
    else:
        perform(state, command)


def due(state: State) -> None:
    """At a clock: what has waited long enough, in the order in which it was ordered."""
    for command in list(state.waiting):
        if command.due_ns <= state.clock_ns:
            state.waiting.remove(command)
            perform(state, command)


def perform(state: State, command: Command) -> None:
    """A halt, a release, new parameters or a skip take effect."""
    if command.kind == PARAMETERS:
        change(state, command)
        return
    become(state, ev.COMMAND_EFFECTIVE, command)
    if command.kind == HALT:
        for other in list(state.waiting):
            if other.kind == RELEASE and covers(command.market, other.market):
                withdraw(state, other)
    if command.kind in (HALT, RELEASE):
        for market in range(len(state.markets)):
            if command.market in (EVERY_MARKET, market):
                set_breakers(state, market, states_after(command.kind, state.markets[market].breakers))


def change(state: State, command: Command) -> None:
    """New parameters are in force from this clock on: everybody is valued anew, and acted on as after a price."""
    try:
        new = changed(parameters_in(command.text), state.registered, state.parameters)
    except NotNextError:
        become(state, ev.COMMAND_VOID, command, ev.VOID_SUPERSEDED)
        return
    state.parameters = new
    for market, of in zip(state.markets, new.markets, strict=True):
        market.parameters = of
    become(state, ev.COMMAND_EFFECTIVE, command)
    ladder.act_on_moved(state)


def cancel(state: State, command: Command, id_: int) -> None:
    """Take back what still waits under an id."""
    found = [other for other in state.waiting if other.id == id_]
    for other in found:
        withdraw(state, other)
    if not found:
        become(state, ev.COMMAND_VOID, command, ev.VOID_NOTHING_WAITS)


def withdraw(state: State, command: Command) -> None:
    """It waits no longer."""
    state.waiting.remove(command)
    become(state, ev.COMMAND_CANCELLED, command)


def become(state: State, type_: int, command: Command, why: int = 0) -> None:
    """Write what became of a command."""
    state.emit(
        type_,
        RULE,
        market=command.market,
        code=command.kind,
        former_code=why,
        reference_offset=command.offset,
        reference_index=command.index,
    )


def set_breakers(state: State, market: int, breakers: int) -> None:
    """A market is halted or released by hand; a release opens it as an auction would (R-P3)."""
    held = state.markets[market]
    former = held.breakers
    if breakers == former:
        return
    held.breakers = breakers
    if former & STATE_MANUAL:
        held.opened_ns = state.time_ns
    state.emit(
        ev.MARKET_STATUS,
        1604,
        market=market,
        code=held.status,
        former_code=held.status,
        quanta=breakers,
        fee_quanta=former,
        **state.marks(market),
    )
