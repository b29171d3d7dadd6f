"""What the integers of a market must satisfy: R-A2's bounds, R-D's tiers, fees, the penalty's split, funding."""

from __future__ import annotations

from typing import Final

from flows.registry.errors import ConfigurationError
from flows.registry.markets import Tiers, check_tiers, least_gap_ppm
from flows.registry.parameters import MarketParameters
from flows.registry.text import LARGEST, show, show_ns, show_ppm
from flows.rules.exact import PPM
from flows.rules.margin.maintenance import tier_amounts
from flows.rules.scale.bounds import BOUND, largest_position_lots, open_interest_fits, position_fits
from flows.rules.scale.time import SECOND_NS

DAY_NS: Final = 86_400 * SECOND_NS


def value_budget(market: MarketParameters) -> int:
    """Most that all longs of a market can be worth: its share of the pool's bound."""
    return market.max_open_interest_lots * market.max_price_ticks * market.lot_tick_quanta


def check_market(market: MarketParameters, call_ppm: int, quanta: int, pool_where: str) -> None:
    """Raise ConfigurationError for the first thing that is wrong with a market."""
    where = f"markets.{market.id}"
    _check_scales(where, market)
    _check_bounds(where, market)
    _check_margin(where, market, call_ppm, quanta)
    _check_policy(market, pool_where)
    _check_funding(where, market, pool_where)


def _check_scales(where: str, market: MarketParameters) -> None:
    positive = (
        ("lot", market.lot_scale),
        ("tick", market.tick_scale),
        ("lot", market.lot_tick_quanta),
        ("max_price", market.max_price_ticks),
        ("max_position", market.max_position_lots),
        ("max_open_interest", market.max_open_interest_lots),
        ("leverage", market.leverage),
        ("impact_notional", market.impact_notional_quanta),
        ("daily_volume", market.adv_quanta),
        ("sigma", market.sigma_table_ppm),
    )
    for name, value in positive:
        if not 0 < value <= LARGEST:
            raise ConfigurationError(f"{where}.{name}", f"{value} must be above 0 and within 64 bits.")


