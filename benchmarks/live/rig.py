"""The live system that a scenario measures: broker, flows and producers as processes, and the check at its end."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Self

from benchmarks.live.seen import seen_of
from benchmarks.live.world import VENUE, World, name_of
from flows.connectors.ask_client import AskClient
from flows.connectors.ask_server import address_file
from flows.connectors.clickhouse import DatabaseError
from flows.connectors.kafka import topics
from flows.connectors.settings import ROOT, venue_of
from flows.journal.codec import about_of
from flows.lanes.check import Checked, check
from flows.lanes.clearing import published, tail
from flows.lanes.settings import Live
from flows.live.broker import Broker, free_ports

FLOWS: Final = ("market", "intake", "clearing", "audit")
EXECUTOR: Final = ROOT / "examples" / "executor.py"
MAKERS: Final = (name_of(0), name_of(1))
"""Accounts, the same in each pool, that take the other side of what is liquidated."""

HEAP_MB: Final = 1024
READY_S: Final = 600.0
"""A first start compiles the kernels, on a busy machine for minutes."""
STOP_S: Final = 60.0
AHEAD_NS: Final = 300_000_000
"""Between telling the producers and the moment that they begin."""


class Failed(Exception):  # noqa: N818 - its name is what it says
    """A process of the system ended, or did not get ready."""


@dataclass(slots=True)
class Flow:
    """A flow's process, its log, and whether it was asked to end."""

    name: str
    settings: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes]
    asked: bool = False

    @classmethod
    def started(cls, name: str, command: list[str], settings: dict[str, str], log: Path) -> Flow:
        """Start it; its log is appended to."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MARGINLINE_")}
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            process = subprocess.Popen(  # our own words
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=kept | settings,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=dies_with_this,  # noqa: PLW1509 - one call of the system, before anything else
            )
        return cls(name, settings, log, process)

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.process.poll()

    def stop(self, patience_s: float) -> int:
        """Ask it to stop."""
        self.asked = True
        self.process.terminate()
        return self.process.wait(patience_s)

    def kill(self) -> None:
        """At once."""
        self.asked = True
        self.process.kill()
        self.process.wait()

    def last_lines(self) -> list[str]:
        """What it said last."""
        return self.log.read_text(errors="replace").splitlines()[-3:]


@dataclass(slots=True)
class Producer:
    """A producer's process: told stages, it says what it sent in each."""

    topic: str
    process: subprocess.Popen[str]
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None, "it was opened"
        return self.process.stdout

    def tell(self, **stage: Any) -> None:
        """A stage begins, once its moment has come."""
        assert self.process.stdin is not None, "it was opened"
        self.process.stdin.write(json.dumps(stage) + "\n")
        self.process.stdin.flush()

    def heard(self) -> dict[str, Any]:
        """What it says next: of a stage that is over."""
        line = self._out.readline()
        if not line:
            raise Failed(f"the producer of {self.topic} has ended with code {self.process.wait()}")
        said: dict[str, Any] = json.loads(line)
        self.told.append(said)
        return said

    def end(self) -> None:
        """No more; what was queued is sent."""
        assert self.process.stdin is not None, "it was opened"
        if not self.process.stdin.closed:
            self.process.stdin.close()
        if self.process.poll() is not None:
            return
        for line in self._out:
            self.told.append(json.loads(line))
        self.process.wait(STOP_S)


