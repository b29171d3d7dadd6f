"""Columns of a feed: one asset's price in force, in nano, and how far it may be trusted."""

(
    # parameters
    SOURCES,
    NOMINAL_WEIGHT,
    FIRST_MARKET,  # the markets it prices are a chain, -1 at its end
    ASSET,  # row of the collateral asset, -1 if it is none
    ASSET_NANO_MOST,  # R-A2
    SIGMA_TABLE_PPM,
    # the price in force, 0 before the first
    INDEX_NANO,
    LOW_NANO,
    HIGH_NANO,
    MOMENT_NANO,  # what the quotes of this moment make, in force or not; 0 for none
    # trust, R-O5
    LEVEL,  # what this moment allows
    STATUS,  # with hysteresis
    CLEAN_SINCE_NS,
    VALID_NS,  # time of the newest quote in the last aggregate that was valid
    OPENED,  # 1 once the status has left HALTED
    # volatility, R-R1
    SAMPLE_NANO,  # 0 before the first
    SAMPLE_NS,
    SIGMA_PPM,
    BAND_SIGMA_PPM,  # by the five-minute half-life, for the price band
    # the collateral asset's state as it was published
    PUBLISHED_NS,  # -1 for never
    PUBLISHED_STATUS,
    PUBLISHED_LOW_NANO,
    PUBLISHED_HIGH_NANO,
    # counts, for metrics
    REFUSED,
    LATE,
    HELD,
    EQUIVOCATIONS,
    EXCLUSIONS,
    WIDTH,
) = range(29)
