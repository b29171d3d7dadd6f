"""Clients of a broker that is not there: one line that says so, soon, and nothing on the screen."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from structlog.testing import capture_logs

from flows.connectors.kafka import clients
from flows.connectors.kafka.errors import KafkaFailure, KafkaRefused, KafkaUnreachable, failure
from flows.connectors.kafka.settings import KafkaSettings, kafka_settings
from flows.live.broker import free_ports


@pytest.fixture
def nobody() -> KafkaSettings:
    """A port on which nobody listens."""
    return kafka_settings(bootstrap=f"127.0.0.1:{free_ports(1)[0]}")


@pytest.fixture
def silent() -> Iterator[KafkaSettings]:
    """A port that takes connections and never answers, as a paused broker's does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield kafka_settings(bootstrap=f"127.0.0.1:{listener.getsockname()[1]}")


def test_a_broker_that_is_away_is_one_line(nobody: KafkaSettings, capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with capture_logs() as logs, pytest.raises(KafkaUnreachable) as caught:
        clients.partitions(nobody, "journal", patience_s=1.0)
    assert time.monotonic() - began < 3
    where = nobody.bootstrap
    assert str(caught.value) == (
        f"topic journal: no Kafka broker answers at {where} (Connect to ipv4#{where} failed: Connection refused):"
        " is it running, and are MARGINLINE_KAFKA_BOOTSTRAP and _SECURITY_PROTOCOL right?"
    )
    assert capfd.readouterr() == ("", ""), "the library writes to the screen unless it is told where to"
    assert [entry["log_level"] for entry in logs] == ["warning"], "it says the same many times a second"
    assert logs[0]["client"] == "marginline-admin"


def test_a_broker_that_hangs_is_waited_for_just_so_long(silent: KafkaSettings) -> None:
    began = time.monotonic()
    with capture_logs(), pytest.raises(KafkaUnreachable, match="no Kafka broker answers"):
        clients.ends(clients.consumer(silent, "reader"), "journal", 0, patience_s=1.0)
    assert 0.9 < time.monotonic() - began < 3


def test_each_client_can_ask(nobody: KafkaSettings) -> None:
    with capture_logs():
        for client in (clients.producer(nobody, "p"), clients.consumer(nobody, "c"), clients.admin(nobody)):
            with pytest.raises(KafkaUnreachable):
                clients.metadata(client, patience_s=0.2)
            if isinstance(client, clients.Consumer):
                client.close()


def test_a_producer_is_idempotent_and_a_consumer_never_jumps(nobody: KafkaSettings) -> None:
    """What the library itself refuses to combine with idempotence, and what it refuses to know."""
    with pytest.raises(KafkaRefused, match=r"no client for 127.0.0.1:\d+: .*`acks` must be set to `all`"):
        clients.producer(nobody, "p", acks=1)
    with pytest.raises(KafkaRefused, match=r'No such configuration property: "lingers.ms"'):
        clients.producer(nobody, "p", lingers_ms=1)


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"),
    [
        ("_TRANSPORT", "Disconnected", KafkaUnreachable, "no Kafka broker answers"),
        ("_MSG_TIMED_OUT", "Local: Message timed out", KafkaUnreachable, "journal: no Kafka broker answers"),
        ("_AUTHENTICATION", "SASL authentication error: Invalid credentials", KafkaRefused, "SASL_USERNAME"),
        ("_AUTHENTICATION", "handshake failed: Local: Broker transport failure", KafkaUnreachable, "answers"),
        ("_SSL", "SSL handshake failed: certificate verify failed", KafkaRefused, "MARGINLINE_KAFKA_SSL_CA"),
        ("_SSL", "SSL handshake failed: Disconnected", KafkaUnreachable, "Disconnected"),
        ("TOPIC_AUTHORIZATION_FAILED", "Topic authorization failed", KafkaRefused, "does not let this user"),
        ("MSG_SIZE_TOO_LARGE", "Message size too large", KafkaRefused, "refuses: Message size too large"),
        ("NOT_LEADER_FOR_PARTITION", "Not leader for partition", KafkaUnreachable, "Not leader"),
        ("_FENCED", "Producer fenced", KafkaRefused, "refuses: Producer fenced"),
        ("UNKNOWN", "a\nb " * 200, KafkaRefused, "..."),
    ],
)
def test_what_a_later_attempt_may_mend_is_told_apart(
    name: str, text: str, kind: type[KafkaFailure], said: str, nobody: KafkaSettings
) -> None:
    error = failure(KafkaError(getattr(KafkaError, name), text), nobody, "journal")
    assert type(error) is kind
    assert said in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 500


class New:
    """A client that has just been made: it has heard of the topic, and a moment later of its partitions."""

    def __init__(self, settings: KafkaSettings, code: int) -> None:
        self.watch = SimpleNamespace(settings=settings, last="")
        self.code, self.asked = code, 0

    def list_topics(self, topic: str, timeout: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions={0: None})})

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        self.asked += 1
        if self.asked == 1:
            raise KafkaException(KafkaError(self.code))
        return 3, 7

    def poll(self, _seconds: float) -> None: ...


def test_a_partition_that_a_new_client_has_not_heard_of_is_asked_for_again(nobody: KafkaSettings) -> None:
    client = New(nobody, KafkaError._UNKNOWN_PARTITION)
    assert clients.ends(client, "journal", 0) == (3, 7)  # type: ignore[arg-type]
    refusing = New(nobody, KafkaError._INVALID_ARG)
    with pytest.raises(KafkaRefused):
        clients.ends(refusing, "journal", 0)  # type: ignore[arg-type]
