"""Topic ``liquidations``: each type of event with the fields it has, in the order of the ladder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flows.journal import events as ev
from flows.journal.codes import BID_CODES, LEVELS, WITHDRAWN
from flows.journal.views.texts import Texts

Event = list[int]
Message = dict[str, Any]

RECEIVERS: Final = ("liquidator", "insurance", "venue")
"""Of a share of a penalty, by code."""

ENDED: Final = ("time", "hard-level")
"""Why a window is over, by code."""


def message(texts: Texts, event: Event) -> Message:
    """What an event of this topic says, but for its id and cause."""
    kind = event[ev.TYPE]
    said = {"type": ev.TYPE_NAMES[kind], **_STEPS[kind](texts, event)}
    if kind != ev.BID_DECISION:
        said["account"] = texts.names[event[ev.ACCOUNT]]
    return said


# ---- parts that several types share --------------------------------------------------------------------------------------
def stood(texts: Texts, event: Event) -> Message:
    """The account's amounts that it was decided on."""
    return {
        "equity": texts.money(event[ev.EQUITY_QUANTA]),
        "maintenance_margin": texts.money(event[ev.MAINTENANCE_MARGIN_QUANTA]),
    }


def judged(texts: Texts, event: Event) -> Message:
    """The same, and what the equity was compared with."""
    return {**stood(texts, event), "threshold": texts.money(event[ev.THRESHOLD_QUANTA])}


def priced(texts: Texts, event: Event) -> Message:
    """Prices in force; a market that has had none yet has none."""
    price = texts.price[event[ev.MARKET]]
    found = {"mark_price": event[ev.MARK_TICKS], "index_price": event[ev.INDEX_TICKS]}
    return {name: price(ticks) for name, ticks in found.items() if ticks > 0}


def sized(texts: Texts, event: Event) -> Message:
    """Market, side and size; the sign of the lots is the side that the account takes."""
    market, lots = event[ev.MARKET], event[ev.LOTS]
    return {
        "market": texts.markets[market],
        "side": "buy" if lots > 0 else "sell",
        "quantity": texts.quantity[market](abs(lots)),
    }


def answering(texts: Texts, event: Event) -> Message:
    """The order or offer that it answers or ends."""
    return {"answers": f"{texts.pool}:{event[ev.REFERENCE_OFFSET]}:{event[ev.REFERENCE_INDEX]}"}


def other(texts: Texts, event: Event) -> Message:
    """The account on the other side."""
    return {"counter_account": texts.names[event[ev.COUNTER_ACCOUNT]]}


def asked(texts: Texts, event: Event) -> Message:
    """What an order or an offer wants from outside: until when, and the steps of its prices and quantities."""
    market = event[ev.MARKET]
    return {
        **sized(texts, event),
        **priced(texts, event),
        "deadline_ns": event[ev.DEADLINE_NS],
        "tick": texts.tick[market],
        "lot": texts.lot[market],
    }


# ---- types -----------------------------------------------------------------------------------------------------------------
def _window_over(texts: Texts, event: Event) -> Message:
    said = {"detail": ENDED[event[ev.CODE]], **judged(texts, event)}
    if event[ev.DEADLINE_NS] > 0:  # a call that was never announced has none
        said["deadline_ns"] = event[ev.DEADLINE_NS]
    return said


def _collateral_sold(texts: Texts, event: Event) -> Message:
    asset = event[ev.MARKET]
    return {
        "asset": texts.assets[asset],
        "side": "sell",
        "quantity": texts.units[asset](event[ev.LOTS]),
        "price": texts.money(event[ev.PRICE_TICKS]),
        "amount": texts.money(event[ev.QUANTA]),
    }


def _order(texts: Texts, event: Event) -> Message:
    market = event[ev.MARKET]
    return {
        "detail": LEVELS[event[ev.CODE]],
        **asked(texts, event),
        "price": texts.price[market](event[ev.PRICE_TICKS]),
        "restore_quantity": texts.quantity[market](event[ev.QUANTA]),
        "penalty_ppm": event[ev.FEE_QUANTA],
        **judged(texts, event),
    }


