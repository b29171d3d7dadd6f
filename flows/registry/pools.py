"""A pool of the venue's file to its integers. What they must satisfy together is `flows.registry.checks`."""

from __future__ import annotations

from typing import Any

from flows.registry.parameters import AssetParameters, CommandParameters, MarketParameters, PoolParameters
from flows.registry.text import duration_ns, positive, ppb, ppm, scaled
from flows.rules.exact import PPM
from schemas.config.pools import Pool

LOSS_SCOPES = ("market", "traders", "all")
"""By the number that `PoolParameters.loss_scope` holds."""


def pool_parameters(
    pool_id: str,
    pool: Pool,
    version: int,
    assets: tuple[AssetParameters, ...],
    markets: tuple[MarketParameters, ...],
    producers: tuple[str, ...],
    commands: CommandParameters,
) -> PoolParameters:
    """The integers of one pool."""
    where, quanta = f"pools.{pool_id}", assets[0].unit_scale
    return PoolParameters(
        id=pool_id,
        version=version,
        assets=assets,
        markets=markets,
        producers=producers,
        commands=commands,
        gain_weight_ppm=ppm(f"{where}.gain_weight", pool.gain_weight),
        loss_scope=LOSS_SCOPES.index(pool.loss_scope),
        audit_block_ns=duration_ns(f"{where}.audit_block", pool.audit_block),
        **_ladder(where, pool, quanta),
        **_liquidation(where, pool, quanta),
        **_waterfall(where, pool, quanta),
        **_money(where, pool, quanta),
    )


def _ladder(where: str, pool: Pool, quanta: int) -> dict[str, Any]:
    levels, window = pool.levels, pool.window
    return {
        "clear_ppm": ppm(f"{where}.levels.clear", levels.clear),
        "call_ppm": ppm(f"{where}.levels.call", levels.call),
        "target_ppm": ppm(f"{where}.levels.target", levels.target),
        "hard_ppm": ppm(f"{where}.levels.hard", levels.hard),
        "backstop_ppm": ppm(f"{where}.levels.backstop", levels.backstop),
        "liquidate_at_equality": levels.liquidate_at_equality,
        "window_ns": duration_ns(f"{where}.window.length", window.length),
        "window_least_ns": duration_ns(f"{where}.window.least", window.least),
        "pacing_ns": duration_ns(f"{where}.window.pacing", window.pacing),
        "soft_initial_ppm": ppm(f"{where}.window.first_part", window.first_part),
        "soft_full_quanta": scaled(f"{where}.window.at_once_below", window.at_once_below, quanta, "quanta"),
        "participation_ppm": ppm(f"{where}.participation.soft", pool.participation.soft),
        "participation_hard_ppm": ppm(f"{where}.participation.hard", pool.participation.hard),
    }


def _liquidation(where: str, pool: Pool, quanta: int) -> dict[str, Any]:
    slices, offers = pool.slices, pool.offers
    return {
        "slice_ppm": ppm(f"{where}.slices.part", slices.part),
        "slice_least_quanta": scaled(f"{where}.slices.least", slices.least, quanta, "quanta"),
        "dust_quanta": scaled(f"{where}.slices.dust", slices.dust, quanta, "quanta"),
        "order_life_ns": duration_ns(f"{where}.slices.order_life", slices.order_life),
        "offer_life_ns": duration_ns(f"{where}.offers.life", offers.life),
        "bonus_max_ppm": ppm(f"{where}.offers.bonus_most", offers.bonus_most),
        "bonus_base_ppm": ppm(f"{where}.offers.bonus_first", offers.bonus_first),
        "bonus_slope_ppm": ppm(f"{where}.offers.bonus_slope", offers.bonus_slope),
        "bonus_step_ppm": ppm(f"{where}.offers.bonus_step", offers.bonus_step),
        "bonus_step_ns": duration_ns(f"{where}.offers.bonus_every", offers.bonus_every),
        "bonus_reserve_ppm": ppm(f"{where}.offers.reserve", offers.reserve),
        "offer_insurance_ppm": ppm(f"{where}.offers.insurance", offers.insurance),
        "offer_venue_ppm": ppm(f"{where}.offers.venue", offers.venue),
    }


def _waterfall(where: str, pool: Pool, quanta: int) -> dict[str, Any]:
    vault, fund = pool.vault, pool.insurance_fund
    return {
        "patience_ns": duration_ns(f"{where}.vault.patience", vault.patience),
        "vault_opening_quanta": scaled(f"{where}.vault.opening", vault.opening, quanta, "quanta"),
        "vault_leverage_ppm": positive(f"{where}.vault.leverage", vault.leverage, PPM, "millionths"),
        "vault_market_share_ppm": ppm(f"{where}.vault.market_share", vault.market_share),
        "unwind_horizon_ns": duration_ns(f"{where}.vault.unwind_horizon", vault.unwind_horizon),
        "unwind_step_ns": duration_ns(f"{where}.vault.unwind_every", vault.unwind_every),
        "unwind_band_ppm": ppm(f"{where}.vault.unwind_band", vault.unwind_band),
        "fund_opening_quanta": scaled(f"{where}.insurance_fund.opening", fund.opening, quanta, "quanta"),
        "fund_floor_quanta": scaled(f"{where}.insurance_fund.floor", fund.floor, quanta, "quanta"),
        "fee_to_fund_ppm": ppm(f"{where}.insurance_fund.fee_part", fund.fee_part),
    }


def _money(where: str, pool: Pool, quanta: int) -> dict[str, Any]:
    debt, withdrawals = pool.debt, pool.withdrawals
    return {
        "debt_optimal_ppm": ppm(f"{where}.debt.optimal", debt.optimal),
        "debt_rate_optimal_ppb": ppb(f"{where}.debt.rate_optimal", debt.rate_optimal),
        "debt_rate_max_ppb": ppb(f"{where}.debt.rate_most", debt.rate_most),
        "convert_floor_quanta": scaled(f"{where}.debt.convert_above", debt.convert_above, quanta, "quanta"),
        "convert_share_ppm": ppm(f"{where}.debt.convert_part", debt.convert_part),
        "withdrawal_floor_ppm": ppm(f"{where}.withdrawals.floor", withdrawals.floor),
        "gate_cool_ns": duration_ns(f"{where}.withdrawals.cool", withdrawals.cool),
    }
