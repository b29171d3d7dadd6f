"""A feed's volatility (R-R1), the only floats of the stage: sampled at clocks, integers at its edge (R-R6)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.pricing.columns import feed, setting, stage
from flows.pricing.state import State
from flows.rules.oracle.status import HALTED
from flows.rules.volatility.ewma import HALF_LIVES_NS, SAMPLE_NS, ewma_step, log_return, sigma_ppm, sum_for

BAND_HALF_LIFE_NS = HALF_LIVES_NS[0]


@part
def sample_volatility(s: State, row: int) -> None:
    """Take the price in force at a clock as a sample; one that only stands still is none."""
    f, clock_ns = s.feeds[row], s.stage[stage.CLOCK_NS]
    price, former = f[feed.INDEX_NANO], f[feed.SAMPLE_NANO]
    if price == 0 or f[feed.LEVEL] == HALTED or (f[feed.STATUS] == HALTED and f[feed.OPENED] == 1):
        return
    delta_ns = clock_ns - f[feed.SAMPLE_NS]
    if former > 0 and delta_ns < SAMPLE_NS:
        return
    published_ns, table_ppm = s.settings[setting.SIGMA_HALF_LIFE_NS], f[feed.SIGMA_TABLE_PPM]
    restart, band_restart = sum_for(table_ppm, published_ns), sum_for(table_ppm, BAND_HALF_LIFE_NS)
    if former == 0:
        s.sums[row, 0], s.sums[row, 1] = restart, band_restart
    else:
        change = log_return(former, price)
        s.sums[row, 0] = ewma_step(s.sums[row, 0], change, delta_ns, published_ns, restart)
        s.sums[row, 1] = ewma_step(s.sums[row, 1], change, delta_ns, BAND_HALF_LIFE_NS, band_restart)
    f[feed.SAMPLE_NANO], f[feed.SAMPLE_NS] = price, clock_ns
    f[feed.SIGMA_PPM] = sigma_ppm(s.sums[row, 0], published_ns, table_ppm)
    f[feed.BAND_SIGMA_PPM] = sigma_ppm(s.sums[row, 1], BAND_HALF_LIFE_NS, table_ppm)
