"""The door for orders of people: signed by enough keys, in time, never twice.

    line -> whose keys, by which clock -> refused, or an entry: columns and the text that was signed

What it remembers follows from the entries that were admitted: keys in force, nonces used, the last clock.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from flows.journal import entries as en
from flows.journal.entries import Rows
from flows.journal.signing import (
    canonical,
    command_id,
    is_signed,
    order_of,
    parameters_in,
    short_id,
    text_of,
)
from flows.registry.change import changed
from flows.registry.commands import COMMANDS
from flows.registry.errors import ConfigurationError
from flows.registry.parameters import PoolParameters
from flows.registry.text import show_ns
from flows.rules.breaker.command import CANCEL, PARAMETERS, effective_ns
from schemas.dead_letter import Reason
from schemas.explain import Refusal
from schemas.inputs.commands import Command

NONCES_KEPT: Final = 4_096
"""Of each key: older ones than these are refused unseen, so that memory has an end."""


class Taken(NamedTuple):
    """A command that enters: its columns, and the entry's text."""

    columns: dict[int, int]
    text: str


class Waiting(NamedTuple):
    """New parameters that are not in force yet."""

    id: int  # short
    due_ns: int
    new: PoolParameters


@dataclass(slots=True)
class Nonces:
    """What a key has used: the largest nonces, ascending, and below which nothing is known any more."""

    used: list[int] = field(default_factory=list)
    floor: int = -1

    def is_used(self, nonce: int) -> bool:
        """Whether it was, or may have been."""
        place = bisect.bisect_left(self.used, nonce)
        return nonce <= self.floor or (place < len(self.used) and self.used[place] == nonce)

    def note(self, nonce: int) -> None:
        """It was used now."""
        bisect.insort(self.used, nonce)
        if len(self.used) > NONCES_KEPT:
            self.floor = self.used.pop(0)


