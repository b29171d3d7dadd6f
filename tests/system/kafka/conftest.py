"""One real broker for all tests of this room; each test has topics of its own there.

    def test_something(kafka: Kafka) -> None:
        settings = kafka(venue)      # topics made, under a prefix that no other test has

A test that kills or pauses the broker takes `lone_broker`: nobody else is disturbed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.connectors.kafka import topics
from flows.connectors.kafka.clients import admin
from flows.connectors.kafka.settings import KafkaSettings
from flows.live.broker import JARS, Broker
from flows.registry.load import Venue
from tests.connectors.engine import new_database

__all__ = ["new_database"]

Kafka = Callable[[Venue | int], KafkaSettings]
"""Makes every topic for a venue, or for so many lanes, and says how to reach them."""

NewBroker = Callable[..., Broker]


@pytest.fixture(scope="session")
def jars() -> Path:
    """The broker's jars; without them there is nothing to test against."""
    if not any(JARS.glob("kafka_*.jar")):
        pytest.skip("there is no Kafka in build/kafka-libs: make kafka fetches it")
    return JARS


@pytest.fixture(scope="session")
def broker(jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker that all share. Leave it as it is."""
    with Broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def kafka(broker: Broker) -> Iterator[Kafka]:
    """Topics of this test alone; they are deleted after it, since each holds files and memory of the broker."""
    prefix = f"{secrets.token_hex(4)}."
    made: list[str] = []

    def make(venue: Venue | int) -> KafkaSettings:
        settings = broker.settings(topic_prefix=f"{prefix}{len(made)}." if made else prefix)
        lanes = venue if isinstance(venue, int) else len(venue.pools)
        made.extend(step.topic for step in topics.ensure(settings, lanes, replication=1))
        return settings

    yield make
    if made and broker.running:
        client = admin(broker.settings())
        for future in client.delete_topics(made, request_timeout=30).values():
            future.result(30)


@pytest.fixture
def lone_broker(jars: Path, tmp_path: Path) -> Iterator[NewBroker]:
    """Make a broker of this test alone, started, with these of `Broker`'s arguments."""
    brokers: list[Broker] = []

    def make(**more: object) -> Broker:
        broker = Broker(tmp_path / f"kafka-{len(brokers)}", **more)  # type: ignore[arg-type]
        brokers.append(broker)
        return broker.start()

    yield make
    for broker in brokers:
        broker.kill()
