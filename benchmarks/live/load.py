"""One producer of one topic as a process of its own: ``python -m benchmarks.live.load SPEC``, stages on its input.

    {"rate": 60000, "from_ns": ..., "until_ns": ..., "use": "load"}  ->  {"sent": ..., "cpu_s": ..., "behind_s": ...}

Messages are made ready but for price, number and time, which are written as each is sent.
"""

from __future__ import annotations

import json
import queue
import resource
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.live.world import SOURCES, Heads, Texts, Walk, World
from flows.connectors.kafka.clients import Producer, producer
from flows.connectors.kafka.settings import kafka_settings

BEAT_S: Final = 0.004
"""How often it looks what is due."""

AT_ONCE: Final = 4_000
"""Messages made in one go."""

BESIDE_S: Final = 1.0
"""Books, and a few trades, come so often."""

TRADES: Final = 4
"""Trades a market and ``BESIDE_S``, of a million USDT together."""


@dataclass(slots=True)
class Stage:
    """What to send, how fast, and between which moments."""

    rate: float
    from_ns: int
    until_ns: int
    use: str = "load"
    count: int = 1 << 62  # messages at most
    walk: dict[str, float] | None = None  # prices begin to move


END: Final = Stage(0.0, 0, 0)
"""The input is over: what is being sent ends at once."""


class Sender:
    """Sends messages of a topic, counted."""

    def __init__(self, topic: str, client: Producer, prefix: str) -> None:
        self.client, self.topic = client, prefix + topic
        self.sent = 0

    def send(self, values: list[dict[str, Any]], lane: int) -> None:
        """Queue them; a full queue waits."""
        while values:
            done = self.client.produce_batch(self.topic, values, lane)
            self.sent += done
            if done == len(values):
                break
            values = [each for each in values if each.pop("_error", None) is not None]
            self.client.poll(0.01)
        self.client.poll(0)


class Load:
    """Common to all kinds: `due` messages at a moment."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.world = World(spec["accounts"], spec["victims"], spec["fall_ppm"])
        self.texts = Texts(self.world)
        settings = kafka_settings(bootstrap=spec["bootstrap"])
        self.client = producer(
            settings,
            f"bench-{spec['topic']}",
            linger_ms=spec.get("linger_ms", 5),
            compression_type=spec.get("compression", "lz4"),
            queue_buffering_max_messages=400_000,
            queue_buffering_max_kbytes=1 << 18,
        )
        self.sender = Sender(spec["topic"], self.client, settings.topic_prefix)
        self.walk = Walk(1 << 62, 0)
        self.number = 0

    def begin(self, stage: Stage) -> None:
        """A stage begins."""
        if stage.walk is not None:
            self.walk = Walk(stage.from_ns, stage.walk["seconds"], stage.walk["fall_ppm_s"])

    def send(self, count: int, now_ns: int) -> None:
        """So many messages, of now."""
        raise NotImplementedError


class Accounts(Load):
    """Deposits, fills or order checks: both lanes alike, one producer's numbers."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(spec)
        makers = {
            "collateral": (self.texts.opening_deposits, self.texts.deposits),
            "fills": (self.texts.opening_fills, self.texts.fills),
            "order-checks": (self.texts.checks, self.texts.checks),
        }
        self.heads: dict[str, Heads] = {
            name: make() for name, make in zip(("opening", "load"), makers[spec["topic"]], strict=True)
        }
        self.keys = [lane[0][1].pool.encode() for lane in self.texts.by_lane]
        self.chosen = self.heads["opening"].lanes
        self.at = 0

    def begin(self, stage: Stage) -> None:
        """Which messages."""
        super().begin(stage)
        self.chosen, self.at = self.heads[stage.use].lanes, 0
        if stage.use == "opening":
            stage.count = min(stage.count, sum(map(len, self.chosen)))

    def send(self, count: int, now_ns: int) -> None:
        """Half of them on each lane."""
        prices = self.walk.at(now_ns)
        told = [market.price(prices[market.asset]).encode() for market in self.texts.markets]
        told.append(b"")
        stamp = b',"time_ns":%d,"sent_ns":%d}' % (now_ns, now_ns)
        number, a_lane = self.number, (count + 1) // 2
        for lane, heads in enumerate(self.chosen):
            key, length, at = self.keys[lane], len(heads), self.at
            values = []
            for each in range(a_lane):
                head, market = heads[(at + each) % length]
                value = b'%b%b","number":%d%b' % (head, told[market], number + 2 * each + lane, stamp)
                values.append({"value": value, "key": key})
            self.sender.send(values, lane)
        self.at += a_lane
        self.number = number + 2 * a_lane


