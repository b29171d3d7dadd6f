"""Records of several partitions, taken in order within each: all that has come, or exactly a range of offsets.

broker -> fetch -> what waits, by partition -> take
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from flows.connectors.kafka.clients import Consumer, consumer, count, ends
from flows.connectors.kafka.errors import KafkaRefused, failure
from flows.connectors.kafka.settings import KafkaSettings
from flows.journal.arrivals import Arrived
from flows.journal.codec import Settled
from flows.journal.entries import TOPICS
from flows.journal.terms import Partition
from schemas.catalogue import ARROW

SENT: Final = "sent_ns"
"""Header of a record that does not say in its own text when it was sent."""

BULK: Final = ("content-type", ARROW.encode())
"""Header of a record that is many messages (`schemas.bulk`)."""

NO_BOUND: Final = 1 << 62

WAITING_MOST: Final = 50_000
WAITING_BYTES: Final = 64 << 20
"""What of a partition may wait here until no more of it is fetched: behind it the broker's log is the queue."""

TAKEN_BYTES: Final = 8 << 20
"""What of a partition is taken at once: with bulk records it is a hundred thousand messages."""

EARLIEST: Final = -1
"""A start: the first record that the partition still has."""


class Inbox:
    """One consumer of several partitions. ``positions`` say what has been taken, not what has been fetched."""

    def __init__(
        self,
        settings: KafkaSettings,
        client_id: str,
        start: Mapping[Partition, int],
        names: Mapping[int, str] | None = None,
    ) -> None:
        """Read each partition from its offset, `EARLIEST` or one. ``names`` of topics that entries do not know."""
        self.settings, self.client_id = settings, client_id
        named = dict(enumerate(TOPICS)) | dict(names or {})
        self.codes = {settings.topic(named[topic]): topic for topic, _ in start}
        self._names = {topic: name for name, topic in self.codes.items()}
        self.client: Consumer = consumer(settings, client_id, eof=True)
        self.waiting: dict[Partition, deque[Arrived]] = {at: deque() for at in start}
        self.weight = dict.fromkeys(start, 0)  # bytes that wait
        self.paused: set[Partition] = set()
        self.ends: dict[Partition, int] = {}  # as far as is known
        self.positions = {at: self._first(at, offset) for at, offset in start.items()}
        self.fetched = dict(self.positions)
        self.stamped_ns: dict[Partition, int] = {}  # the broker's time of the last record that came in
        self.client.assign(
            [TopicPartition(self._names[topic], part, at) for (topic, part), at in self.positions.items()]
        )

    def _first(self, at: Partition, offset: int) -> int:
        low, high = ends(self.client, self._names[at[0]], at[1])
        self.ends[at] = high
        if offset == EARLIEST:
            return low
        if low <= offset <= high:
            return offset
        name = f"{self._names[at[0]]}, partition {at[1]}"
        raise KafkaRefused(
            f"{name}: offset {offset} is wanted, and the broker has {low} to {high}: its records are gone, or this"
            " is another broker's state. Nothing was skipped."
        )

    def name(self, at: Partition) -> str:
        """A partition's topic, without the prefix."""
        return self._names[at[0]].removeprefix(self.settings.topic_prefix)

    def end_seen(self, at: Partition) -> int:
        """The offset that a partition's next record gets, as far as was heard: nothing is asked."""
        return self.ends[at]

    def end(self, at: Partition) -> int:
        """The offset that a partition's next record gets."""
        return ends(self.client, self._names[at[0]], at[1])[1]

    def fetch(self, timeout_s: float, most: int = 5_000) -> int:
        """Let records come in, for so long at most unless there are any; how many wait now."""
        self._pause()
        self._keep(self.client.consume(most, timeout_s))
        return sum(map(len, self.waiting.values()))

    def _pause(self) -> None:
        """Of a partition that is far ahead nothing more comes until half of it is taken; others go on to catch up."""
        for at, queue in self.waiting.items():
            share = max(len(queue) / WAITING_MOST, self.weight[at] / WAITING_BYTES)
            place = TopicPartition(self._names[at[0]], at[1])
            if share >= 1 and at not in self.paused:
                self.client.pause([place])
                self.paused.add(at)
            elif share <= 0.5 and at in self.paused:
                self.client.resume([place])
                self.paused.remove(at)

    def _keep(self, messages: Iterable[Message]) -> None:
        """They come in runs of one partition: what is the same for all of a run is looked up once."""
        topic = partition = last = None
        at: Partition = (-1, -1)
        queue: deque[Arrived] = deque()
        weight = 0
        try:
            for message in messages:
                if message.error() is not None:
                    self._hear(message)
                    continue
                if message.partition() != partition or message.topic() != topic:
                    self._kept(at, last, weight)
                    topic, partition, weight = message.topic(), message.partition(), 0
                    at = self._at(message)
                    queue = self.waiting[at]
                last, value, headers = message, message.value() or b"", message.headers()
                offset: Any = message.offset()
                if headers:
                    queue.append(Arrived(offset, value, _told_ns(headers), BULK in headers))
                else:
                    queue.append(Arrived(offset, value))
                weight += len(value)
        finally:
            self._kept(at, last, weight)

    def _kept(self, at: Partition, last: Message | None, weight: int) -> None:
        """A run has come in, of so many bytes."""
        if last is not None:
            offset = last.offset()
            assert offset is not None, "a record lies somewhere"
            self.weight[at] += weight
            self.fetched[at] = offset + 1
            self.stamped_ns[at] = last.timestamp()[1] * 1_000_000

    def _hear(self, message: Message) -> None:
        """A partition's end for now, or a fault."""
        error = message.error()
        assert error is not None, "it is no record"
        if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library names its own codes so
            count(error, self.client_id)
            raise failure(error, self.settings, f"{message.topic()}, partition {message.partition()}")
        at = self._at(message)
        self.fetched[at] = self.ends[at] = max(self.fetched[at], message.offset() or 0)
        self._pass_over(at)

    def _pass_over(self, at: Partition) -> None:
        """Where nothing waits, what was fetched is behind: a last record that no reader sees ends a transaction."""
        if not self.waiting[at]:
            self.positions[at] = max(self.positions[at], self.fetched[at])
            self.weight[at] = 0

    def _at(self, message: Message) -> Partition:
        topic, partition = message.topic(), message.partition()
        assert topic is not None, "a record lies somewhere"
        assert partition is not None, "a record lies somewhere"
        return self.codes[topic], partition

    def read_to_ns(self, of: Iterable[Partition]) -> int:
        """The time up to which all that was sent on these partitions has come in: none is behind another before it."""
        bound = NO_BOUND
        for at in of:
            if not self._is_at_end(at):
                queue = self.waiting[at]
                bound = min(bound, queue[-1].sent_ns if queue else 0)
        return bound

    def _is_at_end(self, at: Partition) -> bool:
        place = TopicPartition(self._names[at[0]], at[1])
        if (seen := self.client.get_watermark_offsets(place, cached=True)) is not None:
            self.ends[at] = max(self.ends[at], seen[1])
        return self.fetched[at] >= self.ends[at]

    def take(
        self, of: Iterable[Partition] | None = None, most: int = WAITING_MOST, to_ns: int = NO_BOUND
    ) -> dict[Partition, list[Arrived]]:
        """What waits, of these partitions or of all: at most so many each, sent up to a time. Empty ones are left out."""
        taken = {}
        of = list(self.waiting if of is None else of)
        to_ns = min([to_ns, *(self._enough(at) for at in of if self.weight[at] > TAKEN_BYTES)])
        for at in of:
            queue = self.waiting[at]
            found: list[Arrived] = []
            while queue and len(found) < most and (to_ns == NO_BOUND or queue[0].sent_ns <= to_ns):
                found.append(queue.popleft())
            if found:
                taken[at] = self._let_go(at, found)
                self.positions[at] = found[-1].offset + 1
                self._pass_over(at)
        return taken

    def _enough(self, at: Partition) -> int:
        """When the last of so many records was sent that they are enough for once; no partition goes on beyond it."""
        size = last_ns = 0
        for each in self.waiting[at]:
            size, last_ns = size + len(each.value), max(last_ns, each.sent_ns)
            if size > TAKEN_BYTES:
                break
        return last_ns

    def _let_go(self, at: Partition, records: list[Arrived]) -> list[Arrived]:
        self.weight[at] -= sum(len(each.value) for each in records)
        return records

    def holds(self, ranges: Iterable[Settled]) -> bool:
        """Whether all of these ranges have come in."""
        return all(each.end <= self.fetched[each.topic, each.partition] for each in ranges)

    def take_ranges(self, ranges: Iterable[Settled]) -> dict[Partition, list[Arrived]]:
        """Exactly these ranges, once `holds` is true of them."""
        taken = {}
        for each in ranges:
            at = each.topic, each.partition
            queue, found = self.waiting[at], []
            while queue and queue[0].offset < each.end:
                found.append(queue.popleft())
            self.positions[at] = max(self.positions[at], each.end)
            if found:
                taken[at] = self._let_go(at, found)
        return taken

    def close(self) -> None:
        """Let go of the consumer."""
        try:
            self.client.close()
        except (KafkaException, RuntimeError):
            return


def _told_ns(headers: Any) -> int:
    """When a header says that the record was sent; 0 where none says it in plain digits."""
    told = next((value for name, value in headers if name == SENT), None)
    return int(told) if told and told.isdigit() and len(told) <= 19 else 0


def ranges_of(before: Mapping[Partition, int], after: Mapping[Partition, int]) -> tuple[Settled, ...]:
    """What lies between two positions, every partition named: an empty range says where it stands."""
    return tuple(Settled(*at, before[at], after[at]) for at in sorted(after))
