"""Events as the cells of a table: what each column shows, in a scenario's words and amounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flows.journal import events as ev
from flows.journal.codes import BID_CODES, LEVELS, ORDER_CODES, STATUSES, WITHDRAWN
from flows.registry.commands import COMMANDS
from flows.rules.exact import PPM, is_below
from flows.scenario.amounts import shown, shown_rate, shown_ratio, shown_time
from flows.scenario.pools import Event, PoolInPlay

WINDOW_ENDS: Final = ("time", "hard level")
OF_AN_ASSET: Final = (ev.COLLATERAL, ev.COLLATERAL_DECISION, ev.COLLATERAL_MARGIN, ev.COLLATERAL_SOLD)
IN_RATES: Final = (ev.LIQUIDATION_ORDER, ev.OFFER_OPENED, ev.BID_DECISION)
OF_PEOPLE: Final = (ev.COMMAND_TAKEN, ev.COMMAND_EFFECTIVE, ev.COMMAND_CANCELLED, ev.COMMAND_VOID)
NONE: Final = "none"


# --- amounts ----------------------------------------------------------------------------------------------------------
def money(quanta: int) -> str:
    """An amount of the settlement asset."""
    return shown(quanta, 1_000_000)


def quantity(pool: PoolInPlay, market: int, lots: int) -> str:
    """Lots as a quantity."""
    return shown(lots, pool.parameters.markets[market].lot_scale)


def asset_units(pool: PoolInPlay, asset: int, units: int) -> str:
    """Smallest units as an amount of their asset."""
    return shown(units, pool.parameters.assets[asset].unit_scale)


def _market(pool: PoolInPlay, event: Event) -> str:
    row = event[ev.MARKET]
    if row < 0:
        return NONE
    if event[ev.TYPE] in OF_AN_ASSET:
        return pool.parameters.assets[row].id
    return pool.parameters.markets[row].id


def _price(pool: PoolInPlay, event: Event) -> str:
    if event[ev.TYPE] in OF_AN_ASSET:
        return money(event[ev.PRICE_TICKS])
    return shown(event[ev.PRICE_TICKS], pool.parameters.markets[event[ev.MARKET]].tick_scale)


def _quantity(pool: PoolInPlay, event: Event) -> str:
    lots = abs(event[ev.LOTS])
    if event[ev.MARKET] < 0:
        return str(lots)
    if event[ev.TYPE] in OF_AN_ASSET:
        return asset_units(pool, event[ev.MARKET], lots)
    return quantity(pool, event[ev.MARKET], lots)


def _amount(pool: PoolInPlay, event: Event) -> str:
    if event[ev.TYPE] in OF_AN_ASSET and event[ev.TYPE] != ev.COLLATERAL_SOLD:
        return asset_units(pool, event[ev.MARKET], event[ev.QUANTA])
    return money(event[ev.QUANTA])


def _fee(_pool: PoolInPlay, event: Event) -> str:
    return shown_rate(event[ev.FEE_QUANTA]) if event[ev.TYPE] in IN_RATES else money(event[ev.FEE_QUANTA])


def _largest(pool: PoolInPlay, event: Event) -> str:
    if event[ev.TYPE] == ev.COLLATERAL_DECISION:
        return asset_units(pool, event[ev.MARKET], event[ev.THRESHOLD_QUANTA])
    return quantity(pool, event[ev.MARKET], event[ev.QUANTA])


# --- words ------------------------------------------------------------------------------------------------------------
def _answer(_pool: PoolInPlay, event: Event) -> str:
    codes = BID_CODES if event[ev.TYPE] == ev.BID_DECISION else ORDER_CODES
    return codes.get(event[ev.CODE], str(event[ev.CODE]))


def _reason(_pool: PoolInPlay, event: Event) -> str:
    """Why, where a type has reasons of its own."""
    code = event[ev.CODE]
    match event[ev.TYPE]:
        case ev.FUND:
            return ev.FUND_REASONS[code]
        case ev.OFFER_WITHDRAWN:
            return WITHDRAWN[code]
        case ev.WINDOW_OVER:
            return WINDOW_ENDS[code]
        case ev.TAKEOVER:
            return "all that is left" if code else "part"
        case ev.FUNDING:
            return "skipped" if code else "paid"
        case ev.GATE:
            return "closed" if code else "open"
        case ev.MARKET_STATUS:
            return STATUSES[code]
        case ev.COMMAND_VOID:
            return ev.VOID_REASONS[event[ev.FORMER_CODE]]
        case _:
            return str(code)


def _command(_pool: PoolInPlay, event: Event) -> str:
    """What people ordered."""
    return COMMANDS[event[ev.CODE]] if event[ev.TYPE] in OF_PEOPLE else NONE


def _why(pool: PoolInPlay, event: Event) -> str:
    """The level that the account was under when its order was made."""
    if event[ev.TYPE] == ev.LIQUIDATION_FILL:
        answered = (event[ev.REFERENCE_OFFSET], event[ev.REFERENCE_INDEX])
        event = next(
            each
            for each in pool.events
            if (each[ev.OFFSET], each[ev.INDEX]) == answered and each[ev.TYPE] == ev.LIQUIDATION_ORDER
        )
    equity, margin, of = event[ev.EQUITY_QUANTA], event[ev.MAINTENANCE_MARGIN_QUANTA], pool.parameters
    for level_ppm in (of.backstop_ppm, of.hard_ppm, PPM):
        if is_below(equity, margin, level_ppm):
            return f"health < {shown(level_ppm, PPM)}"
    return f"target {shown(of.target_ppm, PPM)}"


Shows = Callable[[PoolInPlay, Event], str]

COLUMNS: Final[Mapping[str, tuple[str, Shows]]] = {
    "event": ("type of the event", lambda _, event: ev.TYPE_NAMES[event[ev.TYPE]]),
    "time": ("pool time", lambda _, event: shown_time(event[ev.TIME_NS])),
    "account": ("whose event it is", lambda pool, event: pool.name(event[ev.ACCOUNT]) or NONE),
    "other": ("the other side", lambda pool, event: pool.name(event[ev.COUNTER_ACCOUNT]) or NONE),
    "market": ("market, or collateral asset", _market),
    "side": ("buy or sell", lambda _, event: "buy" if event[ev.LOTS] > 0 else "sell"),
    "quantity": ("size, without a sign", _quantity),
    "price": ("price, or an order's limit", _price),
    "amount": ("the event's own amount, signed", _amount),
    "fee": ("fee, penalty, haircut or bonus: money, and a rate on orders, offers and bids", _fee),
    "restore": (
        "quantity that would restore the target",
        lambda pool, event: quantity(pool, event[ev.MARKET], event[ev.QUANTA]),
    ),
    "largest": ("largest size that would pass, without a sign", _largest),
    "level": (
        "level of the ladder",
        lambda _, event: LEVELS.get(event[ev.CODE], NONE),
    ),
    "former level": ("level before", lambda _, event: LEVELS.get(event[ev.FORMER_CODE], NONE)),
    "answer": ("ACCEPT, VALID, or the code of a refusal", _answer),
    "reason": ("by type: what the fund paid for, why an offer or a window ended", _reason),
    "why": ("level that the account was under when the order was made", _why),
    "command": ("what people ordered", _command),
    "deadline": ("end of a window, order or offer", lambda _, event: shown_time(event[ev.DEADLINE_NS])),
    "equity": ("equity it was decided on", lambda _, event: money(event[ev.EQUITY_QUANTA])),
    "maintenance margin": (
        "margin it was decided on",
        lambda _, event: money(event[ev.MAINTENANCE_MARGIN_QUANTA]),
    ),
    "health": (
        "equity over maintenance margin, rounded down to three decimals",
        lambda _, event: shown_ratio(event[ev.EQUITY_QUANTA], event[ev.MAINTENANCE_MARGIN_QUANTA], 3),
    ),
    "threshold": (
        "what equity was compared with",
        lambda _, event: money(event[ev.THRESHOLD_QUANTA]),
    ),
    "balance": ("balance after it", lambda _, event: money(event[ev.BALANCE_QUANTA])),
    "position": (
        "position after it, signed",
        lambda pool, event: quantity(pool, event[ev.MARKET], event[ev.POSITION_LOTS]),
    ),
}
"""What a table of events can show."""


def cell(pool: PoolInPlay, event: Event, column: str) -> str:
    """One cell."""
    return COLUMNS[column][1](pool, event)
