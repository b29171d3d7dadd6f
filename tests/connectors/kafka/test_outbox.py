"""What an outbox tells of its records: sent, acknowledged, refused; on the client library as far as it is used here."""

from __future__ import annotations

import random

import pytest
from confluent_kafka import KafkaError

from flows.connectors.kafka.clients import Watch
from flows.connectors.kafka.errors import KafkaFailure
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.kafka.settings import KafkaSettings
from tests.connectors.telemetry.values import shown
from tests.lanes.memory import Memory, Producer


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return Memory(random.Random(1)).install(monkeypatch)


def outbox(memory: Memory, client_id: str) -> tuple[Outbox, Producer]:
    made = Outbox(KafkaSettings(), client_id)
    [producer] = memory.adopt()
    producer.poll = lambda _timeout: 0  # type: ignore[method-assign]  # the broker answers when it is flushed
    return made, producer


def test_records_are_counted_once_they_are_acknowledged(memory: Memory) -> None:
    first, _ = outbox(memory, "sender1-majors-out")
    second, _ = outbox(memory, "sender1-alts-out")
    for out, topic, records in ((first, "fills", 3), (first, "events", 1), (second, "fills", 2)):
        for _ in range(records):
            out.send(topic, 0, "k", b"{}", ())
        out.poll()
    assert shown("output_unacknowledged_records", flow="sender1") == 6, "of all clients of a flow"
    first.flush()
    assert shown("output_unacknowledged_records", flow="sender1") == 2
    assert shown("output_records_total", flow="sender1", topic="fills") == 3
    second.close()
    assert shown("output_unacknowledged_records", flow="sender1") == 0
    assert shown("output_records_total", flow="sender1", topic="fills") == 5
    assert shown("output_records_total", flow="sender1", topic="events") == 1


def test_who_waits_for_a_record_hears_when_it_is_safe(memory: Memory) -> None:
    out, producer = outbox(memory, "sender2-out")
    heard: list[int] = []
    out.send("fills", 0, "k", b"{}", (), heard.append)
    out.send("fills", 0, "k", b"{}", ())
    out.poll()
    assert heard == []
    out.flush()
    assert heard == [0]
    producer.refuses = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    out.send("fills", 0, "k", b"{}", (), heard.append)
    with pytest.raises(KafkaFailure, match="a record was not taken"):
        out.flush()
    assert heard == [0], "a record that was refused is not safe"
    assert shown("output_records_total", flow="sender2", topic="fills") == 2
    assert shown("output_unacknowledged_records", flow="sender2") == 0
    assert shown("broker_errors_total", flow="sender2", error="MSG_SIZE_TOO_LARGE") == 1


def test_what_a_client_hears_is_counted_by_the_library_s_name_for_it() -> None:
    watch = Watch(KafkaSettings(), "sender3-majors-in")
    for _ in range(2):
        watch.heard(KafkaError(KafkaError._TRANSPORT))
    assert shown("broker_errors_total", flow="sender3", error="_TRANSPORT") == 2
