"""What a process beside the venue needs to talk with it over Kafka: records in order, messages out, and a memory.

Nothing here is Marginline's own: copy this file with executor.py or liquidator.py, and change what you like. It needs
confluent_kafka and orjson.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

NANO: Final = 1_000_000_000
"""Prices and quantities have at most nine decimals: they are counted in 1e-9, as integers."""

PATIENCE_S: Final = 120.0
"""How long the broker may be away: a paused one comes back, or somebody is needed."""

CLOCK: Final = "clock"
"""Who tells the time on the topic of that name. No other sender's time counts: a slip of a year would stop everything."""

QUIET_S: Final = 0.3
"""A process that was killed may have a request under way: its tail is at rest once nothing has come for so long."""


# ---- decimals --------------------------------------------------------------------------------------------------------
def units(text: str) -> int:
    """``0.073`` as 73,000,000 of 1e-9: exact, no float anywhere."""
    whole, _, decimals = text.partition(".")
    return int(whole) * NANO + int(decimals.ljust(9, "0") or "0")


def decimal(count: int) -> str:
    """The shortest text of a number of 1e-9."""
    whole, part = divmod(count, NANO)
    return f"{whole}.{part:09d}".rstrip("0") if part else str(whole)


# ---- the command line ------------------------------------------------------------------------------------------------
def parser(about: str, source: str) -> argparse.ArgumentParser:
    """The options that both processes have."""
    found = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument(
        "--bootstrap", default="127.0.0.1:9092", help="host:port of a broker, or several with commas"
    )
    found.add_argument("--topic-prefix", default="", help="what the venue puts before its topics' names")
    found.add_argument(
        "--config",
        type=Path,
        help="file of librdkafka's settings, name=value a line: security.protocol, ssl.ca.location, sasl.username ...",
    )
    found.add_argument(
        "--state", type=Path, required=True, help="file that remembers how far this process has come"
    )
    found.add_argument("--source", default=source, help="this producer, as the venue's file registers it")
    return found


