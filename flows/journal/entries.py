"""What an entry of a pool's journal is: one row of int64 columns and, rarely, a text.

A batch is a 2-D int64 array (rows in journal order) beside a list of texts. The columns of a row are the header, which
every kind has, and a payload whose meaning depends on the kind: one class below for each, naming the columns it uses. A
column that a kind does not use holds 0. Account and market columns hold row numbers of the pool (accounts are numbered
in the order of their opening); -1 stands for "none" or "unknown". The journal offset is not a column: it is the row's
place in the pool's journal.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from flows.rules.liquidation.slippage import RING_PPM

Rows = NDArray[np.int64]

# --- header -----------------------------------------------------------------------------------------------------------
KIND: Final = 0
TIME_NS: Final = 1  # event time of the record
TOPIC: Final = 2  # origin: index into TOPICS
PARTITION: Final = 3  # origin
ORIGIN_OFFSET: Final = 4  # origin: Kafka offset, or line of the recording's file from 0
SOURCE: Final = 5  # producer, by its row in the registry; -1 for what the system itself makes
NUMBER: Final = 6  # the producer's rising number
PAYLOAD: Final = 7  # the first payload column

# --- kinds ------------------------------------------------------------------------------------------------------------
GENESIS: Final = 0  # text: the pool's configuration as canonical JSON
CLOCK: Final = 1
DEPOSIT: Final = 2
WITHDRAWAL: Final = 3
TRANSFER: Final = 4
FILL: Final = 5
ORDER_CHECK: Final = 6
BID: Final = 7
MARKET_STATE: Final = 8
ASSET_STATE: Final = 9
COMMAND: Final = 10
KIND_NAMES: Final = (
    "genesis",
    "clock",
    "deposit",
    "withdrawal",
    "transfer",
    "fill",
    "order-check",
    "bid",
    "market-state",
    "asset-state",
    "command",
)

# --- origins ----------------------------------------------------------------------------------------------------------
# The order is the order of records sent at the same nanosecond. `paper` is the paper venue, `pool` the system itself.
TOPICS: Final = (
    "oracle-prices",
    "depth",
    "trades",
    "collateral",
    "fills",
    "order-checks",
    "liquidation-bids",
    "commands",
    "clock",
    "paper",
    "pool",
    "market-state",
)
TOPIC_ORACLE_PRICES: Final = 0
TOPIC_DEPTH: Final = 1
TOPIC_TRADES: Final = 2
TOPIC_COLLATERAL: Final = 3
TOPIC_FILLS: Final = 4
TOPIC_ORDER_CHECKS: Final = 5
TOPIC_BIDS: Final = 6
TOPIC_COMMANDS: Final = 7
TOPIC_CLOCK: Final = 8
TOPIC_PAPER: Final = 9
TOPIC_POOL: Final = 10
TOPIC_MARKET_STATE: Final = 11


class Deposit:
    """Also a withdrawal. Text, on the deposit that opens an account: ``account`` or ``account owner``."""

    ACCOUNT: Final = PAYLOAD
    ASSET: Final = PAYLOAD + 1  # 0 is the settlement asset
    AMOUNT_UNITS: Final = PAYLOAD + 2  # smallest units of the asset; quanta for the settlement asset
    OWNER: Final = PAYLOAD + 3  # owner's row: the row of the first account it opened
    OPENS: Final = PAYLOAD + 4  # 1 if this entry opens the account
    ISOLATED_MARKET: Final = PAYLOAD + 5  # market row of an isolated account, else -1


class Transfer:
    """Settlement asset between a cross account and an isolated one of the same owner. Text as for a deposit."""

    ACCOUNT: Final = PAYLOAD  # pays
    ASSET: Final = PAYLOAD + 1
    AMOUNT_UNITS: Final = PAYLOAD + 2
    OWNER: Final = PAYLOAD + 3
    OPENS: Final = PAYLOAD + 4  # 1 if an accepted transfer opens the target
    ISOLATED_MARKET: Final = PAYLOAD + 5  # of the target
    TO_ACCOUNT: Final = PAYLOAD + 6  # receives


class Fill:
    """One match, both sides. ORDER_*: the event of the liquidation or vault order it answers, else -1."""

    MARKET: Final = PAYLOAD
    BUYER: Final = PAYLOAD + 1
    SELLER: Final = PAYLOAD + 2
    TAKER: Final = PAYLOAD + 3  # 0 the buyer, 1 the seller
    LOTS: Final = PAYLOAD + 4
    PRICE_TICKS: Final = PAYLOAD + 5
    ORDER_OFFSET: Final = PAYLOAD + 6
    ORDER_INDEX: Final = PAYLOAD + 7


class OrderCheck:
    """Text: the account's name when it is unknown (ACCOUNT is -1)."""

    ACCOUNT: Final = PAYLOAD
    MARKET: Final = PAYLOAD + 1
    LOTS: Final = PAYLOAD + 2  # signed: a buy is positive
    PRICE_TICKS: Final = PAYLOAD + 3
    REDUCE_ONLY: Final = PAYLOAD + 4