def _fill(texts: Texts, event: Event) -> Message:
    return {
        **sized(texts, event),
        "price": texts.price[event[ev.MARKET]](event[ev.PRICE_TICKS]),
        "amount": texts.money(event[ev.QUANTA]),
        "fee": texts.money(event[ev.FEE_QUANTA]),
        **other(texts, event),
        **answering(texts, event),
        **priced(texts, event),
        **stood(texts, event),
    }


def _lapsed(texts: Texts, event: Event) -> Message:
    return {**sized(texts, event), **answering(texts, event)}


def _stuck(texts: Texts, event: Event) -> Message:
    return {"detail": LEVELS[event[ev.CODE]], **stood(texts, event)}


def _penalty(texts: Texts, event: Event) -> Message:
    return {
        "market": texts.markets[event[ev.MARKET]],
        "detail": RECEIVERS[event[ev.CODE]],
        "amount": texts.money(event[ev.QUANTA]),
    }


def _offer_opened(texts: Texts, event: Event) -> Message:
    return {
        **asked(texts, event),
        "restore_quantity": texts.quantity[event[ev.MARKET]](event[ev.QUANTA]),
        "bonus_ppm": event[ev.FEE_QUANTA],
        **judged(texts, event),
    }


def _offer_withdrawn(texts: Texts, event: Event) -> Message:
    reason = WITHDRAWN[event[ev.CODE]].replace(" ", "-")
    return {"detail": reason, **sized(texts, event), **answering(texts, event)}


def _bid_decision(texts: Texts, event: Event) -> Message:
    """What was bid is added where the bid is known. An offer that is not open has no account."""
    said = {"detail": BID_CODES[event[ev.CODE]], **answering(texts, event)}
    if event[ev.COUNTER_ACCOUNT] >= 0:
        said |= other(texts, event) | {"bonus_ppm": event[ev.FEE_QUANTA]}
    return said


def _offer_fill(texts: Texts, event: Event) -> Message:
    return {
        **sized(texts, event),
        "amount": texts.money(event[ev.QUANTA]),
        "fee": texts.money(event[ev.FEE_QUANTA]),
        **other(texts, event),
        **answering(texts, event),
        **priced(texts, event),
    }


def _takeover(texts: Texts, event: Event) -> Message:
    return {
        "detail": "last" if event[ev.CODE] else "",
        **sized(texts, event),
        "amount": texts.money(event[ev.QUANTA]),
        "fee": texts.money(event[ev.FEE_QUANTA]),
        **other(texts, event),
        **priced(texts, event),
    }


def _vault_order(texts: Texts, event: Event) -> Message:
    price = texts.price[event[ev.MARKET]](event[ev.PRICE_TICKS])
    return {"detail": "vault", **asked(texts, event), "price": price}


def _bankrupt(texts: Texts, event: Event) -> Message:
    return {"amount": texts.money(event[ev.QUANTA]), **stood(texts, event)}


_STEPS: Final[dict[int, Callable[[Texts, Event], Message]]] = {
    ev.WINDOW_OVER: _window_over,
    ev.ORDERS_CANCELLED: stood,
    ev.COLLATERAL_SOLD: _collateral_sold,
    ev.LIQUIDATION_ORDER: _order,
    ev.LIQUIDATION_FILL: _fill,
    ev.LIQUIDATION_LAPSED: _lapsed,
    ev.LIQUIDATION_STUCK: _stuck,
    ev.PENALTY: _penalty,
    ev.OFFER_OPENED: _offer_opened,
    ev.OFFER_WITHDRAWN: _offer_withdrawn,
    ev.BID_DECISION: _bid_decision,
    ev.OFFER_FILL: _offer_fill,
    ev.TAKEOVER: _takeover,
    ev.VAULT_ORDER: _vault_order,
    ev.BANKRUPT: _bankrupt,
}

TYPES: Final = tuple(_STEPS)
"""Types of events that this topic carries."""