class CommandDoor:
    """One pool's signers and what they have ordered."""

    def __init__(self, pool: PoolParameters) -> None:
        """Before the first entry."""
        self.registered = self.in_force = pool
        self.clock_ns = 0
        self.nonces: dict[str, Nonces] = {}  # by key
        self.waiting: list[Waiting] = []  # in the order in which they were ordered

    def judge(self, line: bytes, before: Rows) -> Refusal | Taken:
        """Judge a command whose form is good. ``before``: what this batch admits ahead of it."""
        self.pass_time(before)
        command = Command.model_validate_json(line)
        order = order_of(command)
        new: PoolParameters | None = None
        why = self._untimely(command) or self._unsigned(command, order)
        if why is None and command.parameters is not None:
            try:
                new = changed(canonical(command.parameters).encode("ascii"), self.registered, self.in_force)
            except ConfigurationError as error:
                why = Refusal(Reason.BAD_PARAMETERS, "parameters", str(error))
        if why is not None:
            return why
        keys = self.in_force.commands.keys
        signers = sorted(keys.index(each.key) for each in command.signatures)
        for row in signers:
            self.nonces.setdefault(keys[row], Nonces()).note(command.nonce)
        taken = Taken(self._columns(command, order, signers), text_of(command))
        self._follow(taken.columns, new)
        return taken

    def _columns(self, command: Command, order: Mapping[str, Any], signers: list[int]) -> dict[int, int]:
        of = en.Command
        return {
            of.COMMAND: COMMANDS.index(command.command),
            of.MARKET: self.registered.market_row(command.market) if command.market is not None else -1,
            of.JOURNAL_OFFSET: command.journal_offset if command.journal_offset is not None else -1,
            of.ID: short_id(command_id(order)),
            of.CANCELS: short_id(command.cancels) if command.cancels is not None else -1,
            of.NONCE: command.nonce,
            of.EXPIRES_NS: command.expires_ns,
            of.SIGNERS: sum(1 << row for row in signers),
        }

    # --- why not ------------------------------------------------------------------------------------------------------
    def _untimely(self, command: Command) -> Refusal | None:
        """For another venue, or not of this hour."""
        of = self.in_force.commands
        if command.venue != of.venue:
            return Refusal(Reason.BAD_VALUE, "venue", f"it is for {command.venue}; this venue is {of.venue}")
        if command.expires_ns < self.clock_ns:
            over = f"{command.expires_ns} is over: the pool's clock is at {self.clock_ns}"
            return Refusal(Reason.EXPIRED, "expires_ns", over)
        if command.expires_ns > self.clock_ns + of.life_ns:
            most = f"at most {show_ns(of.life_ns)} after the pool's clock are allowed"
            return Refusal(Reason.OUT_OF_RANGE, "expires_ns", f"it expires too late: {most}")
        return None

    def _unsigned(self, command: Command, order: Mapping[str, Any]) -> Refusal | None:
        """Not signed by enough of the keys in force, or with a nonce of theirs that was used."""
        of = self.in_force.commands
        seen: list[str] = []
        for row, each in enumerate(command.signatures):
            where = f"signatures[{row}]"
            if each.key not in of.keys or each.key in seen:
                fault = "signs twice" if each.key in seen else "is no key of this pool's signers"
                return Refusal(Reason.UNKNOWN_KEY, f"{where}.key", f"{each.key[:16]}... {fault}")
            if not is_signed(order, each.key, each.signature):
                name = of.names[of.keys.index(each.key)]
                return Refusal(
                    Reason.BAD_SIGNATURE, f"{where}.signature", f"it is not {name}'s over this command"
                )
            seen.append(each.key)
        needed = of.needed[COMMANDS.index(command.command)]
        if len(seen) < needed:
            detail = f"{len(seen)} of {needed} keys that a {command.command} command needs have signed"
            return Refusal(Reason.NOT_ENOUGH_SIGNATURES, "signatures", detail)
        for key in seen:
            if key in self.nonces and self.nonces[key].is_used(command.nonce):
                name = of.names[of.keys.index(key)]
                return Refusal(
                    Reason.NONCE_USED, "nonce", f"{name} has used {command.nonce} before, or later ones"
                )
        return None

    # --- what admitted entries say ------------------------------------------------------------------------------------
    def pass_time(self, rows: Rows) -> None:
        """Time moves by clocks only; parameters that waited for one of them are in force from it on."""
        clocks = rows[rows[:, en.KIND] == en.CLOCK, en.TIME_NS]
        for time_ns in clocks.tolist() if self.waiting else ():
            self.clock_ns = max(self.clock_ns, time_ns)
            self._take_effect()
        self.clock_ns = max(self.clock_ns, int(clocks.max(initial=0)))

    def _take_effect(self) -> None:
        """What is due at this clock; only the next version can follow."""
        for each in [each for each in self.waiting if each.due_ns <= self.clock_ns]:
            self.waiting.remove(each)
            if each.new.version == self.in_force.version + 1:
                self.in_force = each.new

    def replay(self, rows: Rows, texts: Mapping[int, str]) -> None:
        """Take up admitted entries again; ``texts`` by place in ``rows``."""
        start = 0
        for place in np.flatnonzero(rows[:, en.KIND] == en.COMMAND).tolist():
            self.pass_time(rows[start:place])
            start = place
            self._again(rows[place].tolist(), texts[place])
        self.pass_time(rows[start:])

    def _again(self, row: list[int], text: str) -> None:
        of = en.Command
        for key_row, key in enumerate(self.in_force.commands.keys):
            if row[of.SIGNERS] >> key_row & 1:
                self.nonces.setdefault(key, Nonces()).note(row[of.NONCE])
        new: PoolParameters | None = None
        if row[of.COMMAND] == PARAMETERS:
            new = changed(parameters_in(text), self.registered, self.in_force)
        self._follow({of.COMMAND: row[of.COMMAND], of.ID: row[of.ID], of.CANCELS: row[of.CANCELS]}, new)

    def _follow(self, columns: Mapping[int, int], new: PoolParameters | None) -> None:
        """A command was admitted: parameters wait, a cancellation takes them back."""
        of = en.Command
        if new is not None:
            due_ns = effective_ns(PARAMETERS, self.clock_ns, self.in_force.commands.delay_ns)
            self.waiting.append(Waiting(columns[of.ID], due_ns, new))
        elif columns[of.COMMAND] == CANCEL:
            self.waiting = [each for each in self.waiting if each.id != columns[of.CANCELS]]
