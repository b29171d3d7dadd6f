"""What to sell, how much, at what limit, with which penalty or bonus: the arithmetic of the ladder, compiled."""

from __future__ import annotations

import numpy as np

from flows.journal.compiled import bare, kernel
from flows.pool.bands import NO_LEVEL
from flows.pool.layout import (
    ADV,
    AMOUNT,
    ASK_DEPTH,
    BAND_HIGH,
    BAND_LOW,
    BID_DEPTH,
    DUST,
    FLOOR,
    HELD_LOTS,
    HELD_MAINTENANCE,
    HELD_MARKET,
    MARK,
    MARKETS,
    MAX_OPEN,
    OPENED,
    PENALTY,
    RATE,
    SIGMA,
    SLICE_LEAST,
    SLICE_SHARE,
    TARGET,
    TIME,
    UNIT_QUANTA,
    VOLUME_LOTS,
    Columns,
    Table,
)
from flows.pool.orders import allowed_in
from flows.pool.valuation import Valuation, stand
from flows.rules.breaker.permissions import ORDERS_BEYOND_BAND
from flows.rules.breaker.reopen import budget_share_ppm
from flows.rules.call.participation import lots_within_budget
from flows.rules.exact import PPM, mul_ppm_ceil, riskier
from flows.rules.liquidation.choice import closes_first
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss, relief_quanta, worst_price_ticks
from flows.rules.liquidation.penalty import effective_penalty_ppm
from flows.rules.liquidation.restore import after_close, restore_lots
from flows.rules.liquidation.slice import passing_slice_lots, slice_lots
from flows.rules.liquidation.slippage import RING_PPM, slippage_ppm
from flows.rules.offer.bonus import bonus_guard_ppm, bonus_ppm

# A planned sale, one row of a table.
S_MARKET = 0
S_LOTS = 1  # held, signed
S_PASSES = 2  # whether a market order for at least one lot passes R-H2
S_SLIPPAGE = 3
S_PENALTY = 4
S_RELIEF = 5
S_COST = 6
S_NOTIONAL = 7
S_RESTORE = 8
SALE = 9

BUDGET_RING = 3
"""Depth within 1 %, which R-G5 compares with the minute's volume."""

RINGS = np.array(RING_PPM, np.int64)


@bare
def ring_of(lots: int) -> int:
    """First column of the depth that closing a position would trade into: bids for a long, asks for a short."""
    return BID_DEPTH if lots > 0 else ASK_DEPTH


@bare
def distance_ppm(c: Columns, m: int, size: int, lots: int) -> int:
    """Expected distance of the average price of ``size`` lots from the mark, closing ``lots``."""
    ring = c.market[m, ring_of(lots) : ring_of(lots) + 6]
    lot_quanta = c.market[m, MARK] * c.market[m, UNIT_QUANTA]
    return slippage_ppm(size, lot_quanta, ring[5] > 0, RINGS, ring, c.market[m, ADV], c.market[m, SIGMA], PPM)


@bare
def passing_lots(c: Columns, m: int, wanted: int, lots: int, equity: int, margin: int) -> int:
    """The slice cut down until depth and health let it pass (R-H4)."""
    ring = c.market[m, ring_of(lots) : ring_of(lots) + 6]
    return passing_slice_lots(
        wanted,
        lots,
        c.market[m, MARK],
        c.market[m, UNIT_QUANTA],
        equity,
        margin,
        c.tiers[m, FLOOR],
        c.tiers[m, RATE],
        c.tiers[m, AMOUNT],
        ring[5] > 0,
        RINGS,
        ring,
        c.market[m, ADV],
        c.market[m, SIGMA],
        PPM,
    )


@bare
def freed_by(c: Columns, m: int, lots: int, size: int) -> int:
    """Maintenance margin that closing ``size`` lots frees."""
    return relief_quanta(
        lots,
        size,
        c.market[m, MARK],
        c.market[m, UNIT_QUANTA],
        c.tiers[m, FLOOR],
        c.tiers[m, RATE],
        c.tiers[m, AMOUNT],
    )


