"""`marginline audit why` on the screen and as JSON: an explanation, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flows.cli.event_text import (
    code_text,
    describe,
    event_id,
    event_json,
    rule_text,
    trade_text,
)
from flows.journal.codes import LEVELS, ORDER_CODES, STATUSES
from flows.registry.parameters import MarketParameters
from flows.rules.exact import PPM, mul_ppm_ceil
from flows.rules.margin.maintenance import tier_of
from flows.verify.amounts import Amounts, decimal_text, health_text, percent_text, time_text
from flows.verify.explain import Cure, Explanation, Verdict
from flows.verify.facts import Facts, Row
from flows.verify.recompute import Check, Kind, Relation, holding, unrealized

Line = tuple[str, str, str]

MEANING: Final = {
    Relation.EQUAL: "the rule gives",
    Relation.AT_MOST: "the rule allows at most",
    Relation.AT_LEAST: "the rule asks for at least",
    Relation.BELOW: "the rule asks for less than",
}


def why_text(explanation: Explanation) -> str:
    """The whole answer."""
    facts, amounts = explanation.facts, Amounts(explanation.facts.parameters)
    lines = list(_lines(explanation, amounts))
    left = max(len(label) for label, _, _ in lines)
    middle = max(len(value) for _, value, _ in lines if len(value) <= 24)
    body = [f"  {label:<{left}}  {value:<{middle}}  {note}".rstrip() for label, value, note in lines]
    return "\n".join([_headline(facts, amounts), *body, *_verdict(explanation, amounts)])


def _headline(facts: Facts, amounts: Amounts) -> str:
    event = facts.event
    who = f"{facts.name(event['account'])}: " if event["account"] >= 0 else ""
    return f"{event_id(event)}  {time_text(event['time_ns'])}\n{who}{describe(event, amounts, facts.name)}"


def _lines(explanation: Explanation, amounts: Amounts) -> Iterator[Line]:
    facts = explanation.facts
    yield _cause(facts)
    if facts.basis["journal_offset"] != facts.event["journal_offset"]:
        yield "answers", event_id(facts.basis), describe(facts.basis, amounts, facts.name)
    if facts.evidence is not None:
        yield from _account_lines(facts, amounts)
    event = facts.event
    if event["threshold_quanta"] and event["maintenance_margin_quanta"]:
        yield "threshold", amounts.money(event["threshold_quanta"]), _threshold_note(facts)
    for state in facts.marks:
        yield _mark_line(explanation, state, amounts)
    yield (
        "rule",
        rule_text(event["rule"], event["rule_version"]),
        f"parameters version {event['parameters_version']}",
    )
    if explanation.cure is not None:
        yield _cure_line(facts, explanation.cure, amounts)


def _cause(facts: Facts) -> Line:
    entry = facts.entry
    source = _producer(facts, entry["source"])
    made_by = f" by {source}, number {entry['number']}" if source else ""
    origin = f"{entry['topic']}, partition {entry['partition']}, offset {entry['origin_offset']}"
    return (
        "caused by",
        str(entry["kind"]),
        f"journal offset {entry['journal_offset']:,}: from {origin}{made_by}",
    )


def _producer(facts: Facts, source: int) -> str:
    producers = facts.parameters.producers
    return producers[source] if 0 <= source < len(producers) else ""


def _account_lines(facts: Facts, amounts: Amounts) -> Iterator[Line]:
    evidence = facts.evidence
    assert evidence is not None, "asked for an account that was written down"
    margin = evidence.margin
    equity, maintenance = margin["equity_quanta"], margin["maintenance_margin_quanta"]
    level = LEVELS.get(margin["code"], "?")
    yield (
        "health",
        health_text(equity, maintenance),
        f"{facts.name(margin['account'])}, level so far {level}",
    )
    gain = sum(unrealized(facts, row) for row in evidence.positions)
    credit = sum(row["equity_quanta"] for row in evidence.holdings)
    parts = f"balance {amounts.money(margin['balance_quanta'], trimmed=True)}"
    parts += f", unrealized {amounts.money(gain, trimmed=True)}"
    parts += f", collateral {amounts.money(credit, trimmed=True)}" if evidence.holdings else ""
    yield "equity", amounts.money(equity), parts
    yield "maintenance margin", amounts.money(maintenance), "rule R-D1 on each position"
    for row in evidence.positions:
        of = facts.parameters.markets[row["market"]]
        yield (
            f"  {of.id}",
            amounts.money(row["maintenance_margin_quanta"]),
            _position_note(facts, row, of, amounts),
        )
    for row in evidence.holdings:
        held = holding(facts, row)
        value = amounts.money(row["equity_low_quanta"], trimmed=True)
        note = f"credit of {amounts.units(held.asset, held.units)} worth {value} at the low price, rule R-C2"
        yield f"  {amounts.asset(held.asset)}", amounts.money(row["equity_quanta"]), note


def _position_note(facts: Facts, row: Row, of: MarketParameters, amounts: Amounts) -> str:
    lots, market = row["position_lots"], row["market"]
    tier = tier_of(row["quanta"], of.tier_floor_quanta)
    rate = percent_text(of.tier_maintenance_ppm[tier])
    less = of.tier_maintenance_amount_quanta[tier]
    deduction = f" less {amounts.money(less, trimmed=True)}" if less else ""
    # The average entry is shown only: a tenth of a tick is enough.
    entry_tenths = abs(row["position_cost_quanta"]) * 10 // (abs(lots) * of.lot_tick_quanta)
    entry = decimal_text(entry_tenths, of.tick_scale * 10, trimmed=True)
    mark = amounts.price(market, row["mark_ticks"])
    held = f"{amounts.quantity(market, lots)} from {entry} to {mark}"
    notional = amounts.money(row["quanta"], trimmed=True)
    return f"{rate} of {notional}{deduction}: {held}, {amounts.money(unrealized(facts, row), trimmed=True)}"


def _threshold_note(facts: Facts) -> str:
    of, event = facts.parameters, facts.event
    margin = event["maintenance_margin_quanta"]
    levels = (
        ("clear level", of.clear_ppm),
        ("call level", of.call_ppm),
        ("target", of.target_ppm),
        ("maintenance margin", PPM),
        ("hard level", of.hard_ppm),
        ("backstop level", of.backstop_ppm),
    )
    for name, level_ppm in levels:
        if mul_ppm_ceil(margin, level_ppm) == event["threshold_quanta"]:
            times = (
                ""
                if level_ppm == PPM
                else f": {decimal_text(level_ppm, PPM, trimmed=True)} x maintenance margin"
            )
            return f"{name}{times}, rule R-A5"
    return ""


def _mark_line(explanation: Explanation, state: Row, amounts: Amounts) -> Line:
    market = state["market"]
    quotes = explanation.quotes(market)
    named = ", ".join(f"{quote.source} {quote.number}" for quote in quotes) or "none"
    index = amounts.price(market, state["index_ticks"])
    note = f"offset {state['journal_offset']:,}: index {index} ({STATUSES.get(state['status'], '?')}) of quotes {named}"
    return f"mark {amounts.market(market)}", amounts.price(market, state["mark_ticks"]), note


def _cure_line(facts: Facts, cure: Cure, amounts: Amounts) -> Line:
    closings = [
        trade_text({"market": market, "lots": lots}, amounts) + " at the mark"
        for market, lots in cure.closings
    ]
    clear = decimal_text(facts.parameters.clear_ppm, PPM, trimmed=True)
    either = "".join(f", or to {closing}" for closing in closings)
    return "cure", amounts.money(cure.deposit_quanta), f"to deposit, rule R-G2{either}: back to {clear}"


def _verdict(explanation: Explanation, amounts: Amounts) -> Iterator[str]:
    count = len(explanation.checks)
    match explanation.verdict:
        case Verdict.SAME:
            yield f"recomputed: same ({count} figures, from the prices and holdings above, by the plain rules)"
        case Verdict.NOTHING:
            yield "recomputed: nothing here to recompute: the event states a fact"
        case Verdict.DIFFERENT:
            yield f"recomputed: DIFFERENT ({len(explanation.differences)} of {count} figures)"
            for check in explanation.differences:
                recorded, again = (
                    figure(check, check.recorded, amounts),
                    figure(check, check.recomputed, amounts),
                )
                yield f"  {check.what} ({check.rule}): recorded {recorded}, {MEANING[check.relation]} {again}"
            yield from (f"  {gap}" for gap in explanation.gaps)
    if explanation.limit:
        yield f"  {explanation.limit}"


def figure(check: Check, value: int, amounts: Amounts) -> str:
    """A figure of a check as text."""
    match check.kind:
        case Kind.MONEY:
            return amounts.money(value)
        case Kind.PRICE:
            return amounts.price(check.market, value)
        case Kind.QUANTITY:
            return amounts.quantity(check.market, value)
        case Kind.RATE:
            return percent_text(value)
        case Kind.LEVEL:
            return LEVELS.get(value, str(value))
        case Kind.CODE:
            return code_text(ORDER_CODES, value)
        case Kind.TIME:
            return time_text(value)
        case Kind.OFFSET | Kind.COUNT:
            return str(value)


# ---- for machines ----------------------------------------------------------------------------------------------------
def why_json(explanation: Explanation) -> dict[str, Any]:
    """The same answer: decimals as text under the wire's names, and the integers they came from."""
    facts = explanation.facts
    amounts = Amounts(facts.parameters, grouped=False)
    evidence = facts.evidence
    rows = (evidence.margin, *evidence.positions, *evidence.holdings) if evidence else ()
    return {
        "event": event_json(facts.event, amounts, facts.name),
        "caused_by": {
            "kind": facts.entry["kind"],
            "journal_offset": facts.entry["journal_offset"],
            "time_ns": facts.entry["time_ns"],
            "topic": facts.entry["topic"],
            "partition": facts.entry["partition"],
            "offset": facts.entry["origin_offset"],
            "source": _producer(facts, facts.entry["source"]),
            "number": facts.entry["number"],
        },
        "basis": event_json(facts.basis, amounts, facts.name),
        "evidence": [event_json(row, amounts, facts.name) for row in rows],
        "changed_since": facts.changed_since,
        "market_states": [_state_json(explanation, row, amounts) for row in facts.marks],
        "parameters_version": facts.event["parameters_version"],
        "cure": _cure_json(explanation.cure, amounts),
        "checks": [
            {
                "what": check.what,
                "rule": check.rule,
                "relation": str(check.relation),
                "recorded": check.recorded,
                "recomputed": check.recomputed,
                "same": check.same,
            }
            for check in explanation.checks
        ],
        "gaps": list(explanation.gaps),
        "limit": explanation.limit,
        "recomputed": str(explanation.verdict),
    }


def _state_json(explanation: Explanation, row: Row, amounts: Amounts) -> dict[str, Any]:
    return {
        "market": amounts.market(row["market"]),
        "journal_offset": row["journal_offset"],
        "status": STATUSES.get(row["status"], row["status"]),
        "mark": amounts.price(row["market"], row["mark_ticks"]),
        "index": amounts.price(row["market"], row["index_ticks"]),
        "quotes": [
            {"source": quote.source, "number": quote.number} for quote in explanation.quotes(row["market"])
        ],
    }


def _cure_json(cure: Cure | None, amounts: Amounts) -> dict[str, Any] | None:
    if cure is None:
        return None
    return {
        "deposit": amounts.money(cure.deposit_quanta),
        "or": [
            {"market": amounts.market(market), "quantity": amounts.quantity(market, lots)}
            for market, lots in cure.closings
        ],
    }
