"""What an event is: one row of int64 columns, the same for every type; nothing nests.

An event's id is (pool, OFFSET, INDEX): the journal entry it came from and its place among that entry's events. What has
parts (a split, the shares of an ADL) is several events of one entry. A column that a type does not use holds 0, and -1
where 0 would name an account, market or entry.
"""

from __future__ import annotations

from typing import Final

OFFSET: Final = 0  # journal offset of the cause
INDEX: Final = 1  # place among the events of that entry
TYPE: Final = 2
TIME_NS: Final = 3  # pool time
ACCOUNT: Final = 4
MARKET: Final = 5
COUNTER_ACCOUNT: Final = 6  # the other side, the winner's bankrupt, the target of a transfer
LOTS: Final = 7  # signed change or size
PRICE_TICKS: Final = 8  # price, limit or cap in ticks
QUANTA: Final = 9  # the event's own amount
FEE_QUANTA: Final = 10  # fee, penalty or bonus taken with it
REFERENCE_OFFSET: Final = 11  # event it answers: order, offer
REFERENCE_INDEX: Final = 12
CODE: Final = 13  # decision, reason, level or state, by type
FORMER_CODE: Final = 14  # what it was before
RULE: Final = 15  # chapter x 100 + number: R-H1 is 801
RULE_VERSION: Final = 16
PARAMETERS_VERSION: Final = 17
MARK_OFFSET: Final = 18  # journal offset of the market-state in force; its quotes made the mark
MARK_TICKS: Final = 19
INDEX_TICKS: Final = 20
EQUITY_QUANTA: Final = 21  # R-E1, maintenance
EQUITY_LOW_QUANTA: Final = 22  # R-E1, without haircut
MAINTENANCE_MARGIN_QUANTA: Final = 23
INITIAL_MARGIN_QUANTA: Final = 24
THRESHOLD_QUANTA: Final = 25  # what the equity was compared with
BALANCE_QUANTA: Final = 26  # after the event
POSITION_LOTS: Final = 27  # after the event
POSITION_COST_QUANTA: Final = 28  # after the event
DEADLINE_NS: Final = 29
WIDTH: Final = 30

COLUMNS: Final = (
    "journal_offset",
    "event_index",
    "type",
    "time_ns",
    "account",
    "market",
    "counter_account",
    "lots",
    "price_ticks",
    "quanta",
    "fee_quanta",
    "reference_offset",
    "reference_index",
    "code",
    "former_code",
    "rule",
    "rule_version",
    "parameters_version",
    "mark_offset",
    "mark_ticks",
    "index_ticks",
    "equity_quanta",
    "equity_low_quanta",
    "maintenance_margin_quanta",
    "initial_margin_quanta",
    "threshold_quanta",
    "balance_quanta",
    "position_lots",
    "position_cost_quanta",
    "deadline_ns",
)

