"""A live system on one machine: broker, flows, player, executor and liquidator as processes, from start to check.

    start -> look, again and again -> stop (player, executor, intake, market, clearing, audit) -> check -> close (broker)

One folder holds everything: Kafka's log, checkpoints, database, logs. A later start goes on from there.

What fails                      what is seen                              what is lost   what to do
a process ends                  its last lines; the rest is stopped       nothing        the same command again
the supervisor is killed        all its processes end with it             nothing        the same command again
a process does not stop         it is killed after its time               nothing        nothing
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from flows.connectors import clickhouse
from flows.connectors.ask_client import open_database
from flows.connectors.clickhouse import DatabaseError
from flows.connectors.errors import RunDiffers, RunError
from flows.connectors.kafka import topics
from flows.connectors.kafka.errors import KafkaFailure
from flows.connectors.run_files import write_whole
from flows.journal.codec import about_of
from flows.lanes.check import Checked, check
from flows.lanes.clearing import published, tail
from flows.lanes.settings import Live
from flows.live.board import Board
from flows.live.broker import Broker, free_ports
from flows.live.feed import Feed, get
from flows.live.needs import EXAMPLES
from flows.live.process import Process
from flows.live.script import Script, prepare
from flows.recording import files, manifest
from flows.rules.scale.time import SECOND_NS

FLOWS: Final = ("market", "intake", "clearing", "audit")
BESIDE: Final = ("executor", "liquidator")

BEGUN: Final = "live.json"
KAFKA: Final = "kafka"
STATE: Final = "state"
LOGS: Final = "logs"
LEFT: Final = (BEGUN, KAFKA, STATE, LOGS, clickhouse.FOLDER, "topics", "*.state", "*.address", ".*.draft")
"""All that a run leaves."""

READY_S: Final = 600.0
"""How long the flows may take to start: a first start compiles the kernels."""

STOP_S: Final = {"intake": 60.0, "market": 60.0, "clearing": 120.0, "audit": 180.0}
OTHERS_STOP_S: Final = 20.0
"""How long a process may take to stop; then it is killed, and its next start makes up for it. They take a second or two;
on a machine that is busy elsewhere a checkpoint or the last blocks of the database take longer."""

CATCH_UP_S: Final = 180.0
"""How long clearing and audit may take for what is left in the journal when intake has stopped."""

SETTLE_S: Final = 60.0
"""How long the flows may take to come to rest behind the recording's end."""

OPENING_S: Final = 90
OPENING_SPEED: Final = 10.0
"""A recording begins with deposits and, in its first minute, the accounts' opening book: it needs prices to be judged by.
So many of its seconds are played no faster than this, and until the events have come so far."""

REST_S: Final = 4.0
"""They have, once nothing has waited or changed for so long."""


FRESH_S: Final = 5
"""Of this machine's time: how old an accepted order may be that the executor still trades."""

FASTEST: Final = 1_000
"""What a speed without bound is taken for there."""


class LiveFailed(RunError):  # noqa: N818 - its name is what it says
    """A process of the live system ended, or does not start."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be run."""

    recording: str
    accounts: int
    folder: Path
    speed: float
    seconds: float | None = None  # of playing, then it is stopped; None to the recording's end


@dataclass(frozen=True, slots=True)
class Begun:
    """What a run's folder was begun with."""

    recording: str
    accounts: int


Tell = Callable[[str], None]
"""Told a line as things go on."""


