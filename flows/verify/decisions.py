"""Decisions, taken again: for each type of event what the rules say, given what was known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final

from flows.journal import events as ev
from flows.rules.backstop.takeover import takeover_quote
from flows.rules.backstop.unwind import unwind_limit_ticks
from flows.rules.breaker.permissions import HARD_ORDERS, OFFERS, ORDERS_BEYOND_BAND, SOFT_ORDERS
from flows.rules.call.cure import cure_quanta, deadline_ns
from flows.rules.call.hysteresis import is_call_open, is_liquidating
from flows.rules.call.levels import BACKSTOP, BANKRUPT, CALL, OK, SOFT
from flows.rules.call.zone import UNDER_HARD, level_in, zone_of
from flows.rules.collateral.sale import sale_proceeds
from flows.rules.exact import mul_ppm_ceil
from flows.rules.liquidation.penalty import penalty_split
from flows.verify.bookings import BOOKINGS
from flows.verify.facts import Evidence, Facts, Row
from flows.verify.opinion import auction, sales
from flows.verify.plain import penalty_of
from flows.verify.recompute import Check, Kind, Relation, lot_tick_quanta, mark_in_force, plain_pool

Checks = Iterator[Check]

COPIED: Final = (
    ("equity", "R-E1", "equity_quanta"),
    ("equity without haircut", "R-E1", "equity_low_quanta"),
    ("maintenance margin", "R-D1", "maintenance_margin_quanta"),
    ("initial margin", "R-D2", "initial_margin_quanta"),
    ("balance", "R-E1", "balance_quanta"),
)
"""What a decision repeats of the evidence it was taken on."""

RESTS_ON_EVIDENCE: Final = frozenset(
    {
        "level",
        "margin-call",
        "call-cleared",
        "window-over",
        "orders-cancelled",
        "collateral-sold",
        "liquidation-order",
        "liquidation-fill",
        "liquidation-stuck",
        "offer-opened",
        "offer-fill",
        "takeover",
        "bankrupt",
    }
)
"""Types that the pool never emits without having written down the account first."""


REPEATS_EVIDENCE: Final = (RESTS_ON_EVIDENCE | {"order-decision", "collateral-decision"}) - {
    "collateral-sold",  # its balance is the one after
    "takeover",
    "offer-fill",
}
"""Types whose amounts are the account's before the event."""


def decision_checks(facts: Facts) -> list[Check]:
    """What the rules say to the event itself."""
    decide = _DECISIONS.get(facts.event["type"])
    return [*_copied(facts), *(decide(facts) if decide else ())]


def _copied(facts: Facts) -> Checks:
    """An event's amounts are those of the evidence, unless something changed the account in between."""
    event, evidence = facts.event, facts.evidence
    if evidence is None or facts.changed_since or facts.basis is not event:
        return
    if event["type"] not in RESTS_ON_EVIDENCE or event["type"] in (
        "collateral-sold",
        "takeover",
        "offer-fill",
    ):
        return
    for what, rule, column in COPIED:
        if event[column]:
            yield Check(f"{what} as decided on", rule, Kind.MONEY, event[column], evidence.margin[column])


# ---- the ladder ------------------------------------------------------------------------------------------------------
def _level(facts: Facts) -> Checks:
    event, of = facts.event, facts.parameters
    equity, margin = event["equity_quanta"], event["maintenance_margin_quanta"]
    former = event["former_code"]
    call_open = is_call_open(former >= CALL, equity, margin, of.call_ppm, of.clear_ppm)
    liquidating = is_liquidating(former >= SOFT, equity, margin, of.target_ppm, of.liquidate_at_equality)
    zone = zone_of(
        equity,
        event["equity_low_quanta"],
        margin,
        call_open,
        liquidating,
        of.clear_ppm,
        of.call_ppm,
        of.target_ppm,
        of.hard_ppm,
        of.backstop_ppm,
        int(of.liquidate_at_equality),
    )
    level = level_in(zone, call_open, _window_over(facts), liquidating)
    yield Check("level", "R-G1", Kind.LEVEL, event["code"], level)
    border = margin if zone != UNDER_HARD else mul_ppm_ceil(margin, of.hard_ppm)
    borders = {
        OK: mul_ppm_ceil(margin, of.clear_ppm),
        CALL: mul_ppm_ceil(margin, of.call_ppm),
        BACKSTOP: mul_ppm_ceil(margin, of.backstop_ppm),
        BANKRUPT: 0,
    }
    yield _threshold(event, borders.get(level, border))


def _window_over(facts: Facts) -> bool:
    """Whether the account's soft window had ended at the event, by what was said of it before."""
    place = (facts.event["journal_offset"], facts.event["event_index"])
    over = False
    for row in facts.ladder:
        if (row["journal_offset"], row["event_index"]) > place:
            break
        if row["type"] in ("window-over", "call-cleared"):
            over = row["type"] == "window-over"
    return over


