"""Kafka's client library as far as the lanes use it, on lists: inbox and outbox are the real ones above it.

A consumer gives a few records of any partition at a time; what a producer has not flushed is lost by a kill, but for a
beginning of each partition's part.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, TopicPartition

from flows.connectors.kafka import inbox, outbox

Place = tuple[str, int]
"""Topic and partition."""


class Record(NamedTuple):
    """A message of the library."""

    at: Place
    number: int
    data: bytes
    told: tuple[tuple[str, bytes], ...] = ()
    fault: KafkaError | None = None

    def error(self) -> KafkaError | None:
        return self.fault

    def topic(self) -> str:
        return self.at[0]

    def partition(self) -> int:
        return self.at[1]

    def offset(self) -> int:
        return self.number

    def value(self) -> bytes:
        return self.data

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.told)

    def timestamp(self) -> tuple[int, int]:
        return 1, 0


@dataclass
class Memory:
    """A broker of one process."""

    dice: random.Random = field(default_factory=lambda: random.Random(1))
    logs: defaultdict[Place, list[Record]] = field(default_factory=lambda: defaultdict(list))
    sending: list[Producer] = field(default_factory=list)  # since the last `adopt`

    def install(self, monkeypatch: Any) -> Memory:
        """Be the broker of every inbox and outbox made from now on."""
        monkeypatch.setattr(inbox, "consumer", lambda *_, **__: Consumer(self))
        monkeypatch.setattr(inbox, "ends", lambda _, topic, partition: (0, len(self.logs[topic, partition])))
        monkeypatch.setattr(outbox, "producer", self.producer)
        return self

    def producer(self, *_: Any, **__: Any) -> Producer:
        """A new one."""
        self.sending.append(Producer(self))
        return self.sending[-1]

    def append(self, topic: str, partition: int, value: bytes, *told: tuple[str, bytes]) -> Record:
        """One record more."""
        log = self.logs[topic, partition]
        log.append(Record((topic, partition), len(log), value, told))
        return log[-1]

    def adopt(self) -> list[Producer]:
        """The producers that were made since the last time."""
        made, self.sending = self.sending, []
        return made


class Consumer:
    """Reads what it was assigned, in order within each partition."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.at: dict[Place, int] = {}
        self.ended: dict[Place, int] = {}
        self.paused: set[Place] = set()

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self.at = {(each.topic, each.partition): each.offset for each in places}

    def pause(self, places: Sequence[TopicPartition]) -> None:
        self.paused |= {(each.topic, each.partition) for each in places}

    def resume(self, places: Sequence[TopicPartition]) -> None:
        self.paused -= {(each.topic, each.partition) for each in places}

    def consume(self, most: int, _timeout: float) -> list[Record]:
        dice, found = self.memory.dice, []
        for at in dice.sample(sorted(self.at), dice.randint(1, len(self.at))):
            log, first = self.memory.logs[at], self.at[at]
            if at in self.paused:
                continue
            end = min(len(log), first + dice.choice((1, 3, 20, 1_000)), first + most - len(found))
            found += log[first:end]
            self.at[at] = end
            if end == len(log) and self.ended.get(at) != end:
                self.ended[at] = end
                fault = KafkaError(KafkaError._PARTITION_EOF)
                found.append(Record(at, end, b"", fault=fault))
        return found

    def get_watermark_offsets(self, place: TopicPartition, **_: Any) -> tuple[int, int]:
        return 0, len(self.memory.logs[place.topic, place.partition])

    def close(self) -> None:
        self.at = {}


class Producer:
    """Keeps what it was given until it is flushed."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.queue: list[tuple[str, int, bytes, tuple[tuple[str, bytes], ...], Callable[..., None]]] = []
        self.refuses: KafkaError | None = None

    def produce(
        self,
        topic: str,
        value: bytes,
        _key: bytes,
        partition: int,
        on_delivery: Callable[..., None],
        headers: Sequence[tuple[str, bytes]],
    ) -> None:
        self.queue.append((topic, partition, value, tuple(headers), on_delivery))

    def poll(self, _timeout: float) -> int:
        """Some of it is delivered: of each partition a beginning."""
        self.deliver(self.memory.dice.random())
        return 0

    def flush(self, _timeout: float) -> int:
        self.deliver(1)
        return len(self.queue)

    def deliver(self, share: float) -> None:
        """Deliver about this share of what is queued."""
        stuck: set[Place] = set()
        left = []
        for each in self.queue:
            topic, partition, value, told, heard = each
            if (topic, partition) in stuck or (share < 1 and self.memory.dice.random() > share):
                stuck.add((topic, partition))
                left.append(each)
                continue
            is_taken = self.refuses is None
            heard(self.refuses, self.memory.append(topic, partition, value, *told) if is_taken else None)
        self.queue = left

    def kill(self) -> None:
        """What was on its way arrives or does not."""
        self.deliver(self.memory.dice.random())
        self.queue = []
