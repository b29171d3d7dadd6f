"""What is committed is what the models say, and it can be read alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from schemas.catalogue import TOPICS
from schemas.export import FOLDER, asyncapi, files, stale, write
from tests.schemas.messages import JSON_TOPICS, example


def test_the_committed_files_are_fresh() -> None:
    assert stale() == [], "write them with: marginline schemas export"


def test_what_is_written_is_not_stale_and_what_is_changed_is(tmp_path: Path) -> None:
    assert set(stale(tmp_path)) == set(files())
    assert write(tmp_path) == list(files())
    assert stale(tmp_path) == []
    fills, left_over = tmp_path / "jsonschema/fills.json", tmp_path / "jsonschema/gone.json"
    fills.write_text(fills.read_text() + " ")
    left_over.write_text("{}")
    (tmp_path / "asyncapi.json").unlink()
    assert stale(tmp_path) == ["jsonschema/fills.json", "asyncapi.json", "jsonschema/gone.json"]
    write(tmp_path)
    assert stale(tmp_path) == []
    assert not left_over.exists()


def references(value: object):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def follow(document: dict, pointer: str) -> object:
    for step in pointer.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_every_reference_leads_somewhere() -> None:
    texts = files()
    for path, text in texts.items():
        document = json.loads(text)
        for reference in references(document):
            if reference.startswith("#/"):
                assert follow(document, reference) is not None, f"{path}: {reference}"
            else:
                assert reference.removeprefix("./") in texts, f"{path}: {reference}"


def test_the_document_is_asyncapi_3() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == [topic.name for topic in TOPICS]
    sent = {name.removeprefix("send-") for name in document["operations"] if name.startswith("send-")}
    received = {
        name.removeprefix("receive-") for name in document["operations"] if name.startswith("receive-")
    }
    assert sent == {topic.name for topic in TOPICS if topic.direction != "input"}
    assert received == {topic.name for topic in TOPICS if topic.direction != "output"}
    assert {operation["action"] for operation in document["operations"].values()} == {"send", "receive"}


@pytest.mark.parametrize("topic", JSON_TOPICS)
def test_the_exported_schema_takes_the_example_and_refuses_without_each_field(topic: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="an independent reader of JSON Schema")
    schema = json.loads((FOLDER / f"jsonschema/{topic}.json").read_text())
    reader = jsonschema.Draft202012Validator(schema)
    reader.check_schema(schema)
    assert list(reader.iter_errors(example(topic))) == []
    assert list(reader.iter_errors(example(topic, colour="red")))
    for name in schema["required"]:
        assert list(reader.iter_errors(example(topic, **{name: None}))), name


def test_patterns_of_the_schema_refuse_what_the_models_refuse() -> None:
    schema = json.loads((FOLDER / "jsonschema/fills.json").read_text())
    amount = re.compile(schema["properties"]["price"]["pattern"])
    assert [text for text in ("0.5", "60000", "1.000000001", "000.1") if not amount.search(text)] == []
    refused = ("0", "0.000", "-1", "1e5", "NaN", "", ".5", "5.", "1.0000000001", "1234567890123", "+1", " 1")
    assert [text for text in refused if amount.search(text)] == []
