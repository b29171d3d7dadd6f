"""Plays a recording into Kafka: each record when its time has come, and the time itself, a message a second.

    recording's topics, generated account topics -> due? -> pool's lane; at each whole second: all acknowledged, then clock

A player that was stopped goes on where its topics end: the last clock says what is published for certain, and the numbers
behind it say what else. So nothing is left out or sent twice.

What fails                        what is seen                        what is lost   what to do
the player dies at any moment     the venue's time stands still       nothing        start it again
the broker is away                it waits, a minute for each record  nothing        start it again if it gave up
another recording is there        one line, at the start              nothing        another prefix
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson

from flows.connectors.cloudevents import headers
from flows.connectors.files import RecordingReader
from flows.connectors.kafka.outbox import Outbox
from flows.journal.entries import TOPICS
from flows.journal.merge import Part, Slice
from flows.journal.wire import NUMBER
from flows.live.played import NOTHING, Play, Played, look
from flows.rules.scale.time import SECOND_NS
from schemas.catalogue import JSON

SLICE: Final = 5_000
"""Records that are read ahead."""

LEAD_NS: Final = SECOND_NS
"""Between the start of a player and the recording's first second, where it is moved to now."""

WAIT_S: Final = 0.1
"""How long it sleeps at most: then it looks whether it is to stop."""

Told = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    time_ns: int  # of the recording
    sent: int  # records and clocks, by this start
    behind_s: float  # its next record is late by so much


@dataclass(slots=True)
class _Row:
    """One record to be sent, in its place."""

    topic: str
    lane: int
    key: str
    id: str
    source: str
    time_ns: int
    value: bytes


