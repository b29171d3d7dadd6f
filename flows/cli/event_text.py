"""Events as a person reads them: one phrase an event, and its amounts as decimals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flows.journal.codes import BID_CODES, LEVELS, ORDER_CODES, STATUSES, WITHDRAWN
from flows.journal.entries import KIND_NAMES
from flows.journal.events import VOID_REASONS
from flows.registry.commands import COMMANDS
from flows.rules.offer.bid import VALID
from flows.rules.orders.check import ACCEPT
from flows.verify.amounts import Amounts, percent_text, time_text
from flows.verify.facts import OF_AN_ASSET, Row


def code_text(names: Mapping[int, str], code: int) -> str:
    """A code in words, or its number if it has no name."""
    return names[code].lower().replace("_", " ") if code in names else str(code)


RECEIVERS: Final = ("liquidator", "insurance", "venue")

# What QUANTA and FEE hold where they are not money.
QUANTA_KIND: Final = {
    "collateral": "units",
    "collateral-decision": "units",
    "collateral-margin": "units",
    "order-decision": "quantity",
    "liquidation-order": "quantity",
    "offer-opened": "quantity",
    "market-status": "",
}
FEE_KIND: Final = {
    "liquidation-order": "rate",
    "offer-opened": "rate",
    "bid-decision": "rate",
    "market-status": "",
}


def event_id(row: Row) -> str:
    """``pool:offset:index``."""
    return f"{row['pool']}:{row['journal_offset']}:{row['event_index']}"


def event_json(row: Row, amounts: Amounts, name: Callable[[int], str]) -> dict[str, Any]:
    """An event for machines: its id, what it says, decimals, and every integer as it was decided on."""
    cause = {key: value for key, value in row.items() if key.startswith("cause_")}
    return {
        "id": event_id(row),
        "type": row["type"],
        "time": time_text(row["time_ns"]),
        "account": name(row["account"]) if row["account"] >= 0 else None,
        "what": describe(row, amounts, name),
        "rule": rule_text(row["rule"], row["rule_version"]),
        **decimals(row, amounts),
        **(
            {"caused_by": {key.removeprefix("cause_"): value for key, value in cause.items()}}
            if cause
            else {}
        ),
        "columns": {key: value for key, value in row.items() if isinstance(value, int) and key not in cause},
    }


def describe(row: Row, amounts: Amounts, name: Callable[[int], str]) -> str:
    """One phrase for an event; ``name`` gives an account's."""
    phrase = _PHRASES.get(row["type"])
    return phrase(row, amounts, name) if phrase else str(row["type"]).replace("-", " ")


def rule_text(rule: int, version: int = 0) -> str:
    """``R-H1 v1`` for 801: chapter x 100 + number."""
    if rule == 0:
        return ""
    text = f"R-{chr(64 + rule // 100)}{rule % 100}"
    return f"{text} v{version}" if version else text


def trade_text(row: Row, amounts: Amounts, column: str = "lots") -> str:
    """``sell 0.073 BTC-PERP``."""
    lots = row[column]
    side = "buy" if lots > 0 else "sell"
    return f"{side} {amounts.quantity(row['market'], abs(lots))} {amounts.market(row['market'])}"


def units_text(row: Row, amounts: Amounts, column: str = "quanta") -> str:
    """``2.5 BTC``."""
    return f"{amounts.units(row['market'], row[column])} {amounts.asset(row['market'])}"


def _opened(row: Row, amounts: Amounts, name: Callable[[int], str]) -> str:
    of = f" of {name(row['counter_account'])}" if row["counter_account"] not in (-1, row["account"]) else ""
    where = f", isolated in {amounts.market(row['market'])}" if row["market"] >= 0 else ""
    return f"account opened{of}{where}"