@bare
def judge_sale(c: Columns, m: int, lots: int, equity: int, margin: int, sale: Table) -> None:
    """Judge a position by the first slice that the market's depth lets pass."""
    lot_quanta = c.market[m, MARK] * c.market[m, UNIT_QUANTA]
    size = abs(lots)
    first = slice_lots(
        lots, size, lot_quanta, c.pool[0, SLICE_SHARE], c.pool[0, SLICE_LEAST], c.pool[0, DUST], size
    )
    passing = passing_lots(c, m, first, lots, equity, margin)
    distance = distance_ppm(c, m, passing, lots) if passing > 0 else 0
    judged = passing if passing > 0 else first
    freed = freed_by(c, m, lots, judged)
    closed = judged * lot_quanta
    cap = cost_cap_ppm(largest_loss(equity, margin, freed), closed)
    penalty = effective_penalty_ppm(c.market[m, PENALTY], distance, cap)
    sale[S_MARKET], sale[S_LOTS], sale[S_PASSES] = m, lots, 1 if passing > 0 else 0
    sale[S_SLIPPAGE], sale[S_PENALTY] = distance, penalty
    sale[S_RELIEF], sale[S_COST] = freed, mul_ppm_ceil(closed, distance + penalty)
    sale[S_NOTIONAL], sale[S_RESTORE] = size * lot_quanta, 0


@bare
def goes_before(one: Table, other: Table) -> bool:
    """Which goes first (R-H3): those that pass before those that only an offer can close."""
    if one[S_PASSES] != other[S_PASSES]:
        return bool(one[S_PASSES] > other[S_PASSES])
    return closes_first(
        one[S_RELIEF],
        one[S_COST],
        one[S_NOTIONAL],
        one[S_MARKET],
        other[S_RELIEF],
        other[S_COST],
        other[S_NOTIONAL],
        other[S_MARKET],
    )


@bare
def plan(c: Columns, v: Valuation, allowed: int, most: int, planned: Table, scratch: Table) -> int:
    """Positions and the lots of each that together restore the target, in the order of R-H3; at most ``most``.

    ``v`` is the account's valuation and ``held`` its positions; rows of ``planned`` are filled, their number returned.
    ``scratch`` has room for a sale in its first row and for a place a market in its second.
    """
    target = c.pool[0, TARGET]
    equity, margin = v[1], v[5]
    sale, left = scratch[0], scratch[1]
    count = 0
    for at in range(v[9]):
        m = c.held[at, HELD_MARKET]
        if m < c.pool[0, MARKETS] and allowed_in(c, m) & allowed:
            left[count] = at
            count += 1
    done = 0
    while count > 0 and done < most:
        best = 0
        for nth in range(count):
            judge_sale(c, c.held[left[nth], HELD_MARKET], c.held[left[nth], HELD_LOTS], equity, margin, sale)
            if nth == 0 or goes_before(sale, planned[done]):
                for column in range(SALE):
                    planned[done, column] = sale[column]
                best = nth
        first = planned[done]
        m = first[S_MARKET]
        other = margin - c.held[left[best], HELD_MAINTENANCE]
        mark, unit, tiers = c.market[m, MARK], c.market[m, UNIT_QUANTA], c.tiers[m]
        lots = restore_lots(
            first[S_LOTS],
            mark,
            unit,
            equity,
            other,
            tiers[FLOOR],
            tiers[RATE],
            tiers[AMOUNT],
            target,
            first[S_SLIPPAGE],
            first[S_PENALTY],
        )
        if lots == 0:
            break
        first[S_RESTORE] = lots
        done += 1
        equity, margin = after_close(
            lots,
            first[S_LOTS],
            mark,
            unit,
            equity,
            other,
            tiers[FLOOR],
            tiers[RATE],
            tiers[AMOUNT],
            first[S_SLIPPAGE],
            first[S_PENALTY],
        )
        for nth in range(best + 1, count):
            left[nth - 1] = left[nth]
        count -= 1
        if margin == 0 or equity >= mul_ppm_ceil(margin, target):
            break
    return done


