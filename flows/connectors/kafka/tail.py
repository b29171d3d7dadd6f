"""What topics hold already, for whoever goes on writing to them: their last record, and all since a moment.

A producer that stopped asks here what it had published, instead of remembering it beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, Message, TopicPartition

from flows.connectors.kafka.clients import PATIENCE_S, Consumer, consumer, ends, partitions
from flows.connectors.kafka.errors import KafkaUnreachable, failure
from flows.connectors.kafka.settings import KafkaSettings

A_FETCH: Final = 5_000
QUIET_S: Final = 30.0
"""How long a broker that has more may give nothing."""


class Held(NamedTuple):
    """A record as it lies there."""

    offset: int
    value: bytes
    time_ms: int  # the broker's


class Tail:
    """One reader of any partitions, one after the other. Topics go without their prefix."""

    def __init__(self, settings: KafkaSettings, client_id: str) -> None:
        self.settings = settings
        self.client: Consumer = consumer(settings, client_id, eof=True)

    def lanes(self, topic: str) -> int:
        """How many partitions a topic has."""
        return partitions(self.settings, topic)

    def last(self, topic: str, lane: int) -> Held | None:
        """The last record of a partition."""
        low, high = ends(self.client, self.settings.topic(topic), lane)
        found = list(self._read(topic, lane, high - 1, high)) if high > low else []
        return found[-1] if found else None

    def since(self, topic: str, lane: int, time_ms: int) -> Iterator[Held]:
        """All records that the broker got at or after a time, up to what is there now."""
        low, high = ends(self.client, self.settings.topic(topic), lane)
        place = TopicPartition(self.settings.topic(topic), lane, max(time_ms, 0))
        [first] = self.client.offsets_for_times([place], timeout=PATIENCE_S)
        if first.error is not None:
            raise failure(first.error, self.settings, topic)
        # Without such a record the answer is the end.
        yield from self._read(topic, lane, max(low, first.offset) if first.offset >= 0 else high, high)

    def close(self) -> None:
        """Let go of the client."""
        self.client.close()

    def _read(self, topic: str, lane: int, start: int, end: int) -> Iterator[Held]:
        name, at = self.settings.topic(topic), start
        self.client.assign([TopicPartition(name, lane, start)])
        while at < end:
            first = self.client.poll(QUIET_S)  # `consume` alone would wait for all that it may bring
            if first is None:
                raise KafkaUnreachable(f"{name}, partition {lane}: nothing came for {QUIET_S:.0f} s.")
            for message in [first, *self.client.consume(A_FETCH, 0)]:
                error = message.error()
                if error is None:
                    at = (message.offset() or 0) + 1
                    if at <= end:
                        yield _held(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library names its own codes so
                    at = end
                else:
                    raise failure(error, self.settings, f"{name}, partition {lane}")


def _held(message: Message) -> Held:
    return Held(message.offset() or 0, message.value() or b"", message.timestamp()[1])
