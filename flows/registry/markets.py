"""A market of the venue's file to its integers: scales (R-A1), tiers (R-D1, R-D2), the funding cap (R-N3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows.registry.errors import ConfigurationError
from flows.registry.parameters import MarketParameters
from flows.registry.text import (
    digits,
    duration_ns,
    parts_of_one,
    positive,
    ppm,
    scaled,
    show,
    show_ppm,
)
from flows.rules.exact import PPM
from flows.rules.funding.cap import funding_cap_ppb, margin_gap_ppm
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.maintenance import maintenance_margin, tier_amounts
from flows.rules.scale.unit import is_integer_scale, lot_tick_quanta, smallest_lot_size
from schemas.config.assets import Panel
from schemas.config.markets import Market
from schemas.config.pools import Pool

WHOLE_QUANTA = 1_000_000
"""Floors of tiers are multiples of this, so that the amounts of R-D1 are integers."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The publishers of one asset, by slot."""

    sources: tuple[str, ...]
    weights: tuple[int, ...]
    heartbeats_ns: tuple[int, ...]


NO_FEED = Feed((), (), ())
"""Of the settlement asset: it is what prices are counted in."""


def feed(where: str, panel: Panel) -> Feed:
    """A panel in columns."""
    return Feed(
        tuple(each.source for each in panel.sources),
        tuple(each.weight for each in panel.sources),
        tuple(
            duration_ns(f"{where}.sources[{row}].heartbeat", each.heartbeat)
            for row, each in enumerate(panel.sources, 1)
        ),
    )


@dataclass(frozen=True, slots=True)
class Tiers:
    """The margin table of a market, in columns."""

    floor_quanta: tuple[int, ...]
    maintenance_ppm: tuple[int, ...]
    maintenance_amount_quanta: tuple[int, ...]
    initial_ppm: tuple[int, ...]
    initial_amount_quanta: tuple[int, ...]


def unit_of_value(where: str, market: Market, quanta_scale: int) -> int:
    """``lot_tick_quanta``; a market whose lot and tick make no whole number of quanta is refused, never rounded."""
    lot, lot_decimals = digits(market.lot)
    tick, tick_decimals = digits(market.tick)
    quantum_decimals = len(str(quanta_scale)) - 1
    if is_integer_scale(lot, lot_decimals, tick, tick_decimals, quantum_decimals):
        return lot_tick_quanta(lot, lot_decimals, tick, tick_decimals, quantum_decimals)
    quanta = f"lot {market.lot} x tick {market.tick} is no whole number of quanta of {show(1, quanta_scale)}"
    # One decimal place more than the tick takes is enough for the smallest lot that can fit.
    places = max(lot_decimals, quantum_decimals)
    smallest = show(smallest_lot_size(places, tick, tick_decimals, quantum_decimals), 10**places)
    raise ConfigurationError(
        f"{where}.lot", f"SCALE_NOT_INTEGER: {quanta}; the smallest lot that fits this tick is {smallest}."
    )


def tiers(where: str, market: Market, taker_fee_ppm: int, quanta_scale: int) -> Tiers:
    """The margin table; its order is checked here, since amounts exist for an ordered table only."""
    floors, maintenance, initial = [], [], []
    for row, each in enumerate(market.tiers, 1):
        here = f"{where}.tiers[{row}]"
        floor = scaled(f"{here}.above", each.above, quanta_scale, "quanta")
        if floor % WHOLE_QUANTA:
            raise ConfigurationError(
                f"{here}.above", f"{each.above} is no whole unit; floors are whole units of money."
            )
        floors.append(floor)
        maintenance.append(ppm(f"{here}.rate", each.rate))
        initial.append(ppm(f"{here}.initial", each.initial))
    check_tiers(where, tuple(floors), tuple(maintenance), tuple(initial), taker_fee_ppm, quanta_scale)
    return Tiers(
        tuple(floors),
        tuple(maintenance),
        tier_amounts(tuple(floors), tuple(maintenance)),
        tuple(initial),
        tier_amounts(tuple(floors), tuple(initial)),
    )


def check_tiers(
    where: str,
    floor_quanta: tuple[int, ...],
    maintenance_ppm: tuple[int, ...],
    initial_ppm: tuple[int, ...],
    taker_fee_ppm: int,
    quanta_scale: int,
) -> None:
    """R-D1, R-D2: floors start at 0 and rise; rates stay in (0, 100 %], do not fall, and leave room between them."""
    if floor_quanta[0] != 0:
        first = show(floor_quanta[0], quanta_scale)
        raise ConfigurationError(
            f"{where}.tiers[1].above", f"{first} must be 0: the first tier starts there."
        )
    for row in range(1, len(floor_quanta)):
        if floor_quanta[row] <= floor_quanta[row - 1]:
            here, before = show(floor_quanta[row], quanta_scale), show(floor_quanta[row - 1], quanta_scale)
            raise ConfigurationError(
                f"{where}.tiers[{row + 1}].above",
                f"{here} is not above tier {row}'s {before}; floors must rise.",
            )
    for name, rates in (("rate", maintenance_ppm), ("initial", initial_ppm)):
        for row, rate in enumerate(rates):
            here = f"{where}.tiers[{row + 1}].{name}"
            if not 0 < rate <= PPM:
                raise ConfigurationError(here, f"{show_ppm(rate)} must be above 0 % and at most 100 %.")
            if row and rate < rates[row - 1]:
                raise ConfigurationError(
                    here,
                    f"{show_ppm(rate)} is below tier {row}'s {show_ppm(rates[row - 1])};"
                    " rates must not fall as notional grows.",
                )
    for row, (initial, maintenance) in enumerate(zip(initial_ppm, maintenance_ppm, strict=True), 1):
        least_ppm = maintenance + 2 * taker_fee_ppm
        if initial < least_ppm:
            raise ConfigurationError(
                f"{where}.tiers[{row}].initial",
                f"{show_ppm(initial)} is below {show_ppm(least_ppm)}: maintenance and two taker fees (R-D2).",
            )


