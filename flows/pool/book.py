"""The book: the pool's arrays, how they are made from parameters, grow, are saved, restored, and checked."""

from __future__ import annotations

import numpy as np

from flows.journal import events as ev
from flows.pool.layout import (
    ACCOUNTS,
    ADV,
    AMOUNT,
    AT_EQUALITY,
    BACKSTOP,
    BASE,
    BLOCK,
    BLOCKS,
    BRACKET_LIMIT,
    CALL,
    CHAIN,
    CHAINED_LOTS,
    CHAINED_MARKET,
    CLEAR,
    COMPARTMENT,
    COMPARTMENTS,
    CONVERT_FLOOR,
    CONVERT_SHARE,
    DEPOSITED,
    DEPOSITED_UNITS,
    DUST,
    EVENTS,
    FEES,
    FLOOR,
    FUND,
    FUND_UNITS,
    GAIN_WEIGHT,
    HARD,
    HELD,
    HOLDER,
    INITIAL,
    INITIAL_AMOUNT,
    LEVERAGE,
    MAKER_REBATE,
    MARK_OFFSET,
    MARKET,
    MARKET_MASK,
    MARKETS,
    MAX_OPEN,
    MAX_POSITION,
    MAX_PRICE,
    MODE,
    NET_LOTS,
    NEXT,
    NEXT_BLOCK,
    OPEN_LOTS,
    PENALTY,
    PLACE,
    PLACE_SHIFT,
    POOL,
    RATE,
    RECORD,
    ROWS,
    SLICE_LEAST,
    SLICE_SHARE,
    SLOTS,
    SLOTS_END,
    STATUS,
    SUM_BASE,
    SUPER,
    TABLES,
    TAKER_FEE,
    TARGET,
    UNIT_QUANTA,
    UNIT_SCALE,
    UNREACHED,
    VERSION,
    Columns,
    Table,
)
from flows.pool.valuation import HALTED
from flows.registry.parameters import PoolParameters
from flows.rules.position.zero_sum import is_balanced
from flows.rules.scale.conservation import held_quanta, is_conserved

EVENT_ROOM = 65_536
"""Rows of the event buffer at first; it grows when an entry has more events than that."""


def new_columns(of: PoolParameters, mode: int) -> Columns:
    """Empty arrays for a pool. Nothing is open: genesis does that."""
    rows = len(of.markets) + len(of.assets)
    assert rows <= MARKET_MASK, "a position packs its market into 12 bits"
    market = np.zeros((rows, MARKET), np.int64)
    market[:, MARK_OFFSET] = -1  # no market-state yet
    market[:, STATUS] = HALTED
    pool = np.zeros((1, POOL), np.int64)
    pool[0, [MARKETS, ROWS, MODE]] = len(of.markets), rows, mode
    empty = Columns(
        record=np.zeros((0, RECORD), np.int64),
        place=np.zeros((0, PLACE), np.int64),
        key=np.zeros((0, 2), np.int64),
        zone=np.zeros((0, 3), np.int64),
        zone2=np.zeros((rows, 0, 2), np.int64),
        block=np.zeros((rows, 0), np.int64),
        market=market,
        tiers=np.zeros((rows, TABLES, 0), np.int64),
        pool=pool,
        woken=np.zeros(0, np.int64),
        flag=np.zeros(0, np.uint8),
        held=np.zeros((rows, HELD), np.int64),
        event=np.zeros((EVENT_ROOM, ev.WIDTH), np.int64),
    )
    return with_parameters(empty, of)


