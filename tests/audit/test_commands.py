"""What people ordered, asked of the database: in words, and what happened under a halt or new parameters, recomputed."""

from __future__ import annotations

import numpy as np
import pytest

from flows.cli.event_text import describe
from flows.connectors.clickhouse import Client, Writer, ask
from flows.journal import events as ev
from flows.journal.signing import parameters_in
from flows.registry.canonical import from_canonical
from flows.rules.breaker.command import PARAMETERS
from flows.rules.breaker.permissions import STATE_MANUAL
from flows.rules.orders.check import HALTED
from flows.verify.amounts import Amounts
from flows.verify.explain import Explanation, Verdict, explain
from flows.verify.facts import gather
from tests.audit.story import Story, story
from tests.connectors.engine import NewDatabase
from tests.pool.histories import Commanded

COMMANDS = (
    ev.COMMAND_TAKEN,
    ev.COMMAND_EFFECTIVE,
    ev.COMMAND_CANCELLED,
    ev.COMMAND_VOID,
    ev.ENTRY_SKIPPED,
)


@pytest.fixture(scope="module")
def told(new_database: NewDatabase) -> tuple[Client, Story]:
    of = story(5, 700, Commanded)
    client = new_database()
    Writer(client).insert_block(of.pool.id, 0, of.entries, of.texts, of.events)
    return client, of


def why(told: tuple[Client, Story], row: int) -> Explanation:
    client, of = told
    offset, index = of.events[row, [ev.OFFSET, ev.INDEX]].tolist()
    return explain(gather(client, of.pool.id, offset, index))


def test_each_command_event_has_words(told: tuple[Client, Story]) -> None:
    _, of = told
    said: dict[int, set[str]] = {}
    for row in np.flatnonzero(np.isin(of.events[:, ev.TYPE], COMMANDS)).tolist():
        explanation = why(told, row)
        amounts = Amounts(explanation.facts.parameters)
        type_ = int(of.events[row, ev.TYPE])
        said.setdefault(type_, set()).add(describe(explanation.facts.event, amounts, str))
        assert explanation.verdict is Verdict.NOTHING
    assert set(said) == set(COMMANDS)
    assert "halt of BTC-PERP takes effect" in said[ev.COMMAND_EFFECTIVE]
    assert "cancel comes to nothing: nothing waits" in said[ev.COMMAND_VOID]
    assert any(
        text.startswith("ordered: release of the pool, takes effect at ") for text in said[ev.COMMAND_TAKEN]
    )
    assert any(text.startswith("passed over: this ") for text in said[ev.ENTRY_SKIPPED])


def test_a_halts_refusals_are_worked_out_again(told: tuple[Client, Story]) -> None:
    """The market-state in force knows of no halt: the question that asks for it does."""
    _, of = told
    refused = np.flatnonzero(
        (of.events[:, ev.TYPE] == ev.ORDER_DECISION) & (of.events[:, ev.CODE] == HALTED)
    ).tolist()
    statuses = np.flatnonzero(of.events[:, ev.TYPE] == ev.MARKET_STATUS).tolist()
    verdicts = [why(told, row).verdict for row in [*refused, *statuses]]
    assert set(verdicts) == {Verdict.SAME}
    assert (of.events[statuses, ev.QUANTA] & STATE_MANUAL).any()


def test_parameters_in_force_are_those_of_each_entry(told: tuple[Client, Story]) -> None:
    """Genesis, then each change from the clock at which it took effect: the text that was signed, byte for byte."""
    client, of = told
    effective = of.events[:, ev.TYPE] == ev.COMMAND_EFFECTIVE
    changes = of.events[effective & (of.events[:, ev.CODE] == PARAMETERS)]
    assert len(changes) > 0
    first = [(0, 1, of.texts[0])]
    later = [
        (
            int(event[ev.OFFSET]),
            int(event[ev.PARAMETERS_VERSION]),
            parameters_in(of.texts[int(event[ev.REFERENCE_OFFSET])]).decode(),
        )
        for event in changes
    ]
    found = client.query("select journal_offset, version, text from parameter_sets order by journal_offset")
    assert [tuple(row) for row in found.result_rows] == [*first, *later]
    for offset, version, text in later:
        assert ask(client, "parameters_in_force", pool=of.pool.id, offset=offset)[0]["version"] == version
        before = ask(client, "parameters_in_force", pool=of.pool.id, offset=offset - 1)[0]
        assert before["version"] == version - 1
        assert from_canonical(text.encode()).version == version
    assert ask(client, "parameters_last")[0]["version"] == later[-1][1]


def test_what_is_forced_around_halts_is_worked_out_again(told: tuple[Client, Story]) -> None:
    _, of = told
    forced = (ev.LIQUIDATION_ORDER, ev.OFFER_OPENED, ev.TAKEOVER, ev.LEVEL, ev.VAULT_ORDER)
    rows = np.flatnonzero(np.isin(of.events[:, ev.TYPE], forced)).tolist()
    assert len(rows) > 50
    for row in rows[:: max(1, len(rows) // 40)]:
        explanation = why(told, row)
        assert explanation.verdict is not Verdict.DIFFERENT, (
            explanation.facts.event,
            explanation.differences,
        )