# --- types, in the order an account meets them ------------------------------------------------------------------------
ACCOUNT_OPENED: Final = 0
COLLATERAL: Final = 1  # QUANTA units of asset MARKET moved; BALANCE after (units of that asset)
COLLATERAL_DECISION: Final = (
    2  # a withdrawal or transfer answered; CODE; QUANTA asked, PRICE_TICKS unused, THRESHOLD largest
)
POSITION: Final = 3  # a fill, transfer or closing changed a position; QUANTA realized
ORDER_DECISION: Final = 4  # CODE; LOTS asked, QUANTA lots that would pass, POSITION_LOTS the open interest
FUNDING: Final = 5  # MARKET; QUANTA per lot, CODE 1 if skipped
INTEREST: Final = 6  # QUANTA charged
MARGIN: Final = 7  # evidence: the account as it stood when the next decision about it was taken
POSITION_MARGIN: Final = (
    8  # evidence: a position; QUANTA notional, its MM and IM, PRICE of liquidation (R-E4), 0 none
)
COLLATERAL_MARGIN: Final = (
    9  # evidence: one of its assets (MARKET); QUANTA units, EQUITY credit, EQUITY_LOW value
)
LEVEL: Final = 10  # moved along the ladder: FORMER_CODE to CODE
MARGIN_CALL: Final = 11  # QUANTA cure; DEADLINE
CALL_CLEARED: Final = 12
WINDOW_OVER: Final = 13  # the soft window ended; CODE 0 by time, 1 by the hard level
ORDERS_CANCELLED: Final = 14  # execution must cancel the account's orders
COLLATERAL_SOLD: Final = 15  # LOTS units of asset MARKET to the fund for QUANTA
LIQUIDATION_ORDER: Final = 16  # CODE stage (soft, partial); LOTS signed; PRICE_TICKS worst price
LIQUIDATION_FILL: Final = 17  # REFERENCE order; QUANTA quote, FEE penalty
LIQUIDATION_LAPSED: Final = 18  # what was left of an order unanswered
LIQUIDATION_STUCK: Final = 19  # no slice passes; the next stage takes over
PENALTY: Final = 20  # share of a penalty: CODE 0 liquidator, 1 insurance, 2 venue
OFFER_OPENED: Final = 21  # LOTS signed as the account's sale; DEADLINE expiry; FEE bonus at opening (ppm)
OFFER_WITHDRAWN: Final = 22  # CODE 0 recovered, 1 expired, 2 used up, 3 taken over, 4 position changed
BID_DECISION: Final = 23  # CODE of R-I3; REFERENCE offer
OFFER_FILL: Final = 24  # QUANTA quote, FEE bonus paid
TAKEOVER: Final = 25  # the vault took LOTS for QUANTA; CODE 1 if the last, with all the rest
VAULT_ORDER: Final = 26  # unwinding
BANKRUPT: Final = 27  # QUANTA deficit found
FUND: Final = 28  # ledger: QUANTA signed, BALANCE after (general part or MARKET's compartment), CODE reason
ADL: Final = 29  # winner ACCOUNT closed LOTS at QUANTA; FEE haircut; COUNTER the bankrupt; CODE pass
ADL_CASH: Final = 30  # winner's gain cut by FEE in cash
SOCIALIZED_LOSS: Final = 31  # announced: QUANTA in all, BALANCE equity of the circles that share it
LOSS_CHARGE: Final = 32  # an account's share
INSOLVENT: Final = 33  # QUANTA nobody can bear
GATE: Final = 34  # withdrawals: CODE 1 closed, 0 open
MARKET_STATUS: Final = 35  # CODE status, QUANTA breaker bits, FORMER_CODE and FEE as before
FEES_SWEPT: Final = 36  # share of the fees to the fund
COMMAND_TAKEN: Final = (
    37  # CODE which; MARKET or -1 for all; DEADLINE its effect; REFERENCE entry a skip names
)
COMMAND_EFFECTIVE: Final = 38  # CODE which; REFERENCE its taking
COMMAND_CANCELLED: Final = 39  # by another: CODE which, REFERENCE its taking
COMMAND_VOID: Final = 40  # it came to nothing; CODE which, FORMER_CODE why, REFERENCE its taking
ENTRY_SKIPPED: Final = 41  # passed over, but for an account that it opens; CODE its kind, REFERENCE the skip

TYPE_NAMES: Final = (
    "account-opened",
    "collateral",
    "collateral-decision",
    "position",
    "order-decision",
    "funding",
    "interest",
    "margin",
    "position-margin",
    "collateral-margin",
    "level",
    "margin-call",
    "call-cleared",
    "window-over",
    "orders-cancelled",
    "collateral-sold",
    "liquidation-order",
    "liquidation-fill",
    "liquidation-lapsed",
    "liquidation-stuck",
    "penalty",
    "offer-opened",
    "offer-withdrawn",
    "bid-decision",
    "offer-fill",
    "takeover",
    "vault-order",
    "bankrupt",
    "fund",
    "adl",
    "adl-cash",
    "socialized-loss",
    "loss-charge",
    "insolvent",
    "gate",
    "market-status",
    "fees-swept",
    "command-taken",
    "command-effective",
    "command-cancelled",
    "command-void",
    "entry-skipped",
)

VOID_NOTHING_WAITS: Final = 0  # a cancellation of what is done, cancelled or unknown
VOID_NOT_STOPPED: Final = 1  # a skip of an entry that the pool could apply
VOID_SUPERSEDED: Final = 2  # parameters that are not the next version any more
VOID_REASONS: Final = ("nothing waits", "entry applied", "superseded")

FUND_OPENING: Final = 0
FUND_PENALTY: Final = 1
FUND_DRAW: Final = 2  # to the floor
FUND_FLOOR_DRAW: Final = 3  # the floor itself
FUND_INTEREST: Final = 4
FUND_COLLATERAL: Final = 5  # bought in kind
FUND_FEES: Final = 6
FUND_REASONS: Final = ("opening", "penalty", "draw", "floor-draw", "interest", "collateral", "fees")

BLANK: Final = tuple(
    -1
    if name in ("account", "market", "counter_account", "reference_offset", "reference_index", "mark_offset")
    else 0
    for name in COLUMNS
)
"""An event before anything is filled in."""