def with_parameters(c: Columns, of: PoolParameters) -> Columns:
    """The same book under these parameters; bands that were made under others are stale."""
    market, most = c.market, 0
    for table in (
        *(each.tier_floor_quanta for each in of.markets),
        *(each.maintenance_floor_quanta for each in of.assets),
        *(each.initial_floor_quanta for each in of.assets),
    ):
        most = max(most, len(table))
    tiers = np.zeros((len(market), TABLES, most + 1), np.int64)
    for m, each in enumerate(of.markets):
        market[m, UNIT_QUANTA] = each.lot_tick_quanta
        market[m, LEVERAGE], market[m, TAKER_FEE] = each.leverage, each.taker_fee_ppm
        market[m, MAKER_REBATE], market[m, PENALTY] = each.maker_rebate_ppm, each.penalty_ppm
        market[m, BRACKET_LIMIT], market[m, ADV] = each.bracket_limit_quanta, each.adv_quanta
        market[m, MAX_PRICE], market[m, MAX_POSITION] = each.max_price_ticks, each.max_position_lots
        market[m, MAX_OPEN] = each.max_open_interest_lots
        _fill(tiers[m, FLOOR], each.tier_floor_quanta, UNREACHED)
        _fill(tiers[m, RATE], each.tier_maintenance_ppm)
        _fill(tiers[m, AMOUNT], each.tier_maintenance_amount_quanta)
        _fill(tiers[m, INITIAL], each.tier_initial_ppm)
        _fill(tiers[m, INITIAL_AMOUNT], each.tier_initial_amount_quanta)
    for at, asset in enumerate(of.assets):
        m = len(of.markets) + at
        market[m, UNIT_SCALE] = asset.unit_scale
        _fill(tiers[m, FLOOR], asset.maintenance_floor_quanta, UNREACHED)
        _fill(tiers[m, RATE], asset.maintenance_weight_ppm)
        _fill(tiers[m, AMOUNT], asset.initial_floor_quanta, UNREACHED)
        _fill(tiers[m, INITIAL], asset.initial_weight_ppm)
    for place, number in (
        (CLEAR, of.clear_ppm),
        (CALL, of.call_ppm),
        (TARGET, of.target_ppm),
        (HARD, of.hard_ppm),
        (BACKSTOP, of.backstop_ppm),
        (AT_EQUALITY, int(of.liquidate_at_equality)),
        (GAIN_WEIGHT, of.gain_weight_ppm),
        (VERSION, of.version),
        (CONVERT_FLOOR, of.convert_floor_quanta),
        (CONVERT_SHARE, of.convert_share_ppm),
        (SLICE_SHARE, of.slice_ppm),
        (SLICE_LEAST, of.slice_least_quanta),
        (DUST, of.dust_quanta),
    ):
        c.pool[0, place] = number
    return c._replace(tiers=tiers)


def _fill(table: Table, numbers: tuple[int, ...], rest: int = 0) -> None:
    table[:] = rest
    table[: len(numbers)] = numbers


