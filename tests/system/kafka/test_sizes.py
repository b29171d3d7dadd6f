"""How large a record may be: as long as it is read, a little longer to become a dead letter, and no longer."""

from __future__ import annotations

import os

import pytest
from confluent_kafka import KafkaException
from structlog.testing import capture_logs

from flows.connectors.kafka import clients
from flows.connectors.kafka.errors import KafkaRefused, failure
from flows.connectors.kafka.settings import KafkaSettings
from schemas.dead_letter import LARGEST_RECORD_BYTES
from tests.system.kafka.conftest import Kafka

pytestmark = pytest.mark.kafka

AROUND = {"key": b"k" * 100, "headers": [("ce_type", b"v" * 1000)]}
"""More than any of our own records has around it."""


def sent(settings: KafkaSettings, topic: str, size: int) -> None:
    """Send noise, which cannot be compressed; a refusal is raised."""
    failed: list[KafkaRefused] = []
    producer = clients.producer(settings, "sender")
    where = settings.topic(topic)

    def told(error: object, _: object) -> None:
        if error is not None:
            failed.append(failure(error, settings, f"topic {topic}"))  # type: ignore[arg-type]

    try:
        producer.produce(where, os.urandom(size), partition=0, on_delivery=told, **AROUND)
    except KafkaException as error:
        raise failure(error.args[0], settings, f"topic {topic}") from None
    assert producer.flush(30) == 0
    if failed:
        raise failed[0]


def test_a_record_as_long_as_it_is_read_arrives_and_one_far_over_does_not(kafka: Kafka) -> None:
    settings = kafka(1)
    with capture_logs():
        sent(settings, "fills", LARGEST_RECORD_BYTES)
        sent(settings, "fills", LARGEST_RECORD_BYTES + 1)  # so that intake refuses it, with its reason
        with pytest.raises(KafkaRefused, match=r"topic fills: \S+ refuses: .*[Mm]essage size too large"):
            sent(settings, "fills", LARGEST_RECORD_BYTES + (1 << 17))
        consumer = clients.consumer(settings, "reader")
        assert clients.ends(consumer, settings.topic("fills"), 0) == (0, 2)
        consumer.close()


def test_a_batch_of_ours_arrives_up_to_the_producers_own_limit(kafka: Kafka) -> None:
    settings = kafka(1)
    most = clients.LARGEST_MESSAGE_BYTES - 2_000
    with capture_logs():
        for topic in ("journal", "events", "market-state"):
            sent(settings, topic, most)
        with pytest.raises(KafkaRefused, match=r"topic journal: \S+ refuses: .*[Mm]essage size too large"):
            sent(settings, "journal", clients.LARGEST_MESSAGE_BYTES + 1)
        consumer = clients.consumer(settings, "reader")
        consumer.assign([clients.TopicPartition(settings.topic("journal"), 0, 0)])
        message = consumer.poll(20)
        consumer.close()
    assert message is not None
    assert len(message.value() or b"") == most
