"""Columns of the one row of settings: those of `flows.registry.market_stage` in its order, but the clamps."""

(
    QUOTE_CONFIDENCE_PPM,
    JUMP_PPM,
    CLAMP_HALF_LIFE_NS,
    BASIS_HALF_LIFE_NS,
    TWAP_WINDOW_US,
    TWAP_GAP_US,
    SIGMA_HALF_LIFE_NS,
    INTEREST_PPB,
    BAND_SIGMAS_PPM,
    ASSET_MOVE_PPM,
    ASSET_INTERVAL_NS,
    WIDTH,
) = range(12)
