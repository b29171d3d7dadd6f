"""A flow's one lane as a process: read, step, write, commit; killed, stopped, started again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from flows.connectors.engine import Item
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.placement import keys_for
from flows.journal import entries as en
from flows.lanes import clearing, intake, market
from flows.lanes.settings import SHARED, Live
from tests.journal import small
from tests.lanes.memory import Memory, Producer

POOL: Final = "majors"
FLOWS: Final[dict[str, tuple[Any, Any, Any]]] = {
    "market": (market.reader, market.Price, market.writer),
    "intake": (intake.reader, intake.Admit, intake.writer),
    "clearing": (clearing.JournalReader, clearing.Clear, clearing.EventsWriter),
}


class Sometimes:
    """Due when the dice say, instead of by the clock."""

    def __init__(self, dice: random.Random, share: float) -> None:
        self.dice, self.share = dice, share

    def is_due(self) -> bool:
        return self.dice.random() < self.share


def live(folder: Path) -> Live:
    """The shipped venue on nothing."""
    return Live(small.venue(), KafkaSettings(), folder)


@dataclass
class Process:
    """One flow's lane of the pool, from a start on."""

    memory: Memory
    live: Live
    flow: str
    checkpoints: float = 0.2  # how often, a turn
    reader: Any = field(init=False)
    step: Any = field(init=False)
    writer: Any = field(init=False)
    producers: list[Producer] = field(init=False)

    def __post_init__(self) -> None:
        make_reader, make_step, make_writer = FLOWS[self.flow]
        key = keys_for([pool.id for pool in self.live.venue.pools])[POOL]
        self.memory.adopt()
        self.reader, self.step = make_reader(self.live, key), make_step(self.live, POOL)
        self.writer = make_writer(self.live, key)
        self.producers = self.memory.adopt()
        self.step.due = Sometimes(self.memory.dice, self.checkpoints)

    def turn(self) -> int:
        """One poll through to the sink; how many items it brought."""
        items = self.reader.read() or []
        self.producers += self.memory.adopt()
        for _, item in items:
            self.writer.write([Item(item.pool, each) for each in self.step.apply(item.body)])
        return len(items)

    def commit(self) -> None:
        """An epoch ends."""
        self.writer.snapshot()

    def kill(self) -> None:
        """As kill -9 does. A checkpoint that was being written may be whole."""
        self.step.checkpoints.join()
        for each in self.producers:
            each.kill()

    def stop(self) -> None:
        """As SIGTERM does."""
        self.writer.write([Item(POOL, each) for each in self.step.end()])
        self.writer.snapshot()
        self.step.checkpoints.join()


def records(pool: str = POOL) -> list[tuple[int, str, int, bytes]]:
    """The recorded seconds as records of the lanes: when, topic, partition, value."""
    of, found = small.venue(), []
    lanes = {each.id: lane for lane, each in enumerate(of.pools)}
    homes = {market_.id: lanes[each.id] for each in of.pools for market_ in each.markets}
    for topic, lines in small.recording().items():
        for line in lines:
            message = orjson.loads(line)
            if en.TOPICS.index(topic) in SHARED:
                lane = 0
            else:
                lane = lanes[message["pool"]] if "pool" in message else homes[message["market"]]
            if en.TOPICS.index(topic) in SHARED or lane == lanes[pool]:
                found.append((message["sent_ns"], topic, lane, line))
    for second in range(41):
        at_ns = small.START + second * small.SECOND
        clock = {"source": "clock", "number": second, "time_ns": at_ns, "sent_ns": at_ns}
        found.append((at_ns, "clock", 0, orjson.dumps(clock)))
    return sorted(found, key=_when)


def _when(record: tuple[int, str, int, bytes]) -> int:
    return record[0]
