"""One valid message of every JSON topic, from the examples of its own model."""

from __future__ import annotations

import json
from typing import Any

from schemas.catalogue import BY_NAME, JSON, TOPICS

JSON_TOPICS = [topic.name for topic in TOPICS if topic.content_type == JSON]
INPUTS = [
    topic.name for topic in TOPICS if topic.direction in {"input", "both"} and topic.content_type == JSON
]

# Fields that only one kind of message has, which the other kinds' example must leave out.
ABSENT = {"collateral": ("to",), "commands": ("journal_offset", "parameters", "cancels")}


def example(topic: str, /, **changes: Any) -> dict[str, Any]:
    """The message the examples of a topic's fields make, with some fields changed; None drops a field."""
    message = {
        name: field.examples[0]
        for name, field in BY_NAME[topic].model.model_fields.items()
        if name not in ABSENT.get(topic, ()) and field.examples
    }
    message.update(changes)
    return {name: value for name, value in message.items() if value is not None}


def raw(topic: str, /, **changes: Any) -> bytes:
    """`example` as it travels."""
    return json.dumps(example(topic, **changes)).encode()
