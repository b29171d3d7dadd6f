"""Which quotes count."""

from flows.rules.exact import mul_ppm_floor, rule

ADMITTED, NOT_POSITIVE, WRONG_DECIMALS, EARLY, TOO_WIDE, LATE, DUPLICATE, EQUIVOCATION = range(8)
"""What became of a quote. Late ones and duplicates are counted, not errors; an equivocation puts its source out."""

MAX_CONFIDENCE_PPM = 5_000
"""Default widest confidence of one quote, 50 bp of its price: wider votes would make the hull of R-O2 mean nothing."""

JUMP_PPM = 500_000
"""A price further than this from the index waits for a second source."""

CONFIRM_NS = 5_000_000_000
"""How long a held price waits for a second source."""

OUT_NS = 600_000_000_000
"""How long an equivocating source is out."""


@rule
def quote_fault(
    price: int,
    confidence: int,
    decimals: int,
    expected_decimals: int,
    time_ns: int,
    latest_ns: int,
    max_confidence_ppm: int,
) -> int:
    """What is wrong with a quote on its own, ADMITTED for nothing: rule R-O1, version 1.

    Formula   in order: price and confidence above 0, the source's decimals, time not after the latest allowed
              (clock + skew, R-A6), confidence <= max x price.
    Units     price and confidence in the source's units; nanoseconds; parts per million.
    Rounding  none: an integer is above a rational iff it is above its floor (R-A5).
    Errors    none: faults are answers. Signatures are checked where bytes are known.
    Source    Pyth refuses publishers whose confidence is too wide for their price.
    """
    if price <= 0 or confidence <= 0:
        return NOT_POSITIVE
    if decimals != expected_decimals:
        return WRONG_DECIMALS
    if time_ns > latest_ns:
        return EARLY
    if confidence > mul_ppm_floor(price, max_confidence_ppm):
        return TOO_WIDE
    return ADMITTED


@rule
def slot_fault(
    slot: int, price: int, confidence: int, last_slot: int, last_price: int, last_confidence: int
) -> int:
    """What a source's numbering says of a quote, ADMITTED for nothing: rule R-O1, version 1.

    Formula   slot > last: admitted; below it: late; at it: a duplicate where the value is the same, else an
              equivocation, and the source is out for ten minutes.
    Units     slots are the source's own numbers; price and confidence in its units. ``last_slot`` is below the
              first number where the source is new.
    Rounding  none.
    Errors    none: faults are answers.
    Source    Pyth drops publishers older than 25 slots, Drift knows 10 and 120.
    """
    if slot > last_slot:
        return ADMITTED
    if slot < last_slot:
        return LATE
    if price == last_price and confidence == last_confidence:
        return DUPLICATE
    return EQUIVOCATION


@rule
def is_fresh(age_ns: int, heartbeat_ns: int) -> bool:
    """Whether a quote still counts: rule R-O1, version 1.

    Formula   age <= 3 x heartbeat.
    Units     nanoseconds of event time. A quote a little ahead of the clock has a negative age and is fresh.
    Rounding  none.
    Errors    none.
    Source    own choice; Chainlink and Pyth publish heartbeats.
    """
    return age_ns <= 3 * heartbeat_ns


@rule
def is_jump(price_subticks: int, reference_subticks: int, jump_ppm: int) -> bool:
    """Whether a price is too far from the index to be used on one source's word: rule R-O1, version 1.

    Formula   |price - reference| > jump x reference.
    Units     subticks; parts per million.
    Rounding  none: an integer is above a rational iff it is above its floor (R-A5).
    Errors    no reference is a caller's bug and asserts: a first price cannot jump.
    Source    own choice: a shift of the decimal point is a factor of 10.
    """
    assert reference_subticks > 0, "a jump needs a reference"
    return abs(price_subticks - reference_subticks) > mul_ppm_floor(reference_subticks, jump_ppm)


@rule
def confirms_jump(
    price_subticks: int,
    time_ns: int,
    other_subticks: int,
    other_ns: int,
    reference_subticks: int,
    jump_ppm: int,
) -> bool:
    """Whether another source's price makes a held one usable: rule R-O1, version 1.

    Formula   both jump from the reference, neither jumps from the other, and they lie at most 5 s apart.
    Units     subticks; nanoseconds of event time; parts per million.
    Rounding  none.
    Errors    no reference is a caller's bug and asserts.
    Source    own choice: two sources that jump alike saw a price, one saw a decimal point.
    """
    if abs(time_ns - other_ns) > CONFIRM_NS:
        return False
    if not is_jump(price_subticks, reference_subticks, jump_ppm):
        return False
    if not is_jump(other_subticks, reference_subticks, jump_ppm):
        return False
    lower, higher = min(price_subticks, other_subticks), max(price_subticks, other_subticks)
    return not is_jump(higher, lower, jump_ppm)