@dataclass
class Player:
    """One start of playing. `run` ends at the recording's end, or when it is to stop."""

    play: Play
    is_stopped: Callable[[], bool] = lambda: False
    heard: Told = lambda _progress: None
    wall_ns: Callable[[], int] = time.time_ns
    sent: int = 0
    lanes: dict[str, int] = field(init=False)
    pools: list[str] = field(init=False)
    out: Outbox = field(init=False)
    done: Played = field(init=False)
    shift_ns: int = field(init=False, default=0)
    anchor: tuple[int, int] | None = field(
        init=False, default=None
    )  # a moment of this machine's, and the recording's

    def __post_init__(self) -> None:
        venue = self.play.venue
        self.pools = [pool.id for pool in venue.pools]
        self.lanes = {pool: lane for lane, pool in enumerate(self.pools)}
        self.lanes |= {market.id: lane for lane, pool in enumerate(venue.pools) for market in pool.markets}
        self.clock = next(
            (
                name
                for name, topics in zip(venue.producers, venue.producer_topics, strict=True)
                if "clock" in topics
            ),
            "clock",
        )
        self.out = Outbox(self.play.settings, "player", linger_ms=5)

    def run(self) -> bool:
        """Play it. Whether it came to the end."""
        first_s = -(-self.play.horizon[0] // SECOND_NS)
        self.done = look(self.play, self.clock, first_s)
        self.shift_ns = self.done.shift_ns
        if self.done.second == NOTHING:
            self._begin(first_s)
        reader = RecordingReader(self.play.folders, self.play.horizon, most=SLICE)
        try:
            while not self.is_stopped():
                pieces = reader.read()
                if pieces is None:
                    break
                for piece in pieces:
                    self._slice(piece)
            self.out.flush()
        finally:
            reader.close()
            self.out.close()
        return not self.is_stopped()

    def _begin(self, first_s: int) -> None:
        """The second before the first: it tells a later start by how much the times were moved."""
        if self.play.now:
            start_ns = -(-(self.wall_ns() + LEAD_NS) // SECOND_NS) * SECOND_NS
            self.shift_ns = start_ns - first_s * SECOND_NS
        self._tick(first_s - 1)
        self.done = Played(first_s - 1, self.shift_ns)

    # --- a slice ------------------------------------------------------------------------------------------------------
    def _slice(self, piece: Slice) -> None:
        """All of it in its order, each when it is due."""
        times = np.zeros(piece.count, np.int64)
        rows: list[_Row | int | None] = [None] * piece.count
        for part in piece.parts:
            times[part.places] = part.sent_ns
            self._rows(part, rows)
        times[piece.clock_places] = piece.clock_ns
        for place, clock_ns in zip(piece.clock_places.tolist(), piece.clock_ns.tolist(), strict=True):
            second = clock_ns // SECOND_NS
            rows[place] = second if second > self.done.second else None
        left = np.array([row is not None for row in rows], np.bool_)
        if not left.any():
            return
        places = np.flatnonzero(left)
        self._pace([rows[place] for place in places.tolist()], times[places])

    def _rows(self, part: Part, rows: list[_Row | int | None]) -> None:
        """A topic's lines that are not published yet, into their places."""
        if len(part.sent_ns) == 0 or int(part.sent_ns[-1]) <= self.done.second * SECOND_NS:
            return
        topic = TOPICS[part.topic]
        numbers = part.read.common[:, NUMBER].tolist()
        columns = zip(
            part.places.tolist(),
            part.sent_ns.tolist(),
            numbers,
            part.read.messages,
            part.lines,
            part.offsets.tolist(),
            strict=True,
        )
        for place, sent_ns, number, message, line, offset in columns:
            if sent_ns <= self.done.second * SECOND_NS:
                continue
            source = "unknown" if message is None else message.source
            key, lane = self._lane(topic, message)
            if self.done.has(topic, lane, source, number):
                continue
            id_ = f"{topic}:line-{offset}" if message is None else f"{topic}:{number}"
            time_ns, value = sent_ns + self.shift_ns, line
            if message is not None:
                time_ns = message.time_ns + self.shift_ns
                value = self._moved(line, message) if self.shift_ns else line
            rows[place] = _Row(topic, lane, key, id_, source, time_ns, value)

    def _lane(self, topic: str, message: Any) -> tuple[str, int]:
        """A record's key and partition; where its pool is not known, any: intake will say so."""
        if message is None:
            return "", 0
        if topic == "oracle-prices":
            return message.asset, 0
        if topic in {"trades", "depth"}:
            return message.market, self.lanes.get(message.market, 0)
        if topic == "liquidation-bids":
            named = message.offer.partition(":")[0]
        else:
            named = message.pool if topic == "collateral" else message.market
        lane = self.lanes.get(named, 0)
        return self.pools[lane], lane

    def _moved(self, line: bytes, message: Any) -> bytes:
        """The line with its two times moved."""
        for name, time_ns in (("time_ns", message.time_ns), ("sent_ns", message.sent_ns)):
            found = b'"%s":%d' % (name.encode(), time_ns)
            if found not in line:
                said = orjson.loads(line)
                said |= {
                    "time_ns": message.time_ns + self.shift_ns,
                    "sent_ns": message.sent_ns + self.shift_ns,
                }
                return orjson.dumps(said)
            line = line.replace(found, b'"%s":%d' % (name.encode(), time_ns + self.shift_ns), 1)
        return line

    # --- sending ------------------------------------------------------------------------------------------------------
    def _pace(self, rows: Sequence[_Row | int | None], times: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        """Send what is due, wait for the rest."""
        at = 0
        while at < len(rows) and not self.is_stopped():
            due = len(rows)
            if self.play.speed > 0:
                reached_ns = self._reached_ns(int(times[at]))
                due = int(np.searchsorted(times, reached_ns, side="right"))
                if due <= at:
                    time.sleep(min(WAIT_S, (int(times[at]) - reached_ns) / self.play.speed / SECOND_NS))
                    self.out.poll()
                    continue
            for row in rows[at:due]:
                if isinstance(row, int):
                    self._tick(row)
                elif row is not None:
                    self._send(row)
            at = due
            behind_ns = (
                self._reached_ns(int(times[due - 1])) - int(times[due - 1]) if self.play.speed > 0 else 0
            )
            self.heard(Progress(int(times[due - 1]), self.sent, behind_ns / SECOND_NS))

    def _reached_ns(self, first_ns: int) -> int:
        """The recording's time by now: it runs from the first record of this start, or, moved to now, as clocks do."""
        if self.anchor is None:
            moved = self.shift_ns and self.play.speed == 1
            self.anchor = (first_ns + self.shift_ns if moved else self.wall_ns(), first_ns)
        wall_ns, recorded_ns = self.anchor
        return recorded_ns + int((self.wall_ns() - wall_ns) * self.play.speed)

    def _send(self, row: _Row) -> None:
        told = headers(row.topic, row.id, row.source, row.time_ns, JSON)
        self.out.send(row.topic, row.lane, row.key, row.value, told)
        self.sent += 1

    def _tick(self, second: int) -> None:
        """A second is over once all that was sent up to it is with the broker."""
        self.out.flush()
        at_ns = second * SECOND_NS + self.shift_ns
        said = {"source": self.clock, "number": second, "time_ns": at_ns, "sent_ns": at_ns}
        told = headers("clock", f"clock:{second}", self.clock, at_ns, JSON)
        self.out.send("clock", 0, "clock", orjson.dumps(said), told)
        self.out.flush()
        self.sent += 1
