"""From a quote to the order that it led to: who saw what when, each step found by the ids that the records bear.

    liquidations (received) -> journal entry -> state of market-state -> quote on oracle-prices (sent)

No clock is compared with another machine's: all of it runs on one. Between records the broker's own times are taken, which
it tells in whole milliseconds.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import orjson
from confluent_kafka import KafkaError, TopicPartition

from flows.connectors.kafka.clients import Consumer, consumer, ends
from flows.journal import entries as en
from flows.journal.codec import about_of, decode_entries, end_of_events
from flows.journal.terms import Standing
from flows.lanes.settings import Live

MS_NS: Final = 1_000_000
CLOSES: Final = "liquidation-order"
"""The type of message that execution must act on."""


def _end(value: bytes) -> int:
    about = about_of(value)
    return about.first_offset + about.count


LANES: Final[dict[str, Callable[[bytes], int]]] = {
    "market-state": _end,
    "journal": _end,
    "events": end_of_events,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One record as a consumer got it."""

    lane: int
    value: bytes
    stamped_ns: int  # the broker's time of it
    received_ns: int


@dataclass
class Listener:
    """A consumer of one topic from its end on, on a thread of its own. Of batches it keeps how far they reach."""

    live: Live
    topic: str
    lanes: int
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = consumer(self.live.kafka, f"bench-{self.topic}")
        name = self.live.kafka.topic(self.topic)
        places = [TopicPartition(name, lane, ends(self.client, name, lane)[1]) for lane in range(self.lanes)]
        self.client.assign(places)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listener-{self.topic}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self.client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self.client.poll(0.05)
            if message is None or message.error() is not None:
                continue
            now_ns = time.time_ns()
            value = message.value() or b""
            if self.topic in LANES:  # how far it reaches is enough
                value = b"%d" % LANES[self.topic](value)
            self.heard.append(Heard(message.partition() or 0, value, message.timestamp()[1] * MS_NS, now_ns))


@dataclass(slots=True)
class Chain:
    """One lane's journal or market-state, read back: rows in order, and the broker's time of each row's record."""

    rows: en.Rows
    firsts: list[int]  # first row of each record
    stamped_ns: list[int]

    def stamp(self, row: int) -> int:
        """When the broker got the record that a row is in."""
        return self.stamped_ns[bisect_right(self.firsts, row) - 1]


def read_back(live: Live, topic: str, lane: int) -> Chain:
    """All of a lane that counts."""
    standing, pieces, firsts, stamps = Standing(), [en.empty(0)], [], []
    for offset, value, stamped_ns in _records(live, topic, lane):
        batch = decode_entries(value)
        if standing.take(batch.about, offset) and len(batch.rows):
            pieces.append(batch.rows)
            firsts.append(batch.first_offset)
            stamps.append(stamped_ns)
    return Chain(np.concatenate(pieces), firsts, stamps)


def _records(live: Live, topic: str, lane: int) -> Iterator[tuple[int, bytes, int]]:
    client: Consumer = consumer(live.kafka, "bench-back", eof=True)
    name = live.kafka.topic(topic)
    try:
        low, high = ends(client, name, lane)
        client.assign([TopicPartition(name, lane, low)])
        at = low
        while at < high:
            for message in client.consume(1_000, 0.2):
                error = message.error()
                if error is not None:
                    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library names its own codes so
                        at = high
                    continue
                at = (message.offset() or 0) + 1
                yield at - 1, message.value() or b"", message.timestamp()[1] * MS_NS
    finally:
        client.close()


@dataclass(slots=True)
class Spans:
    """Seconds of each part, an order each."""

    whole: list[float] = field(default_factory=list)
    by_pool_time: list[float] = field(default_factory=list)  # the same, from the message's own time_ns
    market: list[float] = field(default_factory=list)  # quote made to state at the broker
    intake: list[float] = field(default_factory=list)  # state to entry
    clearing: list[float] = field(default_factory=list)  # entry to message at the broker
    fetch: list[float] = field(default_factory=list)  # message to its consumer
    accounts: int = 0  # that an order was told of
    by_clock: int = 0  # orders that a clock led to
    messages: int = 0


def liquidations(live: Live, heard: list[Heard], from_ns: int, until_ns: int) -> Spans:
    """Trace each order that a price led to, and was heard in a stretch of time."""
    spans, accounts = Spans(), set()
    quotes = _Quotes(live)
    for lane in range(len(live.venue.pools)):
        mine = [each for each in heard if each.lane == lane and from_ns <= each.received_ns <= until_ns]
        if not mine:
            continue
        journal, states = read_back(live, "journal", lane), read_back(live, "market-state", lane)
        for each in mine:
            said = orjson.loads(each.value)
            spans.messages += 1
            if said["type"] != CLOSES:
                continue
            entry = journal.rows[said["journal_offset"]]
            if entry[en.KIND] != en.MARKET_STATE:
                spans.by_clock += 1
                continue
            accounts.add((lane, said["account"]))
            state = int(entry[en.NUMBER])
            cause = states.rows[state]
            if cause[en.TOPIC] != en.TOPIC_ORACLE_PRICES:
                spans.by_clock += 1
                continue
            _add(
                spans, each, said, quotes.sent_ns(int(cause[en.ORIGIN_OFFSET])), journal, states.stamp(state)
            )
    spans.accounts = len(accounts)
    return spans


def _add(
    spans: Spans, heard: Heard, said: dict[str, Any], sent_ns: int, journal: Chain, state_ns: int
) -> None:
    entry_ns = journal.stamp(said["journal_offset"])
    spans.whole.append((heard.received_ns - sent_ns) / 1e9)
    spans.by_pool_time.append((heard.received_ns - said["time_ns"]) / 1e9)
    spans.market.append((state_ns - sent_ns) / 1e9)
    spans.intake.append((entry_ns - state_ns) / 1e9)
    spans.clearing.append((heard.stamped_ns - entry_ns) / 1e9)
    spans.fetch.append((heard.received_ns - heard.stamped_ns) / 1e9)


class _Quotes:
    """When each quote was sent, by its offset; read once, all of them."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.times: list[int] = []

    def sent_ns(self, offset: int) -> int:
        """By the quote itself."""
        if not self.times:
            self.times = [
                int(value[value.rindex(b":") + 1 : -1])
                for _, value, _ in _records(self.live, en.TOPICS[en.TOPIC_ORACLE_PRICES], 0)
            ]
        return self.times[offset]


def deposits(live: Live, heard: list[Heard], from_ns: int, until_ns: int) -> list[float]:
    """Seconds from a deposit's sending to the receipt of the events that hold its own."""
    found: list[float] = []
    for lane in range(len(live.venue.pools)):
        mine = [each for each in heard if each.lane == lane]
        reached = np.maximum.accumulate(np.array([int(each.value) for each in mine], np.int64))
        journal = read_back(live, "journal", lane).rows
        of = (journal[:, en.KIND] == en.DEPOSIT) & (journal[:, en.TIME_NS] >= from_ns)
        of &= journal[:, en.TIME_NS] <= until_ns
        for offset in np.flatnonzero(of).tolist():
            place = int(np.searchsorted(reached, offset + 1))
            if place < len(mine):
                found.append((mine[place].received_ns - int(journal[offset, en.TIME_NS])) / 1e9)
    return found
