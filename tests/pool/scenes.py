"""A stage for single situations: entries one by one through both pools, which must say the same."""

from __future__ import annotations

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.pool.layout import MODE_AUTO
from flows.pool.pool import Pool
from flows.registry.parameters import PoolParameters
from flows.verify.opinion.holdings import Account
from flows.verify.plain import PlainPool
from tests.worlds import SECOND, START

PRICE = 600_000
PLENTY = 10**15
DEPTH = 20_000
Events = list[list[int]]


class Scene:
    """Genesis and a price for each market; row 0 is the vault."""

    def __init__(self, of: PoolParameters, mode: int = MODE_AUTO, *, priced: bool = True) -> None:
        """With ``priced`` every market stands at the same mark, with a deep book."""
        self.of = of
        self.plain, self.pool = PlainPool(of), Pool(of, mode)
        self.time_ns = START
        self.length = 0
        self.accounts = 1
        self.log: Events = []
        self.add(en.GENESIS)
        for m in range(len(of.markets) if priced else 0):
            self.mark(m, PRICE)

    def add(self, kind: int, text: str = "", **columns: int) -> Events:
        """Apply an entry to both pools; what they agree to say."""
        row = [0] * en.WIDTH
        row[en.KIND], row[en.TIME_NS] = kind, self.time_ns
        for name, value in columns.items():
            row[getattr(en.PAYLOADS[kind], name.upper())] = value
        return self.apply(row, text)

    def apply(self, row: list[int], text: str = "") -> Events:
        expected = self.plain.apply(row, text)
        self.plain.state.check()
        self.pool.run(np.array([row], np.int64), 0, self.length, answering=False, texts={0: text})
        got: Events = self.pool.take_events().tolist()
        assert got == expected
        self.pool.check()
        self.length += 1
        self.log.extend(got)
        return got

    # --- what happens -------------------------------------------------------------------------------------------------
    def mark(self, m: int, ticks: int, depth: int = DEPTH, **columns: int) -> Events:
        """A market-state; the book has ``depth`` lots in its first ring and as many in each further one."""
        row = [0] * en.WIDTH
        row[en.KIND], row[en.TIME_NS] = en.MARKET_STATE, self.time_ns
        of = en.MarketState
        for name, value in {"market": m, "mark_ticks": ticks, "index_ticks": ticks, **columns}.items():
            row[getattr(of, name.upper())] = value
        for ring in range(6):
            row[of.BID_DEPTH_LOTS + ring] = row[of.ASK_DEPTH_LOTS + ring] = depth * (ring + 1)
        return self.apply(row)

    def price(self, asset: int, dollars: int, *, status: int = 0, sigma_ppm: int = 40_000) -> Events:
        low = dollars * 1_000_000
        return self.add(
            en.ASSET_STATE, asset=asset, low_quanta=low, high_quanta=low, status=status, sigma_ppm=sigma_ppm
        )

    def open(self, quanta: int, owner: int = -1) -> int:
        """An account with this much money."""
        row = self.accounts
        self.accounts += 1
        own = {"account": row, "owner": owner if owner >= 0 else row, "opens": 1, "isolated_market": -1}
        self.add(en.DEPOSIT, asset=0, amount_units=quanta, **own)
        return row

    def deposit(self, row: int, units: int, asset: int = 0) -> Events:
        return self.add(en.DEPOSIT, account=row, asset=asset, amount_units=units)

    def withdraw(self, row: int, units: int, asset: int = 0) -> Events:
        return self.add(en.WITHDRAWAL, account=row, asset=asset, amount_units=units)

    def trade(
        self, m: int, buyer: int, seller: int, lots: int, ticks: int, order: tuple[int, int] = (-1, -1)
    ) -> Events:
        sides = {"buyer": buyer, "seller": seller, "order_offset": order[0], "order_index": order[1]}
        return self.add(en.FILL, market=m, lots=lots, price_ticks=ticks, **sides)

    def wait(self, seconds: int) -> Events:
        """So much later: a clock."""
        self.time_ns += seconds * SECOND
        return self.add(en.CLOCK)

    def live(self, seconds: int) -> Events:
        """So much later: a clock a second."""
        events: Events = []
        for _ in range(seconds):
            events += self.wait(1)
        return events

    # --- what there is ------------------------------------------------------------------------------------------------
    def account(self, row: int) -> Account:
        return self.plain.state.accounts[row]


def of_type(events: Events, kind: int) -> Events:
    """Events of one type."""
    return [event for event in events if event[ev.TYPE] == kind]


def names(events: Events) -> list[str]:
    """Types, as one reads them."""
    return [ev.TYPE_NAMES[event[ev.TYPE]] for event in events]
