"""A pool with many accounts, made of entries like any other, and paths of prices to walk. Seeded, the same every time."""

from __future__ import annotations

from typing import Final

import numpy as np

from flows.journal import entries as en
from flows.pool.pool import Pool
from flows.registry.parameters import PoolParameters
from tests.worlds import SECOND, START, asset, market, pool

MARKETS: Final = 12
PRICE_TICKS: Final = 600_000


def parameters() -> PoolParameters:
    """Twelve markets, two assets, capital enough that the walk never empties the vault."""
    return pool(
        markets=tuple(market(f"M{at}-PERP") for at in range(MARKETS)),
        assets=(asset("USDT"), asset("BTC")),
        vault_opening_quanta=10**15,
        fund_opening_quanta=10**15,
    )


def book(accounts: int, seed: int = 7) -> en.Rows:
    """Genesis, first prices, a deposit an account, two or three positions each: Zipf markets, both sides present."""
    dice = np.random.Generator(np.random.PCG64(seed))
    head = en.empty(1 + MARKETS)
    head[:, en.TIME_NS] = START
    head[1:, en.KIND] = en.MARKET_STATE
    head[1:] = states(np.arange(MARKETS), np.full(MARKETS, PRICE_TICKS), START)
    deposits = en.empty(accounts)
    deposits[:, en.KIND], deposits[:, en.TIME_NS] = en.DEPOSIT, START
    rows = np.arange(1, accounts + 1)
    equity = np.exp(dice.normal(8.5, 1.2, accounts)).astype(np.int64) * 1_000_000
    deposits[:, en.Deposit.ACCOUNT] = deposits[:, en.Deposit.OWNER] = rows
    deposits[:, en.Deposit.AMOUNT_UNITS], deposits[:, en.Deposit.OPENS] = equity, 1
    deposits[:, en.Deposit.ISOLATED_MARKET] = -1
    fills = en.empty(accounts + accounts // 4)
    count = len(fills)
    weight = 1 / np.arange(1, MARKETS + 1) ** 1.1
    leverage = np.exp(dice.normal(1.2, 0.8, count)).clip(0.2, 20)
    one, other = dice.integers(1, accounts + 1, count), dice.integers(1, accounts + 1, count)
    smaller = np.minimum(equity[one - 1], equity[other - 1])
    fills[:, en.KIND], fills[:, en.TIME_NS] = en.FILL, START
    fills[:, en.Fill.MARKET] = dice.choice(MARKETS, count, p=weight / weight.sum())
    fills[:, en.Fill.BUYER], fills[:, en.Fill.SELLER] = one, other
    fills[:, en.Fill.LOTS] = np.maximum(1, smaller * leverage / 2 / (PRICE_TICKS * 100)).astype(np.int64)
    fills[:, en.Fill.PRICE_TICKS] = PRICE_TICKS
    fills[:, en.Fill.ORDER_OFFSET] = fills[:, en.Fill.ORDER_INDEX] = -1
    return np.concatenate([head, deposits, fills])


def states(markets: np.ndarray, ticks: np.ndarray, time_ns: int) -> en.Rows:
    """Market-states at these marks, with a deep book."""
    rows = en.empty(len(markets))
    of = en.MarketState
    rows[:, en.KIND], rows[:, en.TIME_NS] = en.MARKET_STATE, time_ns
    rows[:, of.MARKET], rows[:, of.MARK_TICKS], rows[:, of.INDEX_TICKS] = markets, ticks, ticks
    rows[:, of.VOLUME_60S_LOTS], rows[:, of.SIGMA_PPM] = 10**6, 40_000
    for ring in range(6):
        rows[:, of.BID_DEPTH_LOTS + ring] = rows[:, of.ASK_DEPTH_LOTS + ring] = 10**6 * (ring + 1)
    return rows


def calm(count: int, market_row: int = 0, step_ppm: int = 500, seed: int = 3) -> en.Rows:
    """A calm walk of one market: steps of about 5 bp, no other time than the states'."""
    dice = np.random.Generator(np.random.PCG64(seed))
    path = PRICE_TICKS * np.exp(np.cumsum(dice.normal(0, step_ppm / 1e6, count)))
    return states(np.full(count, market_row), path.astype(np.int64), START + SECOND)


def crash(steps: int = 60, fall: float = 0.02, seed: int = 5) -> list[en.Rows]:
    """A crash minute: all markets fall together, a batch a step."""
    dice = np.random.Generator(np.random.PCG64(seed))
    levels = 1 - fall * np.arange(1, steps + 1) / steps
    return [
        states(
            np.arange(MARKETS),
            (PRICE_TICKS * level * (1 + dice.normal(0, 1e-4, MARKETS))).astype(np.int64),
            START + SECOND,
        )
        for level in levels
    ]


def opened(accounts: int, mode: int) -> Pool:
    """A pool that has applied `book`."""
    made = Pool(parameters(), mode)
    made.run(book(accounts), 0, 0, answering=False)
    made.take_events()
    return made
