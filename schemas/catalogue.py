"""Every topic: its model, key, direction and what it says. The exports and the docs are made from this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from schemas.dead_letter import DeadLetter
from schemas.inputs.clock import Clock
from schemas.inputs.collateral import CollateralMovement
from schemas.inputs.commands import Command
from schemas.inputs.depth import Depth
from schemas.inputs.fills import Fill
from schemas.inputs.liquidation_bids import LiquidationBid
from schemas.inputs.oracle_prices import OraclePrice
from schemas.inputs.order_checks import OrderCheck
from schemas.inputs.trades import Trade
from schemas.outputs.account_margin import AccountMargin
from schemas.outputs.adl import Deleveraging
from schemas.outputs.attestations import Attestation
from schemas.outputs.collateral_decisions import CollateralDecision
from schemas.outputs.funding_payments import FundingPayment
from schemas.outputs.insurance_fund import FundMovement
from schemas.outputs.liquidations import Liquidation
from schemas.outputs.margin_calls import MarginCall
from schemas.outputs.market_state import MarketState
from schemas.outputs.order_decisions import OrderDecision
from schemas.outputs.rows import EventRow, JournalRow

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the venue's Kafka, or one file of a recording."""

    name: str
    model: type[BaseModel]
    key: str
    direction: Literal["input", "output", "both"]
    description: str
    content_type: str = JSON


TOPICS: Final = (
    Topic("oracle-prices", OraclePrice, "asset", "input", "Prices of several publishers, with confidence."),
    Topic("trades", Trade, "market", "input", "The tape of the venue's own markets."),
    Topic("depth", Depth, "market", "input", "Snapshots of the order books."),
    Topic("collateral", CollateralMovement, "pool", "input", "Deposits, withdrawals, transfers."),
    Topic("fills", Fill, "pool", "input", "Matches, both sides."),
    Topic("order-checks", OrderCheck, "pool", "input", "Orders to be judged before they rest or trade."),
    Topic("liquidation-bids", LiquidationBid, "pool", "input", "Bids of independent liquidators."),
    Topic("commands", Command, "pool", "input", "Signed orders of people."),
    Topic("clock", Clock, "none", "input", "Time, once a second."),
    Topic("market-state", MarketState, "market", "both", "Index, mark, breakers, volatility, funding rate."),
    Topic("journal", JournalRow, "pool", "both", "Everything that can change a pool, in order.", ARROW),
    Topic("events", EventRow, "pool", "output", "Every decision, whole entries, never a part of one.", ARROW),
    Topic("liquidations", Liquidation, "pool", "output", "Steps of liquidations, orders for execution."),
    Topic("adl", Deleveraging, "pool", "output", "Deleveraging, socialized loss, insolvency."),
    Topic("margin-calls", MarginCall, "pool", "output", "Calls, cures, moves along the ladder."),
    Topic("order-decisions", OrderDecision, "pool", "output", "Answers to order checks."),
    Topic(
        "collateral-decisions", CollateralDecision, "pool", "output", "Answers to withdrawals and transfers."
    ),
    Topic("funding-payments", FundingPayment, "pool", "output", "Funding per lot, each market and instant."),
    Topic("insurance-fund", FundMovement, "pool", "output", "The fund's ledger."),
    Topic("account-margin", AccountMargin, "pool", "output", "Accounts as they stood when decided on."),
    Topic("dead-letters", DeadLetter, "topic", "output", "Refused records, with reason and origin."),
    Topic("attestations", Attestation, "pool", "output", "Hashes of journal and events."),
)

BY_NAME: Final = {topic.name: topic for topic in TOPICS}
