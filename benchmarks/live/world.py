"""What the producers say: markets and their prices, accounts, and the messages of each topic but for number and time.

Prices are a seeded walk from a known moment on, so processes that never meet tell the same ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.connectors.settings import VENUES

VENUE: Final = "crash-2025-04-07.toml"

PRICES: Final = dict(
    zip(
        ("BTC", "ETH", "BNB", "LTC", "BCH", "XMR", "ADA", "SUI", "LINK", "ETC", "ALGO", "BSV"),
        (78_000.0, 1_577.0, 555.0, 68.0, 275.0, 200.0, 0.57, 2.0, 11.3, 14.7, 0.165, 28.0),
        strict=True,
    )
)
"""Where each asset starts, in USDT."""

SOURCES: Final = ("binance-usdm", "meridian", "northgate")
FALLING: Final = ("BTC", "LINK")
"""An asset a pool: in its market the victims are."""

STEP_NS: Final = 10_000_000
"""Prices move so often."""

SIGMA_A_SECOND: Final = 8e-5
"""A calm walk: 2.4 % a day."""

DEPOSIT: Final = 100_000
POSITION: Final = 5_000
VICTIM: Final = 10_000
"""USDT: what an account pays in, the notional of each position it opens, and that of a victim."""

HARD: Final = 0.8
LEAD: Final = 0.46
"""The hard level of the venue's pools, of the maintenance margin; and how far above it a victim begins at least."""

DEPTHS: Final = ((2, 1), (5, 2), (20, 5), (50, 10), (90, 20), (180, 40), (400, 100))
"""Levels of a book: basis points from the mid, and millions of USDT."""

HEADS: Final = 20_000
"""Different fills, checks and deposits of a load; they come again and again."""


@dataclass(frozen=True, slots=True)
class Market:
    """A market as producers see it."""

    id: str
    asset: str
    lane: int
    pool: str
    tick: Decimal
    lot: Decimal
    rate: float  # of its first tier

    def quantity(self, notional: float) -> str:
        """About so much of it, in lots, one at least."""
        lots = max(1, round(notional / PRICES[self.asset] / float(self.lot)))
        return str(lots * self.lot)

    def price(self, price: float) -> str:
        """A price on the tick."""
        return str(max(1, round(price / float(self.tick))) * self.tick)


@dataclass(frozen=True, slots=True)
class World:
    """The venue, and how many accounts there are."""

    accounts: int  # over all pools
    victims: int = 0  # a pool; those who become liquidatable as prices fall
    fall_ppm: int = 0  # how far the falling assets fall until the last victim is

    @property
    def markets(self) -> tuple[Market, ...]:
        """In the order of the pools."""
        said = tomllib.loads((VENUES / VENUE).read_text("utf-8"))
        found = []
        for lane, (pool, of) in enumerate(said["pools"].items()):
            for name in of["markets"]:
                each = said["markets"][name]
                rate = float(each["tiers"][0]["rate"].removesuffix("%")) / 100
                tick, lot = Decimal(each["tick"]), Decimal(each["lot"])
                found.append(Market(name, each["index"], lane, pool, tick, lot, rate))
        return tuple(found)

    @property
    def a_pool(self) -> int:
        """Accounts in each of the two pools."""
        return self.accounts // 2


