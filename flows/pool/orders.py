"""Order checks, compiled: the judgement of R-F1 and R-F2 on a record."""

from __future__ import annotations

from flows.journal.compiled import bare, inlined
from flows.pool.layout import (
    AMOUNT,
    BAND_HIGH,
    BAND_LOW,
    BRACKET_LIMIT,
    BREAKERS,
    COST,
    FLAGS,
    FLOOR,
    GAIN_WEIGHT,
    HELD_INITIAL,
    HELD_LOTS,
    HELD_MAINTENANCE,
    HELD_MARKET,
    HELD_PLACE,
    INITIAL,
    INITIAL_AMOUNT,
    INSOLVENT,
    LEVERAGE,
    LIQUIDATING,
    MARK,
    MARKETS,
    MAX_OPEN,
    MAX_POSITION,
    OPEN_LOTS,
    RATE,
    STATUS,
    TAKER_FEE,
    UNIT_QUANTA,
    VALID_INDEX,
    Columns,
)
from flows.pool.valuation import Valuation
from flows.rules.breaker.permissions import (
    HALTED_WIDTH_PPM,
    NEW_RISK,
    NEW_RISK_BEYOND_BAND,
    NEW_RISK_FULL_LIMITS,
    REDUCE,
    REDUCE_ANY_PRICE,
    STATE_DEGRADED,
    STATE_HALTED,
    is_within,
    permissions,
)
from flows.rules.margin.equity import equity_initial
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.limits import (
    largest_change_lots,
    only_reduces,
    within_bracket_limit,
    within_open_interest,
)
from flows.rules.orders.check import (
    ACCEPT,
    INSUFFICIENT_MARGIN,
    NOT_REDUCING,
    OI_LIMIT,
    POSITION_LIMIT,
    after_order,
    after_reduction,
    decide_increase,
    decide_reduction,
    lowers_health,
)
from flows.rules.orders.size import largest_order_lots, largest_reduction_lots
from flows.rules.position.fill import apply_quote


@inlined
def allowed_in(c: Columns, m: int) -> int:
    """What R-P4 allows in a market now."""
    states = c.market[m, BREAKERS]
    if c.market[m, STATUS] == 1:
        states |= STATE_DEGRADED
    if c.market[m, STATUS] == 2:
        states |= STATE_HALTED
    return permissions(states)


@bare
def judge_order(
    c: Columns, row: int, v: Valuation, m: int, delta: int, limit: int, reduce_only: int
) -> tuple[int, int]:
    """The code and the largest passing size, unsigned; ``v`` is the account's `value`, ``held`` its positions."""
    lots, maintenance, initial = 0, 0, 0
    for at in range(v[9]):
        if c.held[at, HELD_MARKET] == m:
            lots = c.held[at, HELD_LOTS]
            maintenance, initial = c.held[at, HELD_MAINTENANCE], c.held[at, HELD_INITIAL]
    if only_reduces(lots, delta):
        return _judge_reduction(c, v, m, lots, v[5] - maintenance, v[6] - initial, delta, limit)
    if reduce_only:
        return NOT_REDUCING, abs(lots) if (lots > 0) != (delta > 0) else 0
    return _judge_increase(c, row, v, m, lots, v[6] - initial, delta, limit)


@bare
def _judge_increase(
    c: Columns, row: int, v: Valuation, m: int, lots: int, initial_other: int, delta: int, limit: int
) -> tuple[int, int]:
    allowed = allowed_in(c, m)
    mark, unit = c.market[m, MARK], c.market[m, UNIT_QUANTA]
    most_quanta = c.market[m, BRACKET_LIMIT]
    if not allowed & NEW_RISK_FULL_LIMITS:
        most_quanta //= 2
    low, high = c.market[m, BAND_LOW], c.market[m, BAND_HIGH]
    within = allowed & NEW_RISK_BEYOND_BAND != 0 or low == 0 or low <= limit <= high
    tiers = c.tiers[m]
    equity, margin = after_order(
        v[3],
        initial_other,
        lots,
        delta,
        mark,
        limit,
        unit,
        c.market[m, TAKER_FEE],
        tiers[FLOOR],
        tiers[INITIAL],
        tiers[INITIAL_AMOUNT],
        c.market[m, LEVERAGE],
    )
    code = decide_increase(
        equity,
        margin,
        within_bracket_limit(lots, delta, mark, unit, most_quanta)
        and abs(lots + delta) <= c.market[m, MAX_POSITION],
        within_open_interest(lots, delta, c.market[m, OPEN_LOTS], c.market[m, MAX_OPEN]),
        False,
        allowed & NEW_RISK != 0 and c.pool[0, INSOLVENT] == 0,
        True,
        c.record[row, FLAGS] & LIQUIDATING != 0,
        within,
    )
    if code == ACCEPT:
        return code, abs(delta)
    side = 1 if delta > 0 else -1
    if code not in (INSUFFICIENT_MARGIN, POSITION_LIMIT, OI_LIMIT):
        return code, max(0, -side * lots)
    return code, largest_order_lots(
        side,
        lots,
        v[3],
        initial_other,
        mark,
        limit,
        unit,
        c.market[m, TAKER_FEE],
        tiers[FLOOR],
        tiers[INITIAL],
        tiers[INITIAL_AMOUNT],
        c.market[m, LEVERAGE],
        largest_change_lots(
            side,
            lots,
            mark,
            unit,
            most_quanta,
            c.market[m, MAX_POSITION],
            c.market[m, OPEN_LOTS],
            c.market[m, MAX_OPEN],
        ),
    )


