"""The local broker: what it keeps over a stop, a kill and a pause, and what it says when it cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from flows.connectors.kafka import clients, topics
from flows.connectors.kafka.errors import KafkaUnreachable
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.settings import ROOT
from flows.live.broker import Broker, BrokerFailed, free_ports
from tests.system.kafka.conftest import NewBroker

pytestmark = pytest.mark.kafka


def sent(settings: KafkaSettings, value: bytes) -> None:
    producer = clients.producer(settings, "sender")
    producer.produce(settings.topic("fills"), value, partition=0)
    assert producer.flush(30) == 0


def held(settings: KafkaSettings) -> int:
    consumer = clients.consumer(settings, "reader")
    low, high = clients.ends(consumer, settings.topic("fills"), 0, patience_s=30)
    consumer.close()
    return high - low


def test_the_log_outlives_a_stop_a_kill_and_a_pause(lone_broker: NewBroker) -> None:
    broker = lone_broker()
    settings = broker.settings()
    topics.ensure(settings, 1, replication=1)
    with capture_logs():
        sent(settings, b"before a stop")
        broker.stop()
        assert not broker.running
        broker.start()
        assert held(settings) == 1, "the same folder, the same address"
        sent(settings, b"before a kill")
        broker.kill()
        with pytest.raises(KafkaUnreachable):
            clients.partitions(settings, "fills", patience_s=0.5)
        broker.start()
        assert held(settings) == 2
        broker.pause()
        with pytest.raises(KafkaUnreachable):
            clients.partitions(settings, "fills", patience_s=0.5)
        broker.resume()
        sent(settings, b"after a pause")
        assert held(settings) == 3


def test_a_producer_that_is_sending_carries_over_a_kill(lone_broker: NewBroker) -> None:
    """What decision 0010 rests on: acknowledged or repeated by the producer itself, once each and in order."""
    broker = lone_broker()
    settings = broker.settings()
    topics.ensure(settings, 1, replication=1)
    failed: list[object] = []
    with capture_logs():
        producer = clients.producer(settings, "sender")
        for number in range(2000):
            if number == 1000:
                broker.kill()
            producer.produce(
                settings.topic("fills"),
                b"%d" % number,
                partition=0,
                on_delivery=lambda error, _: failed.append(error) if error else None,
            )
            producer.poll(0)
        broker.start()
        assert producer.flush(60) == 0
        consumer = clients.consumer(settings, "reader", eof=True)
        consumer.assign([clients.TopicPartition(settings.topic("fills"), 0, 0)])
        values: list[bytes | None] = []
        while not values or values[-1] is not None:  # the end of the partition is a message without a value
            values += [
                message.value() if not message.error() else None for message in consumer.consume(5000, 1)
            ]
        consumer.close()
    assert failed == []
    assert values == [b"%d" % number for number in range(2000)] + [None]


def test_a_paused_one_can_be_stopped(lone_broker: NewBroker) -> None:
    broker = lone_broker()
    broker.pause()
    began = time.monotonic()
    broker.stop()
    assert time.monotonic() - began < 15
    assert not broker.running


HOLD = """
import sys
from pathlib import Path
from flows.live.broker import Broker
broker = Broker(Path(sys.argv[1])).start()
print(broker.pid, flush=True)
sys.stdin.read()
"""


def test_it_does_not_outlive_who_started_it(jars: Path, tmp_path: Path) -> None:
    """Not even a kill leaves a broker behind that holds its folder and its port."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "kafka")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}/cmdline").exists()


def test_a_folder_that_another_holds_is_one_line(lone_broker: NewBroker) -> None:
    """Kafka itself lets a second one in, and then the first one's log is corrupt."""
    broker = lone_broker()
    for _ in range(2):
        with pytest.raises(BrokerFailed, match=r"kafka-0 is held by another broker: stop that one first\.$"):
            Broker(broker.folder).start()
    topics.ensure(broker.settings(), 1, replication=1)
    broker.stop()
    second = Broker(broker.folder).start()
    assert clients.partitions(second.settings(), "journal") == 1
    second.stop()


def test_jars_that_are_missing_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(BrokerFailed, match=r"holds no Kafka: make kafka fetches it\.$"):
        Broker(tmp_path / "kafka", jars=tmp_path).start()


def test_ports_are_not_among_those_given_to_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(10_000 <= port < max(lowest, 11_000) for port in ports)
