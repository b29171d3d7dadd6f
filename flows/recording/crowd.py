"""The crowd: who the generated accounts are, drawn pool by pool from the manifest's distributions.

Columns only, a row an account: deposit, its mix of assets, leverage, markets, sides, lots of the opening book. Floats
are fine here: they draw the world, and the lots and cents that come out are what the venue sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from flows.recording.manifest import Accounts
    from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters

    Column = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

QUANTA: Final = 1_000_000
PPM: Final = 1_000_000
_TAIL: Final = 3.0  # normals are cut at three deviations, so that no single draw makes the day
_LEAST_LEVERAGE: Final = 0.25
_ISOLATED_PART: Final = 0.5  # of the deposit goes to the isolated position


@dataclass(frozen=True, slots=True)
class Crowd:
    """Accounts of one pool. Rows of ``lots``: the cross accounts, then the isolated ones as ``isolated`` has them."""

    deposit: Floats  # value in the settlement asset
    second_asset: Column  # row of the pool's asset that a part is held in, 0 for none
    second_part: Floats
    transfer: Floats  # to the isolated account
    isolated: Column  # rows of accounts that have one
    isolated_market: Column
    lots: Column  # (accounts + isolated) x markets, signed
    held: Flags  # markets that an account trades

    @property
    def count(self) -> int:
        """Accounts, their isolated positions not counted."""
        return len(self.deposit)


def draw(
    law: Accounts,
    pool: PoolParameters,
    share: float,
    prices: dict[str, float],
    count: int,
    rng: np.random.Generator,
) -> Crowd:
    """Draw the accounts of one pool; ``share`` is the pool's part of all deposits, ``prices`` those at the start."""
    deposit = _deposits(law, share, count, rng)
    second_asset, second_part = _mix(law, len(pool.assets), count, rng)
    flat = rng.random(count) < law.flat_share
    leverage = np.exp(_normal(rng, count) * law.leverage_sigma) * law.leverage_median
    leverage = np.clip(leverage, _LEAST_LEVERAGE, law.leverage_cap)
    order, weight, held = _choices(law, len(pool.markets), count, rng)
    side = _sides(law, held.shape, rng)
    price = np.array([prices[each.index_asset] for each in pool.markets])
    lot_value = price / np.array([each.lot_scale for each in pool.markets])
    isolating = (rng.random(count) < law.isolated_share) & ~flat & (second_asset == 0)
    transfer = np.where(isolating, np.floor(deposit * _ISOLATED_PART * 100) / 100, 0.0)

    collateral = _initial_collateral(pool, prices, deposit - transfer, second_asset, second_part)
    wish = (deposit * leverage)[:, None] * weight * held
    main = order[:, 0]
    rows = np.flatnonzero(isolating)
    alone = np.zeros((len(rows), len(pool.markets)))
    alone[np.arange(len(rows)), main[rows]] = (transfer * leverage)[rows]
    wish[rows] *= 1 - _ISOLATED_PART
    wish[rows, main[rows]] = 0  # a market is held alone or cross, not both
    wish[flat] = 0
    wish = _within_margin(law, pool, wish, collateral)
    wish = _with_small_lots(law, pool, wish, lot_value, collateral)
    alone = _within_margin(law, pool, alone, transfer[rows])
    whole = np.floor(np.concatenate([wish, alone]) / lot_value).astype(np.int64)
    lots = whole * np.concatenate([side, side[rows]])
    opened = lots[count:].any(axis=1)
    kept = rows[opened]
    transfer[rows[~opened]] = 0
    lots = np.concatenate([lots[:count], lots[count:][opened]])
    held[kept, main[kept]] = False
    held = np.concatenate([(held & ~flat[:, None]) | (lots[:count] != 0), lots[count:] != 0])
    return Crowd(deposit, second_asset, second_part, transfer, kept, main[kept], lots, held)


def _normal(rng: np.random.Generator, count: int) -> Floats:
    return np.clip(rng.standard_normal(count), -_TAIL, _TAIL)


def _deposits(law: Accounts, share: float, count: int, rng: np.random.Generator) -> Floats:
    """Lognormal sizes that add up to the pool's part of all deposits, whatever the number of accounts; cents."""
    total = law.deposits * share
    weight = np.exp(_normal(rng, count) * law.deposit_sigma)
    deposit = total * weight / weight.sum()
    # A cap moves the rest to the others; with few accounts it cannot hold, so it is at least thrice the mean.
    cap = max(total * law.deposit_share_cap, 3 * total / count)
    over = np.minimum(deposit, cap)
    room = cap - over
    spread = (total - over.sum()) / max(room.sum(), 1e-9)
    cents: Floats = np.floor(np.maximum(over + room * spread, law.deposit_least) * 100)
    return cents / 100


