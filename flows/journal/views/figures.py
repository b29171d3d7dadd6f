"""Topics of one shape each: margin calls, deleveraging, funding, the fund's ledger, accounts as they stood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flows.journal import events as ev
from flows.journal.codes import LEVELS
from flows.journal.views.steps import judged
from flows.journal.views.texts import Texts

Event = list[int]
Message = dict[str, Any]


# ---- margin-calls ----------------------------------------------------------------------------------------------------------
def _called(texts: Texts, event: Event) -> Message:
    kind = event[ev.TYPE]
    said = {
        "type": ev.TYPE_NAMES[kind],
        "account": texts.names[event[ev.ACCOUNT]],
        **judged(texts, event),
    }
    if kind != ev.CALL_CLEARED:
        said["level"] = LEVELS[event[ev.CODE]]
    if kind == ev.LEVEL:
        said["former_level"] = LEVELS[event[ev.FORMER_CODE]]
    if kind == ev.MARGIN_CALL:
        said["cure"] = texts.money(event[ev.QUANTA])
        said["deadline_ns"] = event[ev.DEADLINE_NS]
    return said


# ---- adl -------------------------------------------------------------------------------------------------------------------
def _announced(texts: Texts, event: Event) -> Message:
    """A loss as a whole: the account of the event is the one that made it."""
    return {
        "type": ev.TYPE_NAMES[event[ev.TYPE]],
        "bankrupt": texts.names[event[ev.ACCOUNT]],
        "amount": texts.money(event[ev.QUANTA]),
    }


def _borne(texts: Texts, event: Event) -> Message:
    """One account's part of a loss."""
    kind, market = event[ev.TYPE], event[ev.MARKET]
    said = {
        "type": ev.TYPE_NAMES[kind],
        "account": texts.names[event[ev.ACCOUNT]],
        "bankrupt": texts.names[event[ev.COUNTER_ACCOUNT]],
        "amount": texts.money(event[ev.FEE_QUANTA if kind == ev.ADL_CASH else ev.QUANTA]),
    }
    if kind != ev.LOSS_CHARGE:
        said["market"] = texts.markets[market]
        said["haircut"] = texts.money(event[ev.FEE_QUANTA])
        said["mark_price"] = texts.price[market](event[ev.MARK_TICKS])
    if kind == ev.ADL:
        said["quantity"] = texts.quantity[market](event[ev.LOTS])
    return said


# ---- funding-payments, insurance-fund, account-margin ----------------------------------------------------------------------
def _funded(texts: Texts, event: Event) -> Message:
    market = event[ev.MARKET]
    return {
        "market": texts.markets[market],
        "skipped": event[ev.CODE] != 0,
        "per_lot": texts.money(event[ev.QUANTA]),
        "rate_ppb": event[ev.THRESHOLD_QUANTA],
        "index_price": texts.price[market](event[ev.INDEX_TICKS]),
    }


def _moved(texts: Texts, event: Event) -> Message:
    said = {
        "reason": ev.FUND_REASONS[event[ev.CODE]],
        "amount": texts.money(event[ev.QUANTA]),
        "balance": texts.money(event[ev.BALANCE_QUANTA]),
    }
    if event[ev.MARKET] >= 0:
        said["market"] = texts.markets[event[ev.MARKET]]
    if event[ev.ACCOUNT] >= 0:
        said["account"] = texts.names[event[ev.ACCOUNT]]
    return said


def _valued(texts: Texts, event: Event) -> Message:
    return {
        "account": texts.names[event[ev.ACCOUNT]],
        "level": LEVELS[event[ev.CODE]],
        "balance": texts.money(event[ev.BALANCE_QUANTA]),
        "equity": texts.money(event[ev.EQUITY_QUANTA]),
        "equity_without_haircut": texts.money(event[ev.EQUITY_LOW_QUANTA]),
        "maintenance_margin": texts.money(event[ev.MAINTENANCE_MARGIN_QUANTA]),
        "initial_margin": texts.money(event[ev.INITIAL_MARGIN_QUANTA]),
    }


FIGURES: Final[dict[int, tuple[str, Callable[[Texts, Event], Message]]]] = {
    ev.LEVEL: ("margin-calls", _called),
    ev.MARGIN_CALL: ("margin-calls", _called),
    ev.CALL_CLEARED: ("margin-calls", _called),
    ev.ADL: ("adl", _borne),
    ev.ADL_CASH: ("adl", _borne),
    ev.SOCIALIZED_LOSS: ("adl", _announced),
    ev.LOSS_CHARGE: ("adl", _borne),
    ev.INSOLVENT: ("adl", _announced),
    ev.FUNDING: ("funding-payments", _funded),
    ev.FUND: ("insurance-fund", _moved),
    ev.MARGIN: ("account-margin", _valued),
}
"""By type of event: its topic, and what it says there but for its id and cause."""
