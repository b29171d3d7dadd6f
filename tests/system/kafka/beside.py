"""The example processes beside a venue that is played here: its topics are written and read by the test itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from confluent_kafka import TopicPartition

from flows.connectors.cloudevents import headers
from flows.connectors.kafka.clients import consumer, ends
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.settings import ROOT
from schemas.catalogue import JSON

START_S: Final = 1_744_000_000
SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """A record as a test looks at it."""

    lane: int
    said: dict[str, Any]
    headers: dict[str, bytes]


@dataclass
class Beside:
    """A venue of some lanes. Pools are called p0, p1 ..., as their lanes."""

    settings: KafkaSettings
    lanes: int
    out: Outbox = field(init=False)
    offset: int = 0

    def __post_init__(self) -> None:
        self.out = Outbox(self.settings, "venue")

    def say(self, topic: str, lane: int, said: dict[str, Any] | bytes) -> None:
        """Publish one message."""
        value = said if isinstance(said, bytes) else orjson.dumps(said)
        self.out.send(topic, lane, f"p{lane}", value, headers(topic, "x", "venue", SECOND, JSON))

    def clock(self, second: int) -> None:
        """The venue's time, in seconds from its start."""
        at = (START_S + second) * SECOND
        said = {"source": "clock", "number": START_S + second, "time_ns": at, "sent_ns": at}
        self.say("clock", 0, said)
        self.out.flush()

    def depth(self, market: str, bids: list[list[str]], asks: list[list[str]], lane: int = 0) -> None:
        """A snapshot."""
        self.say("depth", lane, {"source": "m", "number": 1, "market": market, "bids": bids, "asks": asks})
        self.out.flush()

    def event(self, topic: str, lane: int, second: int = 0, **fields: Any) -> str:
        """An event of a pool on one of its typed topics; its id."""
        self.offset += 1
        said = {
            "id": f"p{lane}:{self.offset}:0",
            "pool": f"p{lane}",
            "journal_offset": self.offset,
            "event_index": 0,
            "time_ns": (START_S + second) * SECOND,
            **fields,
        }
        self.say(topic, lane, said)
        return str(said["id"])

    def order(self, lane: int = 0, second: int = 0, **changes: Any) -> str:
        """A liquidation order that lapses five seconds later; its id."""
        fields = {
            "type": "liquidation-order",
            "account": "alice",
            "market": "BTC-PERP",
            "side": "sell",
            "quantity": "0.500",
            "price": "90.0",
            "tick": "0.5",
            "lot": "0.001",
            "deadline_ns": (START_S + second + 5) * SECOND,
        }
        return self.event("liquidations", lane, second, **fields | changes)

    def read(self, topic: str) -> list[Read]:
        """All that a topic holds."""
        client = consumer(self.settings, "looker")
        name = self.settings.topic(topic)
        found = []
        for lane in range(self.lanes):
            low, high = ends(client, name, lane)
            client.assign([TopicPartition(name, lane, low)])
            while high > low:
                for message in client.consume(high - low, 5):
                    assert message.error() is None, message.error()
                    low = message.offset() + 1
                    found.append(Read(lane, orjson.loads(message.value()), dict(message.headers())))
        client.close()
        return found

    def wait(self, topic: str, count: int, seconds: float = 20) -> list[Read]:
        """What a topic holds once it holds so many."""
        until(lambda: len(self.read(topic)) >= count, seconds, f"{count} on {topic}")
        return self.read(topic)

    # --- processes ----------------------------------------------------------------------------------------------------
    def start(self, example: str, state: Path, *more: str) -> subprocess.Popen[bytes]:
        """Start an example process; what it says goes to a file beside its state."""
        command = [
            *(sys.executable, str(ROOT / "examples" / f"{example}.py")),
            *("--bootstrap", self.settings.bootstrap, "--topic-prefix", self.settings.topic_prefix),
            *("--state", str(state), *more),
        ]
        with log_of(state).open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    @contextmanager
    def running(self, example: str, state: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """While it runs; it must end well when asked to."""
        process = self.start(example, state, *more)
        try:
            yield process
            assert process.poll() is None, log_of(state).read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, log_of(state).read_text()
        finally:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """As the kernel does: nothing is written or closed."""
    process.kill()
    process.wait()


def log_of(state: Path) -> Path:
    """What the processes of a state said."""
    return state.with_name(f"{state.name}.log")


def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"still waiting for {what}"
        time.sleep(0.05)
