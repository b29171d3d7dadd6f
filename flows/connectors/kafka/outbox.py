"""Records to partitions, by number: what is not acknowledged is an error, never a silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException, Message

from flows.connectors.kafka.clients import producer
from flows.connectors.kafka.errors import KafkaUnreachable, failure
from flows.connectors.kafka.settings import KafkaSettings

Headers = Sequence[tuple[str, bytes]]

FLUSH_S = 60.0
"""How long a flush may wait for the broker: a paused one comes back within a minute, or an operator is needed."""


class Outbox:
    """One producer. What was sent is in order within its partition, and safe once `flush` has returned."""

    def __init__(self, settings: KafkaSettings, client_id: str, linger_ms: int = 1) -> None:
        self.settings = settings
        self.client = producer(
            settings, client_id, linger_ms=linger_ms, message_timeout_ms=int(FLUSH_S * 1000)
        )
        self._failed: KafkaError | None = None

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

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._delivered(error, message)
            if heard is not None and error is None:
                heard(message.offset() or 0)

        name = self.settings.topic(topic)
        while True:
            try:
                self.client.produce(
                    name,
                    value,
                    key.encode(),
                    partition,
                    on_delivery=self._delivered if heard is None else delivered,
                    headers=list(headers),
                )
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
        left = self.client.flush(FLUSH_S)
        self._check()
        if left:
            raise KafkaUnreachable(
                f"{self.settings.bootstrap} has not acknowledged {left} records within {FLUSH_S:.0f} s."
            )

    def close(self) -> None:
        """Give what was sent a last chance; whoever must know has flushed."""
        self.client.flush(5)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed = error

    def _check(self) -> None:
        if self._failed is not None:
            raise failure(self._failed, self.settings, "a record was not taken")