@bare
def _judge_reduction(
    c: Columns,
    v: Valuation,
    m: int,
    lots: int,
    maintenance_other: int,
    initial_other: int,
    delta: int,
    limit: int,
) -> tuple[int, int]:
    allowed = allowed_in(c, m)
    mark, unit, fee = c.market[m, MARK], c.market[m, UNIT_QUANTA], c.market[m, TAKER_FEE]
    tiers = c.tiers[m]
    equity_initial, initial = after_order(
        v[3],
        initial_other,
        lots,
        delta,
        mark,
        limit,
        unit,
        fee,
        tiers[FLOOR],
        tiers[INITIAL],
        tiers[INITIAL_AMOUNT],
        c.market[m, LEVERAGE],
    )
    equity, margin = after_reduction(
        v[1],
        maintenance_other,
        lots,
        delta,
        mark,
        limit,
        unit,
        fee,
        tiers[FLOOR],
        tiers[RATE],
        tiers[AMOUNT],
    )
    within = allowed & REDUCE_ANY_PRICE != 0 or is_within(limit, c.market[m, VALID_INDEX], HALTED_WIDTH_PPM)
    code = decide_reduction(
        equity_initial, initial, lowers_health(v[1], v[5], equity, margin), allowed & REDUCE != 0, within
    )
    if code == ACCEPT:
        return code, abs(delta)
    if code != INSUFFICIENT_MARGIN:
        return code, 0
    return code, largest_reduction_lots(
        lots, v[1], maintenance_other, mark, limit, unit, fee, tiers[FLOOR], tiers[RATE], tiers[AMOUNT]
    )


@bare
def after_transfer(c: Columns, v: Valuation, m: int, delta: int, quote: int) -> tuple[int, int, int]:
    """Equity for initial margin, that margin, and the market's notional after lots are taken over for money (R-I4).

    ``v`` is the valuation that has just been made: ``held`` has the positions.
    """
    lots, cost, losses, gains, initial = 0, 0, 0, 0, v[6]
    for at in range(v[9]):
        market = c.held[at, HELD_MARKET]
        if market >= c.pool[0, MARKETS]:
            continue
        paid = c.place[c.held[at, HELD_PLACE], COST]
        gain = c.held[at, HELD_LOTS] * c.market[market, MARK] * c.market[market, UNIT_QUANTA] - paid
        losses += min(gain, 0)
        if market == m:
            lots, cost = c.held[at, HELD_LOTS], paid
            initial -= c.held[at, HELD_INITIAL]
        else:
            gains += max(gain, 0)
    credit = v[4] - v[0] - losses  # equity for withdrawals is balance + credit + losses
    if lots != 0:
        losses -= min(lots * c.market[m, MARK] * c.market[m, UNIT_QUANTA] - cost, 0)
    lots, cost, realized = apply_quote(lots, cost, delta, quote)
    worth = lots * c.market[m, MARK] * c.market[m, UNIT_QUANTA]
    losses += min(worth - cost, 0)
    gains += max(worth - cost, 0)
    tiers = c.tiers[m]
    initial += initial_margin(
        abs(worth), tiers[FLOOR], tiers[INITIAL], tiers[INITIAL_AMOUNT], c.market[m, LEVERAGE]
    )
    equity = equity_initial(v[0] + realized, credit, losses, gains, c.pool[0, GAIN_WEIGHT])
    return equity, initial, abs(worth)
