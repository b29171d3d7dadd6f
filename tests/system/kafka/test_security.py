"""A broker with TLS, passwords and rights: what works with the right ones, and one line for each wrong one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from structlog.testing import capture_logs

from flows.connectors.kafka import clients, topics
from flows.connectors.kafka.errors import GROUP, KafkaFailure, KafkaRefused, KafkaUnreachable, failure
from flows.connectors.kafka.settings import KafkaSettings, kafka_settings
from flows.connectors.settings import ROOT, VENUES
from flows.live.broker import Broker
from flows.live.properties import Secured
from tests.certificates import Authority, authority, server

pytestmark = pytest.mark.kafka

VENUE: Final = str(VENUES / "crash-2025-04-07.toml")
SCRAM: Final = "a-word-for-operator"
PLAIN: Final = "a-word-for-reader"
WRONG: Final = "a-word-that-is-wrong"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For certificates and the broker."""
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    """Who signed the broker's certificate."""
    return authority(folder, "ours")


OPERATIONS: Final = {
    "reader": (AclOperation.READ, AclOperation.WRITE),
    "sender": (AclOperation.WRITE,),
    "maker": (
        *(AclOperation.CREATE, AclOperation.ALTER, AclOperation.ALTER_CONFIGS),
        *(AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS),
    ),
}
"""What docs/how-to/kafka.md says that each needs."""


def rights() -> list[AclBinding]:
    """A flow's user and a producer have one topic, whoever makes topics has those of a prefix."""
    topic, group, allow = ResourceType.TOPIC, ResourceType.GROUP, AclPermissionType.ALLOW
    literal, prefixed = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
    given = [
        AclBinding(
            *(topic, "made." if user == "maker" else "fills", prefixed if user == "maker" else literal),
            *(f"User:{user}", "*", operation, allow),
        )
        for user, operations in OPERATIONS.items()
        for operation in operations
    ]
    return [*given, AclBinding(group, GROUP, literal, "User:reader", "*", AclOperation.READ, allow)]


@pytest.fixture(scope="module")
def secured(jars: Path, folder: Path, ours: Authority) -> Iterator[Broker]:
    """A broker with all topics. ``operator`` may do everything, the others what `rights` gives them."""
    told = Secured(
        server(folder, ours),
        ours.file,
        scram={"operator": SCRAM},
        plain=dict.fromkeys(OPERATIONS, PLAIN),
        supers=("operator",),
    )
    with Broker(folder / "kafka", secured=told) as broker:
        topics.ensure(broker.settings(), 1, replication=1)
        client = clients.admin(broker.settings())
        for future in client.create_acls(rights()).values():
            future.result(30)
        yield broker


def settings(broker: Broker, ca: Path | None, **more: Any) -> KafkaSettings:
    told = {
        "bootstrap": broker.secured_bootstrap,
        "security_protocol": "sasl_ssl",
        "ssl_ca": ca,
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_username": "operator",
        "sasl_password": SCRAM,
    }
    return kafka_settings(**{name: value for name, value in (told | more).items() if value is not None})


def reader(broker: Broker, ca: Path, **more: Any) -> KafkaSettings:
    told = {"sasl_mechanism": "PLAIN", "sasl_username": "reader", "sasl_password": PLAIN}
    return settings(broker, ca, **(told | more))


def sent(told: KafkaSettings, topic: str) -> None:
    """Send one record; what the delivery report says is raised."""
    failed: list[KafkaFailure] = []
    producer = clients.producer(told, "sender")
    producer.produce(
        topic,
        b"{}",
        partition=0,
        on_delivery=lambda error, _: failed.append(failure(error, told, f"topic {topic}")) if error else None,
    )
    deadline = time.monotonic() + 20
    try:
        while producer.flush(0.2) and time.monotonic() < deadline:
            pass
    finally:
        producer.purge()
    if failed:
        raise failed[0]


def read(told: KafkaSettings, topic: str) -> bytes | None:
    """Read the first record; an error in its place is raised."""
    consumer = clients.consumer(told, "reader")
    deadline = time.monotonic() + 20
    try:
        low, _ = clients.ends(consumer, topic, 0)
        consumer.assign([TopicPartition(topic, 0, low)])
        while time.monotonic() < deadline:
            for message in consumer.consume(1, 0.2):
                if message.error() is not None:
                    raise failure(message.error(), told, f"topic {topic}")  # type: ignore[arg-type]
                return message.value()
        return None
    finally:
        consumer.close()


# ---- what works ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_over_tls_works(mechanism: str, secured: Broker, ours: Authority) -> None:
    told = settings(secured, ours.file, sasl_mechanism=mechanism)
    with capture_logs():
        sent(told, "fills")
        assert read(told, "fills") == b"{}"
        assert {step.action for step in topics.plan(told, 1, replication=1)} == {topics.Action.NOTHING}


def test_a_user_with_rights_on_one_topic_can_use_it(secured: Broker, ours: Authority) -> None:
    told = reader(secured, ours.file)
    with capture_logs():
        sent(told, "fills")
        assert read(told, "fills") == b"{}"
        assert clients.partitions(told, "fills") == 1


def test_a_producer_needs_to_write_and_nothing_else(secured: Broker, ours: Authority) -> None:
    told = reader(secured, ours.file, sasl_username="sender")
    with capture_logs():
        sent(told, "fills")
        with pytest.raises(KafkaRefused, match=r"does not let sender use (the group marginline|this topic)"):
            read(told, "fills")


def test_who_makes_topics_needs_no_right_to_read_them(secured: Broker, ours: Authority) -> None:
    told = reader(secured, ours.file, sasl_username="maker", topic_prefix="made.")
    with capture_logs():
        topics.ensure(told, 1, replication=1)
        topics.ensure(told, 2, replication=1)
        assert {step.action for step in topics.plan(told, 2, replication=1)} == {topics.Action.NOTHING}