def _collateral(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    sign = "+" if row["quanta"] > 0 else ""
    return f"{sign}{units_text(row, amounts)}, now {units_text(row, amounts, 'balance_quanta')}"


def _collateral_decision(row: Row, amounts: Amounts, name: Callable[[int], str]) -> str:
    to = f" to {name(row['counter_account'])}" if row["counter_account"] >= 0 else ""
    asked = f"{units_text(row, amounts)}{to} out"
    if row["code"] == ACCEPT:
        return f"{asked}: accepted"
    largest = units_text(row, amounts, "threshold_quanta")
    return f"{asked}: refused, {code_text(ORDER_CODES, row['code'])}; at most {largest}"


def _position(row: Row, amounts: Amounts, name: Callable[[int], str]) -> str:
    at = f" at {amounts.price(row['market'], row['price_ticks'])}" if row["price_ticks"] else ""
    of = f", {name(row['counter_account'])} on the other side" if row["counter_account"] >= 0 else ""
    realized = f", realized {amounts.money(row['quanta'], trimmed=True)}" if row["quanta"] else ""
    held = f"holds {amounts.quantity(row['market'], row['position_lots'])}"
    return f"{trade_text(row, amounts)}{at}{realized}; {held}{of}"


def _order_decision(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    asked = f"order: {trade_text(row, amounts)} at {amounts.price(row['market'], row['price_ticks'])}"
    if row["code"] == ACCEPT:
        return f"{asked} accepted"
    largest = amounts.quantity(row["market"], abs(row["quanta"]))
    return f"{asked} refused, {code_text(ORDER_CODES, row['code'])}; at most {largest}"


def _funding(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    if row["code"]:
        return f"funding of {amounts.market(row['market'])} skipped: its index is halted"
    return f"funding of {amounts.market(row['market'])}: a long lot pays {amounts.money(row['quanta'])}"


def _level(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    way = f"{LEVELS.get(row['former_code'], '?')} -> {LEVELS.get(row['code'], '?')}"
    equity, threshold = amounts.money(row["equity_quanta"]), amounts.money(row["threshold_quanta"])
    return f"{way}: equity {equity} against {threshold}"


def _call(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    until = time_text(row["deadline_ns"])
    return f"margin call: {amounts.money(row['quanta'])} clears it, until {until}"


def _order(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    worst = amounts.price(row["market"], row["price_ticks"])
    return f"{LEVELS.get(row['code'], '?')} liquidation: {trade_text(row, amounts)} at {worst} or better"


def _fill(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    price, penalty = amounts.price(row["market"], row["price_ticks"]), amounts.money(row["fee_quanta"])
    return f"liquidated: {trade_text(row, amounts)} at {price}, penalty {penalty}"


def _offer(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    return f"offered: {trade_text(row, amounts)} at a bonus of {percent_text(row['fee_quanta'])}"


def _offer_fill(row: Row, amounts: Amounts, name: Callable[[int], str]) -> str:
    taken = f"{trade_text(row, amounts)} to {name(row['counter_account'])}"
    return f"offer taken: {taken}, bonus {amounts.money(row['fee_quanta'])}"


def _bid(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    lots = amounts.quantity(row["market"], row["lots"]) if row["market"] >= 0 else str(row["lots"])
    verdict = "taken" if row["code"] == VALID else f"refused, {code_text(BID_CODES, row['code'])}"
    return f"bid for {lots} {amounts.market(row['market'])}: {verdict}"


def _takeover(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    mark = amounts.price(row["market"], row["mark_ticks"])
    rest = ", with all that is left" if row["code"] else f", equity {amounts.money(row['fee_quanta'])}"
    return f"vault takes over: {trade_text(row, amounts)} at {mark}{rest}"


def _sold(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    return f"collateral sold: {units_text(row, amounts, 'lots')} for {amounts.money(row['quanta'])}"


def _fund(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    part = amounts.market(row["market"]) or "general"
    return f"fund ({part}): {amounts.money(row['quanta'])}, now {amounts.money(row['balance_quanta'])}"


def _adl(row: Row, amounts: Amounts, name: Callable[[int], str]) -> str:
    why = f"for {name(row['counter_account'])}"
    return f"deleveraged {why}: {trade_text(row, amounts)}, haircut {amounts.money(row['fee_quanta'])}"


def _status(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    way = f"{STATUSES.get(row['former_code'], '?')} -> {STATUSES.get(row['code'], '?')}"
    return f"{amounts.market(row['market'])}: index {way}, breakers {row['fee_quanta']} -> {row['quanta']}"


def command_text(row: Row, amounts: Amounts) -> str:
    """``halt of BTC-PERP``."""
    names_market = COMMANDS[row["code"]] in {"halt", "release"}
    of = f" of {amounts.market(row['market']) or 'the pool'}" if names_market else ""
    return f"{COMMANDS[row['code']]}{of}"


def _taken(row: Row, amounts: Amounts, _name: Callable[[int], str]) -> str:
    named = f" of entry {row['reference_offset']}" if row["reference_offset"] >= 0 else ""
    waits = row["deadline_ns"] > row["time_ns"]
    until = f", takes effect at {time_text(row['deadline_ns'])}" if waits else ""
    return f"ordered: {command_text(row, amounts)}{named}{until}"


_PHRASES: Final[dict[str, Callable[[Row, Amounts, Callable[[int], str]], str]]] = {
    "account-opened": _opened,
    "collateral": _collateral,
    "collateral-decision": _collateral_decision,
    "position": _position,
    "order-decision": _order_decision,
    "funding": _funding,
    "interest": lambda row, amounts, _: f"interest {amounts.money(row['quanta'])}",
    "level": _level,
    "margin-call": _call,
    "call-cleared": lambda row, amounts, _: f"call cleared: equity {amounts.money(row['equity_quanta'])}",
    "window-over": lambda row, _, __: f"soft window over: {'hard level' if row['code'] else 'deadline'}",
    "collateral-sold": _sold,
    "liquidation-order": _order,
    "liquidation-fill": _fill,
    "liquidation-lapsed": lambda row, amounts, _: f"order lapsed: {trade_text(row, amounts)} unanswered",
    "liquidation-stuck": lambda _, __, ___: "stuck: no slice passes, the next stage takes over",
    "penalty": lambda row, amounts, _: (
        f"penalty share, {RECEIVERS[row['code']]}: {amounts.money(row['quanta'])}"
    ),
    "offer-opened": _offer,
    "offer-withdrawn": lambda row, _, __: f"offer gone: {WITHDRAWN[row['code']]}",
    "bid-decision": _bid,
    "offer-fill": _offer_fill,
    "takeover": _takeover,
    "vault-order": lambda row, amounts, _: f"vault unwinds: {trade_text(row, amounts)}",
    "bankrupt": lambda row, amounts, _: f"bankrupt: deficit {amounts.money(row['quanta'])}",
    "fund": _fund,
    "adl": _adl,
    "adl-cash": lambda row, amounts, name: (
        f"gain cut for {name(row['counter_account'])}: {amounts.money(row['fee_quanta'])}"
    ),
    "socialized-loss": lambda row, amounts, _: f"socialized loss: {amounts.money(row['quanta'])}",
    "loss-charge": lambda row, amounts, name: (
        f"charged for {name(row['counter_account'])}: {amounts.money(row['quanta'])}"
    ),
    "insolvent": lambda row, amounts, _: f"insolvent: {amounts.money(row['quanta'])} that nobody can bear",
    "gate": lambda row, _, __: f"withdrawals {'closed' if row['code'] else 'open'}",
    "market-status": _status,
    "fees-swept": lambda row, amounts, _: f"fees to the fund: {amounts.money(row['quanta'])}",
    "command-taken": _taken,
    "command-effective": lambda row, amounts, _: f"{command_text(row, amounts)} takes effect",
    "command-cancelled": lambda row, amounts, _: f"{command_text(row, amounts)} cancelled",
    "command-void": lambda row, amounts, _: (
        f"{command_text(row, amounts)} comes to nothing: {VOID_REASONS[row['former_code']]}"
    ),
    "entry-skipped": lambda row, _, __: (
        f"passed over: this {KIND_NAMES[row['code']]}, as entry {row['reference_offset']} allows"
    ),
}


def decimals(row: Row, amounts: Amounts) -> dict[str, str]:
    """An event's amounts as decimals under the names of the wire; what it does not use is left out."""
    kind, market = row["type"], row["market"]
    in_market = market >= 0 and kind not in OF_AN_ASSET
    shown: dict[str, str] = {}
    if in_market:
        shown["market"] = amounts.market(market)
        for name, column in (("price", "price_ticks"), ("mark", "mark_ticks"), ("index", "index_ticks")):
            if row[column]:
                shown[name] = amounts.price(market, row[column])
        held = "open interest" if kind == "order-decision" else "position"
        for name, column in (("quantity", "lots"), (held, "position_lots")):
            if row[column]:
                shown[name] = amounts.quantity(market, row[column])
    elif kind in OF_AN_ASSET:
        shown["asset"] = amounts.asset(market)
        if row["lots"]:
            shown["quantity"] = amounts.units(market, row["lots"])
    for name, column, as_what in (
        ("amount", "quanta", QUANTA_KIND.get(kind, "money")),
        ("fee", "fee_quanta", FEE_KIND.get(kind, "money")),
        ("balance", "balance_quanta", "units" if kind == "collateral" else "money"),
        ("equity", "equity_quanta", "money"),
        ("equity_low", "equity_low_quanta", "money"),
        ("maintenance_margin", "maintenance_margin_quanta", "money"),
        ("initial_margin", "initial_margin_quanta", "money"),
        ("threshold", "threshold_quanta", "units" if kind == "collateral-decision" else "money"),
        ("entry_cost", "position_cost_quanta", "money"),
    ):
        if row[column] and as_what:
            shown[name] = _decimal(row[column], as_what, market, amounts)
    return shown


def _decimal(value: int, as_what: str, market: int, amounts: Amounts) -> str:
    match as_what:
        case "units":
            return amounts.units(market, value)
        case "quantity":
            return amounts.quantity(market, value)
        case "rate":
            return percent_text(value)
        case _:
            return amounts.money(value)
