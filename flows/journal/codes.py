"""Names of the codes that events carry, by value: the rules' own constants, for whoever shows an event."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from flows.rules.breaker import permissions
from flows.rules.call import levels
from flows.rules.offer import bid
from flows.rules.oracle import status
from flows.rules.orders import check, withdrawal


def names_of(*modules: ModuleType) -> dict[int, str]:
    """Codes by value: the upper-case constants that these modules define."""
    return {
        value: name
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int) and value < 100
    }


ORDER_CODES: Final = names_of(check, withdrawal)
BID_CODES: Final = names_of(bid)
LEVELS: Final = {
    getattr(levels, name): name.lower() for name in ("OK", "CALL", "SOFT", "PARTIAL", "BACKSTOP", "BANKRUPT")
}
STATUSES: Final = {getattr(status, name): name.lower() for name in ("OK", "DEGRADED", "HALTED")}
WITHDRAWN: Final = ("recovered", "expired", "used up", "taken over", "position changed")
BREAKERS: Final = {
    getattr(permissions, f"STATE_{name}"): name.lower()
    for name in ("LIMIT", "PAUSE", "OI_JUMP", "VENUE_WIDE", "DIVERGENCE", "MANUAL")
}
"""Circuit breakers by their bit; the index's own states are `STATUSES`."""
