"""Inbox and outbox against a real broker: no partition runs ahead, nothing is skipped, what fails is one line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition
from structlog.testing import capture_logs

from flows.connectors.kafka import inbox as inboxes
from flows.connectors.kafka import outbox as outboxes
from flows.connectors.kafka.clients import admin
from flows.connectors.kafka.errors import KafkaFailure, KafkaRefused, KafkaUnreachable
from flows.connectors.kafka.inbox import EARLIEST, SENT, Inbox
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.kafka.settings import KafkaSettings
from flows.journal import entries as en
from flows.journal.codec import Settled
from flows.journal.terms import Partition
from schemas.catalogue import ARROW
from tests.system.kafka.conftest import Kafka, NewBroker

pytestmark = pytest.mark.kafka

A, B = (en.TOPIC_FILLS, 0), (en.TOPIC_FILLS, 1)

Open = Callable[..., Inbox]


@pytest.fixture
def settings(kafka: Kafka) -> KafkaSettings:
    return kafka(2)


@pytest.fixture
def opened(settings: KafkaSettings) -> Iterator[Open]:
    """Inboxes that are closed at the end."""
    made: list[Inbox] = []

    def make(*of: Partition, **start: int) -> Inbox:
        first = start.get("first", EARLIEST)
        made.append(Inbox(settings, "test-in", dict.fromkeys(of, first)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def sent(settings: KafkaSettings, at: Partition, *times: int, topic: str = "fills", **headers: str) -> None:
    """Records that say when they were sent."""
    out = Outbox(settings, "test-out")
    for time_ns in times:
        told = [(name, value.encode()) for name, value in headers.items()]
        out.send(topic, at[1], "key", b'{"sent_ns": %d}' % time_ns, told)
    out.flush()
    out.close()


def until(inbox: Inbox, holds: Callable[[], bool], seconds: float = 20) -> None:
    """Fetch until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not come"
        inbox.fetch(0.1)


def times(taken: dict[Partition, list[Any]]) -> dict[Partition, list[int]]:
    """When the records taken were sent."""
    return {at: [each.sent_ns for each in records] for at, records in taken.items()}


# ---- in ------------------------------------------------------------------------------------------------------------------
def test_what_waits_is_taken_in_order_and_positions_follow(settings: KafkaSettings, opened: Open) -> None:
    sent(settings, A, 1, 2, 3)
    sent(settings, B, 4)
    inbox = opened(A, B)
    until(inbox, lambda: len(inbox.waiting[A]) == 3 and len(inbox.waiting[B]) == 1)
    assert inbox.positions == {A: 0, B: 0}
    assert times(inbox.take([A], most=2)) == {A: [1, 2]}
    assert inbox.positions == {A: 2, B: 0}
    assert times(inbox.take()) == {A: [3], B: [4]}
    assert inbox.positions == {A: 3, B: 1}
    assert inbox.take() == {}
    again = opened(A, first=2)
    until(again, lambda: bool(again.waiting[A]))
    assert times(again.take()) == {A: [3]}


def test_no_partition_runs_ahead_of_one_that_is_behind(settings: KafkaSettings, opened: Open) -> None:
    sent(settings, A, 10, 20, 30)
    sent(settings, B, 15, 25)
    inbox = opened(A, B)
    until(inbox, lambda: len(inbox.waiting[A]) == 3 and len(inbox.waiting[B]) == 2)
    until(inbox, lambda: inbox.read_to_ns([A, B]) == inboxes.NO_BOUND)
    inbox.ends[B] = 3  # as if the broker had told of one more record, which has not come in
    assert inbox.read_to_ns([A, B]) == 25
    assert times(inbox.take(to_ns=25)) == {A: [10, 20], B: [15, 25]}
    assert inbox.read_to_ns([A, B]) == 0, "what B is behind with may be of any time"
    assert inbox.take(to_ns=0) == {}
    sent(settings, B, 27)
    until(inbox, lambda: inbox.read_to_ns([A, B]) == inboxes.NO_BOUND)
    assert times(inbox.take(to_ns=inbox.read_to_ns([A, B]))) == {A: [30], B: [27]}