@bare
def order_size(
    c: Columns, v: Valuation, m: int, lots: int, restore: int, share: int, forced: int
) -> tuple[int, int, int]:
    """(lots, limit, penalty ppm) of a liquidation order; lots 0 where the budget is spent, -1 where nothing passes."""
    unit, mark = c.market[m, UNIT_QUANTA], c.market[m, MARK]
    lot_quanta = mark * unit
    budget = budget_lots(c, m, lots, budget_share_ppm(share, c.market[m, OPENED], c.pool[0, TIME]), forced)
    wanted = slice_lots(
        lots, restore, lot_quanta, c.pool[0, SLICE_SHARE], c.pool[0, SLICE_LEAST], c.pool[0, DUST], budget
    )
    if wanted == 0:
        return 0, 0, 0
    size = passing_lots(c, m, wanted, lots, v[1], v[5])
    if size == 0:
        return NO_LEVEL, 0, 0
    most = largest_loss(v[1], v[5], freed_by(c, m, lots, size))
    cap = cost_cap_ppm(most, size * lot_quanta)
    penalty = effective_penalty_ppm(c.market[m, PENALTY], distance_ppm(c, m, size, lots), cap)
    limit = worst_price_ticks(lots, size, mark, unit, most, penalty)
    if not allowed_in(c, m) & ORDERS_BEYOND_BAND and c.market[m, BAND_LOW] > 0:
        limit = max(limit, c.market[m, BAND_LOW]) if lots > 0 else min(limit, c.market[m, BAND_HIGH])
    return size, limit, penalty


@bare
def budget_lots(c: Columns, m: int, lots: int, share: int, forced: int) -> int:
    """Lots that the market's budget for forced volume admits (R-G5)."""
    lot_quanta = c.market[m, MARK] * c.market[m, UNIT_QUANTA]
    most = c.market[
        m, MAX_OPEN
    ]  # a feed may report any size; what can be open at most keeps the product in int64
    return lots_within_budget(
        abs(lots),
        min(c.market[m, VOLUME_LOTS], most) * lot_quanta,
        min(c.market[m, ring_of(lots) + BUDGET_RING], most) * lot_quanta,
        share,
        forced,
        lot_quanta,
    )


@bare
def bonus_of(
    c: Columns,
    v: Valuation,
    m: int,
    lots: int,
    size: int,
    elapsed_ns: int,
    insurance_ppm: int,
    venue_ppm: int,
    reserve_ppm: int,
    most_ppm: int,
    base_ppm: int,
    slope_ppm: int,
    step_ppm: int,
    step_ns: int,
) -> int:
    """The bonus for ``size`` of ``lots`` at this moment (R-I2), -1 where the guard leaves none."""
    most = largest_loss(v[1], v[5], freed_by(c, m, lots, size))
    cap = cost_cap_ppm(most, size * c.market[m, MARK] * c.market[m, UNIT_QUANTA])
    guard = bonus_guard_ppm(cap, insurance_ppm, venue_ppm, reserve_ppm)
    if guard < 0:
        return NO_LEVEL
    return bonus_ppm(v[1], v[5], elapsed_ns, guard, most_ppm, base_ppm, slope_ppm, step_ppm, step_ns)


# --- the canonical order ----------------------------------------------------------------------------------------------
@kernel
def rank(c: Columns, rows: Table) -> None:
    """Sort accounts in place by ascending health as they stand now, then by row (R-A5, R-E6): a merge sort."""
    count = rows.size
    equity, margin = np.empty(count, np.int64), np.empty(count, np.int64)
    order, spare = np.arange(count), np.empty(count, np.int64)
    for at in range(count):
        equity[at], _, margin[at], _, _ = stand(c, rows[at])
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            a, b = start, min(start + width, count)
            a_end, b_end = b, min(start + 2 * width, count)
            for out in range(start, b_end):
                if a < a_end and (b >= b_end or _before(rows, equity, margin, order[a], order[b])):
                    spare[out] = order[a]
                    a += 1
                else:
                    spare[out] = order[b]
                    b += 1
        order, spare = spare, order
        width *= 2
    former = rows.copy()
    for at in range(count):
        rows[at] = former[order[at]]


@bare
def _before(rows: Table, equity: Table, margin: Table, one: int, other: int) -> bool:
    return riskier(equity[one], margin[one], rows[one], equity[other], margin[other], rows[other])