def _threshold(event: Row, amount: int) -> Check:
    return Check("threshold", "R-A5", Kind.MONEY, event["threshold_quanta"], amount)


def _margin_call(facts: Facts) -> Checks:
    event, of = facts.event, facts.parameters
    equity, margin = event["equity_quanta"], event["maintenance_margin_quanta"]
    yield _threshold(event, mul_ppm_ceil(margin, of.call_ppm))
    cure = cure_quanta(equity, margin, of.clear_ppm)
    yield Check("cure", "R-G2", Kind.MONEY, event["quanta"], cure)
    if facts.evidence is None or facts.changed_since:
        return
    day_move = sum(
        mul_ppm_ceil(row["quanta"], state["sigma_ppm"])
        for row in facts.evidence.positions
        if (state := mark_in_force(facts, row["market"])) is not None
    )
    deadline = deadline_ns(
        event["time_ns"], equity, margin, of.hard_ppm, day_move, of.window_ns, of.window_least_ns
    )
    yield Check("deadline", "R-G2", Kind.TIME, event["deadline_ns"], deadline)


def _call_cleared(facts: Facts) -> Checks:
    event = facts.event
    clear = mul_ppm_ceil(event["maintenance_margin_quanta"], facts.parameters.clear_ppm)
    yield _threshold(event, clear)
    if event["maintenance_margin_quanta"] > 0:
        yield Check("equity", "R-G3", Kind.MONEY, event["equity_quanta"], clear, relation=Relation.AT_LEAST)


def _window_ended(facts: Facts) -> Checks:
    event, of = facts.event, facts.parameters
    by_level = event["code"] == 1
    margin = event["maintenance_margin_quanta"]
    threshold = mul_ppm_ceil(margin, of.hard_ppm if by_level else of.call_ppm)
    yield _threshold(event, threshold)
    if by_level:
        yield Check("equity", "R-G1", Kind.MONEY, event["equity_quanta"], threshold, relation=Relation.BELOW)
    else:
        yield Check(
            "time", "R-G2", Kind.TIME, event["time_ns"], event["deadline_ns"], relation=Relation.AT_LEAST
        )


# ---- liquidation -----------------------------------------------------------------------------------------------------
def _orders_cancelled(facts: Facts) -> Checks:
    event = facts.event
    margin = event["maintenance_margin_quanta"] + int(facts.parameters.liquidate_at_equality)
    if event["equity_low_quanta"] >= 0:
        yield Check("equity", "R-G1", Kind.MONEY, event["equity_quanta"], margin, relation=Relation.BELOW)


def _order(facts: Facts) -> Checks:
    """The restore size, the guard's worst price and the foreseen penalty, and that the slice is no larger."""
    event, evidence = facts.event, facts.evidence
    yield _threshold(event, mul_ppm_ceil(event["maintenance_margin_quanta"], facts.parameters.target_ppm))
    if evidence is None or facts.changed_since:
        return
    market, size = event["market"], abs(event["lots"])
    yield from _restore(facts, evidence, SOFT_ORDERS if event["code"] == SOFT else HARD_ORDERS | OFFERS)
    if size != abs(event["position_lots"]):  # the whole position goes where the rest would be dust
        yield Check("slice", "R-H4", Kind.QUANTITY, size, event["quanta"], market, relation=Relation.AT_MOST)
    state, account, value = plain_pool(facts, evidence)
    limit, penalty = sales.limit_of(state, account, value, market, size)
    yield Check("penalty foreseen", "R-H5", Kind.RATE, event["fee_quanta"], penalty)
    relation = Relation.EQUAL
    if not state.markets[market].permissions() & ORDERS_BEYOND_BAND:  # the price band may be the tighter one
        relation = Relation.AT_LEAST if event["lots"] < 0 else Relation.AT_MOST
    yield Check("worst price", "R-H2", Kind.PRICE, event["price_ticks"], limit, market, relation)


def _restore(facts: Facts, evidence: Evidence, allowed: int) -> Checks:
    """The smallest size that restores the target, in the order in which positions go; a soft slice is a part of it."""
    state, account, value = plain_pool(facts, evidence)
    soft = allowed == SOFT_ORDERS
    event, market = facts.event, facts.event["market"]
    planned = sales.plan(state, account, value, allowed, 1 if soft else len(account.positions))
    lots = next((lots for sale, lots in planned if sale.market == market), 0)
    if soft:
        yield Check("soft slice", "R-G4", Kind.QUANTITY, event["quanta"], lots, market, Relation.AT_MOST)
    else:
        yield Check("restore size", "R-H1", Kind.QUANTITY, event["quanta"], lots, market)


