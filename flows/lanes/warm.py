"""A flow's compiled code, loaded before the flow takes records: the first one must not wait for a compiler.

A lane that was claimed and then compiles for a minute is a venue that stands still; what comes meanwhile grows old. And a
first liquidation that waits for its kernels comes seconds after the quote that led to it, on a busy machine a minute.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from flows.journal import entries as en
from flows.journal.admission import genesis
from flows.lanes.settings import Live
from flows.pool.driver import Driver
from flows.pool.pool import Pool
from flows.pricing import records
from flows.pricing.stage import MarketStage
from flows.registry.parameters import PoolParameters
from flows.rules.exact import PPM
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.scale.time import SECOND_NS

NOTIONAL_QUANTA: Final = 10**12
"""Of each position: losses on three of them are more than a fund and a vault hold."""

MARGINS: Final = (3, 6, 9, 300, 300)
"""What each account has, in maintenance margins of one position: three who fall, their counterparty, one with collateral."""

STEPS: Final = range(90, 150)
"""Fiftieths of a margin by which prices fall, second by second: slowly through all levels of the first account."""

AT_ONCE_PPM: Final = (900_000, 905_000)
"""And then so far that the others are bankrupt."""

LOTS: Final = 1_000_000


def warm(live: Live, flow: str) -> None:
    """Have the flow's kernels compiled, or read from where they are kept, by a pool that is thrown away."""
    pool = live.venue.pools[0]
    if flow == "market":
        _prices(live, pool)
    elif flow == "clearing":
        rows, texts = fall(pool)
        Driver(Pool(pool), None).drive(rows, texts)


def _prices(live: Live, pool: PoolParameters) -> None:
    clock = records.empty(1)
    clock[0, records.KIND], clock[0, records.TIME_NS] = records.CLOCK, SECOND_NS
    MarketStage(pool, live.venue.market_stage(pool.id)).apply(clock, np.zeros((0, 2), np.int64))


# ---- a fall ----------------------------------------------------------------------------------------------------------
def fall(pool: PoolParameters) -> tuple[en.Rows, dict[int, str]]:
    """A journal in which all happens: calls, orders, offers, a takeover, bankrupts whose losses winners bear."""
    of = pool.markets[0]
    price = _ticks(of.max_price_ticks, 0)
    lots = max(1, NOTIONAL_QUANTA // (price * of.lot_tick_quanta))
    notional = lots * price * of.lot_tick_quanta
    margin = maintenance_margin(
        notional, of.tier_floor_quanta, of.tier_maintenance_ppm, of.tier_maintenance_amount_quanta
    )
    falls_ppm = [margin * step * PPM // (50 * notional) for step in STEPS]
    first, text = genesis(pool, SECOND_NS)
    start = np.concatenate([first, _clock(SECOND_NS), _states(pool, 0, SECOND_NS)])
    deposits = [_deposit(account, margin * times) for account, times in enumerate(MARGINS, start=1)]
    texts = {0: text} | {len(start) + place: f"warm-{place}" for place in range(len(deposits))}
    rows = [start, *deposits, *(_fill(buyer, 4, lots, price) for buyer in (1, 2, 3))]
    if len(pool.assets) > 1:
        rows.append(_deposit(5, LOTS, asset=1))
    rows += [_checks(4, price), _withdrawal(5)]
    for second, fallen_ppm in enumerate((*falls_ppm, *AT_ONCE_PPM), start=2):
        rows += [_clock(second * SECOND_NS), _states(pool, fallen_ppm, second * SECOND_NS)]
    return np.concatenate(rows), texts


def _ticks(most: int, fallen_ppm: int) -> int:
    """A price far enough from a market's bounds."""
    price = max(1, most // 10)
    return price - price * fallen_ppm // PPM


def _row(kind: int, topic: int, time_ns: int = SECOND_NS) -> en.Rows:
    row = en.empty(1)
    row[:, [en.KIND, en.TIME_NS, en.TOPIC]] = kind, time_ns, topic
    return row


def _clock(time_ns: int) -> en.Rows:
    return _row(en.CLOCK, en.TOPIC_CLOCK, time_ns)


def _states(pool: PoolParameters, fallen_ppm: int, time_ns: int) -> en.Rows:
    of = en.MarketState
    rows = np.repeat(_row(en.MARKET_STATE, en.TOPIC_MARKET_STATE, time_ns), len(pool.markets), axis=0)
    rows[:, en.SOURCE] = -1
    rows[:, of.MARKET] = np.arange(len(rows))
    prices = [of.MARK_TICKS, of.INDEX_TICKS, of.INDEX_LOW_TICKS, of.INDEX_HIGH_TICKS]
    ticks = [_ticks(each.max_price_ticks, fallen_ppm) for each in pool.markets]
    rows[:, [*prices, of.MARK_LOW_TICKS, of.MARK_HIGH_TICKS]] = np.array(ticks)[:, np.newaxis]
    rows[:, of.SIGMA_PPM], rows[:, of.VOLUME_60S_LOTS] = 40_000, LOTS
    for ring in range(len(en.DEPTH_DISTANCES_PPM)):
        rows[:, [of.BID_DEPTH_LOTS + ring, of.ASK_DEPTH_LOTS + ring]] = LOTS * (ring + 1)
    return rows


def _deposit(account: int, units: int, asset: int = 0) -> en.Rows:
    of, row = en.Deposit, _row(en.DEPOSIT, en.TOPIC_COLLATERAL)
    row[:, [of.ACCOUNT, of.OWNER, of.AMOUNT_UNITS, of.ASSET]] = account, account, units, asset
    row[:, [of.OPENS, of.ISOLATED_MARKET]] = int(asset == 0), -1
    return row


def _withdrawal(account: int) -> en.Rows:
    row = _deposit(account, 1)
    row[:, [en.KIND, en.Deposit.OPENS]] = en.WITHDRAWAL, 0
    return row


def _fill(buyer: int, seller: int, lots: int, price: int) -> en.Rows:
    of, row = en.Fill, _row(en.FILL, en.TOPIC_FILLS)
    row[:, [of.BUYER, of.SELLER, of.LOTS, of.PRICE_TICKS]] = buyer, seller, lots, price
    row[:, [of.ORDER_OFFSET, of.ORDER_INDEX]] = -1
    return row


def _checks(account: int, price: int) -> en.Rows:
    """One that would close a little, one that would open more."""
    of, rows = en.OrderCheck, np.repeat(_row(en.ORDER_CHECK, en.TOPIC_ORDER_CHECKS), 2, axis=0)
    rows[:, [of.ACCOUNT, of.PRICE_TICKS]] = account, price
    rows[:, of.LOTS] = 1, -1
    return rows
