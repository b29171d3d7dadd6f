"""Who stands on the other side of a market, and who has a stake in the pool: scans for the waterfall."""

from __future__ import annotations

import numpy as np

from flows.journal.compiled import kernel
from flows.pool.bookkeeping import find, lots_at
from flows.pool.layout import (
    ACCOUNTS,
    BASE,
    BLOCK,
    BLOCKS,
    COST,
    FUNDING_SUM,
    HELD_LOTS,
    HELD_MARKET,
    HELD_PLACE,
    HOLDER,
    MARK,
    MARKETS,
    OWNER,
    UNIT_QUANTA,
    Columns,
    Table,
)
from flows.pool.valuation import gather, stand
from flows.rules.adl.severity import capacity


@kernel
def holders_against(c: Columns, m: int, row: int, lots: int) -> tuple[Table, Table, Table, Table]:
    """Accounts with a position opposite to ``lots``, ascending: rows, unsigned lots, gains, owners."""
    found = np.empty(c.market[m, BLOCKS] * BLOCK, np.int64)
    count = 0
    for nth in range(c.market[m, BLOCKS]):
        for place in range(c.block[m, nth] * BLOCK, (c.block[m, nth] + 1) * BLOCK):
            holder = c.place[place, HOLDER]
            if holder < 0 or holder == row:
                continue
            word, own = find(c, holder, m)
            if (lots_at(c, holder, word, own) > 0) != (lots > 0):
                found[count] = holder
                count += 1
    rows = np.sort(found[:count])
    held, gains, owners = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    unit = c.market[m, MARK] * c.market[m, UNIT_QUANTA]
    for at in range(count):
        word, own = find(c, rows[at], m)
        signed = lots_at(c, rows[at], word, own)
        held[at] = abs(signed)
        gains[at] = capacity(signed * unit - c.place[own, COST])
        owners[at] = c.record[rows[at], OWNER]
    return rows, held, gains, owners


@kernel
def traders(c: Columns, row: int, flat_too: bool) -> Table:
    """All accounts but one, ascending; without those that hold no position, unless they are wanted, too."""
    found = np.empty(c.pool[0, ACCOUNTS], np.int64)
    count = 0
    for each in range(c.pool[0, ACCOUNTS]):
        if each == row:
            continue
        wanted = flat_too
        held = gather(c, each)
        for at in range(held):
            wanted = wanted or c.held[at, HELD_MARKET] < c.pool[0, MARKETS]
        if wanted:
            found[count] = each
            count += 1
    return found[:count].copy()


@kernel
def stakes(c: Columns, rows: Table, markets: Table) -> tuple[Table, Table, Table, Table]:
    """Of these accounts: rows, E_lo, whether they hold one of the markets (1 or 0), whether any."""
    low, near, holds = (
        np.empty(rows.size, np.int64),
        np.zeros(rows.size, np.int64),
        np.zeros(rows.size, np.int64),
    )
    for at in range(rows.size):
        _, low[at], _, _, held = stand(c, rows[at])
        for place in range(held):
            if c.held[place, HELD_MARKET] < c.pool[0, MARKETS]:
                holds[at] = 1
            for m in markets:
                if c.held[place, HELD_MARKET] == m:
                    near[at] = 1
    return rows, low, near, holds


@kernel
def debtors(c: Columns, sums: Table) -> tuple[Table, Table]:
    """Accounts that owe the settlement asset, funding counted, and how much they have (negative), ascending.

    ``sums`` gets the total of debts and of positive balances.
    """
    count = c.pool[0, ACCOUNTS]
    rows, balances = np.empty(count, np.int64), np.empty(count, np.int64)
    found = 0
    sums[0], sums[1] = 0, 0
    for row in range(count):
        balance = c.record[row, BASE]
        held = gather(c, row)
        for at in range(held):
            m = c.held[at, HELD_MARKET]
            if m < c.pool[0, MARKETS]:
                balance += (
                    c.place[c.held[at, HELD_PLACE], COST] - c.held[at, HELD_LOTS] * c.market[m, FUNDING_SUM]
                )
        if balance < 0:
            rows[found], balances[found] = row, balance
            found += 1
            sums[0] -= balance
        else:
            sums[1] += balance
    return rows[:found].copy(), balances[:found].copy()