def _check_bounds(where: str, market: MarketParameters) -> None:
    """R-A2, a market alone."""
    price, unit = market.max_price_ticks, market.lot_tick_quanta
    if not position_fits(market.max_position_lots, price, unit):
        most = show(largest_position_lots(price, unit), market.lot_scale)
        raise ConfigurationError(
            f"{where}.max_position",
            f"{show(market.max_position_lots, market.lot_scale)} at max_price leaves 2^62 quanta (R-A2);"
            f" at most {most}.",
        )
    if not open_interest_fits(market.max_open_interest_lots, price, unit, BOUND):
        most = show(BOUND // price // unit, market.lot_scale)
        raise ConfigurationError(
            f"{where}.max_open_interest",
            f"{show(market.max_open_interest_lots, market.lot_scale)} at max_price leaves 2^62 quanta (R-A2);"
            f" at most {most}.",
        )
    if market.max_position_lots > market.max_open_interest_lots:
        raise ConfigurationError(
            f"{where}.max_position",
            f"{show(market.max_position_lots, market.lot_scale)} is above max_open_interest,"
            f" {show(market.max_open_interest_lots, market.lot_scale)}; it must not be.",
        )


def _check_margin(where: str, market: MarketParameters, call_ppm: int, quanta: int) -> None:
    floors, maintenance, initial = (
        market.tier_floor_quanta,
        market.tier_maintenance_ppm,
        market.tier_initial_ppm,
    )
    if (
        not floors
        or len({len(floors), len(maintenance), len(initial)}) != 1
        or any(floor % PPM for floor in floors)
    ):
        raise ConfigurationError(
            f"{where}.tiers", "a tier needs a floor in whole units, a rate and an initial rate."
        )
    check_tiers(where, floors, maintenance, initial, market.taker_fee_ppm, quanta)
    amounts = (market.tier_maintenance_amount_quanta, market.tier_initial_amount_quanta)
    if amounts != (tier_amounts(floors, maintenance), tier_amounts(floors, initial)):
        raise ConfigurationError(
            f"{where}.tiers", "amounts are not those that make the margin continuous (R-D1)."
        )
    if market.bracket_limit_quanta <= floors[-1]:
        raise ConfigurationError(
            f"{where}.limit",
            f"{show(market.bracket_limit_quanta, quanta)} must be above the last tier's {show(floors[-1], quanta)}.",
        )
    # Liquidation prices and wake bands rest on margin growing slower than value (R-D4).
    if maintenance[-1] * call_ppm >= PPM * PPM:
        raise ConfigurationError(
            f"{where}.tiers[{len(floors)}].rate",
            f"{show_ppm(maintenance[-1])} x the call level {show_ppm(call_ppm)} must stay under 100 %.",
        )


def _check_policy(market: MarketParameters, pool_where: str) -> None:
    if not 0 <= market.taker_fee_ppm <= PPM:
        raise ConfigurationError(
            f"{pool_where}.fees.taker", f"{show_ppm(market.taker_fee_ppm)} must be 0 % to 100 %."
        )
    if not 0 <= market.maker_rebate_ppm <= market.taker_fee_ppm:
        raise ConfigurationError(
            f"{pool_where}.fees.rebate",
            f"{show_ppm(market.maker_rebate_ppm)} is above fees.taker, {show_ppm(market.taker_fee_ppm)};"
            " a fill must not drain the fees.",
        )
    if not 0 <= market.penalty_ppm <= PPM:
        raise ConfigurationError(
            f"{pool_where}.penalty.rate", f"{show_ppm(market.penalty_ppm)} must be 0 % to 100 %."
        )
    shares = (market.penalty_liquidator_ppm, market.penalty_insurance_ppm, market.penalty_venue_ppm)
    if min(shares) < 0 or sum(shares) != PPM:
        raise ConfigurationError(
            f"{pool_where}.penalty",
            f"liquidator, insurance and venue come to {show_ppm(sum(shares))}, not to 100 %.",
        )
    if not 0 < market.mark_band_ppm < PPM:
        raise ConfigurationError(
            f"{pool_where}.mark_band", f"{show_ppm(market.mark_band_ppm)} must be above 0 % and under 100 %."
        )


def _check_funding(where: str, market: MarketParameters, pool_where: str) -> None:
    interval_ns = market.funding_interval_ns
    if interval_ns < 1 or interval_ns % SECOND_NS or DAY_NS % interval_ns:
        raise ConfigurationError(
            f"{pool_where}.funding.interval",
            f"{show_ns(interval_ns)} does not divide a day into whole seconds; 1 h or 8 h do.",
        )
    table = Tiers(
        market.tier_floor_quanta,
        market.tier_maintenance_ppm,
        market.tier_maintenance_amount_quanta,
        market.tier_initial_ppm,
        market.tier_initial_amount_quanta,
    )
    gap_ppm = least_gap_ppm(table, market.bracket_limit_quanta)
    if not 0 < market.funding_cap_ppb <= gap_ppm * 1_000:
        raise ConfigurationError(
            f"{pool_where}.funding.cap_share",
            f"the cap of {market.id} is {market.funding_cap_ppb} ppb; it must be above 0 and at most"
            f" {gap_ppm * 1_000} ppb, the least gap between initial and maintenance margin (R-N3).",
        )
    if market.fund_opening_quanta < 0:
        raise ConfigurationError(f"{where}.fund_opening", "it must not be negative.")


def warnings(market: MarketParameters) -> tuple[str, ...]:
    """What may be registered and is still worth saying (R-N4): funding per lot would be coarse at every price."""
    lot_quanta = market.max_price_ticks * market.lot_tick_quanta
    if lot_quanta // 10_000 < 100:
        return (
            f"markets.{market.id}.lot: 1 bp of a lot is under 100 quanta even at max_price; funding is coarse.",
        )
    return ()
