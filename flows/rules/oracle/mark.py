"""The mark: the median of three prices, of which no two fail in the same way."""

from flows.rules.exact import PPB, mul_div_floor, mul_div_trunc, mul_ppm_floor, rule

DECAY_BITS = 31
DECAY_ONE = 1 << DECAY_BITS
"""``decay`` of no time: factors are in 1/2^31."""

# 2^31 x 2^-(1/2), 2^31 x 2^-(1/4), and so on for the 31 bits of a fraction of a half-life, to the nearest integer.
_HALVINGS = (
    1518500250, 1805811301, 1969251188, 2056437387, 2101467502, 2124350982, 2135885998, 2141676973, 2144578345,
    2146030505, 2146756953, 2147120270, 2147301951, 2147392798, 2147438222, 2147460935, 2147472292, 2147477970,
    2147480809, 2147482228, 2147482938, 2147483293, 2147483471, 2147483559, 2147483604, 2147483626, 2147483637,
    2147483642, 2147483645, 2147483647, 2147483647,
)  # fmt: skip

BASIS_HALF_LIFE_NS = 150_000_000_000
"""Half-life of the basis: 150 s."""

BOOK_AGE_NS = 5_000_000_000
"""A book older than this is stale."""

MARK_BAND_PPM = 50_000
"""Default largest distance of the mark from the index."""

_MS = 1_000_000