def _settings(path: Path | None) -> dict[str, str]:
    """librdkafka's settings from a file; ``#`` begins a comment line."""
    if path is None:
        return {}
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except OSError as error:
        sys.exit(f"{path}: cannot be read: {error.strerror}")
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    for name, sign, _ in pairs:
        if not sign:
            sys.exit(f"{path}: {name} is no setting: write name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


class Stop:
    """Set by SIGTERM and SIGINT: the process ends behind what it is doing."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.asked = True


# ---- the broker ------------------------------------------------------------------------------------------------------
Place = tuple[str, int]
"""A topic, without prefix, and one of its partitions."""


class Link:
    """How the broker is reached."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.prefix: str = arguments.topic_prefix
        self.config: dict[str, Any] = {
            "bootstrap.servers": arguments.bootstrap,
            "error_cb": _heard,
            "log_level": 0,
            **_settings(arguments.config),
        }

    def consumer(self) -> Consumer:
        """For named partitions from named offsets: no group. An offset that is gone is an error, not a jump."""
        return Consumer(
            {
                **self.config,
                "group.id": "none",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,
            }
        )

    def places(self, consumer: Consumer, topic: str) -> list[Place]:
        """The partitions of a topic: one a pool."""
        name = self.prefix + topic
        found = consumer.list_topics(name, timeout=PATIENCE_S).topics[name]
        if found.error is not None:
            sys.exit(f"{name}: {found.error.str()}")
        return [(topic, number) for number in sorted(found.partitions)]


def _heard(error: KafkaError) -> None:
    """A connection that breaks is made again by itself; a wrong password is not."""
    print(f"kafka: {error.str()}", file=sys.stderr, flush=True)
    if error.code() in {KafkaError._AUTHENTICATION, KafkaError.TOPIC_AUTHORIZATION_FAILED}:  # noqa: SLF001
        sys.exit(1)


class Record(NamedTuple):
    """A record: where it lies, what it says, and of which event it is the answer. No JSON object says nothing."""

    topic: str
    lane: int
    offset: int
    said: dict[str, Any]
    cause: str

    @classmethod
    def of(cls, message: Message, prefix: str) -> Record:
        """Anybody may write anything to an input topic."""
        try:
            said = orjson.loads(message.value() or b"")
        except ValueError:
            said = {}
        headers: Any = message.headers() or ()
        cause = next((value for name, value in headers if name == "ce_causationid"), b"")
        topic, lane, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
        return cls(
            topic.removeprefix(prefix), lane, offset, said if isinstance(said, dict) else {}, cause.decode()
        )

    def second(self) -> int:
        """The time that a record of the topic clock tells, 0 if it is no clock's."""
        time_ns = self.said.get("time_ns") if self.said.get("source") == CLOCK else None
        return time_ns if isinstance(time_ns, int) else 0


class Reader:
    """Records of some partitions, each from its offset on; ``positions`` are the offsets behind what was taken."""

    def __init__(
        self, link: Link, topics: list[str], starts: dict[Place, int], back: int | None = None
    ) -> None:
        """Without a start, a partition is read from its beginning, or from ``back`` records before its end."""
        self.link, self.consumer = link, link.consumer()
        self.positions: dict[Place, int] = {}
        for topic in topics:
            for place in link.places(self.consumer, topic):
                low, high = self._bounds(place)
                first = low if back is None else max(low, high - back)
                self.positions[place] = min(max(starts.get(place, first), low), high)
        self.consumer.assign(
            [TopicPartition(link.prefix + topic, part, at) for (topic, part), at in self.positions.items()]
        )

    def take(self, seconds: float, most: int = 500) -> list[Record]:
        """What has come, waiting so long for the first of it: `consume` alone would wait for all that it may bring."""
        taken = []
        first = self.consumer.poll(seconds)
        for message in [] if first is None else [first, *self.consumer.consume(most, 0)]:
            record = Record.of(message, self.link.prefix)
            error = message.error()
            if error is None:
                taken.append(record)
            elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
                raise KafkaException(error)
            self.positions[record.topic, record.lane] = record.offset + (error is None)
        return taken

    def ends(self) -> dict[Place, int]:
        """The offset behind the last record of each partition, asked anew."""
        return {place: self._bounds(place)[1] for place in self.positions}

    def has_passed(self, ends: dict[Place, int]) -> bool:
        """Whether all up to these offsets was taken."""
        return all(self.positions[place] >= end for place, end in ends.items())

    def take_all(self) -> Iterator[Record]:
        """All that was there when it was asked for: who acts now should not act on what is old."""
        ends = self.ends()
        late = time.monotonic() + PATIENCE_S
        while not self.has_passed(ends):
            if time.monotonic() > late:
                sys.exit(f"the broker has given nothing for {PATIENCE_S:.0f} s")
            yield from self.take(0.02, 2_000)

    def close(self) -> None:
        """Let go of it."""
        self.consumer.close()

    def _bounds(self, place: Place) -> tuple[int, int]:
        """The first offset that is there, and the one behind the last; a broker that is away may come back."""
        where = TopicPartition(self.link.prefix + place[0], place[1])
        late = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.consumer.get_watermark_offsets(where, timeout=10, cached=False)
            except KafkaException:
                if time.monotonic() > late:
                    raise
                time.sleep(0.1)


class Writer:
    """Messages of one producer on one topic, numbered on from the last that the topic has of it."""

    def __init__(self, link: Link, topic: str, source: str) -> None:
        self.link, self.topic, self.source = link, topic, source
        self.number = 0
        self.producer = Producer({**link.config, "enable.idempotence": True, "acks": "all", "linger.ms": 1})
        self.places: dict[
            Place, int
        ] = {}  # offsets behind the tail that was read, and behind what was acknowledged
        self._failed: KafkaError | None = None

    def recall(self, number: int, starts: dict[Place, int]) -> Iterator[Record]:
        """What this producer has published since ``number``, from ``starts`` on; read it to the end before sending."""
        self.number = number
        reader = Reader(self.link, [self.topic], starts)
        rest = time.monotonic() + QUIET_S
        while time.monotonic() < rest:
            for record in reader.take_all():
                if record.said.get("source") == self.source:
                    self.number = max(self.number, record.said["number"])
                    yield record
                    rest = time.monotonic() + QUIET_S
            time.sleep(0.03)
        self.places = dict(reader.positions)
        reader.close()

    def send(self, pool: str, lane: int, cause: str, now_ns: int, **fields: str | int) -> int:
        """Publish one message on a pool's lane; ``cause`` is the event that it answers. Its number."""
        self.number += 1
        said = {"source": self.source, "number": self.number, "time_ns": now_ns, "sent_ns": now_ns, **fields}
        headers = self._headers(cause, now_ns)
        while True:
            try:
                self.producer.produce(
                    self.link.prefix + self.topic,
                    orjson.dumps(said),
                    pool.encode(),
                    lane,
                    on_delivery=self._delivered,
                    headers=headers,
                )
            except BufferError:  # the queue is full: wait for the broker
                self.producer.poll(0.1)
            else:
                self.producer.poll(0)
                return self.number

    def _headers(self, cause: str, now_ns: int) -> list[tuple[str, str | bytes | None]]:
        second, part = divmod(now_ns, NANO)
        day = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return [
            ("ce_specversion", b"1.0"),
            ("ce_type", f"marginline.{self.topic}".encode()),
            ("ce_source", self.source.encode()),
            ("ce_id", f"{self.topic}:{self.number}".encode()),
            ("ce_time", f"{day}.{part:09d}Z".encode()),
            ("ce_causationid", cause.encode()),
            ("content-type", b"application/json"),
        ]

    def flush(self) -> None:
        """Wait until all is acknowledged. What cannot be delivered ends the process: its next start looks what is there."""
        left = self.producer.flush(PATIENCE_S)
        if self._failed is not None:
            sys.exit(f"{self.topic}: not delivered: {self._failed.str()}")
        if left:
            sys.exit(f"{self.topic}: {left} messages not acknowledged within {PATIENCE_S:.0f} s")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed = error
            return
        self.places[self.topic, message.partition() or 0] = (message.offset() or 0) + 1


# ---- memory ----------------------------------------------------------------------------------------------------------
class State:
    """A file of the last number and of offsets. Without it all is read from the beginning: slower, not different."""

    def __init__(self, path: Path) -> None:
        """Hold it: a second process with the same file would answer everything twice."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"{path}: another process holds it")

    def load(self) -> tuple[int, dict[Place, int]]:
        """The number and the offsets that `save` kept; 0 and none if there is no whole file."""
        try:
            kept = orjson.loads(self.path.read_bytes())
            offsets = kept["offsets"].items()
            return int(kept["number"]), {
                (topic, int(lane)): at for topic, of in offsets for lane, at in of.items()
            }
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return 0, {}

    def save(self, number: int, offsets: dict[Place, int]) -> None:
        """Put it in its place by rename: it is there whole, or as it was before."""
        told: dict[str, dict[str, int]] = {}
        for (topic, lane), at in offsets.items():
            told.setdefault(topic, {})[str(lane)] = at
        draft = self.path.with_name(f".{self.path.name}.draft")
        draft.write_bytes(orjson.dumps({"number": number, "offsets": told}))
        draft.replace(self.path)
