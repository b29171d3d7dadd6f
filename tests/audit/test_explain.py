"""Why an event happened: every kind of it works out again from the database alone, and a tampered figure does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from flows.connectors.clickhouse import Client, Writer
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.entries import Rows
from flows.verify.explain import Explanation, Verdict, explain
from flows.verify.facts import NoSuchEvent, gather
from flows.verify.recompute import Check, Kind, Relation
from tests.audit.story import Story, story
from tests.connectors.engine import NewDatabase

SEED = 7


@pytest.fixture(scope="module")
def told(new_database: NewDatabase) -> tuple[Client, Story]:
    """The story in a database."""
    client, of = new_database(), story(SEED)
    Writer(client).insert_block(of.pool.id, 0, of.entries, of.texts, of.events)
    return client, of


def why(client: Client, of: Story, row: int) -> Explanation:
    offset, index = of.events[row, [ev.OFFSET, ev.INDEX]].tolist()
    return explain(gather(client, of.pool.id, offset, index))


def some_of_each(events: Rows, most: int) -> list[int]:
    """Rows of up to ``most`` events of every type, spread over the story."""
    rows = []
    for type_ in np.unique(events[:, ev.TYPE]):
        places = np.flatnonzero(events[:, ev.TYPE] == type_)
        rows.extend(places[np.linspace(0, len(places) - 1, min(most, len(places))).astype(int)].tolist())
    return rows


def settled(told: tuple[Client, Story], type_: int) -> int:
    """The first event of a type whose account is still as its evidence says."""
    client, of = told
    for row in np.flatnonzero(of.events[:, ev.TYPE] == type_).tolist():
        facts = why(client, of, row).facts
        if facts.evidence is not None and not facts.changed_since:
            return int(row)
    raise AssertionError("the story has no such event")


# ---- what is true ----------------------------------------------------------------------------------------------------
FACTS_ONLY = {"account-opened", "collateral", "interest", "gate", "fees-swept", "liquidation-lapsed"}


def test_every_type_of_event_is_worked_out_again(told: tuple[Client, Story]) -> None:
    client, of = told
    verdicts: dict[str, Counter[str]] = {}
    for row in some_of_each(of.events, 3):
        explanation = why(client, of, row)
        name = explanation.facts.event["type"]
        verdicts.setdefault(name, Counter())[explanation.verdict] += 1
        assert explanation.verdict is not Verdict.DIFFERENT, (
            explanation.facts.event,
            explanation.differences,
        )
    assert len(verdicts) >= 30
    for name, found in verdicts.items():
        if name not in FACTS_ONLY:
            assert found[Verdict.SAME] > 0, name


def test_a_liquidation_names_its_prices_its_quotes_and_its_cure(told: tuple[Client, Story]) -> None:
    client, of = told
    row = settled(told, ev.LIQUIDATION_ORDER)
    event = of.events[row]
    explanation = why(client, of, row)
    assert explanation.facts.evidence is not None
    margin = explanation.facts.evidence.margin
    assert margin["equity_quanta"] == event[ev.EQUITY_QUANTA]
    assert margin["event_index"] < event[ev.INDEX]
    assert explanation.facts.parameters == of.pool
    market = int(event[ev.MARKET])
    assert [state["journal_offset"] for state in explanation.facts.marks if state["market"] == market] == [
        event[ev.MARK_OFFSET]
    ]
    numbers = of.entries[event[ev.MARK_OFFSET], en.MarketState.QUOTE_NUMBER :][:3].tolist()
    assert [(quote.source, quote.number) for quote in explanation.quotes(market)] == [
        (source, number) for source, number in zip("abc", numbers, strict=True) if number >= 0
    ]
    done = {check.what: check for check in explanation.checks}
    assert {"equity", "maintenance margin", "restore size", "worst price", "penalty foreseen"} <= set(done)
    assert explanation.cure is not None
    clear = of.pool.clear_ppm * int(event[ev.MAINTENANCE_MARGIN_QUANTA])
    assert explanation.cure.deposit_quanta == -(-clear // 1_000_000) - event[ev.EQUITY_QUANTA]


def test_a_fill_of_an_order_names_the_order_it_answers(told: tuple[Client, Story]) -> None:
    client, of = told
    row = of.first(ev.LIQUIDATION_LAPSED)
    explanation = why(client, of, row)
    answered = of.events[row, [ev.REFERENCE_OFFSET, ev.REFERENCE_INDEX]].tolist()
    assert [explanation.facts.basis["journal_offset"], explanation.facts.basis["event_index"]] == answered


def test_an_event_that_is_not_there_is_said_to_be_so(told: tuple[Client, Story]) -> None:
    client, of = told
    with pytest.raises(NoSuchEvent, match="there is no event usdt:0:999999 in this database"):
        gather(client, of.pool.id, 0, 999_999)


# ---- what was tampered with ------------------------------------------------------------------------------------------
def place_of(of: Story, row: int, type_: int) -> int:
    """The evidence row of this type that stands before an event."""
    offset, account = of.events[row, ev.OFFSET], of.events[row, ev.ACCOUNT]
    same = (of.events[:, ev.OFFSET] == offset) & (of.events[:, ev.ACCOUNT] == account)
    return int(np.flatnonzero(same & (of.events[:, ev.TYPE] == type_))[0])


def tampered(
    new_database: NewDatabase, of: Story, change: Callable[[Rows, Rows], None], *, without: int = -1
) -> Client:
    """A database of the story in which one figure is another."""
    entries, events = of.entries.copy(), of.events.copy()
    change(entries, events)
    if without >= 0:
        events = np.delete(events, without, axis=0)
    client = new_database()
    Writer(client).insert_block(of.pool.id, 0, entries, of.texts, events)
    return client


def nothing(_entries: Rows, _events: Rows) -> None:
    """Leave all as it is."""


def add_one(row: int, column: int) -> Callable[[Rows, Rows], None]:
    def change(_entries: Rows, events: Rows) -> None:
        events[row, column] += 1

    return change


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (ev.EQUITY_QUANTA, "equity as decided on"),
        (ev.MAINTENANCE_MARGIN_QUANTA, "maintenance margin as decided on"),
        (ev.THRESHOLD_QUANTA, "threshold"),
        (ev.QUANTA, "restore size"),
        (ev.PRICE_TICKS, "worst price"),
        (ev.FEE_QUANTA, "penalty foreseen"),
    ],
)
def test_a_decision_one_off_is_found(
    column: int, found: str, told: tuple[Client, Story], new_database: NewDatabase
) -> None:
    of, row = told[1], settled(told, ev.LIQUIDATION_ORDER)
    client = tampered(new_database, of, add_one(row, column))
    explanation = why(client, of, row)
    assert explanation.verdict is Verdict.DIFFERENT
    assert found in [check.what for check in explanation.differences]


@pytest.mark.parametrize(
    ("type_", "column", "found"),
    [
        (ev.MARGIN, ev.EQUITY_QUANTA, "equity"),
        (ev.MARGIN, ev.EQUITY_LOW_QUANTA, "equity without haircut"),
        (ev.MARGIN, ev.BALANCE_QUANTA, "equity"),
        (ev.MARGIN, ev.MAINTENANCE_MARGIN_QUANTA, "maintenance margin"),
        (ev.POSITION_MARGIN, ev.MARK_TICKS, "mark"),
        (ev.POSITION_MARGIN, ev.MARK_OFFSET, "market state in force"),
        (ev.POSITION_MARGIN, ev.POSITION_LOTS, "notional"),
        (ev.POSITION_MARGIN, ev.POSITION_COST_QUANTA, "equity"),
        (ev.POSITION_MARGIN, ev.QUANTA, "notional"),
        (ev.POSITION_MARGIN, ev.MAINTENANCE_MARGIN_QUANTA, "maintenance margin"),
        (ev.POSITION_MARGIN, ev.INITIAL_MARGIN_QUANTA, "initial margin"),
        (ev.POSITION_MARGIN, ev.PRICE_TICKS, "liquidation price"),
        (ev.COLLATERAL_MARGIN, ev.EQUITY_QUANTA, "BTC credit"),
        (ev.COLLATERAL_MARGIN, ev.EQUITY_LOW_QUANTA, "BTC value"),
    ],
)
def test_evidence_one_off_is_found(type_: int, column: int, found: str, new_database: NewDatabase) -> None:
    of = story(SEED)
    row = of.first(type_)
    explanation = why(tampered(new_database, of, add_one(row, column)), of, row)
    assert explanation.verdict is Verdict.DIFFERENT
    assert any(check.what.endswith(found) for check in explanation.differences)


def test_an_offer_one_off_is_found(told: tuple[Client, Story], new_database: NewDatabase) -> None:
    of, row = told[1], settled(told, ev.OFFER_OPENED)
    explanation = why(tampered(new_database, of, add_one(row, ev.FEE_QUANTA)), of, row)
    assert [check.what for check in explanation.differences] == ["bonus"]


def test_evidence_is_of_the_state_that_was_decided_on(told: tuple[Client, Story]) -> None:
    """Whatever changes an account brings new evidence before the next decision about it."""
    client, of = told
    levels = np.flatnonzero(of.events[:, ev.TYPE] == ev.LEVEL).tolist()
    assert [row for row in levels[:50] if why(client, of, row).facts.changed_since] == []


def test_what_changed_before_the_event_is_said(told: tuple[Client, Story]) -> None:
    """A penalty follows the fill that it is of: what the evidence says of the account is no longer so."""
    client, of = told
    explanation = why(client, of, of.first(ev.PENALTY))
    assert explanation.facts.changed_since == "liquidation-fill"
    assert explanation.limit.endswith("after liquidation-fill, in the same entry, are taken as recorded")
    assert explanation.verdict is Verdict.SAME


def test_a_price_changed_in_the_journal_is_found(
    told: tuple[Client, Story], new_database: NewDatabase
) -> None:
    of, row = told[1], settled(told, ev.LIQUIDATION_ORDER)

    def change(entries: Rows, _events: Rows) -> None:
        entries[of.events[row, ev.MARK_OFFSET], en.MarketState.MARK_TICKS] += 1

    explanation = why(tampered(new_database, of, change), of, row)
    assert any(check.what.endswith("mark") for check in explanation.differences)


def test_missing_evidence_is_no_proof(new_database: NewDatabase) -> None:
    of = story(SEED)
    row = of.first(ev.LEVEL)
    client = tampered(new_database, of, nothing, without=place_of(of, row, ev.MARGIN))
    explanation = why(client, of, row)
    assert explanation.verdict is Verdict.DIFFERENT
    assert explanation.gaps == ("the evidence that must stand before this event is missing",)


@pytest.mark.parametrize(
    ("type_", "column", "found"),
    [
        (ev.LEVEL, ev.CODE, "level"),
        (ev.MARGIN_CALL, ev.QUANTA, "cure"),
        (ev.MARGIN_CALL, ev.DEADLINE_NS, "deadline"),
        (ev.BANKRUPT, ev.QUANTA, "deficit"),
        (ev.TAKEOVER, ev.QUANTA, "money"),
        (ev.ADL, ev.FEE_QUANTA, "haircut"),
        (ev.FUND, ev.BALANCE_QUANTA, "balance after"),
        (ev.FUNDING, ev.QUANTA, "payment of a lot"),
        (ev.LIQUIDATION_FILL, ev.FEE_QUANTA, "penalty"),
        (ev.OFFER_FILL, ev.QUANTA, "money"),
        (ev.COLLATERAL_SOLD, ev.QUANTA, "proceeds"),
        (ev.SOCIALIZED_LOSS, ev.QUANTA, "charges in all"),
        (ev.MARKET_STATUS, ev.CODE, "status"),
        (ev.VAULT_ORDER, ev.PRICE_TICKS, "limit"),
    ],
)
def test_any_kind_of_decision_one_off_is_found(
    type_: int, column: int, found: str, all_off: tuple[Client, Story]
) -> None:
    client, of = all_off
    explanation = why(client, of, of.first(type_))
    assert found in [check.what for check in explanation.differences]


@pytest.fixture(scope="module")
def all_off(new_database: NewDatabase) -> tuple[Client, Story]:
    """One database in which the first event of many types is one off, each in its own figure."""
    of = story(SEED)

    def change(_entries: Rows, events: Rows) -> None:
        for mark in test_any_kind_of_decision_one_off_is_found.pytestmark:  # type: ignore[attr-defined]
            for type_, column, _ in mark.args[1]:
                events[of.first(type_), column] += 1

    return tampered(new_database, of, change), of


# ---- the pieces ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("relation", "same"),
    [
        (Relation.EQUAL, (False, True, False)),
        (Relation.AT_MOST, (True, True, False)),
        (Relation.AT_LEAST, (False, True, True)),
        (Relation.BELOW, (True, False, False)),
    ],
)
def test_a_figure_stands_or_falls_by_its_relation(relation: Relation, same: tuple[bool, ...]) -> None:
    found = tuple(Check("x", "R-A1", Kind.MONEY, value, 5, relation=relation).same for value in (4, 5, 6))
    assert found == same
