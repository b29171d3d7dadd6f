"""What the pool remembers of a command that was taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Ordered:
    """Where it was taken, what it is, when it is due."""

    offset: int
    index: int
    command: int  # by the numbers of flows.rules.breaker.command
    market: int
    due_ns: int
    id: int
    names: int  # the entry that a skip names, or the id that a cancellation names
    text: str = ""  # of new parameters
