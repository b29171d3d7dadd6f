"""Bookings, made again: the waterfall's money, fills, funding, states of markets, answers to requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from flows.journal import events as ev
from flows.rules.funding.payment import per_lot
from flows.rules.orders.check import ACCEPT, HALTED
from flows.rules.position.fill import apply_fill
from flows.verify.facts import Facts
from flows.verify.opinion import requests
from flows.verify.recompute import Check, Kind, Relation, lot_tick_quanta, mark_in_force, plain_pool

Checks = Iterator[Check]


# ---- the waterfall ---------------------------------------------------------------------------------------------------
def _bankrupt(facts: Facts) -> Checks:
    event = facts.event
    yield Check("deficit", "R-L1", Kind.MONEY, event["quanta"], max(0, -event["equity_low_quanta"]))


def _adl(facts: Facts) -> Checks:
    event = facts.event
    at_mark = event["lots"] * event["mark_ticks"] * lot_tick_quanta(facts)
    yield Check("haircut", "R-L3", Kind.MONEY, event["fee_quanta"], abs(event["quanta"] - at_mark))


def _loss(facts: Facts) -> Checks:
    """The charges of one announcement sum to it exactly."""
    bankrupt = facts.event["account" if facts.event["type"] == "socialized-loss" else "counter_account"]
    charges = [
        row["quanta"]
        for row in facts.siblings
        if row["type"] == "loss-charge" and row["counter_account"] == bankrupt
    ]
    announced = [
        row["quanta"]
        for row in facts.siblings
        if row["type"] == "socialized-loss" and row["account"] == bankrupt
    ]
    yield Check("charges in all", "R-M1", Kind.MONEY, sum(announced), sum(charges))


def _fund(facts: Facts) -> Checks:
    before = facts.fund_before["balance_quanta"] if facts.fund_before else 0
    after = before + facts.event["quanta"]
    yield Check("balance after", "R-K1", Kind.MONEY, facts.event["balance_quanta"], after)


# ---- money and markets -----------------------------------------------------------------------------------------------
def _position(facts: Facts) -> Checks:
    """A fill at a price is worked out again from the position before it."""
    event, market = facts.event, facts.event["market"]
    if facts.entry["kind"] != "fill" or event["price_ticks"] == 0:
        return
    price = facts.entry["payload_5"]
    yield Check("price", "R-B1", Kind.PRICE, event["price_ticks"], price, market)
    before = facts.position_before or {"position_lots": 0, "position_cost_quanta": 0}
    lots, cost, realized = apply_fill(
        before["position_lots"], before["position_cost_quanta"], event["lots"], price, lot_tick_quanta(facts)
    )
    yield Check("position", "R-B1", Kind.QUANTITY, event["position_lots"], lots, market)
    yield Check("entry cost", "R-B1", Kind.MONEY, event["position_cost_quanta"], cost)
    yield Check("realized", "R-B1", Kind.MONEY, event["quanta"], realized)


def _funding(facts: Facts) -> Checks:
    """What a lot pays, with the carry of all instants before it."""
    event, paid, carry, rate = facts.event, 0, 0, 0
    if event["code"] == 1:
        return
    for row in facts.funding:
        rate = row["funding_rate_ppb"]
        paid, carry = per_lot(row["index_ticks"], lot_tick_quanta(facts), rate, carry)
    yield Check("payment of a lot", "R-N4", Kind.MONEY, event["quanta"], paid)
    yield Check("rate, ppb", "R-N2", Kind.COUNT, event["threshold_quanta"], rate)


def _market_status(facts: Facts) -> Checks:
    event, state = facts.event, mark_in_force(facts, facts.event["market"])
    if state is not None:
        yield Check("status", "R-O5", Kind.COUNT, event["code"], state["status"])
        yield Check("breakers", "R-P4", Kind.COUNT, event["quanta"], state["breakers"])


def _order_decision(facts: Facts) -> Checks:
    """A refusal is taken again, with the largest size that would have passed."""
    event, evidence, market = facts.event, facts.evidence, facts.event["market"]
    if evidence is None or facts.changed_since or event["code"] == HALTED or not facts.marks:
        return
    state, account, value = plain_pool(facts, evidence)
    state.told_open_lots = {market: event["position_lots"]}
    code, largest = requests.decide(
        state, account, value, market, event["lots"], event["price_ticks"], facts.entry["payload_4"] == 1
    )
    yield Check("answer", "R-F1", Kind.CODE, event["code"], code)
    yield Check("largest size", "R-F2", Kind.QUANTITY, event["quanta"], largest, market)


def _collateral_decision(facts: Facts) -> Checks:
    event = facts.event
    if event["code"] == ACCEPT and facts.entry["kind"] == "withdrawal" and event["market"] <= 0:
        largest = event["threshold_quanta"]
        yield Check("withdrawn", "R-F3", Kind.MONEY, event["quanta"], largest, relation=Relation.AT_MOST)


BOOKINGS: Final[dict[str, Callable[[Facts], Checks]]] = {
    ev.TYPE_NAMES[ev.BANKRUPT]: _bankrupt,
    ev.TYPE_NAMES[ev.ADL]: _adl,
    ev.TYPE_NAMES[ev.SOCIALIZED_LOSS]: _loss,
    ev.TYPE_NAMES[ev.LOSS_CHARGE]: _loss,
    ev.TYPE_NAMES[ev.FUND]: _fund,
    ev.TYPE_NAMES[ev.POSITION]: _position,
    ev.TYPE_NAMES[ev.FUNDING]: _funding,
    ev.TYPE_NAMES[ev.MARKET_STATUS]: _market_status,
    ev.TYPE_NAMES[ev.ORDER_DECISION]: _order_decision,
    ev.TYPE_NAMES[ev.COLLATERAL_DECISION]: _collateral_decision,
}
"""How each of these events is made again."""
