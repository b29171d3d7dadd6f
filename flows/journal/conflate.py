"""Under load: marks that a later one replaces before anything is timed by them are left out of the journal (R-A6).

    states of one poll, where clocks lie among them -> conflate -> states that are left, with the extremes they swallowed

A status change, a breaker's move and a funding instant are never left out, nor is a market's first price, nor the last
state before a clock: timers are decided by it. What is left out stands on `market-state`; nothing was decided by it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.journal import entries as en
from flows.journal.wire import Ints

LOW, HIGH = en.MarketState.MARK_LOW_TICKS, en.MarketState.MARK_HIGH_TICKS

_SAID: Final = np.array([column for column in range(en.WIDTH) if column not in (LOW, HIGH)])
"""Columns that a conflation leaves as they are."""


class Conflated(NamedTuple):
    """What is left, and where it lies."""

    states: en.Rows
    places: Ints
    dropped: int


def conflate(states: en.Rows, places: Ints, clock_places: Ints, open_markets: NDArray[np.bool_]) -> Conflated:
    """Leave out superseded marks of markets that had a price before; the state that follows keeps their extremes."""
    rows, kept = states.copy(), np.ones(len(states), np.bool_)
    second = np.searchsorted(clock_places, places)
    of = np.where(states[:, en.KIND] == en.MARKET_STATE, states[:, en.MarketState.MARKET], -1)
    for market in np.flatnonzero(open_markets).tolist():
        at = np.flatnonzero(of == market)
        if len(at) < 2:
            continue
        stays = np.ones(len(at), np.bool_)
        stays[:-1] = ~_is_plain(states[at[:-1]]) | (second[at[:-1]] != second[at[1:]])
        kept[at] = stays
        last = np.flatnonzero(stays)
        first = np.concatenate([[0], last[:-1] + 1])
        rows[at[last], LOW] = np.minimum.reduceat(states[at, LOW], first)
        rows[at[last], HIGH] = np.maximum.reduceat(states[at, HIGH], first)
    return Conflated(rows[kept], places[kept], len(states) - int(kept.sum()))


def _is_plain(states: en.Rows) -> NDArray[np.bool_]:
    """Whether states say nothing but where mark, index and book are."""
    plain: NDArray[np.bool_] = (states[:, en.MarketState.FLAGS] & ~en.FLAG_MOVED) == 0
    return plain


def is_conflation(published: en.Rows, journalled: en.Rows) -> bool:
    """Whether a journal's states are those that were published, in their order, but for marks that `conflate` may drop."""
    at = 0
    swallowed: dict[int, list[tuple[int, int]]] = {}  # by market, since its last state
    for row in published:
        market = int(row[en.MarketState.MARKET]) if row[en.KIND] == en.MARKET_STATE else -1
        if at < len(journalled) and np.array_equal(row[_SAID], journalled[at, _SAID]):
            extremes = [*swallowed.pop(market, []), (int(row[LOW]), int(row[HIGH]))]
            expected = min(low for low, _ in extremes), max(high for _, high in extremes)
            if market >= 0 and expected != (journalled[at, LOW], journalled[at, HIGH]):
                return False
            at += 1
        elif market >= 0 and _is_plain(row[np.newaxis])[0]:
            swallowed.setdefault(market, []).append((int(row[LOW]), int(row[HIGH])))
        else:
            return False
    return at == len(journalled) and not swallowed