# ---- what does not, in one line --------------------------------------------------------------------------------------
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN"])
@pytest.mark.parametrize("use", [clients.partitions, sent, read], ids=["ask", "send", "read"])
def test_a_wrong_password(mechanism: str, use: Any, secured: Broker, ours: Authority) -> None:
    user = "operator" if mechanism.startswith("SCRAM") else "reader"
    told = settings(secured, ours.file, sasl_mechanism=mechanism, sasl_username=user, sasl_password=WRONG)
    with capture_logs() as logs, pytest.raises(KafkaRefused) as caught:
        use(told, "fills")
    assert str(caught.value).startswith(
        f"{secured.secured_bootstrap} does not take user and password: check MARGINLINE_KAFKA_SASL_USERNAME,"
    )
    assert WRONG not in f"{caught.value!r} {logs}"


@pytest.mark.parametrize("use", [clients.partitions, sent, read], ids=["ask", "send", "read"])
def test_an_authority_that_did_not_sign(use: Any, secured: Broker, folder: Path) -> None:
    other = authority(folder, "another")
    with capture_logs(), pytest.raises(KafkaRefused) as caught:
        use(settings(secured, other.file), "fills")
    assert str(caught.value) == (
        f"{secured.secured_bootstrap}: no trusted connection: check MARGINLINE_KAFKA_SSL_CA and _SECURITY_PROTOCOL"
        " (SSL handshake failed: SSL routines::certificate verify failed: broker certificate could not be verified)."
    )


def test_an_authority_that_nobody_named(secured: Broker) -> None:
    with capture_logs(), pytest.raises(KafkaRefused, match="check MARGINLINE_KAFKA_SSL_CA"):
        clients.partitions(settings(secured, None), "fills")


@pytest.mark.parametrize("use", [clients.partitions, sent, read], ids=["ask", "send", "read"])
def test_a_topic_that_is_not_the_users(use: Any, secured: Broker, ours: Authority) -> None:
    told = reader(secured, ours.file)
    with capture_logs(), pytest.raises(KafkaRefused) as caught:
        use(told, "journal")
    assert str(caught.value) == (
        f"topic journal: {secured.secured_bootstrap} does not let reader use this topic: have it granted"
        " (Broker: Topic authorization failed)."
    )


def test_topics_that_a_user_may_not_make(secured: Broker, ours: Authority) -> None:
    told = reader(secured, ours.file, topic_prefix="new.")
    with capture_logs(), pytest.raises(KafkaRefused, match="does not let reader use this topic"):
        topics.ensure(told, 1, replication=1)


@pytest.mark.parametrize("protocol", ["plaintext", "sasl_plaintext"])
def test_a_listener_with_tls_asked_without_is_named(protocol: str, secured: Broker) -> None:
    told = kafka_settings(bootstrap=secured.secured_bootstrap)
    if protocol == "sasl_plaintext":
        told = settings(secured, None, security_protocol=protocol)
    with capture_logs(), pytest.raises(KafkaUnreachable, match="_SECURITY_PROTOCOL right"):
        clients.partitions(told, "fills", patience_s=1.0)


def test_a_certificate_of_another_machine(jars: Path, tmp_path: Path) -> None:
    ours = authority(tmp_path, "ours")
    elsewhere = Secured(server(tmp_path, ours, ("elsewhere.example",)), ours.file, scram={"operator": SCRAM})
    with Broker(tmp_path / "kafka", secured=elsewhere) as broker:
        told = settings(broker, ours.file)
        with capture_logs(), pytest.raises(KafkaRefused, match=r"no trusted connection.*verify failed"):
            clients.partitions(told, "fills")


# ---- an operator's command -------------------------------------------------------------------------------------------
def marginline(broker: Broker, ours: Authority, **more: str) -> tuple[int, str, str]:
    told = {
        "BOOTSTRAP": broker.secured_bootstrap,
        "SECURITY_PROTOCOL": "sasl_ssl",
        "SSL_CA": str(ours.file),
        "SASL_MECHANISM": "SCRAM-SHA-256",
        "SASL_USERNAME": "operator",
        **more,
    }
    done = subprocess.run(
        [*(sys.executable, "-m", "flows", "topics", "apply", "--replication", "1"), "--venue", VENUE],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={
            **os.environ,
            **{f"MARGINLINE_KAFKA_{name}": value for name, value in more.items() | told.items()},
        },
    )
    return done.returncode, done.stdout, done.stderr


def test_a_secret_from_the_environment_and_from_a_file(
    secured: Broker, ours: Authority, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text(f"{SCRAM}\n")
    for source in ({"SASL_PASSWORD": SCRAM}, {"SASL_PASSWORD_FILE": str(tmp_path / "word")}):
        code, shown, said = marginline(secured, ours, **source)
        assert (code, said) == (0, "")
        assert "Done: " in shown
        assert SCRAM not in shown


def test_a_wrong_secret_is_one_line_that_does_not_show_it(secured: Broker, ours: Authority) -> None:
    code, shown, said = marginline(secured, ours, SASL_PASSWORD=WRONG)
    assert (code, shown) == (7, "")
    assert said.count("\n") == 1
    assert "does not take user and password" in said
    assert WRONG not in said


def test_the_broker_keeps_them_where_only_its_user_reads(secured: Broker) -> None:
    assert PLAIN in (secured.folder / "server.properties").read_text()
    assert (secured.folder / "server.properties").stat().st_mode & 0o077 == 0
    log = secured.log.read_text()
    assert not [word for word in (SCRAM, PLAIN, WRONG) if word in log]
