"""The venue's topics at a broker: what is declared, what is there, and the steps from the one to the other.

    plan(settings, lanes) -> steps        apply(settings, steps)

Steps only ever add: a topic, a partition, a longer retention. What would take records away is refused.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
    TopicMetadata,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.connectors.kafka.clients import PATIENCE_S, Admin, admin, metadata
from flows.connectors.kafka.errors import KafkaRefused, failure, unreachable
from flows.connectors.kafka.settings import KafkaSettings
from flows.registry.errors import ConfigurationError

DECLARED: Final = Path(__file__).resolve().parents[3] / "infra" / "kafka" / "topics.toml"

LANES_MOST: Final = 1024
"""Pools that a venue may have: a partition costs the broker two open files a topic."""

FOREVER: Final = "-1"
KEEPS: Final = frozenset({"retention.ms", "retention.bytes"})
"""Settings that delete records once they are lowered."""

Value = str | int | bool


# ---- what is declared ------------------------------------------------------------------------------------------------
class Topic(BaseModel):
    """One topic's table; what it does not name is one of Kafka's settings."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Value]
    partitions: Literal["lanes", 1]


class Declaration(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    replication: Annotated[int, Field(ge=1, le=9)]
    defaults: dict[str, Value]
    topics: dict[str, Topic]

    def settings(self, name: str, replication: int) -> dict[str, str]:
        """Kafka's settings of a topic, as the text that Kafka speaks."""
        told = self.defaults | (self.topics[name].__pydantic_extra__ or {})
        # However few the copies, one that is away must not stop the writers.
        told["min.insync.replicas"] = max(1, min(int(told.get("min.insync.replicas", 1)), replication - 1))
        return {
            key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in told.items()
        }


def declaration(file: Path = DECLARED) -> Declaration:
    """What the file says; `ConfigurationError` names the place that is wrong."""
    try:
        return Declaration.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError("", f"is not TOML: {error}", str(file)) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(where, f"{first['input']!r}: {first['msg']}", str(file)) from None


# ---- steps -----------------------------------------------------------------------------------------------------------
class Action(StrEnum):
    """What is to be done to a topic."""

    CREATE = "create"
    PARTITIONS = "add partitions"
    CHANGE = "change"
    NOTHING = "nothing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do to one topic. ``topic`` is its name at the broker."""

    topic: str
    action: Action
    detail: str
    partitions: int = 0  # that it has afterwards
    replication: int = 0
    settings: Mapping[str, str] | None = None  # to set


def plan(
    settings: KafkaSettings, lanes: int, replication: int | None = None, file: Path = DECLARED
) -> list[Step]:
    """What is to be done so that the broker holds what is declared, topic by topic in the file's order."""
    assert 1 <= lanes <= LANES_MOST, f"{lanes} lanes; 1 to {LANES_MOST} are allowed"
    wanted = declaration(file)
    copies = replication or wanted.replication
    client = admin(settings)
    there = metadata(client)
    if len(there.brokers) < copies:
        raise KafkaRefused(
            f"{settings.bootstrap}: {copies} copies of each topic are declared, and there is"
            f" {_count(len(there.brokers), 'broker')} to hold them: give --replication {len(there.brokers)}."
        )
    names = {name: settings.topic(name) for name in wanted.topics}
    held = _settings_of(client, [name for name in names.values() if name in there.topics])
    steps: list[Step] = []
    for name, full in names.items():
        partitions = lanes if wanted.topics[name].partitions == "lanes" else 1
        told = wanted.settings(name, copies)
        if full in there.topics:
            steps += _differences(full, there.topics[full], held[full], partitions, copies, told)
        else:
            detail = f"{_count(partitions, 'partition')}, {_count(copies, 'copy', 'copies')}, {_kept(told)}"
            steps.append(Step(full, Action.CREATE, detail, partitions, copies, told))
    return steps


def refuse(steps: Sequence[Step]) -> None:
    """Raise `KafkaRefused` for the first step that is not taken."""
    refused = [step for step in steps if step.action is Action.REFUSED]
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise KafkaRefused(f"topic {refused[0].topic}: {refused[0].detail}{more}. Nothing was changed.")


def apply(settings: KafkaSettings, steps: Sequence[Step]) -> None:
    """Take the steps, all that can be refused beforehand refused, and wait until the broker tells of them."""
    refuse(steps)
    client = admin(settings)
    made = [step for step in steps if step.action is Action.CREATE]
    grown = [step for step in steps if step.action is Action.PARTITIONS]
    changed = [step for step in steps if step.action is Action.CHANGE]
    if made:
        topics = [
            NewTopic(each.topic, each.partitions, each.replication, config=dict(each.settings or {}))
            for each in made
        ]
        _done(
            client, client.create_topics(topics, request_timeout=PATIENCE_S), KafkaError.TOPIC_ALREADY_EXISTS
        )
    if grown:
        more = [NewPartitions(each.topic, each.partitions) for each in grown]
        _done(client, client.create_partitions(more, request_timeout=PATIENCE_S))
    if changed:
        resources = [_change(each.topic, each.settings or {}) for each in changed]
        futures = client.incremental_alter_configs(resources, request_timeout=PATIENCE_S)
        _done(client, {resource.name: future for resource, future in futures.items()})
    _await(client, {step.topic: step.partitions for step in (*made, *grown)})


def ensure(settings: KafkaSettings, lanes: int, replication: int | None = None) -> list[Step]:
    """Plan and apply."""
    steps = plan(settings, lanes, replication)
    apply(settings, steps)
    return steps


# ---- comparing -------------------------------------------------------------------------------------------------------
def _differences(
    name: str,
    there: TopicMetadata,
    held: Mapping[str, str],
    partitions: int,
    copies: int,
    told: Mapping[str, str],
) -> list[Step]:
    """Steps for a topic that is there."""
    steps: list[Step] = []
    found = len(there.partitions)
    if found > partitions:
        detail = f"it has {_count(found, 'partition')}, {partitions} are declared; none can be taken away"
        steps.append(Step(name, Action.REFUSED, detail))
    elif found < partitions:
        steps.append(Step(name, Action.PARTITIONS, f"{found} to {partitions}", partitions))
    kept = min(len(each.replicas) for each in there.partitions.values())
    if kept != copies:
        detail = (
            f"it has {_count(kept, 'copy', 'copies')}, {copies} are declared; move them with Kafka's own tool"
        )
        steps.append(Step(name, Action.REFUSED, detail))
    changed = {key: value for key, value in told.items() if held.get(key) != value}
    for key in sorted(KEEPS & set(changed)):
        if _less(changed[key], held.get(key, FOREVER)):
            detail = (
                f"{key} would fall from {held.get(key, FOREVER)} to {changed[key]}, which deletes records"
            )
            steps.append(Step(name, Action.REFUSED, detail))
    if changed:
        detail = ", ".join(
            f"{key} {held.get(key, 'unset')} to {value}" for key, value in sorted(changed.items())
        )
        steps.append(Step(name, Action.CHANGE, detail, settings=changed))
    return steps or [Step(name, Action.NOTHING, _count(found, "partition"), found)]


def _less(new: str, old: str) -> bool:
    """Whether a bound on what is kept becomes tighter; -1 is none."""
    return new != FOREVER and (old == FOREVER or int(new) < int(old))


def _kept(told: Mapping[str, str]) -> str:
    """How long its records are kept, in words."""
    kept = told.get("retention.ms", "")
    if not kept.isdecimal():
        return "kept for ever" if kept == FOREVER else "kept as long as the broker says"
    return f"kept {int(kept) / 86_400_000:g} days"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


# ---- asking and doing ------------------------------------------------------------------------------------------------
def _settings_of(client: Admin, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Settings that topics have, given or inherited."""
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    futures = client.describe_configs(resources, request_timeout=PATIENCE_S)
    _done(client, {resource.name: future for resource, future in futures.items()})
    return {
        resource.name: {entry.name: str(entry.value) for entry in future.result().values()}
        for resource, future in futures.items()
    }


def _change(topic: str, told: Mapping[str, str]) -> ConfigResource:
    entries = [
        ConfigEntry(
            name, value, ConfigSource.DYNAMIC_TOPIC_CONFIG, incremental_operation=AlterConfigOpType.SET
        )
        for name, value in sorted(told.items())
    ]
    return ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)


def _done(client: Admin, futures: Mapping[str, Future[Any]], passed_over: int | None = None) -> None:
    """Wait for each, and say of the first that failed why."""
    for name, future in futures.items():
        try:
            future.result(timeout=2 * PATIENCE_S)
        except KafkaException as error:
            if error.args[0].code() != passed_over:
                raise failure(error.args[0], client.watch.settings, f"topic {name}") from error
        except TimeoutError as error:
            raise unreachable(client.watch.settings, client.watch.last, f"topic {name}") from error


def _await(client: Admin, wanted: Mapping[str, int]) -> None:
    """Wait until the broker's description has what was made, each partition with a leader."""
    end = time.monotonic() + PATIENCE_S
    while wanted:
        there = metadata(client).topics
        led = {
            name: sum(each.leader >= 0 for each in topic.partitions.values()) for name, topic in there.items()
        }
        if all(led.get(name, 0) >= partitions for name, partitions in wanted.items()):
            return
        if time.monotonic() > end:
            raise unreachable(client.watch.settings, client.watch.last, "the new topics have no leader yet")
        time.sleep(0.05)
