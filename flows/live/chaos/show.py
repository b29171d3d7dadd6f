"""What `marginline chaos` takes and says: names of faults, and a drill as a few lines."""

from __future__ import annotations

import re

from flows.connectors.errors import SettingError
from flows.live.chaos.drill import Drilled
from flows.live.chaos.faults import FAULTS, KILLS

GROUPS = {"kill": KILLS}


def chosen(names: list[str]) -> tuple[str, ...]:
    """The faults that these names mean; all where none is named. SettingError."""
    found: list[str] = []
    for name in names:
        if name not in FAULTS and name not in GROUPS:
            raise SettingError(f"--fault {name}: there is none; there are {', '.join([*GROUPS, *FAULTS])}")
        found += GROUPS.get(name, (name,))
    return tuple(found or FAULTS)


def span(text: str) -> tuple[int, int]:
    """``2-4`` as two numbers. SettingError."""
    found = re.fullmatch(r"([1-9][0-9]?)-([1-9][0-9]?)", text)
    if found is None or int(found[1]) > int(found[2]):
        raise SettingError(f"--each {text}: two numbers from 1 to 99 are wanted, the lesser one first: 2-4")
    return int(found[1]), int(found[2])


def line(done: Drilled) -> str:
    """A drill in one line, and what is wrong below it."""
    faults = ", ".join(
        f"{each.fault} ({_seconds(each.detect_s)}/{_seconds(each.recover_s)})" for each in done.struck
    )
    head = (
        f"seed {done.seed} {'ok  ' if done.is_sound else 'FAIL'} {done.wall_s:6.1f} s  {done.entries} entries,"
        f" {done.liquidations} liquidation messages, {done.terms} terms, {done.dropped} dropped: {faults}"
    )
    return "\n".join([head, *(f"    {each}" for each in done.wrong[:20])])


def _seconds(told: float | None) -> str:
    return "-" if told is None else f"{told:.1f}"