def with_room(c: Columns, entries: int) -> Columns:
    """The same book with room for what this many entries can open: an account and two positions each."""
    accounts = int(c.pool[0, ACCOUNTS]) + entries + 1
    blocks = int(c.pool[0, NEXT_BLOCK]) + len(c.market) + 2 * entries // BLOCK + 2
    nth = int(c.market[:, BLOCKS].max()) + 2 * entries // BLOCK + 2
    if accounts > len(c.record):
        size = max(1_024, 2 * accounts)
        c = c._replace(
            record=_grown(c.record, size), woken=_grown(c.woken, size), flag=np.zeros(size, np.uint8)
        )
    if blocks > len(c.zone):
        size = max(64, 2 * blocks)
        c = c._replace(
            zone=_grown(c.zone, size), place=_grown(c.place, size * BLOCK), key=_grown(c.key, size * BLOCK)
        )
    if nth > c.block.shape[1]:
        size = 2 * nth
        block = np.zeros((len(c.market), size), np.int64)
        block[:, : c.block.shape[1]] = c.block
        zone2 = np.zeros((len(c.market), size // SUPER + 1, 2), np.int64)
        zone2[:, : c.zone2.shape[1]] = c.zone2
        c = c._replace(block=block, zone2=zone2)
    return c


def with_event_room(c: Columns, rows: int) -> Columns:
    """The same book with room for this many more events."""
    needed = int(c.pool[0, EVENTS]) + rows
    return c if needed <= len(c.event) else c._replace(event=_grown(c.event, 2 * needed))


def _grown(array: Table, size: int) -> Table:
    larger = np.zeros((size, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


# --- checks -----------------------------------------------------------------------------------------------------------
def recount(c: Columns) -> dict[str, int]:
    """Both sides of R-A7 and what the running totals stand for, counted anew from the book. O(accounts)."""
    accounts, markets = int(c.pool[0, ACCOUNTS]), int(c.pool[0, MARKETS])
    # Python's ints: a sum over a pool may not be trusted to the very width that it checks.
    base = sum(c.record[:accounts, BASE].tolist())
    compartments = sum(c.market[:markets, COMPARTMENT].tolist())
    # A base is a balance less what its positions cost, and the vault is an account like any other.
    held = held_quanta(base, int(c.pool[0, FUND]) + compartments, int(c.pool[0, FEES]), 0, 0, 0)
    return {
        "left_quanta": held,
        "right_quanta": int(c.pool[0, DEPOSITED]),
        "base_quanta": base,
        "compartments_quanta": compartments,
    }


def lots_by_market(c: Columns) -> list[list[int]]:
    """Lots of each position of each market, and units of each asset, read anew from the records."""
    accounts = int(c.pool[0, ACCOUNTS])
    slots = c.record[:accounts, SLOTS:SLOTS_END].reshape(accounts, -1, 2)
    lots, markets = slots[:, :, 0].ravel(), slots[:, :, 1].ravel() & MARKET_MASK
    held: list[list[int]] = [lots[(markets == m) & (lots != 0)].tolist() for m in range(len(c.market))]
    for row in np.flatnonzero(c.record[:accounts, CHAIN]):
        chained = int(c.record[row, CHAIN])
        while chained > 0:
            held[int(c.place[chained - 1, CHAINED_MARKET])].append(int(c.place[chained - 1, CHAINED_LOTS]))
            chained = int(c.place[chained - 1, NEXT])
    return held


def check(c: Columns) -> None:
    """Assert what holds between any two entries. O(rows): tests, checkpoints, verify; running totals between."""
    found = recount(c)
    assert is_conserved(found["left_quanta"], found["right_quanta"], 0), "value is not conserved"
    assert found["base_quanta"] == c.pool[0, SUM_BASE], "the running sum of bases has drifted"
    assert found["compartments_quanta"] == c.pool[0, COMPARTMENTS], (
        "the running sum of compartments has drifted"
    )
    held, markets = lots_by_market(c), int(c.pool[0, MARKETS])
    for m in range(markets):
        assert is_balanced(held[m]), f"market {m}: every long lot has a short lot"
        longs = sum(lots for lots in held[m] if lots > 0)
        assert longs == c.market[m, OPEN_LOTS], f"market {m}: the running open interest has drifted"
    for m in range(markets + 1, len(c.market)):
        units = sum(held[m])
        assert units == c.market[m, NET_LOTS], "the running sum of units has drifted"
        assert is_conserved(units + int(c.market[m, FUND_UNITS]), int(c.market[m, DEPOSITED_UNITS]), 0), (
            "an asset is not conserved"
        )
    used = int(c.pool[0, NEXT_BLOCK]) * BLOCK
    accounts = int(c.pool[0, ACCOUNTS])
    slots = c.record[:accounts, SLOTS:SLOTS_END].reshape(accounts, -1, 2)
    rows, words = np.nonzero(slots[:, :, 0])
    places = slots[rows, words, 1] >> PLACE_SHIFT
    assert np.all(c.place[places, HOLDER] == rows), "a place belongs to who holds it"
    chained = int(np.count_nonzero(c.place[:used, CHAINED_LOTS]))
    assert int((c.place[:used, HOLDER] >= 0).sum()) == len(rows) + chained, "a place is held or free"


# --- saving -----------------------------------------------------------------------------------------------------------
def saved(c: Columns) -> dict[str, Table]:
    """What a checkpoint keeps: the rows in use. Bands and maps are derived, scratch and events are not state."""
    accounts, blocks = int(c.pool[0, ACCOUNTS]), int(c.pool[0, NEXT_BLOCK])
    nth = int(c.market[:, BLOCKS].max())
    return {
        "record": c.record[:accounts].copy(),
        "place": c.place[: blocks * BLOCK].copy(),
        "zone": c.zone[:blocks].copy(),
        "key": c.key[: blocks * BLOCK].copy(),
        "block": c.block[:, :nth].copy(),
        "zone2": c.zone2[:, : nth // SUPER + 1].copy(),
        "market": c.market.copy(),
        "pool": c.pool.copy(),
    }


def restored(c: Columns, arrays: dict[str, Table]) -> Columns:
    """A new book filled with what `saved` kept."""
    c.pool[:] = arrays["pool"]
    c.market[:] = arrays["market"]
    c = with_room(c, 0)
    c.record[: len(arrays["record"])] = arrays["record"]
    for name in ("place", "key", "zone"):
        getattr(c, name)[: len(arrays[name])] = arrays[name]
    c.block[:, : arrays["block"].shape[1]] = arrays["block"]
    c.zone2[:, : arrays["zone2"].shape[1]] = arrays["zone2"]
    return c
