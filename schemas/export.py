"""JSON Schema of every topic and of the venue's file, and one AsyncAPI 3 document: made from the models, committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from schemas.catalogue import ARROW, JSON, TOPICS, Topic
from schemas.config.venue import Venue

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FORMAT: Final = "application/schema+json;version=2020-12"
FOLDER: Final = Path(__file__).parent
"""Where the committed files are: `jsonschema/` and `asyncapi.json` beside this module."""

_DIRECTIONS: Final = {"input": ("receive",), "output": ("send",), "both": ("receive", "send")}


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of one model."""
    return {"$schema": DIALECT, **model.model_json_schema()}


def asyncapi() -> dict[str, Any]:
    """All topics as channels, with what this system sends and receives on each."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Marginline",
            "version": "1.0.0",
            "description": "The risk plane of a leveraged-derivatives venue: what it reads and what it decides.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            f"{action}-{topic.name}": _operation(topic, action)
            for topic in TOPICS
            for action in _DIRECTIONS[topic.direction]
        },
        "components": {"messages": {topic.model.__name__: _message(topic) for topic in TOPICS}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    name = topic.model.__name__
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _operation(topic: Topic, action: str) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": topic.description,
        "messages": [{"$ref": f"{channel}/messages/{topic.model.__name__}"}],
    }


def _message(topic: Topic) -> dict[str, Any]:
    rows = " The schema describes one row of the batch." if topic.content_type == ARROW else ""
    return {
        "name": topic.model.__name__,
        "contentType": topic.content_type,
        "summary": f"{' '.join((topic.model.__doc__ or '').split())}{rows}",
        "bindings": {"kafka": {"key": {"type": "string", "description": f"key: {topic.key}"}}},
        "payload": {"schemaFormat": FORMAT, "schema": {"$ref": f"./jsonschema/{topic.name}.json"}},
    }


def files() -> dict[str, str]:
    """Every exported file: its path below the folder, and its text."""
    documents: dict[str, dict[str, Any]] = {
        f"jsonschema/{topic.name}.json": json_schema(topic.model) for topic in TOPICS
    }
    documents["jsonschema/venue.json"] = json_schema(Venue)
    documents["asyncapi.json"] = asyncapi()
    return {
        path: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for path, document in documents.items()
    }


def write(folder: Path = FOLDER) -> list[str]:
    """Write every file; return their paths below the folder. What no topic exports any more is removed."""
    texts = files()
    (folder / "jsonschema").mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        (folder / path).write_text(text, encoding="utf-8")
    for path in _surplus(folder, texts):
        (folder / path).unlink()
    return list(texts)


def stale(folder: Path = FOLDER) -> list[str]:
    """Paths of files that are missing, differ from the models, or are no longer exported."""
    texts = files()
    differing = [path for path, text in texts.items() if not _holds(folder / path, text)]
    return differing + _surplus(folder, texts)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _surplus(folder: Path, texts: dict[str, str]) -> list[str]:
    found = sorted((folder / "jsonschema").glob("*.json"))
    return [f"jsonschema/{path.name}" for path in found if f"jsonschema/{path.name}" not in texts]
