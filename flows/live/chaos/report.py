"""The page of faults: how soon each is seen, how soon the venue follows again, measured by drills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Final

from flows.live.chaos.drill import Drilled, Struck
from flows.live.chaos.faults import FAULTS

HEAD: Final = """<!-- Written by `marginline chaos --report`; run it again instead of editing. -->

# Faults, and how soon they are over

Each row is a fault that `marginline chaos` strikes the real flows with, on a real broker, while a crash is played. After
every drill the journal, executed again, gave the events on their topics and in ClickHouse; value was conserved; and each
record had one fate: admitted, refused with its origin, or market data.

*Seen* is the time from the fault's beginning to the first sign that an operator gets: a process that ended, a warning in
a log, dead letters, or no events for five seconds. *Follows* is the time from the fault's end, or for
a kill from the kill, until every flow runs and events have caught up with what was being sent by then; it includes the
start of a process. Seconds, median and worst.
"""


def page(drills: Sequence[Drilled], arguments: str) -> str:
    """The whole page."""
    by_fault: dict[str, list[Struck]] = {}
    for drill in drills:
        for each in drill.struck:
            by_fault.setdefault(each.fault, []).append(each)
    rows = [_row(name, by_fault[name]) for name in FAULTS if name in by_fault]
    failed = [str(each.seed) for each in drills if not each.is_sound]
    told = f"seeds that failed: {', '.join(failed)}" if failed else "none failed"
    today = datetime.now(UTC).date().isoformat()
    return "\n".join(
        [
            HEAD,
            f"Measured on {today} by `marginline chaos {arguments}`: {len(drills)} drills, {told}.",
            "",
            "| fault | times | lasted | seen | follows | |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(name: str, struck: list[Struck]) -> str:
    what = getattr(FAULTS[name], "func", FAULTS[name]).__doc__ or ""
    told = " | ".join(
        _spread([value for value in values if value is not None])
        for values in (
            [each.lasted_s for each in struck],
            [each.detect_s for each in struck],
            [each.recover_s for each in struck],
        )
    )
    return f"| `{name}` | {len(struck)} | {told} | {' '.join(what.split())} |"


def _spread(values: list[float]) -> str:
    return f"{median(values):.1f}, {max(values):.1f}" if values else "no sign"
