"""Every topic has a model, every field a meaning and an example, and the columns are those of journal and events."""

from __future__ import annotations

import json

import pytest

from flows.journal import entries, events
from flows.rules.breaker import permissions
from schemas.catalogue import BY_NAME, TOPICS
from schemas.config.venue import InputTopic, Venue
from schemas.dead_letter import MEANINGS, Reason
from schemas.export import json_schema
from schemas.outputs.insurance_fund import FundMovement
from schemas.outputs.liquidations import Liquidation
from schemas.outputs.market_state import Breaker
from schemas.outputs.rows import EventRow, JournalRow
from tests.schemas.messages import INPUTS, JSON_TOPICS, example

DESIGN = """oracle-prices trades depth collateral fills order-checks liquidation-bids commands clock market-state
    journal events liquidations adl margin-calls order-decisions collateral-decisions funding-payments insurance-fund
    account-margin dead-letters attestations"""


def test_every_topic_of_the_design_is_there_once() -> None:
    assert [topic.name for topic in TOPICS] == DESIGN.split()
    assert list(BY_NAME) == DESIGN.split()


@pytest.mark.parametrize("topic", JSON_TOPICS)
def test_the_examples_of_the_fields_are_a_valid_message(topic: str) -> None:
    message = json.dumps(example(topic))
    assert json.loads(BY_NAME[topic].model.model_validate_json(message).model_dump_json(exclude_none=True))


def objects(schema: dict, name: str = ""):
    """Every object of a JSON Schema with its name."""
    if "properties" in schema:
        yield schema.get("title", name), schema
    for title, part in schema.get("$defs", {}).items():
        yield from objects(part, title)


@pytest.mark.parametrize(
    "model", [*(topic.model for topic in TOPICS), Venue], ids=lambda model: model.__name__
)
def test_every_field_has_a_meaning_and_an_example(model) -> None:
    for title, schema in objects(json_schema(model)):
        assert schema["additionalProperties"] is False, title
        assert schema["description"], title
        for name, field in schema["properties"].items():
            if "$ref" in field:
                continue  # a table of its own, which has its meaning
            assert field.get("description"), f"{title}.{name}"
            tables = [field.get("additionalProperties", {}), field.get("patternProperties", {})]
            of_tables = "$ref" in json.dumps(tables)
            assert field.get("examples") or of_tables, f"{title}.{name}"


def test_the_rows_have_the_columns_of_journal_and_events() -> None:
    assert tuple(EventRow.model_fields) == events.COLUMNS
    header = ("kind", "time_ns", "topic", "partition", "origin_offset", "source", "number")
    assert tuple(JournalRow.model_fields) == (*header, "payload", "text")
    row = dict.fromkeys(header, 0) | {"payload": [0] * (entries.WIDTH - entries.PAYLOAD), "text": ""}
    assert JournalRow.model_validate_json(json.dumps(row))


def test_breakers_are_the_states_of_the_rulebook_in_the_order_of_their_bits() -> None:
    names = [f"STATE_{name.upper().replace('-', '_')}" for name in Breaker.__args__]
    assert [getattr(permissions, name) for name in names] == [1 << bit for bit in range(len(names))]
    # A halt by command is the pool's own: no market-state tells it.
    assert [name for name in vars(permissions) if name.startswith("STATE_")] == [*names, "STATE_MANUAL"]


def test_names_are_those_of_the_events() -> None:
    assert set(Liquidation.model_fields["type"].annotation.__args__) <= set(events.TYPE_NAMES)
    assert FundMovement.model_fields["reason"].annotation.__args__ == events.FUND_REASONS


def test_producers_may_send_every_input_and_nothing_else() -> None:
    assert list(InputTopic.__args__) == INPUTS


def test_every_reason_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Reason)
