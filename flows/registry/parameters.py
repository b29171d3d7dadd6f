"""The parameters a pool runs on: integers only, frozen, checked once by `flows.registry.load`.

Tuples by row; every table of one kind has one length. Levels, windows and shares are R-G1's, R-G2's ... as each field's
comment says. Nothing here has a default: the venue's file writes every value out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AssetParameters:
    """A collateral asset. Row 0 of a pool is its settlement asset: unit 1 quantum, no haircut."""

    id: str
    unit_scale: int  # smallest units in one whole unit (1e8 for BTC)
    maintenance_floor_quanta: tuple[int, ...]  # R-C2 tiers on value at the low price
    maintenance_weight_ppm: tuple[int, ...]
    initial_floor_quanta: tuple[int, ...]
    initial_weight_ppm: tuple[int, ...]
    sale_cost_ppm: int  # R-C6: half spread and impact of a sale
    max_units: int  # R-A2, R-C4: a deposit that takes the pool's holding beyond it is refused
    max_price_quanta: int  # R-A2: of one whole unit; a higher price halts the asset
    sources: tuple[str, ...]  # oracle publishers, by slot of QUOTE_NUMBER
    source_weights: tuple[int, ...]  # R-O3 before the cap
    heartbeat_ns: tuple[int, ...]  # R-O1


@dataclass(frozen=True, slots=True)
class MarketParameters:
    """A perpetual market."""

    id: str
    index_asset: str  # asset whose oracle quotes make the index
    lot_scale: int  # lots in one whole unit of the asset
    tick_scale: int  # ticks in one whole unit of the settlement asset
    lot_tick_quanta: int  # v, R-A1
    max_price_ticks: int
    max_position_lots: int
    max_open_interest_lots: int
    tier_floor_quanta: tuple[int, ...]  # R-D1
    tier_maintenance_ppm: tuple[int, ...]
    tier_maintenance_amount_quanta: tuple[int, ...]
    tier_initial_ppm: tuple[int, ...]  # R-D2
    tier_initial_amount_quanta: tuple[int, ...]
    bracket_limit_quanta: int  # R-D6: upper end of the last tier
    leverage: int  # R-D2: largest leverage an account has here
    taker_fee_ppm: int
    maker_rebate_ppm: int
    penalty_ppm: int  # R-H5
    penalty_liquidator_ppm: int
    penalty_insurance_ppm: int
    penalty_venue_ppm: int
    impact_notional_quanta: int  # R-N1
    funding_interval_ns: int
    funding_cap_ppb: int  # R-N3, computed at registration
    mark_band_ppm: int  # R-O8
    sigma_table_ppm: int  # R-R1 before the first tick, ppm a day
    adv_quanta: int  # average daily volume, for slippage without depth
    fund_opening_quanta: int  # R-K2 compartment: configured amount
    sources: tuple[str, ...]
    source_weights: tuple[int, ...]
    heartbeat_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CommandParameters:
    """Who may give orders to a pool (R-P1, row 10)."""

    venue: str  # its name: a signature made for one venue means nothing at another
    names: tuple[str, ...]  # of the signers, by row
    keys: tuple[str, ...]  # Ed25519 public keys, hex, by row
    halt_needed: int  # distinct keys that must have signed
    release_needed: int
    skip_needed: int
    parameters_needed: int
    cancel_needed: int
    delay_ns: int  # before a release or new parameters take effect
    life_ns: int  # a command expires within so long of being taken up

    @property
    def needed(self) -> tuple[int, ...]:
        """By the numbers of `flows.rules.breaker.command`."""
        return (
            self.halt_needed,
            self.release_needed,
            self.skip_needed,
            self.parameters_needed,
            self.cancel_needed,
        )


@dataclass(frozen=True, slots=True)
class PoolParameters:
    """One margin pool."""

    id: str
    version: int  # parameters version
    assets: tuple[AssetParameters, ...]
    markets: tuple[MarketParameters, ...]
    producers: tuple[str, ...]  # rows of the journal's SOURCE column
    commands: CommandParameters
    # R-G1 levels, ppm of maintenance margin
    clear_ppm: int
    call_ppm: int
    target_ppm: int
    hard_ppm: int
    backstop_ppm: int
    liquidate_at_equality: bool
    # R-G2, G4
    window_ns: int
    window_least_ns: int
    pacing_ns: int
    soft_initial_ppm: int
    soft_full_quanta: int  # shortage under which the full size goes at once
    # R-G5
    participation_ppm: int
    participation_hard_ppm: int
    # R-H4
    slice_ppm: int
    slice_least_quanta: int
    dust_quanta: int
    order_life_ns: int
    # R-I1, I2
    offer_life_ns: int
    bonus_max_ppm: int
    bonus_base_ppm: int
    bonus_slope_ppm: int
    bonus_step_ppm: int
    bonus_step_ns: int
    bonus_reserve_ppm: int
    offer_insurance_ppm: int
    offer_venue_ppm: int
    # R-J
    patience_ns: int
    vault_opening_quanta: int
    vault_leverage_ppm: int
    vault_market_share_ppm: int
    unwind_horizon_ns: int
    unwind_step_ns: int
    unwind_band_ppm: int
    # R-K
    fund_opening_quanta: int  # the general part
    fund_floor_quanta: int
    fee_to_fund_ppm: int
    # R-C5
    debt_optimal_ppm: int  # utilization at the kink
    debt_rate_optimal_ppb: int  # an hour
    debt_rate_max_ppb: int
    convert_floor_quanta: int
    convert_share_ppm: int
    # R-E1, F3, M
    gain_weight_ppm: int
    withdrawal_floor_ppm: int
    gate_cool_ns: int
    loss_scope: int  # 0 market first then traders, 1 traders, 2 all
    audit_block_ns: int

    def market_row(self, market: str) -> int:
        """Row of a market, or -1."""
        return next((row for row, each in enumerate(self.markets) if each.id == market), -1)

    def asset_row(self, asset: str) -> int:
        """Row of an asset, or -1."""
        return next((row for row, each in enumerate(self.assets) if each.id == asset), -1)