class Quotes(Load):
    """Prices of all assets by all sources in turn; beside them books and trades."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__(spec)
        self.pairs = self.texts.quotes()
        prefix = self.sender.topic.removesuffix(spec["topic"])
        self.books, self.trades = (Sender(topic, self.client, prefix) for topic in ("depth", "trades"))
        self.beside_at = 0.0
        self.beside_number = 0

    def send(self, count: int, now_ns: int) -> None:
        """Each pair in its turn: a source's numbers rise by one."""
        prices = {asset: b"%.6f" % price for asset, price in self.walk.at(now_ns).items()}
        stamp = b',"time_ns":%d,"sent_ns":%d}' % (now_ns, now_ns)
        pairs, many = self.pairs, len(self.pairs)
        values = []
        for each in range(self.number, self.number + count):
            head, asset = pairs[each % many]
            value = b'%b%b","number":%d%b' % (head, prices[asset], each // len(SOURCES), stamp)
            values.append({"value": value, "key": asset.encode()})
        self.number += count
        self.sender.send(values, 0)
        if time.monotonic() >= self.beside_at:
            self.beside_at = time.monotonic() + BESIDE_S
            self._beside(now_ns)

    def _beside(self, now_ns: int) -> None:
        prices = self.walk.at(now_ns)
        times = f'"time_ns":{now_ns},"sent_ns":{now_ns}}}'
        for market in self.texts.markets:
            self.beside_number += 1
            price, number = prices[market.asset], self.beside_number
            said = f'{{"source":"{SOURCES[0]}","market":"{market.id}",'
            bids, asks = self.texts.book(market, price)
            value = f'{said}"bids":{bids},"asks":{asks},"number":{number},{times}'.encode()
            self.books.send([{"value": value}], market.lane)
            quantity = market.quantity(1e6 / TRADES)
            trades = [
                {
                    "value": (
                        f'{said}"price":"{market.price(price)}","quantity":"{quantity}","taker":"buy",'
                        f'"number":{number * TRADES + each},{times}'
                    ).encode()
                }
                for each in range(TRADES)
            ]
            self.trades.send(trades, market.lane)


def run(load: Load, stages: queue.Queue[Stage]) -> None:
    """Stage by stage, until there is none."""
    stage = stages.get()
    while stage is not END:
        load.begin(stage)
        following = _one(load, stage, stages)
        load.client.flush(60)
        stage = following if following is not None else stages.get()


def _one(load: Load, stage: Stage, stages: queue.Queue[Stage]) -> Stage | None:
    """One stage, to its end or to the moment at which the next one begins."""
    following: Stage | None = None
    sent, behind_s, began = 0, 0.0, _cpu_s()
    offered = load.sender.sent
    while True:
        now_ns = time.time_ns()
        if following is None and not stages.empty():
            following = stages.get()
        end_ns = stage.until_ns if following is None else min(stage.until_ns, following.from_ns)
        due = int((min(now_ns, end_ns) - stage.from_ns) / 1e9 * stage.rate)
        due = min(due, stage.count) - sent
        if due <= 0:
            if now_ns >= end_ns or sent >= stage.count:
                break
            time.sleep(BEAT_S)
            continue
        behind_s = max(behind_s, due / stage.rate)
        count = min(due + due % 2, AT_ONCE)  # both lanes alike
        load.send(count, now_ns)
        sent += count
    told = {
        "use": stage.use,
        "rate": stage.rate,
        "sent": load.sender.sent - offered,
        "cpu_s": round(_cpu_s() - began, 2),
        "behind_s": round(behind_s, 3),
    }
    print(json.dumps(told), flush=True)
    return following


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Read stages until the input ends."""
    spec = json.loads(sys.argv[1])
    load = Quotes(spec) if spec["topic"] == "oracle-prices" else Accounts(spec)
    stages: queue.Queue[Stage] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            stages.put(Stage(**json.loads(line)))
        stages.put(END)

    threading.Thread(target=listen, daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    run(load, stages)


if __name__ == "__main__":
    main()
