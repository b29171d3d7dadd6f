"""A feed: which quotes count, what they make together, how far that may be trusted (R-O1 to O5, P1 rows 3 and 4)."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.pricing.columns import feed, setting, slot, stage
from flows.pricing.records import CONFIDENCE_NANO, NANO_MOST, NUMBER, PRICE, TIME_NS, Records
from flows.pricing.state import (
    CONFIDENCES,
    DISTANCE,
    PLACES,
    PRICES,
    ROUNDS,
    UNTIL,
    VOTE_WEIGHTS,
    VOTES,
    WEIGHTS,
    State,
)
from flows.rules.breaker.oracle import oracle_level
from flows.rules.oracle.admission import (
    ADMITTED,
    EQUIVOCATION,
    LATE,
    OUT_NS,
    confirms_jump,
    is_fresh,
    is_jump,
    quote_fault,
    slot_fault,
)
from flows.rules.oracle.aggregate import aggregate
from flows.rules.oracle.flags import EXCLUDED_NS, absolute_deviation, is_flagged, next_excluded
from flows.rules.oracle.status import HALTED, level_now, status_step
from flows.rules.oracle.weight import cap_weights
from flows.rules.scale.time import MAX_SKEW_NS


@part
def take_quote(s: State, row: int, place: int, quote: Records) -> bool:
    """Put a quote in its source's slot; whether the aggregate may have changed."""
    own = s.slots[row, place]
    price, confidence, number, time_ns = quote[PRICE], quote[CONFIDENCE_NANO], quote[NUMBER], quote[TIME_NS]
    latest_ns = s.stage[stage.CLOCK_NS] + MAX_SKEW_NS if s.stage[stage.CLOCK_NS] > 0 else time_ns
    widest_ppm = s.settings[setting.QUOTE_CONFIDENCE_PPM]
    if price > NANO_MOST or quote_fault(price, confidence, 0, 0, time_ns, latest_ns, widest_ppm) != ADMITTED:
        s.feeds[row, feed.REFUSED] += 1
        return False
    fault = slot_fault(
        number,
        price,
        confidence,
        own[slot.SEEN_NUMBER],
        own[slot.SEEN_NANO],
        own[slot.SEEN_CONFIDENCE_NANO],
    )
    if fault == EQUIVOCATION:
        s.feeds[row, feed.EQUIVOCATIONS] += 1
        own[slot.OUT_UNTIL_NS] = s.stage[stage.POOL_NS] + OUT_NS
        return True
    if fault != ADMITTED:
        s.feeds[row, feed.LATE] += fault == LATE
        return False
    own[slot.SEEN_NUMBER], own[slot.SEEN_NANO] = number, price
    own[slot.SEEN_CONFIDENCE_NANO], own[slot.SEEN_NS] = confidence, time_ns
    reference = s.feeds[row, feed.INDEX_NANO]
    jumps = reference > 0 and is_jump(price, reference, s.settings[setting.JUMP_PPM])
    if jumps and not _confirmed(s, row, place, reference):
        s.feeds[row, feed.HELD] += 1
        return False
    _use(own)
    return True


@part
def _use(own: Records) -> None:
    """Let a source's newest quote count."""
    own[slot.NUMBER], own[slot.NANO] = own[slot.SEEN_NUMBER], own[slot.SEEN_NANO]
    own[slot.CONFIDENCE_NANO], own[slot.TIME_NS] = own[slot.SEEN_CONFIDENCE_NANO], own[slot.SEEN_NS]


@part
def _confirmed(s: State, row: int, place: int, reference: int) -> bool:
    """Whether another source has jumped alike; those that were held for want of this one now count."""
    own, found = s.slots[row, place], False
    for other_place in range(s.feeds[row, feed.SOURCES]):
        other = s.slots[row, other_place]
        if other_place == place or other[slot.SEEN_NUMBER] < 0:
            continue
        if confirms_jump(
            own[slot.SEEN_NANO],
            own[slot.SEEN_NS],
            other[slot.SEEN_NANO],
            other[slot.SEEN_NS],
            reference,
            s.settings[setting.JUMP_PPM],
        ):
            found = True
            _use(other)
    return found


@part
def _may_vote(s: State, own: Records) -> bool:
    """Whether a source's quote is fresh by the clock and the source not out for what it said."""
    if own[slot.NUMBER] < 0 or s.stage[stage.CLOCK_NS] <= own[slot.OUT_UNTIL_NS]:
        return False
    return is_fresh(s.stage[stage.CLOCK_NS] - own[slot.TIME_NS], own[slot.HEARTBEAT_NS])


