"""Deleveraging: a bankrupt account's position closed against another's."""

from __future__ import annotations

from typing import Any

from flows.rules.margin.limits import only_reduces
from flows.rules.orders.check import ACCEPT, decide_reduction, lowers_health
from flows.rules.position.fill import apply_quote
from tests.venues.amounts import whole
from tests.venues.dydx import Account, accounts
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.topics.liquidation_price import bankruptcy_quote_of
from tests.venues.verdict import Answer, Difference

QUEUE = "R-L4: a queue of counterparties, by rank or as given"


def state_of(account: Account) -> dict[str, Any]:
    return {
        "quote_balance": account.amount(account.balance),
        "positions": [{"market": market, "base_quantums": lots} for market, lots in account.lots.items()],
    }


def stays_valid(before: Account, after: Account) -> bool:
    """Tell whether R-F1 lets the reduction through: initial margin afterwards, or health not lowered."""
    falls = lowers_health(before.equity(), before.margin(), after.equity(), after.margin())
    return decide_reduction(after.equity(), after.initial_margin(), falls, True, True) == ACCEPT


def closed_by(account: Account, market: str, delta: int, quote: int) -> Account:
    """Close lots of an account for money (R-B1); its positions cost nothing, their price is in the balance."""
    _, cost, realized = apply_quote(account.lots[market], 0, delta, -quote)
    assert cost == 0
    return account.after(market, delta, realized)


def offset(bankrupt: Account, other: Account, market: str, delta: int, at_bankruptcy: bool) -> dict[str, Any]:
    """Close one account's lots against the other's, both or neither."""
    at_oracle = -bankrupt.signed_notional(market, delta)
    quote = bankruptcy_quote_of(bankrupt, market, delta) if at_bankruptcy else at_oracle
    bankrupt_after = closed_by(bankrupt, market, delta, quote)
    other_after = closed_by(other, market, -delta, -quote)
    if not (stays_valid(bankrupt, bankrupt_after) and stays_valid(other, other_after)):
        return {"error": "rejected"}
    return {
        "quote_quantums": bankrupt.amount(quote),
        "liquidated_after": state_of(bankrupt_after),
        "offsetting_after": state_of(other_after),
    }


@maps("offset-pair", "R-E5, R-B1, R-F1", ("liquidated", "offsetting", "delta_base_quantums"))
def offset_pair_of(given: Inputs) -> Answer:
    market, delta = given["market"], whole(given["delta_base_quantums"])
    at_bankruptcy = given["price"] == "bankruptcy"
    bankrupt, other = accounts(given, given["liquidated"]), accounts(given, given["offsetting"])
    plain = bankrupt[0]
    if not (
        only_reduces(bankrupt[0].lots.get(market, 0), delta)
        and only_reduces(other[0].lots.get(market, 0), -delta)
    ):
        return Answer({"error": "invalid_size_delta"})
    ours = offset(bankrupt[0], other[0], market, delta, at_bankruptcy)
    theirs = offset(bankrupt[1], other[1], market, delta, at_bankruptcy)
    return Answer(
        ours,
        {key: Difference(value, plain.habit()) for key, value in theirs.items()},
        note="R-E5's quote, or the oracle price; R-F1 lets the fill through on both sides",
    )


lacks("offset-queue", "R-L4", ("liquidated", "candidates"), QUEUE)
lacks("rank", "R-L4", ("accounts",), QUEUE)
lacks("rank-single", "R-L4", ("pnl_percent", "leverage"), QUEUE)
lacks("rank-price", "R-L4", ("contract", "entry_price", "mark_price"), QUEUE)
lacks("allocate", "R-L4", ("size", "queue"), QUEUE)
