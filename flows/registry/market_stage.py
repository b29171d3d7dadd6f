"""What the market stage runs on beside a pool's parameters: integers only, frozen, checked by `flows.registry.load`.

One set a pool. Nothing here has a default: the venue's file writes every value out. What the rules of chapters N, O
and P fix is not repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarketStageParameters:
    """Settings of index, mark, TWAP, volatility, funding and breakers. All are above 0, but a clamp may be 0."""

    quote_confidence_ppm: int  # R-O1: a quote less sure than this part of its price is not used
    jump_ppm: int  # R-O1: a lone move beyond this waits for a second source
    clamp_ppm: tuple[int, ...]  # R-O4, by market row: how far the index may leave its mean; 0 is off
    clamp_half_life_ns: int  # R-O4: of that mean
    basis_half_life_ns: int  # R-O8
    twap_window_ns: int  # R-O9; largest price x window fits int64: flows.rules.oracle.twap.window_fits
    twap_gap_ns: int  # R-O9: a longer silence is left out of the mean
    sigma_half_life_ns: int  # R-R1: of the volatility that states carry; the band's own is five minutes
    asset_sigma_ppm: int  # R-R1: of a collateral asset without a market, before its first tick, ppm a day
    interest_ppb: int  # R-N2: in eight hours
    band_sigmas_ppm: int  # R-P2: z, in millionths; 10 is 10_000_000
    asset_move_ppm: int  # an asset-state follows when an end of its interval has moved by more than this ...
    asset_interval_ns: int  # ... or after this long
