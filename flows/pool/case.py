"""A case: what the ladder has to remember of an account, from its first call on. Most accounts never have one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Order:
    """A liquidation or vault order that has not been answered in full; ``lots`` signed as the account trades."""

    offset: int
    index: int
    market: int
    lots: int
    lapses_ns: int


@dataclass(slots=True)
class Offer:
    """Lots of a position on offer to independent liquidators; ``lots`` signed as the account trades."""

    offset: int
    index: int
    market: int
    lots: int
    opens_ns: int
    expires_ns: int


@dataclass(slots=True)
class Case:
    """Times are event time; 0 where nothing is due."""

    level: int = 0
    call_time_ns: int = 0
    deadline_ns: int = 0
    announced_ns: int = 0
    announced_level: int = 0
    announce_due_ns: int = 0
    window_over: bool = False
    under_hard_ns: int = 0
    next_step_ns: int = 0
    answered_offset: int = -1  # the entry that last filled an order of the account's
    soft_market: int = -1
    soft_start_lots: int = 0
    soft_allowed_lots: int = 0
    stuck: bool = False
    order: Order | None = None
    offers: dict[int, Offer] = field(default_factory=dict)