def clear(folder: Path) -> None:
    """Remove what an earlier run has left, and nothing else."""
    for name in LEFT:
        for path in sorted(folder.glob(name)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class Session:
    """One run. Its folder is locked by the caller."""

    def __init__(self, asked: Asked, tell: Tell) -> None:
        """Find the recording, generate its accounts. RunDiffers if the folder holds another run."""
        self.asked, self.tell = asked, tell
        folder = asked.folder
        begun = Begun(Path(asked.recording).name, asked.accounts)
        _same(folder / BEGUN, begun)
        self.is_continued = (folder / BEGUN).exists()
        self.recording = files.find(asked.recording)
        self.venue_file = manifest.load(self.recording).venue
        self.script: Script = prepare(asked.recording, asked.accounts, folder)
        write_whole(folder / BEGUN, json.dumps(asdict(begun)).encode() + b"\n")
        self.broker = Broker(folder / KAFKA)
        self.database = folder / clickhouse.FOLDER
        self.live = Live(
            self.script.venue, self.broker.settings(), folder / STATE, database=str(self.database)
        )
        self.pages = {
            flow: f"127.0.0.1:{port}" for flow, port in zip(FLOWS, free_ports(len(FLOWS)), strict=True)
        }
        self.processes: dict[str, Process] = {}
        self.board = Board(self.script.venue, FLOWS)
        self.feed: Feed | None = None
        self.is_stopped = False  # somebody wants it to end
        self.is_opening = False  # the recording's first seconds are played
        self.playing_since_s = 0.0
        self._rest: tuple[float, tuple[int, ...]] = (0.0, ())
        self._ended_s: float | None = None

    # --- start --------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Broker, topics, flows; once they are ready, the recording and those who act on it."""
        begun = time.monotonic()
        self.broker.start()
        made = topics.ensure(self.live.kafka, len(self.script.venue.pools), 1)
        self.tell(f"broker     at {self.broker.bootstrap}, {len(made)} topics")
        for flow in FLOWS:
            self._start(flow, ["-m", "flows", "run", flow], self._settings(flow))
        self._until_ready()
        self.tell(f"flows      {', '.join(FLOWS)}: ready after {time.monotonic() - begun:.1f} s")
        self.feed = Feed(self.board, self.live.kafka, self.script.venue, self.pages)
        for name, command in self._beside().items():
            self._start(name, command, {})
        speed = f"{self.asked.speed:g} times its pace" if self.asked.speed else "as fast as it goes"
        how = "goes on" if self.is_continued else "begins"
        self.tell(f"recording  {Path(self.asked.recording).name} {how}, at {speed}")
        self.is_opening = self.asked.speed == 0 or self.asked.speed > OPENING_SPEED
        self._start("player", self._play(OPENING_SPEED if self.is_opening else self.asked.speed), {})
        self.playing_since_s = time.monotonic()

    def _settings(self, flow: str) -> dict[str, str]:
        return {
            "MARGINLINE_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "MARGINLINE_VENUE": self.venue_file,
            "MARGINLINE_STATE": str(self.live.state.absolute()),
            "MARGINLINE_TIME": "topic",
            "MARGINLINE_DATABASE": str(self.database.absolute()),
            "MARGINLINE_HTTP": self.pages[flow],
            "MARGINLINE_LOG": "json",
        }

    def _beside(self) -> dict[str, list[str]]:
        """Command lines of those who act on what the venue tells."""
        common = ["--bootstrap", self.broker.bootstrap, "--state"]
        makers = [part for number in (1, 2) for part in ("--maker", f"mm-{{pool}}-{number}")]
        return {
            "executor": [
                str(EXAMPLES / "executor.py"),
                *common,
                self._memory("executor"),
                *("--match", "--fresh-seconds", str(round(FRESH_S * max(1, self.asked.speed or FASTEST)))),
                *makers,
            ],
            "liquidator": [
                str(EXAMPLES / "liquidator.py"),
                *common,
                self._memory("liquidator"),
                *("--account", "liq-{pool}-1"),
            ],
        }

    def _memory(self, name: str) -> str:
        return str((self.asked.folder / f"{name}.state").absolute())

    def _play(self, speed: float) -> list[str]:
        told = [
            *("--accounts", str(self.asked.accounts), "--speed", f"{speed:g}"),
            *("--kafka", self.broker.bootstrap, "--out", str(self.asked.folder.absolute())),
        ]
        return ["-m", "flows", "live", "play", str(self.recording.absolute()), *told]

    def _start(self, name: str, command: list[str], settings: dict[str, str]) -> None:
        process = Process(
            name, [sys.executable, *command], settings, self.asked.folder / LOGS / f"{name}.log"
        )
        self.processes[name] = process
        process.start()

    def _until_ready(self) -> None:
        end = time.monotonic() + READY_S
        waiting = list(FLOWS)
        while waiting:
            self.check_alive()
            waiting = [flow for flow in waiting if get(self.pages[flow], "/startup") is None]
            if self.is_stopped:
                return
            if time.monotonic() > end:
                raise LiveFailed(
                    f"{', '.join(waiting)}: not ready after {READY_S:.0f} s; see {self.processes[waiting[0]].log}."
                )
            time.sleep(0.1)

    # --- while it runs ------------------------------------------------------------------------------------------------
    def check_alive(self) -> None:
        """Raise LiveFailed if something has ended that should run."""
        if not self.broker.running:
            raise LiveFailed(f"the broker has ended; see {self.broker.log}.")
        for name, process in self.processes.items():
            code = process.code
            if code is not None and not process.asked and (name != "player" or code != 0):
                lines = process.last_lines() or ["it said nothing"]
                raise LiveFailed(f"{name} has ended with code {code}: {lines[-1][:300]} (see {process.log}).")

    def look(self) -> bool:
        """What has come in goes to the board. Whether the run goes on."""
        self.check_alive()
        if self.feed is not None:
            try:
                self.feed.look()
            except KafkaFailure:
                self.check_alive()
        if self.is_stopped:
            return False
        if self.is_opening and self.board.time_ns >= self.script.horizon[0] + OPENING_S * SECOND_NS:
            self._hurry()
        played_s = time.monotonic() - self.playing_since_s
        if self.asked.seconds is not None and played_s > self.asked.seconds:
            return False
        return self.processes["player"].code is None or not self._is_at_rest()

    def _hurry(self) -> None:
        """The opening is over: a player at the asked speed goes on where this one has stopped."""
        self.is_opening = False
        self._end("player")
        self._start("player", self._play(self.asked.speed), {})

    def _is_at_rest(self) -> bool:
        """Whether nothing has waited or changed for a while since the recording ended."""
        now = time.monotonic()
        self._ended_s = self._ended_s or now
        flows = self.board.flows.values()
        state = tuple(pool.entries for pool in self.board.pools.values())
        busy = any(flow.waiting or not flow.answers or flow.silent_s > REST_S for flow in flows)
        if busy or state != self._rest[1]:
            self._rest = (now, state)
        return now - self._rest[0] > REST_S or now - self._ended_s > SETTLE_S

    # --- the end ------------------------------------------------------------------------------------------------------
    def stop(self) -> None:
        """One after the other, each with what it has taken in done: nothing is left between journal and database."""
        if self.feed is not None:
            self.feed.close()
        for name in ("player", *BESIDE, "intake", "market"):
            self._stop(name)
        self._await("clearing", lambda pool: published(self.live, pool) >= self._journal_end(pool))
        self._stop("clearing")
        self._await("audit", lambda pool: self._read_to(pool) >= published(self.live, pool))
        self._stop("audit")

    def _stop(self, name: str) -> None:
        if name not in self.processes or self.processes[name].code is not None:
            return
        begun = time.monotonic()
        code = self._end(name)
        took = time.monotonic() - begun
        if code is None:
            self.tell(
                f"stopping   {name} had to be killed after {took:.0f} s; its next start makes up for it"
            )
        else:
            self.tell(f"stopped    {name} in {took:.1f} s")

    def _end(self, name: str) -> int | None:
        """Ask a process to stop; None if it had to be killed. LiveFailed if it ended badly."""
        process = self.processes[name]
        code = process.stop(STOP_S.get(name, OTHERS_STOP_S))
        if code not in (None, 0, -signal.SIGTERM):  # it may be asked before it can hear
            raise LiveFailed(
                f"{name} ended with code {code}: {(process.last_lines() or [''])[-1][:300]} (see {process.log})."
            )
        return code

    def _await(self, flow: str, is_done: Callable[[str], bool]) -> None:
        """Wait until a flow has done what is before it, of every pool."""
        end = time.monotonic() + CATCH_UP_S
        for pool in self.script.venue.pools:
            while flow in self.processes and not is_done(pool.id):
                self.check_alive()
                if time.monotonic() > end:
                    self.tell(f"stopping   {flow} has not caught up within {CATCH_UP_S:.0f} s")
                    return
                time.sleep(0.2)

    def _journal_end(self, pool: str) -> int:
        found = [about_of(value) for value in tail(self.live, "journal", pool)]
        return max((each.first_offset + each.count for each in found), default=0)

    def _read_to(self, pool: str) -> int:
        """How far the audit has read."""
        try:
            database = open_database(self.database)
        except DatabaseError:
            return -1
        about = getattr(database, "about", {})
        database.close()
        return int(about.get("read_to", {}).get(pool, -1))

    def check(self) -> list[Checked]:
        """The journal, executed again, against topics and database; once the flows are stopped."""
        client = clickhouse.connect(self.database, create=False)
        try:
            return check(self.live, client)
        finally:
            client.close()

    def close(self) -> None:
        """Nothing of it runs afterwards, whatever happened."""
        for process in reversed(self.processes.values()):
            if process.code is None:
                process.stop(OTHERS_STOP_S)
        self.broker.stop()

    def kill(self) -> None:
        """Everything at once: the next start makes up for it."""
        for process in self.processes.values():
            process.kill()
        self.broker.kill()


def _same(path: Path, begun: Begun) -> None:
    """Refuse to go on with another run."""
    try:
        earlier = Begun(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return
    except (ValueError, TypeError) as error:
        raise RunDiffers(f"{path}: is not a live run's description. Use --fresh.") from error
    if earlier != begun:
        raise RunDiffers(
            f"{path.parent}: holds a live run of {earlier.recording} with {earlier.accounts:,} accounts; use --fresh,"
            " or another --out."
        )
