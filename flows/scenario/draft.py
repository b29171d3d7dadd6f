"""A pool before it opens: the rulebook's defaults, what a scenario changes of them, and the checked integers.

Nothing happens by itself here that a scenario does not say: a market is calm and deep, trading is free, there is no
fund and no vault. Every level, window, share and bonus is the rulebook's default.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from flows.registry.checks import check_pool
from flows.registry.errors import ConfigurationError
from flows.registry.markets import Tiers, least_gap_ppm
from flows.registry.parameters import AssetParameters, CommandParameters, MarketParameters, PoolParameters
from flows.rules.exact import PPM
from flows.rules.funding.cap import funding_cap_ppb
from flows.rules.margin.maintenance import tier_amounts
from flows.rules.scale.time import SECOND_NS
from flows.scenario.errors import ScenarioError

QUANTA: Final = 1_000_000
SOURCES: Final = ("one", "two", "three")
HIGHEST_PRICE: Final = 2_000_000
BUDGET_QUANTA: Final = 3 * 10**18
"""What all markets of a pool can be worth together; the rest of 2^62 is left to collateral (R-A2)."""

MOST_MONEY: Final = 10**12
MOST_UNITS: Final = 100_000

COMMANDS: Final = CommandParameters(
    venue="scenario",
    names=("people",),
    keys=("00" * 32,),  # a scenario's commands are taken as signed: admission is not part of it
    halt_needed=1,
    release_needed=1,
    skip_needed=1,
    parameters_needed=1,
    cancel_needed=1,
    delay_ns=600 * SECOND_NS,
    life_ns=3_600 * SECOND_NS,
)

POOL: Final[dict[str, Any]] = {
    # R-G1, G2, G4
    "clear_ppm": 1_350_000,
    "call_ppm": 1_250_000,
    "target_ppm": 1_100_000,
    "hard_ppm": 800_000,
    "backstop_ppm": 666_667,
    "liquidate_at_equality": False,
    "window_ns": 300 * SECOND_NS,
    "window_least_ns": 30 * SECOND_NS,
    "pacing_ns": 5 * SECOND_NS,
    "soft_initial_ppm": 100_000,
    "soft_full_quanta": 50 * QUANTA,
    # R-G5, H4
    "participation_ppm": 100_000,
    "participation_hard_ppm": 200_000,
    "slice_ppm": 100_000,
    "slice_least_quanta": 1_000 * QUANTA,
    "dust_quanta": 100 * QUANTA,
    "order_life_ns": 5 * SECOND_NS,
    # R-I1, I2
    "offer_life_ns": 60 * SECOND_NS,
    "bonus_max_ppm": 30_000,
    "bonus_base_ppm": 2_500,
    "bonus_slope_ppm": 50_000,
    "bonus_step_ppm": 500,
    "bonus_step_ns": 3 * SECOND_NS,
    "bonus_reserve_ppm": 500,
    "offer_insurance_ppm": 2_500,
    "offer_venue_ppm": 500,
    # R-J
    "patience_ns": 120 * SECOND_NS,
    "vault_opening_quanta": 0,
    "vault_leverage_ppm": 5_000_000,
    "vault_market_share_ppm": 300_000,
    "unwind_horizon_ns": 1_800 * SECOND_NS,
    "unwind_step_ns": 10 * SECOND_NS,
    "unwind_band_ppm": 10_000,
    # R-K
    "fund_opening_quanta": 0,
    "fund_floor_quanta": 0,
    "fee_to_fund_ppm": 100_000,
    # R-C5
    "debt_optimal_ppm": 800_000,
    "debt_rate_optimal_ppb": 11_416,
    "debt_rate_max_ppb": 114_160,
    "convert_floor_quanta": 5_000 * QUANTA,
    "convert_share_ppm": 50_000,
    # R-E1, F3, M
    "gain_weight_ppm": 1_000_000,
    "withdrawal_floor_ppm": 100_000,
    "gate_cool_ns": 60 * SECOND_NS,
    "loss_scope": 1,
    "audit_block_ns": 3_600 * SECOND_NS,
}


@dataclass
class MarketDraft:
    """A market as a scenario writes it; rates in ppm, tiers by their floors."""

    id: str
    lot_scale: int
    tick_scale: int
    floor_quanta: tuple[int, ...] = (0,)
    maintenance_ppm: tuple[int, ...] = ()
    initial_ppm: tuple[int, ...] = ()
    changes: dict[str, int] = field(default_factory=dict)


@dataclass
class Draft:
    """A pool as a scenario writes it."""

    id: str
    settlement: str
    changes: dict[str, Any] = field(default_factory=dict)
    markets: list[MarketDraft] = field(default_factory=list)
    assets: list[AssetParameters] = field(default_factory=list)

    def parameters(self) -> PoolParameters:
        """The integers, checked as those of a venue's file are."""
        if not self.markets:
            raise ScenarioError(f"pool {self.id} has no market yet.")
        pool = PoolParameters(
            id=self.id,
            version=1,
            assets=(settlement(self.settlement), *self.assets),
            markets=tuple(market(each, BUDGET_QUANTA // len(self.markets)) for each in self.markets),
            producers=SOURCES,
            commands=COMMANDS,
            **POOL,
        )
        pool = replace(pool, **self.changes)
        try:
            check_pool(pool)
        except ConfigurationError as fault:
            raise ScenarioError(str(fault)) from fault
        return pool


def settlement(name: str) -> AssetParameters:
    """The settlement asset: six decimals, counted in full."""
    return AssetParameters(
        id=name,
        unit_scale=QUANTA,
        maintenance_floor_quanta=(0,),
        maintenance_weight_ppm=(PPM,),
        initial_floor_quanta=(0,),
        initial_weight_ppm=(PPM,),
        sale_cost_ppm=0,
        max_units=MOST_MONEY * QUANTA,
        max_price_quanta=QUANTA,
        sources=(),
        source_weights=(),
        heartbeat_ns=(),
    )


def collateral(
    name: str,
    unit_scale: int,
    floors: tuple[int, ...],
    maintenance: tuple[int, ...],
    initial: tuple[int, ...],
    sale_cost_ppm: int,
) -> AssetParameters:
    """Another asset that counts as collateral."""
    return AssetParameters(
        id=name,
        unit_scale=unit_scale,
        maintenance_floor_quanta=floors,
        maintenance_weight_ppm=maintenance,
        initial_floor_quanta=floors,
        initial_weight_ppm=initial,
        sale_cost_ppm=sale_cost_ppm,
        max_units=MOST_UNITS * unit_scale,
        max_price_quanta=HIGHEST_PRICE * QUANTA,
        sources=SOURCES,
        source_weights=(1,) * len(SOURCES),
        heartbeat_ns=(SECOND_NS,) * len(SOURCES),
    )


def market(draft: MarketDraft, budget_quanta: int) -> MarketParameters:
    """A market's integers; its bounds are as wide as its part of the pool's budget."""
    if not draft.maintenance_ppm:
        raise ScenarioError(
            f"{draft.id} has no maintenance rate: a column of its market, or its margin tiers."
        )
    unit, rest = divmod(QUANTA, draft.lot_scale * draft.tick_scale)
    if rest or unit == 0:
        raise ScenarioError(f"{draft.id}: lot x tick is no whole number of quanta (R-A1).")
    highest = HIGHEST_PRICE * draft.tick_scale
    most = budget_quanta // (highest * unit)
    table = Tiers(
        draft.floor_quanta,
        draft.maintenance_ppm,
        tier_amounts(draft.floor_quanta, draft.maintenance_ppm),
        draft.initial_ppm,
        tier_amounts(draft.floor_quanta, draft.initial_ppm),
    )
    limit = budget_quanta
    values: dict[str, int] = {
        "bracket_limit_quanta": limit,
        "leverage": PPM,  # as far as the tiers let it
        "taker_fee_ppm": 0,
        "maker_rebate_ppm": 0,
        "penalty_ppm": 5_000,
        "penalty_liquidator_ppm": 500_000,
        "penalty_insurance_ppm": 300_000,
        "penalty_venue_ppm": 200_000,
        "fund_opening_quanta": 0,
        "adv_quanta": 10**15,
        **draft.changes,
    }
    return MarketParameters(
        id=draft.id,
        index_asset=draft.id.partition("-")[0],
        lot_scale=draft.lot_scale,
        tick_scale=draft.tick_scale,
        lot_tick_quanta=unit,
        max_price_ticks=highest,
        max_position_lots=most,
        max_open_interest_lots=most,
        tier_floor_quanta=table.floor_quanta,
        tier_maintenance_ppm=table.maintenance_ppm,
        tier_maintenance_amount_quanta=table.maintenance_amount_quanta,
        tier_initial_ppm=table.initial_ppm,
        tier_initial_amount_quanta=table.initial_amount_quanta,
        impact_notional_quanta=max(1, 500 * QUANTA * PPM // table.initial_ppm[0]),
        funding_interval_ns=3_600 * SECOND_NS,
        funding_cap_ppb=funding_cap_ppb(max(1, least_gap_ppm(table, limit)), 750_000),
        mark_band_ppm=50_000,
        sigma_table_ppm=40_000,
        sources=SOURCES,
        source_weights=(1,) * len(SOURCES),
        heartbeat_ns=(SECOND_NS,) * len(SOURCES),
        **values,
    )
