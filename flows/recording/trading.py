"""The day's trading: order checks of the crowd, and the money that it moves in and out.

What is planned here is a wish: clearing may refuse a check, and an account that was liquidated has nothing to close.
So a closing order is reduce-only, and is refused rather than turned into a new position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from flows.rules.scale.time import MILLISECOND_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flows.recording.crowd import Crowd
    from flows.recording.manifest import Accounts
    from flows.registry.parameters import PoolParameters

    Column = NDArray[np.int64]
    Floats = NDArray[np.float64]

FIRST_S: Final = 120
"""Seconds after the start before anybody trades: the index needs a minute to be in good standing."""

LAST_S: Final = 30
"""Nobody trades in the last seconds, so that what follows from it is still recorded."""

_PRICE_NOISE_BPS: Final = 3.0
_CLOSE_WHOLE: Final = 0.35  # share of closing orders that close all
_BUDGET: Final = 0.3  # a new position, as part of the account's opening book
_REACT_S: Final = 240.0  # mean time from a loss to the deposit that answers it


@dataclass(frozen=True, slots=True)
class Checks:
    """Order checks of one pool, in order of time. Rows as in the crowd: isolated accounts come after the others."""

    time_ns: Column
    row: Column
    market: Column
    lots: Column  # signed
    price_ticks: Column
    reduce_only: Column


@dataclass(frozen=True, slots=True)
class Movements:
    """Deposits (amount > 0) and withdrawals (< 0) of the day in the settlement asset, cents, in order of time."""

    time_ns: Column
    row: Column
    cents: Column


def checks(
    law: Accounts,
    pool: PoolParameters,
    crowd: Crowd,
    paths: list[Floats],
    activity: Floats,
    count: int,
    rng: np.random.Generator,
) -> Checks:
    """Draw ``count`` checks; ``paths`` are the markets' prices by second, ``activity`` the weight of each second."""
    traders = np.flatnonzero(crowd.held.any(axis=1))
    if count == 0 or len(traders) == 0 or not activity.any():
        return Checks(*(np.zeros(0, np.int64) for _ in range(6)))
    cumulative = np.cumsum(activity)
    second = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    second = np.minimum(second, len(activity) - 1)
    millisecond = second * 1_000 + rng.integers(1, 1_000, count)
    row = traders[rng.integers(0, len(traders), count)]
    order = np.lexsort((millisecond, row))
    millisecond, row = millisecond[order], row[order]
    price = np.stack(paths)
    scale = np.array([each.lot_scale for each in pool.markets])
    position = crowd.lots.copy()
    opening = (np.abs(position) * (price[:, 0] / scale)).sum(axis=1)
    turn = _turns(row)
    market, lots, reducing = (np.zeros(count, np.int64) for _ in range(3))
    for step in range(int(turn.max()) + 1):
        at = np.flatnonzero(turn == step)
        who = row[at]
        column = _pick(crowd.held[who], rng)
        now = price[column, millisecond[at] // 1_000]
        wanted, closing = _wanted(law, position[who, column], opening[who], now / scale[column], rng)
        limit = np.array([each.max_position_lots for each in pool.markets])[column]
        wanted = np.clip(position[who, column] + wanted, -limit, limit) - position[who, column]
        position[who, column] += wanted
        market[at], lots[at], reducing[at] = column, wanted, closing
    bps = rng.standard_normal(count) * _PRICE_NOISE_BPS * 1e-4
    ticks = np.array([each.tick_scale for each in pool.markets])
    quoted = np.maximum(np.rint(price[market, millisecond // 1_000] * (1 + bps) * ticks[market]), 1)
    keep = np.flatnonzero(lots != 0)
    keep = keep[np.lexsort((row[keep], millisecond[keep]))]
    columns = (row, market, lots, quoted.astype(np.int64), reducing)
    return Checks(millisecond[keep] * MILLISECOND_NS, *(each[keep] for each in columns))


def _turns(row: Column) -> Column:
    """For rows sorted by account: how many checks of the account come before."""
    start = np.flatnonzero(np.concatenate([[True], np.diff(row) != 0]))
    return np.arange(len(row)) - np.repeat(start, np.diff(np.append(start, len(row))))


def _pick(held: NDArray[np.bool_], rng: np.random.Generator) -> Column:
    """One of the markets that each row holds."""
    picked: Column = np.argmax(rng.random(held.shape) * held, axis=1)
    return picked


def _wanted(
    law: Accounts, position: Column, opening: Floats, lot_value: Floats, rng: np.random.Generator
) -> tuple[Column, Column]:
    """Signed lots of the next order, and whether it closes."""
    count = len(position)
    closing = (position != 0) & (rng.random(count) < law.reduce_share)
    part = np.where(rng.random(count) < _CLOSE_WHOLE, 1.0, rng.uniform(0.1, 0.6, count))
    close = -np.sign(position) * np.ceil(np.abs(position) * part).astype(np.int64)
    side = np.where(rng.random(count) < law.long_share, 1, -1)
    size = np.floor(opening * _BUDGET * rng.standard_exponential(count) / lot_value).astype(np.int64)
    return np.where(closing, close, side * np.maximum(size, 1)), closing.astype(np.int64)


def movements(
    law: Accounts, pool: PoolParameters, crowd: Crowd, paths: list[Floats], rng: np.random.Generator
) -> Movements:
    """Top-ups by some of those who are losing, and withdrawals by some of all."""
    length = len(paths[0])
    watching = np.flatnonzero(rng.random(crowd.count) < law.top_up_share)
    market = np.abs(crowd.lots[watching]).argmax(axis=1)
    lots = crowd.lots[watching, market]
    watching, market, lots = watching[lots != 0], market[lots != 0], lots[lots != 0]
    hurt = _first_loss(pool, crowd, (watching, market, lots), paths, rng)
    when = hurt + np.ceil(rng.standard_exponential(len(hurt)) * _REACT_S).astype(np.int64)
    add = crowd.deposit[watching] * rng.uniform(0.1, 0.6, len(watching))
    reacts = when < length - LAST_S
    watching, when, add = watching[reacts], when[reacts], add[reacts]
    leaving = np.flatnonzero(rng.random(crowd.count) < law.withdrawal_share)
    leaving = leaving[crowd.deposit[leaving] > 0]
    out = crowd.deposit[leaving] * (1 - crowd.second_part[leaving]) * rng.uniform(0.05, 0.2, len(leaving))
    out_at = rng.integers(min(FIRST_S, length - 1), length, len(leaving))
    row = np.concatenate([watching, leaving])
    second = np.concatenate([when, out_at])
    cents = np.concatenate([np.ceil(add * 100), -np.ceil(out * 100)]).astype(np.int64)
    millisecond = second * 1_000 + rng.integers(1, 1_000, len(second))
    order = np.lexsort((row, millisecond))
    order = order[millisecond[order] < (length - 1) * 1_000]  # what is sent at the end lies outside
    return Movements(millisecond[order] * MILLISECOND_NS, row[order], cents[order])


def _first_loss(
    pool: PoolParameters,
    crowd: Crowd,
    main: tuple[Column, Column, Column],
    paths: list[Floats],
    rng: np.random.Generator,
) -> Column:
    """First second at which each account's largest position has lost a drawn part of its deposit; far off if never."""
    row, market, lots = main
    pain = rng.uniform(0.3, 0.8, len(row)) * crowd.deposit[row]
    found = np.full(len(row), np.iinfo(np.int32).max, np.int64)
    for column, parameters in enumerate(pool.markets):
        path = paths[column]
        move = pain / (np.abs(lots) / parameters.lot_scale)
        for sign, extreme in ((1, -np.minimum.accumulate(path)), (-1, np.maximum.accumulate(path))):
            mine = (market == column) & (np.sign(lots) == sign)
            # Worst price so far, turned so that it only rises: one search an account.
            place = np.searchsorted(extreme, -sign * path[0] + move[mine])
            found[mine] = np.where(place < len(path), place, found[mine])
    return np.maximum(found, FIRST_S)


def activity(paths: list[Floats], length: int) -> Floats:
    """Weight of each second for trading: a minute counts as much as the markets moved in it, and at least a little."""
    weight = np.zeros(length)
    for path in paths:
        minutes = -(-length // 60)
        padded = np.concatenate([path, np.repeat(path[-1:], minutes * 60 - length)]).reshape(minutes, 60)
        moved = (padded.max(axis=1) - padded.min(axis=1)) / padded[:, 0]
        weight += np.repeat(moved / max(float(moved.mean()), 1e-12), 60)[:length]
    weight += 0.25 * len(paths)
    weight[: min(FIRST_S, length)] = 0
    weight[max(length - LAST_S, 0) :] = 0
    return weight