class Bid:
    """A bid of an independent liquidator. Text as for an order check."""

    OFFER_OFFSET: Final = PAYLOAD
    OFFER_INDEX: Final = PAYLOAD + 1
    ACCOUNT: Final = PAYLOAD + 2
    LOTS: Final = PAYLOAD + 3
    MINIMUM_BONUS_PPM: Final = PAYLOAD + 4
    LIMIT_TICKS: Final = PAYLOAD + 5  # the worst mark at which the bidder still wants it
    NAMED: Final = (
        PAYLOAD + 6
    )  # row of the market that the bidder names, plus 1; 0: none, it knows the offer itself


DEPTH_DISTANCES_PPM: Final = RING_PPM
QUOTE_SLOTS: Final = 8  # at most as many sources an asset


class MarketState:
    """What the market stage says of a market: prices in ticks, the book, volatility, the quotes that made it."""

    MARKET: Final = PAYLOAD
    STATUS: Final = PAYLOAD + 1  # of the index, R-O5: 0 ok, 1 degraded, 2 halted
    BREAKERS: Final = PAYLOAD + 2  # bits of flows.rules.breaker.permissions
    FLAGS: Final = PAYLOAD + 3  # bits below: what a conflation may never drop
    MARK_TICKS: Final = PAYLOAD + 4
    INDEX_TICKS: Final = PAYLOAD + 5
    INDEX_LOW_TICKS: Final = PAYLOAD + 6
    INDEX_HIGH_TICKS: Final = PAYLOAD + 7
    MARK_LOW_TICKS: Final = PAYLOAD + 8  # of the states a conflation swallowed; else the mark
    MARK_HIGH_TICKS: Final = PAYLOAD + 9
    BID_TICKS: Final = PAYLOAD + 10  # best bid and ask of a usable book, else 0
    ASK_TICKS: Final = PAYLOAD + 11
    LAST_TICKS: Final = PAYLOAD + 12  # last trade, 0 before the first
    VOLUME_60S_LOTS: Final = PAYLOAD + 13
    BID_DEPTH_LOTS: Final = PAYLOAD + 14  # six columns: cumulative lots within DEPTH_DISTANCES_PPM of the mid
    ASK_DEPTH_LOTS: Final = PAYLOAD + 20  # six columns
    SIGMA_PPM: Final = PAYLOAD + 26  # volatility, ppm a day, R-R1
    FUNDING_RATE_PPB: Final = PAYLOAD + 27  # for the interval that ends now, if FLAG_FUNDING
    TWAP_TICKS: Final = PAYLOAD + 28  # 5-minute TWAP of the index, 0 while invalid
    QUOTE_NUMBER: Final = (
        PAYLOAD + 29
    )  # eight columns: number of each source's quote in the index, -1 if unused
    BAND_LOW_TICKS: Final = PAYLOAD + 37  # the price band of R-P2 around its reference; 0 while there is none
    BAND_HIGH_TICKS: Final = PAYLOAD + 38
    OPENED_NS: Final = PAYLOAD + 39  # last re-opening after a pause (R-P3), 0 for none


FLAG_STATUS: Final = 1  # the index status changed
FLAG_BREAKER: Final = 2  # a breaker tripped, moved or cleared
FLAG_FUNDING: Final = 4  # a funding instant
FLAG_FUNDING_SKIPPED: Final = 8  # a funding instant passed over: the index is halted
FLAG_MOVED: Final = 16  # mark or index moved by a tick


class AssetState:
    """Price interval of a collateral asset, in quanta of the settlement asset per whole unit of the asset."""

    ASSET: Final = PAYLOAD
    STATUS: Final = PAYLOAD + 1
    LOW_QUANTA: Final = PAYLOAD + 2
    HIGH_QUANTA: Final = PAYLOAD + 3
    SIGMA_PPM: Final = PAYLOAD + 4
    QUOTE_NUMBER: Final = PAYLOAD + 29  # as in MarketState


class Command:
    """What people ordered (R-P1, row 10). Text: the order and its signatures as canonical JSON (`journal.signing`)."""

    COMMAND: Final = PAYLOAD  # by the numbers of flows.rules.breaker.command
    MARKET: Final = PAYLOAD + 1  # of a halt or release; -1 all of the pool
    JOURNAL_OFFSET: Final = PAYLOAD + 2  # the entry that a skip passes over, else -1
    ID: Final = PAYLOAD + 3  # first 63 bits of the command's id
    CANCELS: Final = PAYLOAD + 4  # the same of the command that a cancellation takes back, else -1
    NONCE: Final = PAYLOAD + 5
    EXPIRES_NS: Final = PAYLOAD + 6
    SIGNERS: Final = PAYLOAD + 7  # bits of the keys' rows in the parameters in force


PAYLOADS: Final[dict[int, type]] = {
    DEPOSIT: Deposit,
    WITHDRAWAL: Deposit,
    TRANSFER: Transfer,
    FILL: Fill,
    ORDER_CHECK: OrderCheck,
    BID: Bid,
    MARKET_STATE: MarketState,
    ASSET_STATE: AssetState,
    COMMAND: Command,
}
"""What names the payload of a kind that has one."""

WIDTH: Final = PAYLOAD + 29 + QUOTE_SLOTS + 3
"""Columns of an entry."""


def empty(count: int) -> Rows:
    """``count`` rows of zeros."""
    return np.zeros((count, WIDTH), np.int64)
