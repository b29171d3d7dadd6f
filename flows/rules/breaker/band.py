"""Breaker 1: a band around the recent mean price, a limit state at its edge, a pause.

The breaker's state is a row of ten integers, the same in a kernel's column and in a tuple: phase; reference and since
when; band and since when; since when the price is at the band; until when the pause lasts and how often it was
extended; until when another pause is doubled; since when the market is open.
"""

from flows.rules.exact import Ints, div_ceil, div_half_even, isqrt_ceil, mul_div_ceil, mul_ppm_ceil, rule

PHASE, REFERENCE, REFERENCE_SINCE, BAND, BAND_SINCE = 0, 1, 2, 3, 4
LIMIT_SINCE, UNTIL, EXTENSIONS, DOUBLED_UNTIL, OPENED = 5, 6, 7, 8, 9
"""Places in the state."""

NORMAL, LIMIT, PAUSE, MANUAL = 0, 1, 2, 3
"""Phases. A market in MANUAL waits for a signed command."""

START = (NORMAL, 0, 0, 0, 0, 0, 0, 0, 0, 0)
"""The state of a market before its first price."""

State = tuple[int, int, int, int, int, int, int, int, int, int]

BAND_MIN_PPM, BAND_MAX_PPM = 30_000, 100_000
"""The band is never narrower, never wider."""

Z_PPM = 10_000_000
"""Default band in deviations of five minutes: 10."""

WINDOW_NS = 300_000_000_000
"""The mean's window; the band is looked up anew at the start of each."""

REFERENCE_STEP_PPM = 10_000
"""A new mean becomes the reference only this far from the old one."""

REFERENCE_AGE_NS = 30_000_000_000
"""And only once the old one is this old."""

LIMIT_NS = 15_000_000_000
"""How long a price may stay at the band before the market pauses."""

PAUSE_NS = 300_000_000_000
"""A pause; the second within an hour lasts twice as long."""

DOUBLE_WITHIN_NS = 3_600_000_000_000
"""How long after the start of a pause another one is doubled."""

_WINDOWS_A_DAY = 288


@rule
def five_minute_sigma_ppm(daily_sigma_ppm: int) -> int:
    """Deviation of five minutes from that of a day: rule R-P2, version 1.

    Formula   daily / sqrt(288): variance grows with time.
    Units     parts per million.
    Rounding  up, once on the variance and once on the root.
    Errors    a negative deviation asserts; squares fit for deviations below 2^31 ppm.
    Source    the usual scaling by the root of time.
    """
    return isqrt_ceil(div_ceil(daily_sigma_ppm * daily_sigma_ppm, _WINDOWS_A_DAY))


@rule
def band_ppm(five_minute_sigma_ppm: int, z_ppm: int) -> int:
    """Half-width of the price band: rule R-P2, version 1.

    Formula   clamp(z x sigma, 3 %, 10 %).
    Units     parts per million; z in millionths of a deviation.
    Rounding  up: a band is never narrower than stated.
    Errors    none.
    Source    LULD's 5 and 10 % per tier; scaled by volatility here, z being the quantile that trips once in 30 days.
    """
    wide_ppm = mul_div_ceil(five_minute_sigma_ppm, z_ppm, 1_000_000)
    return min(max(wide_ppm, BAND_MIN_PPM), BAND_MAX_PPM)


@rule
def mean_trade_subticks(ticks_sum: int, trades: int) -> int:
    """Mean price of the trades of the last five minutes, 0 for none: rule R-P1, version 1.

    Formula   sum of prices / number of trades, a trade a vote; trades before the last opening left out.
    Units     subticks; prices in ticks.
    Rounding  half to even: it favours no side.
    Errors    none.
    Source    LULD: the arithmetic mean over five minutes.
    """
    if trades == 0:
        return 0
    return div_half_even(1_000 * ticks_sum, trades)


@rule
def is_at_band(price_subticks: int, reference_subticks: int, width_ppm: int) -> bool:
    """Whether a price stands at the band or beyond: rule R-P1, version 1.

    Formula   |price - reference| >= width x reference.
    Units     subticks, 0 for a price that isn't there; parts per million.
    Rounding  none: an integer is at least a rational iff it is at least its ceiling (R-A5).
    Errors    none: a price that isn't there is at no band.
    Source    LULD: a quote at the band starts the limit state.
    """
    if price_subticks == 0:
        return False
    return abs(price_subticks - reference_subticks) >= mul_ppm_ceil(reference_subticks, width_ppm)


@rule
def takes_reference(reference_subticks: int, since_ns: int, mean_subticks: int, time_ns: int) -> bool:
    """Whether a mean price becomes the reference: rule R-P1, version 1.

    Formula   |mean - reference| >= 1 % of the reference and the reference is at least 30 s old; the first mean is
              always taken.
    Units     subticks, 0 for a mean or a reference that isn't there; nanoseconds of event time.
    Rounding  none, as ``is_at_band``.
    Errors    none.
    Source    LULD: the reference moves by 1 % or more and lives 30 s or longer.
    """
    if mean_subticks == 0:
        return False
    if reference_subticks == 0:
        return True
    return time_ns - since_ns >= REFERENCE_AGE_NS and is_at_band(
        mean_subticks, reference_subticks, REFERENCE_STEP_PPM
    )


@rule
def band_step(
    state: Ints,
    time_ns: int,
    is_clock: bool,
    trade_subticks: int,
    mark_subticks: int,
    mean_subticks: int,
    width_ppm: int,
) -> State:
    """The breaker's state after one entry: rule R-P1, row 1, version 1.

    Formula   open: at the band -> limit state. Limit state: inside -> open; still at the band at a clock 15 s
              later -> pause of 300 s, of 600 s where another began within the hour before. Open, at a clock: the
              mean may become the reference, and each five minutes the width is taken anew.
    Units     last trade, mark and mean trade price since the last opening (at most 5 min) in subticks, 0 for none;
              width in parts per million; nanoseconds of event time. What is due falls on clock entries only (R-A6).
    Rounding  as ``is_at_band``.
    Errors    none. A pause ends by ``reopen_step`` alone.
    Source    LULD plan: 5-minute mean, 15 s, 5 min; doubling and volatility scaling are ours.
    """
    phase, reference, reference_since, band, band_since, limit_since, until, extensions, doubled_until, opened = (
        state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7], state[8], state[9],
    )  # fmt: skip
    if phase == NORMAL and is_clock:
        if takes_reference(reference, reference_since, mean_subticks, time_ns):
            reference, reference_since = mean_subticks, time_ns
        if band == 0 or time_ns - band_since >= WINDOW_NS:
            band, band_since = width_ppm, time_ns
    if reference > 0 and phase <= LIMIT:
        at_band = is_at_band(trade_subticks, reference, band) or is_at_band(mark_subticks, reference, band)
        if not at_band:
            phase = NORMAL
        elif phase == NORMAL:
            phase, limit_since = LIMIT, time_ns
        elif is_clock and time_ns - limit_since >= LIMIT_NS:
            pause_ns = 2 * PAUSE_NS if time_ns <= doubled_until else PAUSE_NS
            phase, until, extensions = PAUSE, time_ns + pause_ns, 0
            doubled_until = time_ns + DOUBLE_WITHIN_NS
    return (
        phase, reference, reference_since, band, band_since, limit_since, until, extensions, doubled_until, opened,
    )  # fmt: skip
