"""A run by the minute: marks, what was liquidated on which channel, the fund, accounts at each level, breakers.

Only minutes in which something changed are kept; `MinuteSeries` fills in the others: what stands is carried on, what
flows is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.rules.breaker.permissions import (
    STATE_DIVERGENCE,
    STATE_LIMIT,
    STATE_MANUAL,
    STATE_OI_JUMP,
    STATE_PAUSE,
    STATE_VENUE_WIDE,
)
from flows.rules.call import levels
from flows.rules.oracle import status

Column = NDArray[np.int64]

MINUTE_NS: Final = 60_000_000_000

LEVELS: Final = ("call", "soft", "partial", "backstop", "bankrupt")
"""Rungs by name; the first is `levels.CALL`."""

CHANNELS: Final = ("market_orders", "liquidators", "vault", "adl")
"""Ways by which a position is closed for its holder; the last is deleveraging, which takes from winners as well."""

BREAKERS: Final = {
    "limit state": STATE_LIMIT,
    "pause": STATE_PAUSE,
    "divergence": STATE_DIVERGENCE,
    "open-interest jump": STATE_OI_JUMP,
    "venue-wide pause": STATE_VENUE_WIDE,
    "halted by hand": STATE_MANUAL,
}
INDEX_STATES: Final = {status.DEGRADED: "degraded index", status.HALTED: "halted index"}

assert len(LEVELS) == levels.BANKRUPT, "levels are numbered as named"


def states_of(index_status: int, breakers: int) -> list[str]:
    """What is unusual about a market, by name."""
    held = [name for name, bit in BREAKERS.items() if breakers & bit]
    return [*held, *([INDEX_STATES[index_status]] if index_status in INDEX_STATES else [])]


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a market was in one of its unusual states."""

    state: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class MinuteSeries:
    """Every minute from the first to the last, one column each."""

    minutes: Column  # since 1970
    mark_ticks: Column  # by market: the last of the minute, 0 before the first
    liquidated_quanta: Column  # by channel: in the minute
    fund_quanta: Column  # at the end of the minute
    under: Column  # by level: accounts that stood there, or worse, at some time in the minute


