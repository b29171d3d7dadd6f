"""What the integers of a pool must satisfy together, whoever made them: a venue's file, a genesis, a scenario.

Every fault is one line that names the setting as the venue's file has it; rows are counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from flows.registry.commands import check_commands
from flows.registry.errors import ConfigurationError
from flows.registry.market_checks import check_market, value_budget
from flows.registry.parameters import AssetParameters, PoolParameters
from flows.registry.text import show, show_ns, show_ppm
from flows.rules.exact import PPM
from flows.rules.scale.bounds import BOUND, pool_fits
from flows.rules.scale.time import SECOND_NS
from schemas.message import POOL_PATTERN

SOURCES: Final = 8
"""Publishers of one asset, at most: the slots of QUOTE_NUMBER in a market-state."""


def check_pool(pool: PoolParameters) -> None:
    """Raise ConfigurationError for the first thing that is wrong with a pool's parameters."""
    where = f"pools.{pool.id}"
    _check_names(where, pool)
    check_commands(pool.commands)
    _check_levels(where, pool)
    _check_parts(where, pool)
    _check_times(where, pool)
    _check_order(where, pool)
    _check_assets(pool)
    for market in pool.markets:
        _check_sources(
            f"markets.{market.id}", market.sources, market.source_weights, market.heartbeat_ns, pool
        )
        check_market(market, pool.call_ppm, pool.assets[0].unit_scale, where)
    _check_bound(where, pool)


def _check_names(where: str, pool: PoolParameters) -> None:
    if re.fullmatch(POOL_PATTERN[1:-1], pool.id) is None:
        raise ConfigurationError(
            "pools", f"{pool.id!r} is no pool id: lower-case letters, digits, -, at most 24."
        )
    if not pool.markets:
        raise ConfigurationError(f"{where}.markets", "a pool needs at least one market.")
    if not pool.assets:
        raise ConfigurationError(f"{where}.collateral", "a pool needs its settlement asset.")
    if pool.version < 1:
        raise ConfigurationError("version", f"{pool.version} must be at least 1.")
    _refuse_twice(f"{where}.markets", [market.id for market in pool.markets])
    _refuse_twice(f"{where}.collateral", [asset.id for asset in pool.assets])
    _refuse_twice("producers", pool.producers)


def _refuse_twice(where: str, names: Sequence[str]) -> None:
    seen: list[str] = []
    for name in names:
        if name in seen:
            raise ConfigurationError(where, f"{name} is there twice.")
        seen.append(name)


def _check_levels(where: str, pool: PoolParameters) -> None:
    """R-G1: clear > call >= target > 1 > hard > backstop > 0."""
    ladder = (
        ("clear", pool.clear_ppm, "call", pool.call_ppm, True),
        ("call", pool.call_ppm, "target", pool.target_ppm, False),
        ("target", pool.target_ppm, "", PPM, True),
        ("hard", PPM, "hard", pool.hard_ppm, True),
        ("hard", pool.hard_ppm, "backstop", pool.backstop_ppm, True),
        ("backstop", pool.backstop_ppm, "", 0, True),
    )
    order = "clear > call >= target > 100 % > hard > backstop > 0 %"
    for name, above_ppm, other, below_ppm, strictly in ladder:
        if above_ppm > below_ppm or (above_ppm == below_ppm and not strictly):
            continue
        if name == other:
            raise ConfigurationError(
                f"{where}.levels.{name}", f"{show_ppm(below_ppm)} is not below 100 %; {order}."
            )
        rival = f"{other}'s {show_ppm(below_ppm)}" if other else show_ppm(below_ppm)
        relation = "above" if strictly else "at least"
        raise ConfigurationError(
            f"{where}.levels.{name}", f"{show_ppm(above_ppm)} is not {relation} {rival}; {order}."
        )
    if pool.clear_ppm > 2 * PPM:
        raise ConfigurationError(
            f"{where}.levels.clear", f"{show_ppm(pool.clear_ppm)} is above 200 %, the most (R-A2)."
        )