@rule
def decay(delta_ns: int, half_life_ns: int) -> int:
    """What is left of 1 after a time, one half per half-life: rule R-O8, version 1.

    Formula   2^(-delta / half-life) by the bits of the exponent: whole half-lives shift, each bit of the fraction
              multiplies by its entry of a table.
    Units     1/2^31 (DECAY_ONE); nanoseconds.
    Rounding  the fraction down, each product to the nearest; the answer is within 32 units of the exact value.
    Errors    a negative time or a half-life of 0 is a caller's bug and asserts.
    Source    own table: integers, since a library's exp2 differs from machine to machine.
    """
    assert delta_ns >= 0, "time does not run back"
    assert half_life_ns > 0, "a half-life is a time"
    halvings = delta_ns // half_life_ns
    if halvings >= DECAY_BITS:
        return 0
    fraction = mul_div_floor(delta_ns % half_life_ns, DECAY_ONE, half_life_ns)
    left = DECAY_ONE
    for bit in range(DECAY_BITS):
        if fraction >> (DECAY_BITS - 1 - bit) & 1:
            left = (left * _HALVINGS[bit] + DECAY_ONE // 2) >> DECAY_BITS
    return left >> halvings


@rule
def decayed(amount: int, factor: int) -> int:
    """An amount after decay: rule R-O8, version 1.

    Formula   amount x factor / 2^31, without forming a product above 2^62.
    Units     the amount's; the factor as ``decay`` gives it.
    Rounding  down, toward minus infinity.
    Errors    none for |amount| <= 2^62.
    Source    as ``mul_ppm_floor`` (R-A3), with a power of two.
    """
    return (amount >> DECAY_BITS) * factor + ((amount & (DECAY_ONE - 1)) * factor >> DECAY_BITS)


@rule
def basis_step(
    numerator: int, denominator_ns: int, sample_subticks: int, last_ns: int, time_ns: int, half_life_ns: int
) -> tuple[int, int]:
    """The average basis after one more sample, as a fraction: rule R-O8, version 1.

    Formula   num = num x 2^(-d/h) + sample x d; den = den x 2^(-d/h) + d; d is the time since the last sample,
              between whole milliseconds, so that the parts of a time add up to it.
    Units     sample (book mid - index) in subticks; num in subticks x ms, which fits a price of 10^11 subticks
              over a day; den in ns, as a ms would lose a part of each short step; nanoseconds of event time.
              At the start (0, 0) and ``last_ns`` the first sample's time; while the book does not count the
              caller moves ``last_ns`` and keeps the rest.
    Rounding  down, on each decay.
    Errors    a time before the last is a caller's bug and asserts.
    Source    Hyperliquid, "Robust price indices": this average over irregular steps.
    """
    factor = decay(time_ns - last_ns, half_life_ns)
    delta_ms = time_ns // _MS - last_ns // _MS
    numerator = decayed(numerator, factor) + sample_subticks * delta_ms
    return numerator, decayed(denominator_ns, factor) + delta_ms * _MS


@rule
def basis_subticks(numerator: int, denominator_ns: int) -> int:
    """The average basis: rule R-O8, version 1.

    Formula   num / den; 0 at the start.
    Units     subticks; num and den as ``basis_step`` keeps them.
    Rounding  toward zero: it favours no side.
    Errors    none.
    Source    as ``basis_step``.
    """
    if denominator_ns == 0:
        return 0
    return mul_div_trunc(numerator, _MS, denominator_ns)


@rule
def book_counts(bid_ticks: int, ask_ticks: int, age_ns: int) -> bool:
    """Whether a book may speak in the mark and feed the basis: rule R-O8, version 1.

    Formula   both sides present, bid < ask, at most 5 s old, ask - bid <= 1 % of the middle.
    Units     ticks, 0 for a side that is empty; nanoseconds.
    Rounding  none: the width is compared as 200 x (ask - bid) with ask + bid.
    Errors    none.
    Source    own limits.
    """
    if bid_ticks <= 0 or ask_ticks <= bid_ticks or age_ns > BOOK_AGE_NS:
        return False
    return 200 * (ask_ticks - bid_ticks) <= ask_ticks + bid_ticks


@rule
def median3(first: int, second: int, third: int) -> int:
    """The middle one of three: rule R-O8, version 1.

    Formula   max(min(a, b), min(max(a, b), c)).
    Units     any one unit.
    Rounding  none.
    Errors    none.
    Source    one of three cannot move it beyond the other two.
    """
    return max(min(first, second), min(max(first, second), third))


@rule
def book_price_subticks(bid_ticks: int, ask_ticks: int, last_ticks: int) -> int:
    """What the market's own book and trades say: rule R-O8, version 1.

    Formula   median(bid, ask, last trade); the middle of bid and ask while there was no trade.
    Units     subticks; ticks, ``last_ticks`` 0 for none.
    Rounding  none: half a tick is 500 subticks.
    Errors    none: a book that does not count is not asked.
    Source    Hyperliquid, "Robust price indices".
    """
    if last_ticks == 0:
        return (bid_ticks + ask_ticks) * 500
    return 1_000 * median3(bid_ticks, ask_ticks, last_ticks)


@rule
def funding_price_subticks(index_subticks: int, rate_ppb: int, left_ns: int, interval_ns: int) -> int:
    """The index with the funding that is still to come: rule R-O8, version 1.

    Formula   index x (1 + rate x time left / interval).
    Units     subticks; parts per billion an interval; nanoseconds.
    Rounding  both quotients toward zero: it favours no side.
    Errors    no interval is a caller's bug and raises.
    Source    Binance, mark price, price 1.
    """
    premium_subticks = mul_div_trunc(index_subticks, rate_ppb, PPB)
    return index_subticks + mul_div_trunc(premium_subticks, left_ns, interval_ns)


@rule
def mark_subticks(
    index_subticks: int,
    basis: int,
    book_subticks: int,
    third_subticks: int,
    with_book: bool,
    band_ppm: int,
) -> tuple[int, int]:
    """The mark, and what it would be without its band: rule R-O8, version 1.

    Formula   median(index + basis, book price, third), third being the funding price or the median of outside
              perps; without the book the one of the other two nearer the index; then held within band x index.
    Units     subticks; parts per million. The second result feeds breaker 2.
    Rounding  the band down: the mark is never further than its band.
    Errors    no index is a caller's bug and asserts.
    Source    Hyperliquid and Binance: a median of three inputs.
    """
    assert index_subticks > 0, "a mark needs an index"
    own = index_subticks + basis
    if with_book:
        free = median3(own, book_subticks, third_subticks)
    elif abs(third_subticks - index_subticks) < abs(own - index_subticks):
        free = third_subticks
    else:
        free = own
    width = mul_ppm_floor(index_subticks, band_ppm)
    return min(max(free, index_subticks - width), index_subticks + width), free