@dataclass
class Rig:
    """One system in one folder, which is emptied first."""

    folder: Path
    world: World
    audit: bool = True
    compression: str = "lz4"

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.broker = Broker(self.folder / "kafka", heap_mb=HEAP_MB, quick=False)
        self.database = self.folder / "clickhouse"
        self.live = Live(
            venue_of(VENUE), self.broker.settings(), self.folder / "state", True, database=str(self.database)
        )
        self.names = FLOWS if self.audit else FLOWS[:-1]
        self.pages = {
            flow: f"127.0.0.1:{port}" for flow, port in zip(FLOWS, free_ports(len(FLOWS)), strict=True)
        }
        self.flows: dict[str, Flow] = {}
        self.producers: dict[str, Producer] = {}
        self.pools = [pool.id for pool in self.live.venue.pools]

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        self.broker.start()
        topics.ensure(self.live.kafka, len(self.pools), 1)
        for flow in self.names:
            self.start(flow)
        self.until_ready(self.names)

    # --- flows --------------------------------------------------------------------------------------------------------
    def start(self, flow: str) -> None:
        """Start a flow's process."""
        settings = {
            "MARGINLINE_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "MARGINLINE_VENUE": VENUE,
            "MARGINLINE_STATE": str(self.live.state.absolute()),
            "MARGINLINE_TIME": "wall",
            "MARGINLINE_DATABASE": str(self.database.absolute()),
            "MARGINLINE_HTTP": self.pages[flow],
            "MARGINLINE_LOG": "json",
        }
        command = ["-m", "flows", "run", flow]
        self.flows[flow] = Flow.started(flow, command, settings, self.folder / "logs" / f"{flow}.log")

    def execute(self) -> None:
        """Start the example executor: it fills liquidation orders against the books, as a venue's would."""
        command = [str(EXECUTOR), "--bootstrap", self.broker.bootstrap]
        command += ["--state", str((self.folder / "executor.json").absolute())]
        command += [part for maker in MAKERS for part in ("--maker", maker)]
        self.flows["executor"] = Flow.started("executor", command, {}, self.folder / "logs" / "executor.log")

    def until_ready(self, names: tuple[str, ...]) -> None:
        """Wait until these have started."""
        end = time.monotonic() + READY_S
        while waiting := [flow for flow in names if not has_started(self.pages[flow])]:
            self.check_alive()
            if time.monotonic() > end:
                raise Failed(f"{', '.join(waiting)}: not ready after {READY_S:.0f} s")
            time.sleep(0.05)

    def check_alive(self) -> None:
        """Raise `Failed` if a flow has ended."""
        for name, process in self.flows.items():
            if process.code is not None and not process.asked:
                raise Failed(f"{name} has ended with code {process.code}: {process.last_lines()}")

    def processes(self) -> dict[str, int]:
        """Process ids by name."""
        found = {"broker": self.broker.pid}
        for name, flow in self.flows.items():
            if flow.code is None:
                found[name] = flow.process.pid
        for topic, each in self.producers.items():
            if each.process.poll() is None:
                found[f"producer of {topic}"] = each.process.pid
        return found | {"this benchmark": os.getpid()}

    # --- load ---------------------------------------------------------------------------------------------------------
    def produce(self, topic: str) -> Producer:
        """A producer, which waits for its stages."""
        spec = {
            "bootstrap": self.broker.bootstrap,
            "topic": topic,
            "accounts": self.world.accounts,
            "victims": self.world.victims,
            "fall_ppm": self.world.fall_ppm,
            "compression": self.compression,
        }
        command = [sys.executable, "-m", "benchmarks.live.load", json.dumps(spec)]  # ends with its input
        with (self.folder / "logs" / f"producer-{topic}.log").open("ab") as errors:
            process = subprocess.Popen(  # our own words
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT
            )
        made = self.producers[topic] = Producer(topic, process)
        made.heard()
        return made

    def open_accounts(self, rate: float = 15_000) -> dict[str, Any]:
        """Prices, a deposit an account, its first positions; until clearing has them all. How long, and what memory."""
        quotes, fills, deposits = (self.produce(topic) for topic in ("oracle-prices", "fills", "collateral"))
        began, forever_ns = time.monotonic(), 1 << 62
        now_ns = time.time_ns()
        quotes.tell(rate=200, from_ns=now_ns, until_ns=forever_ns)
        self._until(lambda pool: published(self.live, pool) > 0, "the first events", READY_S)
        time.sleep(1.0)  # a price of every market
        before = self._memory_mb()
        for producer in (deposits, fills):
            producer.tell(rate=rate, from_ns=time.time_ns(), until_ns=forever_ns, use="opening")
            producer.heard()
            time.sleep(0.5)
        self._until(self.is_opened, "the opening", 600)
        grown = {flow: after - before[flow] for flow, after in self._memory_mb().items()}
        return {"opening_s": time.monotonic() - began, "opening_rate": rate, "grown_mb": grown}

    def _memory_mb(self) -> dict[str, float]:
        found = {flow: seen_of(each.process.pid) for flow, each in self.flows.items()}
        return {flow: seen[1] for flow, seen in found.items() if seen is not None}

    def begin_load(self, rates: dict[str, float], seconds: float, fall_ppm_s: float = 0.0) -> tuple[int, int]:
        """Tell all producers of a load that begins in a moment; the moments it begins and ends."""
        for topic in rates:
            if topic not in self.producers:
                self.produce(topic)
        from_ns = time.time_ns() + AHEAD_NS
        until_ns = from_ns + int(seconds * 1e9)
        walk = {"seconds": seconds + 30, "fall_ppm_s": fall_ppm_s}
        for topic, rate in rates.items():
            if rate > 0:
                self.producers[topic].tell(rate=rate, from_ns=from_ns, until_ns=until_ns, walk=walk)
        return from_ns, until_ns

    # --- the end ------------------------------------------------------------------------------------------------------
    def journal_end(self, pool: str) -> int:
        """Entries in a pool's journal."""
        found = [about_of(value) for value in tail(self.live, "journal", pool)]
        return max((each.first_offset + each.count for each in found), default=0)

    def is_opened(self, pool: str) -> bool:
        """Whether a pool has an entry for each deposit and fill of its opening, and all are cleared."""
        opening = 2 * (self.world.a_pool + self.world.victims)
        return self.journal_end(pool) > opening and self.is_cleared(pool)

    def is_cleared(self, pool: str) -> bool:
        """Whether all that is in the journal is cleared."""
        return published(self.live, pool) >= self.journal_end(pool) > 0

    def stored(self) -> dict[str, dict[str, int]]:
        """How far the audit has read and stored, by pool; nothing while it does not answer.

        It is asked, never the folder: who opens that while the audit is down keeps it from starting again.
        """
        try:
            address = json.loads(address_file(self.database).read_bytes())["address"]
            about: dict[str, dict[str, int]] = AskClient(address).about
        except (OSError, ValueError, KeyError, DatabaseError):
            return {}
        return about

    def _until(self, is_done: Callable[[str], bool], what: str, patience_s: float) -> bool:
        end = time.monotonic() + patience_s
        for pool in self.pools:
            while not is_done(pool):
                self.check_alive()
                if time.monotonic() > end:
                    print(f"{what}: not within {patience_s:.0f} s", file=sys.stderr)
                    return False
                time.sleep(0.3)
        return True

    def end_producers(self) -> None:
        """Nothing more comes."""
        for producer in self.producers.values():
            producer.end()

    def stop(self, patience_s: float = 600) -> dict[str, float]:
        """Producers, intake, market; then clearing and audit once they have done what is before them. Seconds each took."""
        took: dict[str, float] = {}
        self.end_producers()
        for flow in ("executor", "intake", "market"):
            if flow in self.flows:
                self._stop(flow, took)
        at = time.monotonic()
        self._until(self.is_cleared, "clearing", patience_s)
        took["clearing caught up"] = time.monotonic() - at
        self._stop("clearing", took)
        if self.audit:
            at = time.monotonic()
            ends = {pool: published(self.live, pool) for pool in self.pools}
            self._until(
                lambda pool: self.stored().get("read_to", {}).get(pool, 0) >= ends[pool], "audit", patience_s
            )
            took["audit caught up"] = time.monotonic() - at
            self._stop("audit", took)
        return took

    def _stop(self, flow: str, took: dict[str, float]) -> None:
        at = time.monotonic()
        code = self.flows[flow].stop(STOP_S)
        if code != 0:
            raise Failed(f"{flow} ended with code {code}: {self.flows[flow].last_lines()}")
        took[flow] = time.monotonic() - at

    def check(self) -> list[Checked]:
        """The journal, executed again, against what was published."""
        return check(self.live)

    def close(self) -> None:
        """Nothing of it runs afterwards."""
        for producer in self.producers.values():
            producer.process.kill()
        for process in self.flows.values():
            if process.code is None:
                process.kill()
        self.broker.stop()


def dies_with_this() -> None:
    """In a child: the kernel is to kill it when the thread that started it ends, however that comes."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def has_started(address: str) -> bool:
    """Whether a flow's page says that it takes records."""
    connection = http.client.HTTPConnection(address, timeout=1.0)
    try:
        connection.request("GET", "/startup")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