def _check_parts(where: str, pool: PoolParameters) -> None:
    """Settings that are a part of a whole: 0 to 100 %."""
    parts = (
        ("window.first_part", pool.soft_initial_ppm, False),
        ("participation.soft", pool.participation_ppm, True),
        ("participation.hard", pool.participation_hard_ppm, True),
        ("slices.part", pool.slice_ppm, True),
        ("offers.bonus_most", pool.bonus_max_ppm, False),
        ("offers.bonus_first", pool.bonus_base_ppm, False),
        ("offers.bonus_slope", pool.bonus_slope_ppm, False),
        ("offers.bonus_step", pool.bonus_step_ppm, False),
        ("offers.reserve", pool.bonus_reserve_ppm, False),
        ("offers.insurance", pool.offer_insurance_ppm, False),
        ("offers.venue", pool.offer_venue_ppm, False),
        ("vault.market_share", pool.vault_market_share_ppm, True),
        ("vault.unwind_band", pool.unwind_band_ppm, False),
        ("insurance_fund.fee_part", pool.fee_to_fund_ppm, False),
        ("debt.optimal", pool.debt_optimal_ppm, True),
        ("debt.convert_part", pool.convert_share_ppm, False),
        ("gain_weight", pool.gain_weight_ppm, False),
        ("withdrawals.floor", pool.withdrawal_floor_ppm, False),
    )
    for name, part_ppm, positive in parts:
        if not int(positive) <= part_ppm <= PPM:
            least = "above 0 %" if positive else "0 %"
            raise ConfigurationError(f"{where}.{name}", f"{show_ppm(part_ppm)} must be {least} to 100 %.")


def _check_times(where: str, pool: PoolParameters) -> None:
    """What falls due does so at a clock, one a second: shorter times would never be met."""
    times = (
        ("window.length", pool.window_ns),
        ("window.least", pool.window_least_ns),
        ("window.pacing", pool.pacing_ns),
        ("slices.order_life", pool.order_life_ns),
        ("offers.life", pool.offer_life_ns),
        ("offers.bonus_every", pool.bonus_step_ns),
        ("vault.patience", pool.patience_ns),
        ("vault.unwind_horizon", pool.unwind_horizon_ns),
        ("vault.unwind_every", pool.unwind_step_ns),
        ("withdrawals.cool", pool.gate_cool_ns),
        ("audit_block", pool.audit_block_ns),
    )
    for name, length_ns in times:
        if length_ns < SECOND_NS or length_ns % SECOND_NS:
            raise ConfigurationError(
                f"{where}.{name}",
                f"{show_ns(length_ns)} is no whole number of seconds; the clock ticks once a second.",
            )


def _check_order(where: str, pool: PoolParameters) -> None:
    """Pairs of which the first must not exceed the second."""
    quanta = pool.assets[0].unit_scale
    rates = (
        ("participation.soft", pool.participation_ppm, "participation.hard", pool.participation_hard_ppm),
        ("offers.bonus_first", pool.bonus_base_ppm, "offers.bonus_most", pool.bonus_max_ppm),
    )
    for name, low, other, high in rates:
        if low > high:
            raise ConfigurationError(
                f"{where}.{name}", f"{show_ppm(low)} is above {other}, {show_ppm(high)}; it must not be."
            )
    if pool.window_least_ns > pool.window_ns:
        raise ConfigurationError(
            f"{where}.window.least",
            f"{show_ns(pool.window_least_ns)} is longer than window.length, {show_ns(pool.window_ns)}; it must not be.",
        )
    if pool.unwind_step_ns > pool.unwind_horizon_ns:
        raise ConfigurationError(
            f"{where}.vault.unwind_every",
            f"{show_ns(pool.unwind_step_ns)} is longer than vault.unwind_horizon, {show_ns(pool.unwind_horizon_ns)};"
            " it must not be.",
        )
    if pool.debt_rate_optimal_ppb > pool.debt_rate_max_ppb:
        raise ConfigurationError(
            f"{where}.debt.rate_optimal",
            f"{pool.debt_rate_optimal_ppb} ppb is above debt.rate_most, {pool.debt_rate_max_ppb} ppb; it must not be.",
        )
    if pool.fund_floor_quanta > pool.fund_opening_quanta:
        floor, opening = show(pool.fund_floor_quanta, quanta), show(pool.fund_opening_quanta, quanta)
        raise ConfigurationError(
            f"{where}.insurance_fund.floor",
            f"{floor} is above insurance_fund.opening, {opening}; it must not be.",
        )
    if pool.vault_leverage_ppm < 1 or pool.loss_scope not in (0, 1, 2):
        raise ConfigurationError(
            where, "vault.leverage must be above 0 and loss_scope one of market, traders, all."
        )