def _offer(facts: Facts) -> Checks:
    event, evidence = facts.event, facts.evidence
    yield _threshold(event, mul_ppm_ceil(event["maintenance_margin_quanta"], facts.parameters.target_ppm))
    expires = event["time_ns"] + facts.parameters.offer_life_ns
    yield Check("expiry", "R-I1", Kind.TIME, event["deadline_ns"], expires)
    if evidence is None or facts.changed_since:
        return
    yield from _restore(facts, evidence, HARD_ORDERS | OFFERS)
    state, account, value = plain_pool(facts, evidence)
    bonus = auction.bonus_of(state, account, value, event["market"], abs(event["lots"]), 0)
    yield Check("bonus", "R-I2", Kind.RATE, event["fee_quanta"], bonus)


def _offer_fill(facts: Facts) -> Checks:
    event = facts.event
    quote = -event["lots"] * event["mark_ticks"] * lot_tick_quanta(facts) - event["fee_quanta"]
    yield Check("money", "R-I4", Kind.MONEY, event["quanta"], quote)


def _fill(facts: Facts) -> Checks:
    """A fill's money, the penalty that health left room for, and its split to the quantum."""
    event, evidence = facts.event, facts.evidence
    of = facts.parameters.markets[event["market"]]
    money = event["lots"] * event["price_ticks"] * of.lot_tick_quanta
    yield Check("money", "R-B1", Kind.MONEY, event["quanta"], money)
    if evidence is not None and evidence.margin["journal_offset"] == event["journal_offset"]:
        state, account, _ = plain_pool(facts, evidence)
        penalty = penalty_of(state, account, event["market"], event["lots"], event["price_ticks"])
        yield Check("penalty", "R-H5", Kind.MONEY, event["fee_quanta"], penalty)
    _, insurance, venue = penalty_split(
        event["fee_quanta"], 0, of.penalty_liquidator_ppm + of.penalty_insurance_ppm, of.penalty_venue_ppm
    )
    for row in takewhile(lambda row: row["type"] != event["type"], _after(facts)):
        if row["type"] == "penalty" and row["account"] == event["account"]:
            name, share = ("insurance", insurance) if row["code"] == 1 else ("the venue", venue)
            yield Check(f"penalty to {name}", "R-H5", Kind.MONEY, row["quanta"], share)


def _after(facts: Facts) -> Iterator[Row]:
    return (row for row in facts.siblings if row["event_index"] > facts.event["event_index"])


def _takeover(facts: Facts) -> Checks:
    event = facts.event
    quote = takeover_quote(-event["lots"], event["mark_ticks"], lot_tick_quanta(facts), event["fee_quanta"])
    yield Check("money", "R-J2", Kind.MONEY, event["quanta"], quote)


def _vault_order(facts: Facts) -> Checks:
    """The vault's limit stands its band away from the mark."""
    event, market = facts.event, facts.event["market"]
    band_ppm = facts.parameters.unwind_band_ppm
    limit = unwind_limit_ticks(event["position_lots"], event["mark_ticks"], band_ppm)
    yield Check("limit", "R-J4", Kind.PRICE, event["price_ticks"], limit, market)


def _collateral_sold(facts: Facts) -> Checks:
    """Sold by the account at its cost, or in kind without one."""
    event = facts.event
    of = facts.parameters.assets[event["market"]]
    costs = {
        cost: sale_proceeds(event["lots"], event["price_ticks"], of.unit_scale, cost)
        for cost in (of.sale_cost_ppm, 0)
    }
    in_kind = event["quanta"] == costs[0]
    yield Check("proceeds", "R-C6", Kind.MONEY, event["quanta"], costs[0 if in_kind else of.sale_cost_ppm])
    state = next((row for row in facts.assets if row["asset"] == event["market"]), None)
    if state is not None:
        yield Check("low price", "R-C1", Kind.MONEY, event["price_ticks"], state["low_quanta"])


_DECISIONS: Final[dict[str, Callable[[Facts], Checks]]] = {
    ev.TYPE_NAMES[ev.LEVEL]: _level,
    ev.TYPE_NAMES[ev.MARGIN_CALL]: _margin_call,
    ev.TYPE_NAMES[ev.CALL_CLEARED]: _call_cleared,
    ev.TYPE_NAMES[ev.WINDOW_OVER]: _window_ended,
    ev.TYPE_NAMES[ev.ORDERS_CANCELLED]: _orders_cancelled,
    ev.TYPE_NAMES[ev.COLLATERAL_SOLD]: _collateral_sold,
    ev.TYPE_NAMES[ev.LIQUIDATION_ORDER]: _order,
    ev.TYPE_NAMES[ev.LIQUIDATION_FILL]: _fill,
    ev.TYPE_NAMES[ev.OFFER_OPENED]: _offer,
    ev.TYPE_NAMES[ev.OFFER_FILL]: _offer_fill,
    ev.TYPE_NAMES[ev.TAKEOVER]: _takeover,
    ev.TYPE_NAMES[ev.VAULT_ORDER]: _vault_order,
    **BOOKINGS,
}
