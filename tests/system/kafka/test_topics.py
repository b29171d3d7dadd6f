"""Topics at a real broker: made as declared, then only ever added to."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.connectors.kafka import topics
from flows.connectors.kafka.clients import admin, metadata, partitions
from flows.connectors.kafka.errors import KafkaRefused
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.kafka.topics import Action
from schemas.catalogue import BY_NAME
from tests.system.kafka.conftest import Broker, Kafka

pytestmark = pytest.mark.kafka

SMALL = """
replication = 1
[defaults]
"min.insync.replicas" = 2
"retention.ms" = 86400000
[topics.journal]
partitions = "lanes"
"retention.ms" = -1
[topics.clock]
partitions = 1
"""


@pytest.fixture
def small(broker: Broker, kafka: Kafka, tmp_path: Path) -> tuple[KafkaSettings, Path]:
    """A prefix of this test's own, and a declaration of two topics."""
    file = tmp_path / "topics.toml"
    file.write_text(SMALL)
    return broker.settings(topic_prefix=f"{tmp_path.name}."), file


def actions(steps: list[topics.Step]) -> dict[str, tuple[str, str]]:
    return {step.topic.rpartition(".")[2]: (step.action.value, step.detail) for step in steps}


def test_all_topics_are_made_for_a_venue_and_then_there_is_nothing_to_do(kafka: Kafka) -> None:
    settings = kafka(3)
    counts = {name: partitions(settings, name) for name in BY_NAME}
    assert counts == {name: 1 if name in {"oracle-prices", "clock"} else 3 for name in BY_NAME}
    steps = topics.plan(settings, 3, replication=1)
    assert {step.action for step in steps} == {Action.NOTHING}
    assert topics.ensure(settings, 3, replication=1) == steps


def test_a_pool_more_adds_a_partition_and_a_pool_less_is_refused(kafka: Kafka) -> None:
    settings = kafka(2)
    topics.ensure(settings, 3, replication=1)
    assert (partitions(settings, "journal"), partitions(settings, "clock")) == (3, 1)
    with pytest.raises(KafkaRefused) as caught:
        topics.ensure(settings, 2, replication=1)
    assert str(caught.value) == (
        f"topic {settings.topic('trades')}: it has 3 partitions, 2 are declared; none can be taken away"
        " (and 19 more). Nothing was changed."
    )
    assert partitions(settings, "journal") == 3


def test_a_setting_follows_the_declaration_but_never_deletes(small: tuple[KafkaSettings, Path]) -> None:
    settings, file = small
    first = topics.plan(settings, 2, file=file)
    assert actions(first) == {
        "journal": ("create", "2 partitions, 1 copy, kept for ever"),
        "clock": ("create", "1 partition, 1 copy, kept 1 days"),
    }
    topics.apply(settings, first)
    file.write_text(SMALL.replace("= 86400000", "= 172800000"))
    longer = topics.plan(settings, 2, file=file)
    assert actions(longer) == {
        "journal": ("nothing", "2 partitions"),
        "clock": ("change", "retention.ms 86400000 to 172800000"),
    }
    topics.apply(settings, longer)
    assert set(actions(topics.plan(settings, 2, file=file)).values()) == {
        ("nothing", "2 partitions"),
        ("nothing", "1 partition"),
    }
    file.write_text(SMALL.replace("= -1", "= 5000"))
    with pytest.raises(
        KafkaRefused, match=r"journal: retention.ms would fall from -1 to 5000, which deletes records"
    ):
        topics.apply(settings, topics.plan(settings, 2, file=file))


def test_what_another_made_differently_is_refused_before_anything_is_done(
    small: tuple[KafkaSettings, Path],
) -> None:
    settings, file = small
    topics.apply(settings, topics.plan(settings, 2, file=file))
    file.write_text(SMALL + '[topics.fills]\npartitions = "lanes"\n')
    with pytest.raises(KafkaRefused, match="Nothing was changed"):
        topics.apply(settings, topics.plan(settings, 1, file=file))
    assert settings.topic("fills") not in metadata(admin(settings)).topics


def test_more_copies_than_brokers_is_one_line(kafka: Kafka, broker: Broker) -> None:
    with pytest.raises(KafkaRefused) as caught:
        topics.plan(broker.settings(), 2)
    assert str(caught.value) == (
        f"{broker.bootstrap}: 3 copies of each topic are declared, and there is 1 broker to hold them:"
        " give --replication 1."
    )


def test_a_setting_that_kafka_does_not_know_is_one_line(small: tuple[KafkaSettings, Path]) -> None:
    settings, file = small
    file.write_text(SMALL.replace('"retention.ms" = 86400000', '"retention.msec" = 1000'))
    with pytest.raises(KafkaRefused, match=r"topic \S+journal: \S+ refuses: .*retention.msec") as caught:
        topics.apply(settings, topics.plan(settings, 2, file=file))
    assert "\n" not in str(caught.value)
