"""Answers to requests: an order check, a withdrawal or transfer, a bid. Each names its request by source and number."""

from __future__ import annotations

from typing import Any

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codes import ORDER_CODES
from flows.journal.views.steps import priced, sized
from flows.journal.views.texts import Texts

Event = list[int]
Message = dict[str, Any]


def order_decision(texts: Texts, event: Event, entry: Event, text: str) -> Message:
    """May the order rest or trade? ``text`` is the entry's: the name of an account that nobody opened."""
    market = event[ev.MARKET]
    said = {
        "check_source": texts.source(entry),
        "check_number": entry[en.NUMBER],
        "account": _asker(texts, event, text),
        **sized(texts, event),
        "price": texts.price[market](event[ev.PRICE_TICKS]),
        "reduce_only": entry[en.OrderCheck.REDUCE_ONLY] != 0,
        "decision": ORDER_CODES[event[ev.CODE]],
        "largest_quantity": texts.quantity[market](event[ev.QUANTA]),
        "equity": texts.money(event[ev.EQUITY_QUANTA]),
        "maintenance_margin": texts.money(event[ev.MAINTENANCE_MARGIN_QUANTA]),
        "initial_margin": texts.money(event[ev.INITIAL_MARGIN_QUANTA]),
    }
    if event[ev.MARK_TICKS] > 0:
        said["mark_price"] = texts.price[market](event[ev.MARK_TICKS])
    return said


def collateral_decision(texts: Texts, event: Event, entry: Event) -> Message:
    """Is the withdrawal or transfer done?"""
    asset = event[ev.MARKET]
    said = {
        "request_source": texts.source(entry),
        "request_number": entry[en.NUMBER],
        "account": texts.names[event[ev.ACCOUNT]],
        "asset": texts.assets[asset],
        "amount": texts.units[asset](event[ev.QUANTA]),
        "decision": ORDER_CODES[event[ev.CODE]],
        "largest_amount": texts.units[asset](event[ev.THRESHOLD_QUANTA]),
    }
    if event[ev.COUNTER_ACCOUNT] >= 0:
        said["to"] = texts.names[event[ev.COUNTER_ACCOUNT]]
    return said


def bidder(texts: Texts, event: Event, entry: Event, text: str) -> Message:
    """Who bid what, and by which message; the rest of the answer is a step of the liquidation.

    The market is the one that the bid names: its lots and ticks are that market's, whatever the offer is in.
    """
    said = {
        "account": _asker(texts, event, text),
        "bid_source": texts.source(entry),
        "bid_number": entry[en.NUMBER],
    }
    named = entry[en.Bid.NAMED]
    market = named - 1 if named else event[ev.MARKET]
    if market < 0:
        return said
    said |= {
        "market": texts.markets[market],
        "quantity": texts.quantity[market](event[ev.LOTS]),
        "price": texts.price[market](event[ev.PRICE_TICKS]),
    }
    return said | priced(texts, event) if market == event[ev.MARKET] else said


def _asker(texts: Texts, event: Event, text: str) -> str:
    return texts.names[event[ev.ACCOUNT]] if event[ev.ACCOUNT] >= 0 else text
