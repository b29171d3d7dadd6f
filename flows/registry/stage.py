"""The market stage's settings to integers, and what they must satisfy."""

from __future__ import annotations

import math
from typing import Final

from flows.registry.errors import ConfigurationError
from flows.registry.market_stage import MarketStageParameters
from flows.registry.parameters import MarketParameters
from flows.registry.text import duration_ns, positive, ppb, ppm, show, show_ns, show_ppm
from flows.rules.exact import PPM
from flows.rules.oracle.twap import window_fits
from flows.rules.scale.bounds import BOUND
from flows.rules.scale.unit import SUBTICKS
from schemas.config.stage import MarketStage

WHERE: Final = "market_stage"
HOUR_NS: Final = 3_600 * 10**9
NANO: Final = 10**9
"""What prices on the wire are read in: they have at most nine decimals."""


def clamp_ppm(where: str, clamp: str) -> int:
    """How far a market's index may leave its mean; 0 is off."""
    if clamp == "off":
        return 0
    rate_ppm = ppm(where, clamp)
    if not 0 < rate_ppm < PPM:
        raise ConfigurationError(where, f'{clamp} must be above 0 % and under 100 %, or "off".')
    return rate_ppm


def market_stage_parameters(stage: MarketStage, clamps_ppm: tuple[int, ...]) -> MarketStageParameters:
    """The integers of the stage for one pool; ``clamps_ppm`` is a row a market."""
    rates = {
        "quote_confidence": stage.quote_confidence,
        "jump": stage.jump,
        "asset_sigma": stage.asset_sigma,
        "asset_move": stage.asset_move,
    }
    scaled = {name: ppm(f"{WHERE}.{name}", text) for name, text in rates.items()}
    for name, rate_ppm in scaled.items():
        if not 0 < rate_ppm <= PPM:
            raise ConfigurationError(
                f"{WHERE}.{name}", f"{show_ppm(rate_ppm)} must be above 0 % and at most 100 %."
            )
    parameters = MarketStageParameters(
        quote_confidence_ppm=scaled["quote_confidence"],
        jump_ppm=scaled["jump"],
        clamp_ppm=clamps_ppm,
        clamp_half_life_ns=duration_ns(f"{WHERE}.clamp_half_life", stage.clamp_half_life),
        basis_half_life_ns=duration_ns(f"{WHERE}.basis_half_life", stage.basis_half_life),
        twap_window_ns=duration_ns(f"{WHERE}.twap_window", stage.twap_window),
        twap_gap_ns=duration_ns(f"{WHERE}.twap_gap", stage.twap_gap),
        sigma_half_life_ns=duration_ns(f"{WHERE}.sigma_half_life", stage.sigma_half_life),
        asset_sigma_ppm=scaled["asset_sigma"],
        interest_ppb=ppb(f"{WHERE}.interest", stage.interest),
        band_sigmas_ppm=positive(f"{WHERE}.band_sigmas", stage.band_sigmas, PPM, "millionths"),
        asset_move_ppm=scaled["asset_move"],
        asset_interval_ns=duration_ns(f"{WHERE}.asset_interval", stage.asset_interval),
    )
    if parameters.twap_gap_ns > parameters.twap_window_ns:
        raise ConfigurationError(
            f"{WHERE}.twap_gap",
            f"{show_ns(parameters.twap_gap_ns)} is longer than twap_window, {show_ns(parameters.twap_window_ns)};"
            " it must not be.",
        )
    return parameters


def check_market_stage(pool_id: str, market: MarketParameters, stage: MarketStageParameters) -> None:
    """Refuse a market whose prices could leave int64 in the stage, or whose funding its rules do not know."""
    where = f"markets.{market.id}.max_price"
    found = show(market.max_price_ticks, market.tick_scale)
    if not window_fits(market.max_price_ticks * SUBTICKS, stage.twap_window_ns // 1_000):
        most = show(BOUND // (stage.twap_window_ns // 1_000) // SUBTICKS, market.tick_scale)
        raise ConfigurationError(
            where, f"{found} over market_stage.twap_window leaves 2^62 (R-O9); at most {most}."
        )
    subticks = market.tick_scale * SUBTICKS
    finer = subticks // math.gcd(subticks, NANO)
    if market.max_price_ticks * NANO // market.tick_scale * finer > BOUND:
        raise ConfigurationError(
            where, f"{found} in billionths leaves 2^62 (R-A2); at most {BOUND // NANO // finer}."
        )
    if market.funding_interval_ns != HOUR_NS:
        raise ConfigurationError(
            f"pools.{pool_id}.funding.interval",
            f"{show_ns(market.funding_interval_ns)} must be 1 h: the rate is made for an hour (R-N2).",
        )