def test_a_partition_that_is_far_ahead_does_not_keep_others_from_coming_in(
    settings: KafkaSettings, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "WAITING_MOST", 50)
    sent(settings, A, *range(1_000, 1_300))
    sent(settings, B, *range(1, 301))
    inbox = opened(A, B)
    got: dict[Partition, list[int]] = {A: [], B: []}
    end = time.monotonic() + 20
    while len(got[A]) + len(got[B]) < 600:
        assert time.monotonic() < end, {at: len(each) for at, each in got.items()}
        inbox.fetch(0.05, 20)
        assert sum(map(len, inbox.waiting.values())) < 300, "what waits is bounded"
        taken = times(inbox.take(to_ns=inbox.read_to_ns([A, B])))
        got = {at: got[at] + taken.get(at, []) for at in got}
        assert not got[A] or len(got[B]) == 300, "all of B was sent before"
    assert got == {A: list(range(1_000, 1_300)), B: list(range(1, 301))}


def test_a_partition_that_ends_in_a_control_record_is_at_its_end(
    settings: KafkaSettings, opened: Open
) -> None:
    producer = confluent_kafka.Producer(settings.client() | {"transactional.id": f"{settings.topic_prefix}t"})
    producer.init_transactions(20)
    for commit in (True, False):
        producer.begin_transaction()
        producer.produce(settings.topic("fills"), b'{"sent_ns": 7}', partition=0)
        producer.flush(20)
        producer.commit_transaction(20) if commit else producer.abort_transaction(20)
    sent(settings, B, 9)
    inbox = opened(A, B)
    until(inbox, lambda: inbox.read_to_ns([A, B]) == inboxes.NO_BOUND)
    assert inbox.end(A) == 4, "two records, and a marker behind each"
    assert times(inbox.take()) == {A: [7], B: [9]}, "what was aborted does not count"
    assert inbox.holds([Settled(*A, 0, 1)])
    assert inbox.positions[A] == inbox.end(A), "whoever reads up to the end gets there"
    sent(settings, A, 11)
    until(inbox, lambda: bool(inbox.waiting[A]))
    assert [each.offset for each in inbox.take()[A]] == [4]


def test_exactly_a_range_of_offsets(settings: KafkaSettings, opened: Open) -> None:
    sent(settings, A, *range(10))
    inbox = opened(A, B, first=0)
    until(inbox, lambda: inbox.holds([Settled(*A, 0, 4), Settled(*B, 0, 0)]))
    assert not inbox.holds([Settled(*A, 0, 11)])
    assert times(inbox.take_ranges([Settled(*A, 0, 4), Settled(*B, 0, 0)])) == {A: [0, 1, 2, 3]}
    assert inbox.positions == {A: 4, B: 0}
    until(inbox, lambda: inbox.holds([Settled(*A, 4, 10)]))
    assert times(inbox.take_ranges([Settled(*A, 4, 10)])) == {A: [4, 5, 6, 7, 8, 9]}


@pytest.mark.parametrize(
    ("told", "expected"),
    [("77", 77), ("", 5), ("abc", 5), ("-3", 5), ("9" * 30, 5), ("\u0663", 5)],
    ids=["a_time", "empty", "letters", "negative", "beyond_int64", "foreign_digits"],
)
def test_a_header_may_say_when_and_nonsense_in_it_harms_nobody(
    settings: KafkaSettings, opened: Open, told: str, expected: int
) -> None:
    sent(settings, A, 5, **{SENT: told})
    inbox = opened(A)
    until(inbox, lambda: bool(inbox.waiting[A]))
    assert times(inbox.take()) == {A: [expected]}


def test_a_header_says_that_a_record_is_many_messages(settings: KafkaSettings, opened: Open) -> None:
    sent(settings, A, 5, **{"content-type": "application/json"})
    sent(settings, A, 6, **{"content-type": ARROW, SENT: "6"})
    inbox = opened(A)
    until(inbox, lambda: len(inbox.waiting[A]) == 2)
    assert [each.is_bulk for each in inbox.take()[A]] == [False, True]


def test_what_is_taken_at_once_is_bounded_and_nobody_goes_on_beyond_it(
    settings: KafkaSettings, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "TAKEN_BYTES", 100)
    sent(settings, A, *range(1_000, 1_030))
    sent(settings, B, 1_003, 1_020)
    inbox = opened(A, B)
    until(inbox, lambda: len(inbox.waiting[A]) == 30 and len(inbox.waiting[B]) == 2)
    assert times(inbox.take()) == {A: [1_000, 1_001, 1_002, 1_003, 1_004, 1_005], B: [1_003]}
    got = []
    while taken := times(inbox.take()):
        got.append(taken)
    assert got[-1] == {A: [1_024, 1_025, 1_026, 1_027, 1_028, 1_029]}, got
    assert inbox.positions == {A: 30, B: 2}


