"""Clients of the broker: one way to make a producer, a consumer and an administrator, and to ask what is there.

A client tells of its connections by callbacks only. Here its words go to the log, and what no later attempt can mend, a
wrong password for one, is raised as `KafkaRefused` by the next ``poll``, ``consume`` or ``flush``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

import confluent_kafka
import structlog
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ClusterMetadata

from flows.connectors.kafka.errors import GROUP, KafkaRefused, KafkaUnreachable, failure, reason, unreachable
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.telemetry import metrics

PATIENCE_S: Final = 10.0
"""How long a question to the broker may take."""

LOOK_S: Final = 0.5
"""How often, while it takes, the callbacks are looked at: a refusal need not wait for the end."""

REPEATED_S: Final = 30.0
"""A client says the same of a broker that is away at each attempt; once in this time is enough for a log."""

LARGEST_MESSAGE_BYTES: Final = 8 << 20
"""What a producer of ours may send at once; infra/kafka/topics.toml says what each topic takes."""

QUEUED_KBYTES: Final = 32 << 10
"""What a consumer may hold that nobody has asked for yet, 32 MiB."""

Answer = TypeVar("Answer")

log = structlog.get_logger()


class Watch(logging.Handler):
    """Hears what a client says of its connections: the last trouble in words, and refusals as exceptions."""

    def __init__(self, settings: KafkaSettings, client_id: str) -> None:
        super().__init__()
        self.settings, self.client_id = settings, client_id
        self.last = ""
        self.closing = False
        self._said: dict[str, float] = {}
        self.logger = logging.Logger(f"kafka/{client_id}", logging.INFO)  # noqa: LOG001 - nobody else hears it
        self.logger.addHandler(self)

    def heard(self, error: KafkaError) -> None:
        """The library's ``error_cb``: connections are tried again by themselves, refusals are not."""
        count(error, self.client_id)
        told = failure(error, self.settings)
        if isinstance(told, KafkaRefused) and not self.closing:
            raise told

    def emit(self, record: logging.LogRecord) -> None:
        """The library's log, which it would else write to the screen; a repetition once in a while."""
        text, now = reason(record.getMessage()), time.monotonic()
        if record.getMessage().startswith("FAIL"):
            self.last = text
        if now - self._said.get(text, -REPEATED_S) < REPEATED_S:
            return
        self._said = {each: at for each, at in self._said.items() if now - at < REPEATED_S}
        self._said[text] = now
        tell = log.warning if record.levelno >= logging.WARNING else log.debug
        tell("kafka client", client=self.client_id, said=text)


def flow_of(client_id: str) -> str:
    """Whose client it is: its id begins with that, as in ``clearing-majors-out``."""
    return client_id.partition("-")[0]


def count(error: KafkaError, client_id: str) -> None:
    """What a client said went wrong, by the library's name for it."""
    metrics.broker_errors(flow_of(client_id), error.name()).inc()


class Producer(confluent_kafka.Producer):
    """The library's producer, with its `Watch`."""

    def __init__(self, config: dict[str, Any], watch: Watch) -> None:
        super().__init__(config, logger=watch.logger)
        self.watch = watch


class Consumer(confluent_kafka.Consumer):
    """The library's consumer, with its `Watch`."""

    def __init__(self, config: dict[str, Any], watch: Watch) -> None:
        super().__init__(config, logger=watch.logger)
        self.watch = watch

    def close(self) -> None:
        """Let go of it; what is still said of its connections is of no interest any more."""
        self.watch.closing = True
        super().close()


class Admin(AdminClient):
    """The library's administrator, with its `Watch`. Keep it until the futures it gave are done."""

    def __init__(self, config: dict[str, Any], watch: Watch) -> None:
        super().__init__(config, logger=watch.logger)
        self.watch = watch


Client: TypeAlias = Producer | Consumer | Admin
Made = TypeVar("Made", Producer, Consumer, Admin)


def producer(settings: KafkaSettings, client_id: str, **more: Any) -> Producer:
    """An idempotent producer: acknowledged by all in-sync replicas, in order, once each while it lives.

    ``more`` are the library's settings with underscores for dots: ``linger_ms=50``. The caller names the partition.
    """
    told = {
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.max.bytes": LARGEST_MESSAGE_BYTES,
        "request.timeout.ms": 10_000,
    }
    watch = Watch(settings, client_id)
    return _made(Producer, watch, told, more)