def least_gap_ppm(table: Tiers, limit_quanta: int) -> int:
    """g of R-N3: at the upper ends of the brackets, at maximum leverage."""
    ends = (*table.floor_quanta[1:], limit_quanta)
    initial = tuple(
        initial_margin(end, table.floor_quanta, table.initial_ppm, table.initial_amount_quanta, PPM)
        for end in ends
    )
    maintenance = tuple(
        maintenance_margin(end, table.floor_quanta, table.maintenance_ppm, table.maintenance_amount_quanta)
        for end in ends
    )
    return margin_gap_ppm(ends, initial, maintenance)


def _funding_cap(where: str, policy_where: str, policy: Pool, table: Tiers, limit_quanta: int) -> int:
    gap_ppm = least_gap_ppm(table, limit_quanta)
    if gap_ppm <= 0:
        raise ConfigurationError(
            f"{where}.tiers",
            "initial and maintenance margin meet: no funding cap (R-N3) can hold; widen the gap.",
        )
    return funding_cap_ppb(gap_ppm, ppm(f"{policy_where}.funding.cap_share", policy.funding.cap_share))


def market_parameters(
    market_id: str, market: Market, pool_id: str, policy: Pool, panel: Feed, quanta_scale: int
) -> MarketParameters:
    """The integers of one market, with what its pool says for all of its markets."""
    where, policy_where = f"markets.{market_id}", f"pools.{pool_id}"
    lot_scale = parts_of_one(f"{where}.lot", market.lot)
    tick_scale = parts_of_one(f"{where}.tick", market.tick)
    unit = unit_of_value(where, market, quanta_scale)
    taker_fee_ppm = ppm(f"{policy_where}.fees.taker", policy.fees.taker)
    table = tiers(where, market, taker_fee_ppm, quanta_scale)
    limit_quanta = positive(f"{where}.limit", market.limit, quanta_scale, "quanta")
    if limit_quanta <= table.floor_quanta[-1]:
        last = show(table.floor_quanta[-1], quanta_scale)
        raise ConfigurationError(f"{where}.limit", f"{market.limit} must be above the last tier's {last}.")
    penalty = f"{policy_where}.penalty"
    return MarketParameters(
        id=market_id,
        index_asset=market.index,
        lot_scale=lot_scale,
        tick_scale=tick_scale,
        lot_tick_quanta=unit,
        max_price_ticks=positive(f"{where}.max_price", market.max_price, tick_scale, "ticks"),
        max_position_lots=positive(f"{where}.max_position", market.max_position, lot_scale, "lots"),
        max_open_interest_lots=positive(
            f"{where}.max_open_interest", market.max_open_interest, lot_scale, "lots"
        ),
        tier_floor_quanta=table.floor_quanta,
        tier_maintenance_ppm=table.maintenance_ppm,
        tier_maintenance_amount_quanta=table.maintenance_amount_quanta,
        tier_initial_ppm=table.initial_ppm,
        tier_initial_amount_quanta=table.initial_amount_quanta,
        bracket_limit_quanta=limit_quanta,
        leverage=market.leverage,
        taker_fee_ppm=taker_fee_ppm,
        maker_rebate_ppm=ppm(f"{policy_where}.fees.rebate", policy.fees.rebate),
        penalty_ppm=ppm(f"{penalty}.rate", policy.penalty.rate),
        penalty_liquidator_ppm=ppm(f"{penalty}.liquidator", policy.penalty.liquidator),
        penalty_insurance_ppm=ppm(f"{penalty}.insurance", policy.penalty.insurance),
        penalty_venue_ppm=ppm(f"{penalty}.venue", policy.penalty.venue),
        impact_notional_quanta=positive(
            f"{where}.impact_notional", market.impact_notional, quanta_scale, "quanta"
        ),
        funding_interval_ns=duration_ns(f"{policy_where}.funding.interval", policy.funding.interval),
        funding_cap_ppb=_funding_cap(where, policy_where, policy, table, limit_quanta),
        mark_band_ppm=ppm(f"{policy_where}.mark_band", policy.mark_band),
        sigma_table_ppm=ppm(f"{where}.sigma", market.sigma),
        adv_quanta=positive(f"{where}.daily_volume", market.daily_volume, quanta_scale, "quanta"),
        fund_opening_quanta=scaled(f"{where}.fund_opening", market.fund_opening, quanta_scale, "quanta"),
        sources=panel.sources,
        source_weights=panel.weights,
        heartbeat_ns=panel.heartbeats_ns,
    )


def panel_of(where: str, name: str | None, panels: Mapping[str, Feed]) -> Feed:
    """The publishers of an asset that must have some."""
    if name is None:
        raise ConfigurationError(
            f"{where}.panel", "missing: an asset that is an index or collateral needs prices."
        )
    if name not in panels:
        known = ", ".join(sorted(panels))
        raise ConfigurationError(f"{where}.panel", f"no panel is called {name}; there are: {known}.")
    return panels[name]