def _check_assets(pool: PoolParameters) -> None:
    first = pool.assets[0]
    if (first.maintenance_weight_ppm, first.initial_weight_ppm, first.sources) != ((PPM,), (PPM,), ()):
        raise ConfigurationError(
            f"assets.{first.id}", "the settlement asset counts in full and is priced by nobody."
        )
    for asset in pool.assets:
        where = f"assets.{asset.id}"
        if asset is not first:
            _check_sources(where, asset.sources, asset.source_weights, asset.heartbeat_ns, pool)
        _check_haircuts(where, asset, first.unit_scale)


def _check_haircuts(where: str, asset: AssetParameters, quanta: int) -> None:
    """R-C1, R-C2: floors start at 0 and rise; weights fall; initial weights are not above maintenance weights."""
    floors = asset.maintenance_floor_quanta
    columns = (asset.initial_floor_quanta, asset.maintenance_weight_ppm, asset.initial_weight_ppm)
    if not floors or floors[0] != 0 or any(len(column) != len(floors) for column in columns):
        raise ConfigurationError(f"{where}.collateral.tiers[1].above", "the first tier must begin at 0.")
    for row in range(len(floors)):
        here = f"{where}.collateral.tiers[{row + 1}]"
        maintenance, initial = asset.maintenance_weight_ppm[row], asset.initial_weight_ppm[row]
        for name, weight in (("maintenance", maintenance), ("initial", initial)):
            if not 0 <= weight <= PPM:
                raise ConfigurationError(f"{here}.{name}", f"{show_ppm(weight)} must be 0 % to 100 %.")
        if initial > maintenance:
            raise ConfigurationError(
                f"{here}.initial",
                f"{show_ppm(initial)} is above maintenance, {show_ppm(maintenance)}; it must not be.",
            )
        if row == 0:
            continue
        if floors[row] <= floors[row - 1]:
            raise ConfigurationError(
                f"{here}.above",
                f"{show(floors[row], quanta)} is not above tier {row}'s {show(floors[row - 1], quanta)};"
                " floors must rise.",
            )
        for name, weights in (
            ("maintenance", asset.maintenance_weight_ppm),
            ("initial", asset.initial_weight_ppm),
        ):
            if weights[row] > weights[row - 1]:
                raise ConfigurationError(
                    f"{here}.{name}",
                    f"{show_ppm(weights[row])} is above tier {row}'s {show_ppm(weights[row - 1])};"
                    " weights must not rise with size.",
                )


def _check_sources(
    where: str,
    sources: tuple[str, ...],
    weights: tuple[int, ...],
    heartbeats_ns: tuple[int, ...],
    pool: PoolParameters,
) -> None:
    if not 1 <= len(sources) <= SOURCES:
        raise ConfigurationError(where, f"{len(sources)} oracle sources; 1 to {SOURCES} are allowed.")
    if len(weights) != len(sources) or len(heartbeats_ns) != len(sources):
        raise ConfigurationError(where, "each oracle source needs a weight and a heartbeat.")
    _refuse_twice(where, sources)
    for source, weight, heartbeat_ns in zip(sources, weights, heartbeats_ns, strict=True):
        if source not in pool.producers:
            raise ConfigurationError(where, f"oracle source {source} is not among the producers.")
        if weight < 1 or heartbeat_ns < 1:
            raise ConfigurationError(
                where, f"weight and heartbeat of oracle source {source} must be above 0."
            )


def _check_bound(where: str, pool: PoolParameters) -> None:
    """R-A2: what all markets and all collateral can come to together stays within 2^62 quanta."""
    quanta = pool.assets[0].unit_scale
    budgets = tuple(value_budget(market) for market in pool.markets)
    values = tuple(-(-asset.max_units * asset.max_price_quanta // asset.unit_scale) for asset in pool.assets)
    if pool_fits(budgets, values):
        return
    total = show(sum(budgets) + sum(values), quanta)
    raise ConfigurationError(
        where,
        f"its markets and collateral can come to {total}; {show(BOUND, quanta)} is the most (R-A2):"
        " lower max_open_interest, max_holding or max_price.",
    )