def _mix(law: Accounts, assets: int, count: int, rng: np.random.Generator) -> tuple[Column, Floats]:
    """Which other asset an account holds, and the part of its deposit in it (30 to 70 %)."""
    second = np.zeros(count, np.int64)
    drawn, edge = rng.random(count), 0.0
    for row, share in enumerate(law.mixed_share[: assets - 1], start=1):
        second[(drawn >= edge) & (drawn < edge + share)] = row
        edge += share
    return second, np.where(second > 0, rng.uniform(0.3, 0.7, count), 0.0)


def _choices(
    law: Accounts, markets: int, count: int, rng: np.random.Generator
) -> tuple[Column, Floats, Flags]:
    """Markets of each account, Zipf by the pool's order: all in order of liking, a weight each, and which are held."""
    liking = -law.zipf_exponent * np.log(np.arange(1, markets + 1)) + rng.gumbel(size=(count, markets))
    order = np.argsort(-liking, axis=1)
    shares = np.array(law.markets_shares) / sum(law.markets_shares)
    number = np.minimum(np.searchsorted(np.cumsum(shares), rng.random(count)) + 1, markets)
    place = np.argsort(order, axis=1)
    held = place < number[:, None]
    weight = rng.standard_exponential((count, markets)) * held
    return order, weight / weight.sum(axis=1, keepdims=True), held


def _sides(law: Accounts, shape: tuple[int, ...], rng: np.random.Generator) -> Column:
    """+1 or -1: more longs than shorts, and an account's positions mostly on one side."""
    lean = np.where(rng.random(shape[0]) < law.long_share, 1, -1)
    other = rng.random(shape) >= law.same_side_share
    return np.where(other, -lean[:, None], lean[:, None])


def _initial_collateral(
    pool: PoolParameters,
    prices: dict[str, float],
    cross: Floats,
    second_asset: Column,
    second_part: Floats,
) -> Floats:
    """Value of the cross collateral at initial weights (R-C2)."""
    value = cross * (1 - second_part)
    for row, asset in enumerate(pool.assets):
        if row > 0 and asset.id in prices:
            value += np.where(second_asset == row, initial_credit(asset, cross * second_part), 0.0)
    return value


def initial_credit(asset: AssetParameters, value: Floats) -> Floats:
    """What a value of an asset counts at initial weights, tier by tier."""
    floors = [floor / QUANTA for floor in asset.initial_floor_quanta] + [np.inf]
    credit = np.zeros_like(value)
    for low, high, weight in zip(floors[:-1], floors[1:], asset.initial_weight_ppm, strict=True):
        credit += np.clip(value - low, 0, high - low) * weight / PPM
    return credit


def initial_margin(market: MarketParameters, notional: Floats) -> Floats:
    """Initial margin of a notional by the market's tiers (R-D2); a float twin of the rule, for drawing only."""
    floors = np.array(market.tier_floor_quanta) / QUANTA
    tier = np.maximum(np.searchsorted(floors, notional, side="right") - 1, 0)
    rate = np.array(market.tier_initial_ppm) / PPM
    amount = np.array(market.tier_initial_amount_quanta) / QUANTA
    return np.maximum(notional * rate[tier] - amount[tier], notional / market.leverage)


def _within_margin(law: Accounts, pool: PoolParameters, wish: Floats, collateral: Floats) -> Floats:
    """Scale wishes to limits and to what the collateral carries; margin is convex, so scaling by the ratio will do."""
    for column, market in enumerate(pool.markets):
        most = market.bracket_limit_quanta / QUANTA * 0.5
        wish[:, column] = np.minimum(wish[:, column], most)
    margin = np.zeros(len(wish))
    for column, market in enumerate(pool.markets):
        margin += initial_margin(market, wish[:, column])
    scale = np.minimum(1, law.margin_use_cap * collateral / np.maximum(margin, 1e-9))
    return wish * scale[:, None]


def _with_small_lots(
    law: Accounts, pool: PoolParameters, wish: Floats, lot_value: Floats, collateral: Floats
) -> Floats:
    """Who cannot afford one lot of anything wished puts it all into the market with the smallest lot."""
    poor = np.flatnonzero((wish < lot_value).all(axis=1) & (wish.sum(axis=1) > 0))
    moved = np.zeros((len(poor), len(pool.markets)))
    moved[:, int(np.argmin(lot_value))] = wish[poor].sum(axis=1)
    wish[poor] = _within_margin(law, pool, moved, collateral[poor])
    return wish
