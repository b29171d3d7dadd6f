"""Where things lie in the pool's arrays: the only place that knows.

An account is one record of 128 bytes: its base, its flags, and its first six positions inline; further positions are
chained. A position also has a *place* in its market's segment, which holds what a price tick need not read: cost, funding
paid, holder; and, apart from it, the two keys of its wake band. Collateral in another asset is a position in it, with the
asset's row behind the markets' and smallest units for lots.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]

# --- record: one row an account ---------------------------------------------------------------------------------------
BASE: Final = 0  # balance - sum of (cost - lots x funding paid): the account's part of R-A7's left side
FLAGS: Final = 1
CHAIN: Final = 2  # first place of a position that is not inline, plus 1; 0 for none
OWNER: Final = 3
SLOTS: Final = 4  # six times (lots, market + place << PLACE_SHIFT); lots of 0 end the record
SLOTS_END: Final = 16
RECORD: Final = 16
PLACE_SHIFT: Final = 12
MARKET_MASK: Final = (1 << PLACE_SHIFT) - 1

# --- flags ------------------------------------------------------------------------------------------------------------
ZONE_MASK: Final = 7
CALL_OPEN: Final = 1 << 3
LIQUIDATING: Final = 1 << 4
WATCHED: Final = (
    1 << 5
)  # Python has to look after every entry of its own: offers, an isolated account, the vault

# --- place: one row a position ----------------------------------------------------------------------------------------
COST: Final = 0
PAID: Final = 1  # funding sum of the market up to which the position has paid
HOLDER: Final = 2  # account row, -1 for a free place
NEXT: Final = 3  # in the holder's chain, or in the market's list of free places; plus 1, 0 for the end
CHAINED_LOTS: Final = 4  # of a position that is not inline
CHAINED_MARKET: Final = 5
PLACE: Final = 6

FALL: Final = 0  # key: at this mark or below, the holder wakes
RISE: Final = 1  # key: at this mark or above, the holder wakes
NEVER_FALL: Final = -(1 << 62)
NEVER_RISE: Final = 1 << 62

BLOCK: Final = 32  # places a block, all of one market
SUPER: Final = 32  # blocks a superblock

# --- market: one row a market, then one an asset behind them ----------------------------------------------------------
UNIT_QUANTA: Final = 0  # lot_tick_quanta; of an asset 0
MARK: Final = 1  # mark in ticks; of an asset its low price
MARK_OFFSET: Final = 2
INDEX_TICKS: Final = 3
VALID_INDEX: Final = 4
STATUS: Final = 5
BREAKERS: Final = 6
VOLUME_LOTS: Final = 7
SIGMA: Final = 8
BAND_LOW: Final = 9
BAND_HIGH: Final = 10
OPENED: Final = 11
FUNDING_SUM: Final = 12
FUNDING_CARRY: Final = 13
NET_LOTS: Final = 14  # sum of all lots: 0 between entries; of an asset the units held by accounts
BID_DEPTH: Final = 15  # six
ASK_DEPTH: Final = 21  # six
FREE: Final = 27  # first free place plus 1
BLOCKS: Final = 28  # blocks in use
LEVERAGE: Final = 29
TAKER_FEE: Final = 30
MAKER_REBATE: Final = 31
PENALTY: Final = 32
BRACKET_LIMIT: Final = 33
ADV: Final = 34
UNIT_SCALE: Final = 35  # of an asset: smallest units in a whole one
COMPARTMENT: Final = 36  # the market's part of the insurance fund
PASSED: Final = 37  # 1 if the last tick took the full pass and left broken bands
FUND_UNITS: Final = 38  # of an asset: units that the insurance fund holds
DEPOSITED_UNITS: Final = 39  # of an asset: deposits less withdrawals
MAX_PRICE: Final = 40
MAX_OPEN: Final = 41  # lots that may be open, one side
AWAITS: Final = 42  # 1 from a long silence of the journal until the market's next fresh price
OPEN_LOTS: Final = 43  # lots open, one side
MAX_POSITION: Final = 44
BEST_BID: Final = 45  # best bid and ask of the recorded book, 0 while it is not usable
BEST_ASK: Final = 46
MARKET: Final = 47

# --- tiers: [market or asset, table, tier], padded with floors that nothing reaches -------------------------------------
FLOOR: Final = 0  # of an asset: maintenance floors
RATE: Final = 1  # of an asset: maintenance weights
AMOUNT: Final = 2  # of an asset: initial floors
INITIAL: Final = 3  # of an asset: initial weights
INITIAL_AMOUNT: Final = 4
TABLES: Final = 5
UNREACHED: Final = 1 << 62

# --- pool: one row ----------------------------------------------------------------------------------------------------
TIME: Final = 0
MARKETS: Final = 1  # how many
ROWS: Final = 2  # markets and assets
ACCOUNTS: Final = 3
CLEAR: Final = 4
CALL: Final = 5
TARGET: Final = 6
HARD: Final = 7
BACKSTOP: Final = 8
AT_EQUALITY: Final = 9
GAIN_WEIGHT: Final = 10
VERSION: Final = 11
SUM_BASE: Final = 12  # of all accounts
FUND: Final = 13  # the general part
COMPARTMENTS: Final = 14  # sum of the markets' parts
FEES: Final = 15
UNSWEPT: Final = 16
DEPOSITED: Final = 17
NEXT_BLOCK: Final = 18  # first block never used
MODE: Final = 19
INSOLVENT: Final = 20
NEXT_DUE: Final = 21  # a clock before this has nothing to do
WOKEN: Final = 22  # statistics: accounts woken, valued in full passes, ticks
PASSES: Final = 23
TICKS: Final = 24
CONVERT_FLOOR: Final = 25
CONVERT_SHARE: Final = 26
SLICE_SHARE: Final = 27
SLICE_LEAST: Final = 28
DUST: Final = 29
OFFSET: Final = 30  # journal offset of the entry being applied
EVENTS: Final = 31  # rows of `event` in use
EVENT_INDEX: Final = 32  # events of the entry being applied
MOVED: Final = 33  # rows of `woken` that Python has to act on
GATE_CLOSED: Final = 34
OUTAGE: Final = 35  # 1 from a long silence of the journal until a clock has said so
CLOCK: Final = 36  # time of the last clock: what delays of commands count from
AT_ENTRY: Final = 37  # journal offset of the entry that the compiled loop is at, begun or not
POOL: Final = 38

MODE_AUTO: Final = 0  # bands, and the full pass where many wake
MODE_BANDS: Final = 1
MODE_FULL: Final = 2


class Columns(NamedTuple):
    """The arrays that kernels walk. They grow between two batches, never inside one."""

    record: Table
    place: Table
    key: Table
    zone: Table  # per block: highest FALL, lowest RISE of its places, and its number in the market's segment
    zone2: Table  # per market and superblock: [market, superblock, 2]
    block: Table  # [market, nth]: which block
    market: Table
    tiers: Table
    pool: Table
    woken: Table
    flag: NDArray[np.uint8]
    held: Table  # scratch: positions of the account at hand, by market: (market, lots, place, ...)
    event: Table  # events not yet taken out


HELD_MARKET: Final = 0
HELD_LOTS: Final = 1
HELD_PLACE: Final = 2
HELD_MAINTENANCE: Final = 3
HELD_INITIAL: Final = 4
HELD: Final = 5

# --- an account's valuation, as the kernel returns it -------------------------------------------------------------------
V_BALANCE: Final = 0
V_EQUITY: Final = 1
V_LOW: Final = 2
V_INITIAL_EQUITY: Final = 3
V_WITHDRAWAL: Final = 4
V_MAINTENANCE: Final = 5
V_INITIAL: Final = 6
V_NOTIONAL: Final = 7
V_CREDIT: Final = 8
V_COUNT: Final = 9  # rows of `held`
