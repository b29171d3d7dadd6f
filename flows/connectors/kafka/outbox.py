"""Records to partitions, by number: what is not acknowledged is an error, never a silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message

from flows.connectors.kafka.clients import count, flow_of, producer
from flows.connectors.kafka.errors import KafkaUnreachable, failure
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.telemetry import metrics

Headers = Sequence[tuple[str, bytes]]

FLUSH_S = 60.0
"""How long a flush may wait for the broker: a paused one comes back within a minute, or an operator is needed."""


class Outbox:
    """One producer. What was sent is in order within its partition, and safe once `flush` has returned."""

    def __init__(self, settings: KafkaSettings, client_id: str, linger_ms: int = 1) -> None:
        self.settings, self.client_id, self.flow = settings, client_id, flow_of(client_id)
        self.client = producer(
            settings, client_id, linger_ms=linger_ms, message_timeout_ms=int(FLUSH_S * 1000)
        )
        self._failed: KafkaError | None = None
        self._told_of: dict[str, Callable[[KafkaError | None, Message], None]] = {}  # by topic
        self._acknowledged: Counter[str] = Counter()  # by topic, since it was last told
        self._sent = self._answered = 0
        self._told = 0  # of those that were sent and not answered
        metrics.unacknowledged(self.flow)

    def send(
        self,
        topic: str,
        partition: int,
        key: str,
        value: bytes,
        headers: Headers,
        heard: Callable[[int], None] | None = None,
    ) -> None:
        """Queue one record; a full queue waits. Raises what became of an earlier one. ``heard`` is told its offset."""
        name = self.settings.topic(topic)
        if topic not in self._told_of:
            self._told_of[topic] = partial(self._delivered, topic)
        told = self._told_of[topic] if heard is None else partial(self._delivered_to, topic, heard)
        while True:
            try:
                self.client.produce(
                    name,
                    value,
                    key.encode(),
                    partition,
                    on_delivery=told,
                    headers=list(headers),
                )
                self._sent += 1
                break
            except BufferError:  # the queue is full: this is the backpressure
                self.client.poll(0.05)
                self._check()
            except KafkaException as error:
                raise failure(error.args[0], self.settings, name) from error

    def poll(self) -> None:
        """Hear of deliveries."""
        self.client.poll(0)
        self._check()

    def flush(self) -> None:
        """Wait until all that was sent is acknowledged. KafkaUnreachable if it is not."""
        self._tell()  # what waits now is seen while it waits
        left = self.client.flush(FLUSH_S)
        self._check()
        if left:
            raise KafkaUnreachable(
                f"{self.settings.bootstrap} has not acknowledged {left} records within {FLUSH_S:.0f} s."
            )

    def close(self) -> None:
        """Give what was sent a last chance; whoever must know has flushed."""
        self.client.flush(5)
        self._tell()

    def _delivered(self, topic: str, error: KafkaError | None, _message: Message) -> None:
        self._answered += 1
        if error is None:
            self._acknowledged[topic] += 1
            return
        count(error, self.client_id)
        if self._failed is None:
            self._failed = error

    def _delivered_to(
        self, topic: str, heard: Callable[[int], None], error: KafkaError | None, message: Message
    ) -> None:
        self._delivered(topic, error, message)
        if error is None:
            heard(message.offset() or 0)

    def _tell(self) -> None:
        """Metrics, a batch at a time."""
        for topic, records in self._acknowledged.items():
            metrics.output_records(self.flow, topic).inc(records)
        self._acknowledged.clear()
        waiting = self._sent - self._answered
        metrics.unacknowledged(self.flow).inc(waiting - self._told)  # a flow has several clients
        self._told = waiting

    def _check(self) -> None:
        self._tell()
        if self._failed is not None:
            raise failure(self._failed, self.settings, "a record was not taken")