class Walk:
    """Prices over time: at rest until ``from_ns``, then a seeded walk, and the falling ones fall."""

    def __init__(self, from_ns: int, seconds: float, fall_ppm_s: float = 0.0, sigma: float = SIGMA_A_SECOND):
        count = int(seconds * 1e9 / STEP_NS) + 2
        dice = np.random.Generator(np.random.PCG64(11))
        a_step = STEP_NS / 1e9
        moves = dice.normal(0.0, sigma * a_step**0.5, (len(PRICES), count))
        for row, asset in enumerate(PRICES):
            if asset in FALLING and fall_ppm_s:
                moves[row] = moves[row] / 8 - fall_ppm_s * 1e-6 * a_step
        self.from_ns = from_ns
        self.path: NDArray[np.float64] = np.exp(np.cumsum(moves, axis=1))

    def at(self, now_ns: int) -> dict[str, float]:
        """Each asset's price."""
        step = min(self.path.shape[1] - 1, (now_ns - self.from_ns) // STEP_NS)
        if step < 0:
            return dict(PRICES)
        return {
            asset: price * float(self.path[row, step]) for row, (asset, price) in enumerate(PRICES.items())
        }


@dataclass(frozen=True, slots=True)
class Heads:
    """Messages of one topic up to their price: by lane, and the market whose price follows, or a fixed text."""

    lanes: Sequence[Sequence[tuple[bytes, int]]]  # head, place of its market among the world's, -1 for none


class Texts:
    """Builds the heads of each topic."""

    def __init__(self, world: World, seed: int = 5) -> None:
        self.world, self.markets = world, world.markets
        self.dice = np.random.Generator(np.random.PCG64(seed))

    @cached_property
    def by_lane(self) -> list[list[tuple[int, Market]]]:
        """Markets with their places."""
        lanes: list[list[tuple[int, Market]]] = [[], []]
        for place, market in enumerate(self.markets):
            lanes[market.lane].append((place, market))
        return lanes

    @property
    def victims(self) -> list[tuple[int, Market]]:
        """The market of each pool that its victims are in."""
        return [next(each for each in lane if each[1].asset in FALLING) for lane in self.by_lane]

    # --- the opening ---
    def opening_deposits(self) -> Heads:
        """One an account; a victim's leaves it so much to fall."""
        lanes = []
        for lane, (_, market) in zip(self.by_lane, self.victims, strict=True):
            pool = lane[0][1].pool
            heads = [self._deposit(pool, name_of(each), DEPOSIT) for each in range(self.world.a_pool)]
            heads += [
                self._deposit(pool, victim_of(each), self._held(each, market))
                for each in range(self.world.victims)
            ]
            lanes.append([(head, -1) for head in heads])
        return Heads(lanes)

    def _held(self, victim: int, market: Market) -> float:
        """What lets a victim reach the hard level when its market has fallen by its share of the way."""
        notional = float(market.quantity(VICTIM)) * PRICES[market.asset]
        falls = LEAD * market.rate + self.world.fall_ppm * 1e-6 * (victim + 1) / self.world.victims
        return notional * (HARD * market.rate * (1 - falls) + falls)

    def opening_fills(self) -> Heads:
        """Two positions an account, each against another account; victims buy from the others."""
        lanes = []
        for lane, (at, of) in zip(self.by_lane, self.victims, strict=True):
            count = self.world.a_pool
            heads = []
            for each in range(count):
                place, market = lane[each % len(lane)]
                other = (each * 7 + 1) % count
                if other == each:
                    other = (each + 1) % count
                heads.append((self._fill(market, name_of(each), name_of(other), POSITION), place))
            heads += [
                (self._fill(of, victim_of(each), name_of(each % count), VICTIM, "seller"), at)
                for each in range(self.world.victims)
            ]
            lanes.append(heads)
        return Heads(lanes)

    # --- the load ---
    def fills(self) -> Heads:
        """One lot each, between any two accounts."""
        return Heads([[self._random_fill(lane) for _ in range(HEADS)] for lane in self.by_lane])

    def _random_fill(self, lane: list[tuple[int, Market]]) -> tuple[bytes, int]:
        place, market = lane[int(self.dice.integers(len(lane)))]
        one, other = self.dice.choice(self.world.a_pool, 2, replace=False, shuffle=False).tolist()
        return self._fill(market, name_of(one), name_of(other), 0), place

    def checks(self) -> Heads:
        """Orders that would open a little more."""
        return Heads([[self._check(lane) for _ in range(HEADS)] for lane in self.by_lane])

    def _check(self, lane: list[tuple[int, Market]]) -> tuple[bytes, int]:
        place, market = lane[int(self.dice.integers(len(lane)))]
        who = name_of(int(self.dice.integers(self.world.a_pool)))
        head = (
            f'{{"source":"gateway","account":"{who}","market":"{market.id}","side":"buy",'
            f'"quantity":"{market.quantity(POSITION)}","reduce_only":false,"price":"'
        )
        return head.encode(), place

    def deposits(self) -> Heads:
        """A little more margin for anybody."""
        lanes = []
        for lane in self.by_lane:
            pool = lane[0][1].pool
            whose = self.dice.integers(0, self.world.a_pool, HEADS).tolist()
            lanes.append([(self._deposit(pool, name_of(each), 10), -1) for each in whose])
        return Heads(lanes)

    def _deposit(self, pool: str, account: str, amount: float) -> bytes:
        return (
            f'{{"source":"wallet","pool":"{pool}","kind":"deposit","account":"{account}","asset":"USDT",'
            f'"amount":"{amount:.2f}'
        ).encode()

    def _fill(self, market: Market, buyer: str, seller: str, notional: float, taker: str = "buyer") -> bytes:
        return (
            f'{{"source":"engine","market":"{market.id}","buyer":"{buyer}","seller":"{seller}","taker":"{taker}",'
            f'"quantity":"{market.quantity(notional)}","price":"'
        ).encode()

    # --- prices ---
    def quotes(self) -> list[tuple[bytes, str]]:
        """A head for each asset and source, and the asset."""
        return [
            (
                f'{{"source":"{source}","asset":"{asset}","confidence":"{price * 3e-4:.6f}","price":"'.encode(),
                asset,
            )
            for asset, price in PRICES.items()
            for source in SOURCES
        ]

    def book(self, market: Market, price: float) -> tuple[str, str]:
        """Bids and asks as JSON."""
        sides = []
        for sign in (-1, 1):
            ticks = round(price / float(market.tick))
            levels = []
            for distance, millions in DEPTHS:
                ticks += sign * max(
                    1, abs(round(price * (1 + sign * distance / 1e4) / float(market.tick)) - ticks)
                )
                quantity = market.quantity(millions * 1e6)
                levels.append(f'["{ticks * market.tick}","{quantity}"]')
            sides.append(f"[{','.join(levels)}]")
        return sides[0], sides[1]


def name_of(account: int) -> str:
    """An account."""
    return f"a-{account:06d}"


def victim_of(account: int) -> str:
    """An account that is to be liquidated."""
    return f"v-{account:06d}"
