"""The market stage's settings to integers, and what they must satisfy."""

from __future__ import annotations

from flows.registry.errors import ConfigurationError
from flows.registry.market_stage import MarketStageParameters
from flows.registry.text import duration_ns, positive, ppb, ppm, show_ns, show_ppm
from flows.rules.exact import PPM
from schemas.config.stage import MarketStage

WHERE = "market_stage"


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