class Minutes:
    """Collects one pool's minutes; batches in order."""

    def __init__(self, markets: int) -> None:
        """Nothing has happened."""
        self.markets = markets
        self.first = 0  # minute of the first market-state
        self.last = 0
        self._marks: list[dict[int, int]] = [{} for _ in range(markets)]
        self._liquidated: list[dict[int, int]] = [{} for _ in CHANNELS]
        self._fund: dict[int, int] = {}
        self._standing = np.zeros(
            len(LEVELS), np.int64
        )  # accounts at each level when the last whole minute ended
        self._after: dict[int, Column] = {}  # accounts at each level or worse when a minute ended
        self._under: dict[int, Column] = {}
        self._moves = np.zeros(
            (4, 0), np.int64
        )  # time, account, former level, level: of the minute that goes on
        self._open: list[dict[str, int]] = [{} for _ in range(markets)]  # state -> since
        self._spans: list[list[Span]] = [[] for _ in range(markets)]

    # --- collecting ---------------------------------------------------------------------------------------------------
    def reach(self, time_ns: int) -> None:
        """Time has come this far."""
        self.last = max(self.last, time_ns // MINUTE_NS)

    def mark(self, market: int, time_ns: Column, ticks: Column) -> None:
        """Marks of a market at times that do not run back."""
        self.first = self.first or int(time_ns[0]) // MINUTE_NS
        for minute, places in _by_minute(time_ns):
            self._marks[market][minute] = int(ticks[places][-1])

    def liquidate(self, channel: int, time_ns: Column, quanta: Column) -> None:
        """Notional closed on a channel."""
        for minute, places in _by_minute(time_ns):
            before = self._liquidated[channel].get(minute, 0)
            self._liquidated[channel][minute] = before + int(quanta[places].sum())

    def fund(self, time_ns: Column, after_quanta: Column) -> None:
        """The whole fund after each of its movements."""
        for minute, places in _by_minute(time_ns):
            self._fund[minute] = int(after_quanta[places][-1])

    def move(self, time_ns: Column, account: Column, former: Column, level: Column) -> None:
        """Accounts that went from one level to another. A minute is counted when it is whole."""
        moves = np.hstack((self._moves, (time_ns, account, former, level)))
        whole = int(np.searchsorted(moves[0], moves[0, -1] // MINUTE_NS * MINUTE_NS))
        self._moves = moves[:, whole:]
        self._count(moves[:, :whole])

    def _count(self, moves: Column) -> None:
        """Count whole minutes: an account once a level, however often it went there and back."""
        for minute, places in _by_minute(moves[0]):
            _, account, former, level = moves[:, places]
            came = np.bincount(level, minlength=len(LEVELS) + 1)[1:]
            went = np.bincount(former, minlength=len(LEVELS) + 1)[1:]
            order = np.argsort(account, kind="stable")
            firsts = np.flatnonzero(np.diff(account[order], prepend=-1))
            began, worst = former[order][firsts], np.maximum.reduceat(level[order], firsts)
            fell = np.array(
                [np.count_nonzero((began < rung) & (worst >= rung)) for rung in range(1, len(LEVELS) + 1)]
            )
            self._under[minute] = _or_worse(self._standing) + fell
            self._standing = self._standing + came - went
            self._after[minute] = _or_worse(self._standing)

    def change_states(self, market: int, time_ns: int, states: list[str]) -> None:
        """A market's unusual states from now on."""
        held = self._open[market]
        for gone in [state for state in held if state not in states]:
            self._spans[market].append(Span(gone, held.pop(gone), time_ns))
        for state in states:
            held.setdefault(state, time_ns)

    # --- what people ask ----------------------------------------------------------------------------------------------
    def standing(self) -> dict[str, int]:
        """Accounts at each level now."""
        self._finish()
        return dict(zip(LEVELS, self._standing.tolist(), strict=True))

    def spans(self, market: int, end_ns: int) -> list[Span]:
        """A market's unusual states in order of their start; what still holds ends at ``end_ns``."""
        still = [Span(state, since, max(since, end_ns)) for state, since in self._open[market].items()]
        return sorted([*self._spans[market], *still], key=lambda each: (each.start_ns, each.state))

    def series(self, first: int, last: int) -> MinuteSeries:
        """The minutes ``first`` to ``last``; what stood before them is carried into them."""
        self._finish()
        minutes = np.arange(first, last + 1, dtype=np.int64)
        under = np.zeros((len(LEVELS), len(minutes)), np.int64)
        for rung, row in enumerate(under):
            row[:] = _carried({minute: int(each[rung]) for minute, each in self._after.items()}, minutes)
            for minute, each in self._under.items():
                if first <= minute <= last:
                    row[minute - first] = each[rung]
        return MinuteSeries(
            minutes,
            np.array([_carried(each, minutes) for each in self._marks], np.int64),
            np.array([_flowing(each, minutes) for each in self._liquidated], np.int64),
            _carried(self._fund, minutes),
            under,
        )

    def _finish(self) -> None:
        """The run is over: its last minute is as whole as it gets."""
        self._count(self._moves)
        self._moves = self._moves[:, :0]


def _by_minute(time_ns: Column) -> Iterator[tuple[int, slice]]:
    """Each minute's run of rows; times do not run back."""
    if len(time_ns) == 0:
        return
    minutes = time_ns // MINUTE_NS
    starts = [0, *(np.flatnonzero(np.diff(minutes)) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(minutes)], strict=True):
        yield int(minutes[start]), slice(start, end)


def _or_worse(standing: Column) -> Column:
    """Accounts at each level or a worse one."""
    return standing[::-1].cumsum()[::-1]


def _carried(told: dict[int, int], minutes: Column) -> Column:
    """What stands at each minute: as last told, 0 before the first."""
    if not told:
        return np.zeros(len(minutes), np.int64)
    at = np.array(sorted(told), np.int64)
    values = np.array([0, *(told[minute] for minute in at.tolist())], np.int64)
    return values[np.searchsorted(at, minutes, side="right")]


def _flowing(told: dict[int, int], minutes: Column) -> Column:
    """What flowed in each minute."""
    return np.array([told.get(minute, 0) for minute in minutes.tolist()], np.int64)