def consumer(settings: KafkaSettings, client_id: str, *, eof: bool = False, **more: Any) -> Consumer:
    """A consumer for ``assign`` alone: no group, no committed offsets; an offset that is gone is an error.

    ``eof=True`` has it say where a partition ends, by a message with the error ``_PARTITION_EOF``. Ask for the `ends`
    of what is assigned: of a topic that is missing or denied a consumer says nothing, it only never reads anything.
    """
    told = {
        "group.id": GROUP,  # nothing joins it or commits to it
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": eof,
        "fetch.wait.max.ms": 50,
        "queued.max.messages.kbytes": QUEUED_KBYTES,
        "fetch.message.max.bytes": LARGEST_MESSAGE_BYTES,
        "receive.message.max.bytes": 8 * LARGEST_MESSAGE_BYTES,
    }
    watch = Watch(settings, client_id)
    return _made(Consumer, watch, told, more)


def admin(settings: KafkaSettings, client_id: str = "marginline-admin") -> Admin:
    """An administrator: topics, their settings, rights."""
    return _made(Admin, Watch(settings, client_id), {}, {})


def metadata(client: Client, topic: str | None = None, patience_s: float = PATIENCE_S) -> ClusterMetadata:
    """The broker's description of itself and of one topic, or of all; the first thing to ask a broker."""
    return _answer(
        client, lambda seconds: _listed(client, topic, seconds), patience_s, f"topic {topic}" if topic else ""
    )


def partitions(settings: KafkaSettings, topic: str, patience_s: float = PATIENCE_S) -> int:
    """How many partitions a topic has; ``topic`` is its name without prefix."""
    return _partitions(admin(settings), settings.topic(topic), patience_s)


def ends(client: Consumer, topic: str, partition: int, patience_s: float = PATIENCE_S) -> tuple[int, int]:
    """The first offset that a partition still has and the one that its next record gets; ``topic`` with its prefix."""
    place = TopicPartition(topic, partition)

    def ask(seconds: float) -> tuple[int, int] | None:
        try:
            return client.get_watermark_offsets(place, timeout=seconds, cached=False)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._UNKNOWN_PARTITION:  # noqa: SLF001
                raise
            return None  # the topic has it, as was just asked: this client has not heard of it yet

    if partition >= (count := _partitions(client, topic, patience_s)):
        raise KafkaRefused(f"topic {topic} has {count} partitions, and no partition {partition}.")
    return _answer(client, ask, patience_s, f"topic {topic}, partition {partition}")


# ---- asking ----------------------------------------------------------------------------------------------------------
def _listed(client: Client, topic: str | None, seconds: float) -> ClusterMetadata:
    return (
        client.list_topics(timeout=seconds) if topic is None else client.list_topics(topic, timeout=seconds)
    )


def _partitions(client: Client, topic: str, patience_s: float) -> int:
    found, settings = metadata(client, topic, patience_s).topics[topic], client.watch.settings
    if found.error is None:
        return len(found.partitions)
    if found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise KafkaRefused(
            f"{settings.bootstrap} has no topic {topic}: marginline topics apply --venue FILE makes it."
        )
    raise failure(found.error, settings, f"topic {topic}")


def _answer(client: Client, ask: Callable[[float], Answer | None], patience_s: float, what: str) -> Answer:
    """Ask until there is an answer. A question that fails says merely `_TRANSPORT`: why, the callbacks know."""
    end, last = time.monotonic() + patience_s, ""
    while (rest := end - time.monotonic()) > 0:
        try:
            if (answer := ask(min(rest, LOOK_S))) is not None:
                return answer
        except KafkaException as error:
            told = failure(error.args[0], client.watch.settings, what)
            if not isinstance(told, KafkaUnreachable):
                raise told from error
        _heed(client)
        time.sleep(min(max(end - time.monotonic(), 0.0), 0.05))
    raise unreachable(client.watch.settings, client.watch.last or last, what)


def _heed(client: Client) -> None:
    """Let the client's callbacks speak; a refusal among them is raised."""
    if (
        not isinstance(client, Consumer) or not client.assignment()
    ):  # a poll would take a record from a reader
        client.poll(0)


# ---- making ----------------------------------------------------------------------------------------------------------
def _made(kind: type[Made], watch: Watch, told: dict[str, Any], more: dict[str, Any]) -> Made:
    dotted = {name if name.endswith("_cb") else name.replace("_", "."): each for name, each in more.items()}
    config = {
        **watch.settings.client(),
        "client.id": watch.client_id,
        "error_cb": watch.heard,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 2_000,
        **told,
        **dotted,
    }
    try:
        return kind(config, watch)
    except KafkaException as error:  # files of keys that cannot be read, settings that contradict each other
        said = error.args[0]
        raise KafkaRefused(f"no client for {watch.settings.bootstrap}: {reason(said)}.") from None