@part
def price_feed(s: State, row: int, is_clock: bool) -> bool:
    """Aggregate a feed's quotes and judge them; whether the price in force or the status changed.

    While the status is HALTED the last price stays in force, R-P4; only a feed that never was better follows its
    quotes, as there is nothing else yet.
    """
    f, clock_ns = s.feeds[row], s.stage[stage.CLOCK_NS]
    voters, weight, newest_ns = 0, 0, 0
    for place in range(f[feed.SOURCES]):
        own = s.slots[row, place]
        votes = _may_vote(s, own) and clock_ns > own[slot.EXCLUDED_UNTIL_NS]
        own[slot.VOTES] = votes
        if votes:
            s.scratch[PRICES, voters] = own[slot.NANO]
            s.scratch[CONFIDENCES, voters] = own[slot.CONFIDENCE_NANO]
            s.scratch[WEIGHTS, voters] = own[slot.WEIGHT]
            weight += own[slot.WEIGHT]
            newest_ns = max(newest_ns, own[slot.TIME_NS])
            voters += 1
    index, confidence, low, high = 0, 0, 0, 0
    if voters > 0:
        cap_weights(s.scratch[WEIGHTS], voters)
        index, confidence, low, high = aggregate(
            s.scratch[PRICES],
            s.scratch[CONFIDENCES],
            s.scratch[WEIGHTS],
            voters,
            s.scratch[VOTES],
            s.scratch[VOTE_WEIGHTS],
        )
    level = level_now(voters, weight, f[feed.NOMINAL_WEIGHT], confidence, index)
    if level < HALTED:
        f[feed.VALID_NS] = newest_ns
    level = max(level, oracle_level(clock_ns - f[feed.VALID_NS], confidence, index))
    status, f[feed.LEVEL], f[feed.MOMENT_NANO] = f[feed.STATUS], level, index
    judge(s, f, feed.STATUS, feed.CLEAN_SINCE_NS, level, is_clock)
    changed = f[feed.STATUS] != status
    if f[feed.STATUS] < HALTED:
        f[feed.OPENED] = 1
    if level < HALTED and (f[feed.STATUS] < HALTED or f[feed.OPENED] == 0):
        changed |= index != f[feed.INDEX_NANO] or low != f[feed.LOW_NANO] or high != f[feed.HIGH_NANO]
        f[feed.INDEX_NANO], f[feed.LOW_NANO], f[feed.HIGH_NANO] = index, max(low, 1), high
        for place in range(f[feed.SOURCES]):
            own = s.slots[row, place]
            own[slot.INDEX_NUMBER] = own[slot.NUMBER] if own[slot.VOTES] else -1
    return bool(changed)


@part
def judge(s: State, of: Records, status: int, clean_since: int, level: int, is_clock: bool) -> None:
    """Step a status with its hysteresis: down at any record, up at a clock (R-A6)."""
    if is_clock or level >= of[status]:
        of[status], of[clean_since] = status_step(of[status], of[clean_since], level, s.stage[stage.CLOCK_NS])


@part
def flag_sources(s: State, row: int) -> None:
    """Mark the sources that stand apart at this clock, and exclude who has for too long, within R-O4's quarter."""
    f, clock_ns = s.feeds[row], s.stage[stage.CLOCK_NS]
    fresh, index = 0, f[feed.MOMENT_NANO]
    if index == 0:
        return
    for place in range(f[feed.SOURCES]):
        if _may_vote(s, s.slots[row, place]):
            s.scratch[PLACES, fresh] = place
            s.scratch[PRICES, fresh] = s.slots[row, place, slot.NANO]
            fresh += 1
    deviation = absolute_deviation(s.scratch[PRICES], fresh, index, s.scratch[DISTANCE])
    flagged = 0
    for each in range(fresh):
        flagged += is_flagged(s.scratch[PRICES, each], index, deviation)
    for each in range(fresh):
        own = s.slots[row, s.scratch[PLACES, each]]
        # Where all stand apart nobody does.
        apart = flagged < fresh and is_flagged(s.scratch[PRICES, each], index, deviation)
        own[slot.FLAGGED_ROUNDS] = own[slot.FLAGGED_ROUNDS] + 1 if apart else 0
        s.scratch[DISTANCE, each] = abs(s.scratch[PRICES, each] - index)
        s.scratch[ROUNDS, each] = own[slot.FLAGGED_ROUNDS]
        s.scratch[WEIGHTS, each] = own[slot.WEIGHT]
        s.scratch[UNTIL, each] = own[slot.EXCLUDED_UNTIL_NS]
    worst = 0
    while worst >= 0:
        worst = next_excluded(
            s.scratch[ROUNDS], s.scratch[DISTANCE], s.scratch[WEIGHTS], s.scratch[UNTIL], fresh, clock_ns
        )
        if worst >= 0:
            s.scratch[UNTIL, worst] = clock_ns + EXCLUDED_NS
            s.slots[row, s.scratch[PLACES, worst], slot.EXCLUDED_UNTIL_NS] = clock_ns + EXCLUDED_NS
            f[feed.EXCLUSIONS] += 1