# ---- records that are gone --------------------------------------------------------------------------------------------------
def cut(settings: KafkaSettings, before: int) -> None:
    """Retention takes the records before an offset."""
    place = TopicPartition(settings.topic("fills"), 0, before)
    client = admin(settings)
    for future in client.delete_records([place]).values():
        future.result(20)


def test_records_that_are_gone_before_a_start_are_one_line(settings: KafkaSettings, opened: Open) -> None:
    sent(settings, A, *range(10))
    cut(settings, 6)
    with pytest.raises(KafkaRefused) as caught:
        opened(A, first=4)
    name = settings.topic("fills")
    assert str(caught.value) == (
        f"{name}, partition 0: offset 4 is wanted, and the broker has 6 to 10: its records are gone, or this is another"
        " broker's state. Nothing was skipped."
    )
    with pytest.raises(KafkaRefused, match="offset 11 is wanted, and the broker has 6 to 10"):
        opened(A, first=11)
    inbox = opened(A)
    assert inbox.positions == {A: 6}, "the earliest there is"


def test_records_that_go_while_they_are_read_are_one_line(settings: KafkaSettings, opened: Open) -> None:
    sent(settings, A, *range(10))
    inbox = opened(A, first=2)
    place = [TopicPartition(settings.topic("fills"), 0)]
    inbox.client.pause(place)  # what has come already is dropped, and asked for again
    cut(settings, 6)
    inbox.client.resume(place)
    with pytest.raises(KafkaFailure) as caught:
        until(inbox, lambda: bool(inbox.waiting[A]))
    said = str(caught.value)
    assert settings.topic("fills") in said
    assert "partition 0" in said
    assert "\n" not in said


def test_a_partition_that_is_not_there_is_one_line(opened: Open) -> None:
    with pytest.raises(KafkaRefused, match="has 2 partitions, and no partition 2"):
        opened((en.TOPIC_FILLS, 2))


# ---- out -----------------------------------------------------------------------------------------------------------------
def test_a_record_that_is_too_large_is_raised_and_named(settings: KafkaSettings) -> None:
    out = Outbox(settings, "test-out")
    with pytest.raises(KafkaFailure, match=r"refuses: .*[Mm]essage size too large"):
        out.send("fills", 0, "key", b"x" * (9 << 20), ())
    out.send("fills", 0, "key", os.urandom(2 << 20), ())  # the client takes it, the broker does not
    with pytest.raises(KafkaFailure, match=r"a record was not taken: .*[Mm]essage size too large"):
        out.flush()
    with pytest.raises(KafkaFailure, match="a record was not taken"):
        out.poll()
    out.close()


def test_a_topic_that_is_not_there_is_raised(settings: KafkaSettings) -> None:
    out = Outbox(settings, "test-out")
    out.send("colours", 0, "key", b"x", ())
    with pytest.raises(KafkaFailure, match="a record was not taken"):
        out.flush()
    out.close()


def test_a_broker_that_goes_is_raised_by_the_flush(
    lone_broker: NewBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "FLUSH_S", 2.0)
    broker = lone_broker()
    out = Outbox(broker.settings(), "test-out")
    broker.kill()
    out.send("fills", 0, "key", b"x", ())
    with capture_logs(), pytest.raises(KafkaUnreachable):
        out.flush()
    out.close()


def test_a_full_queue_waits_and_loses_nothing(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = outboxes.producer
    monkeypatch.setattr(
        outboxes, "producer", lambda *told, **more: real(*told, **more, queue_buffering_max_messages=20)
    )
    out = Outbox(settings, "test-out")
    for number in range(500):
        out.send("fills", 0, "key", b'{"sent_ns": %d}' % number, ())
    out.flush()
    inbox = Inbox(settings, "test-in", {A: EARLIEST})
    until(inbox, lambda: len(inbox.waiting[A]) == 500)
    assert times(inbox.take()) == {A: list(range(500))}
    inbox.close()
