"""A lane that this process writes to: claimed first, read up to the claim, made again from a checkpoint, then gone on with.

    claim -> checkpoint -> what was published since -> what comes

`market` writes market-states so, and `intake` the journal. What they take in is in no order that would come again, so
each record says which offsets it settles (`flows.journal.codec.Settled`), and the lane itself is the memory.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from flows.connectors.checkpoints import Checkpoints
from flows.connectors.cloudevents import headers
from flows.connectors.engine import Item
from flows.connectors.errors import RunError
from flows.connectors.kafka.inbox import EARLIEST, Inbox, ranges_of
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.stop import STOP
from flows.connectors.telemetry import metrics
from flows.journal import entries as en
from flows.journal.arrivals import Arrived
from flows.journal.codec import EntryBatch, Settled, decode_entries, encode_entries
from flows.journal.terms import Partition, Standing, Verdict, judge
from flows.lanes.every import Every
from flows.lanes.settings import Live
from flows.lanes.watch import Judge, Reading
from flows.rules.scale.time import MAX_SKEW_NS
from schemas.catalogue import ARROW

OWN: Final = 100
"""Number of the topic that a lane is of, where inputs go by the numbers of entries."""

IDLE_S: Final = 0.002
"""How long a poll waits for records."""

READ_S: Final = 0.2
"""How long one waits that knows there are some."""

PATIENCE_S: Final = 3.0
"""How long the next clock is waited for."""

log = structlog.get_logger()


class LaneTaken(RunError):  # noqa: N818 - its name is what it says
    """Another writer has the lane's term: this one stops, and nothing it wrote since counts."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The first item of a start: who writes, from which checkpoint, and how the lane stands."""

    term: int
    writer: str
    state: Any  # of the checkpoint, None without one
    standing: dict[str, object]  # of the lane at the checkpoint


@dataclass(frozen=True, slots=True)
class Polled:
    """Records that came in together. ``known``: they were, and what was made of them is published."""

    ranges: tuple[Settled, ...]
    arrivals: dict[Partition, list[Arrived]]
    standing: dict[str, object]  # of the own lane when they came in: a place to read on from
    known: EntryBatch | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A batch that is published already, and how the lane stands behind it."""

    batch: EntryBatch
    standing: dict[str, object]


@dataclass(slots=True)
class Lane:
    """What is said of a lane: whose, which topic it is written to, what is read for it."""

    live: Live
    flow: str
    topic: str
    pool: str
    inputs: tuple[int, ...]
    makes_again: bool = False  # the step's state follows from the inputs, not from what was published
    rereads: tuple[int, ...] = ()  # inputs whose settled records a step must see again
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.number = self.live.lane(self.pool)

    @property
    def own(self) -> Partition:
        """The lane's own partition."""
        return OWN, self.number

    @property
    def checkpoints(self) -> Checkpoints:
        """Where its checkpoints lie."""
        return Checkpoints(self.live.state, self.flow, self.pool)

    def inbox(self, start: Mapping[Partition, int], name: str) -> Inbox:
        """Read partitions, the own one among them if it is named."""
        return Inbox(self.live.kafka, f"{self.flow}-{self.pool}-{name}", start, {OWN: self.topic})


class LaneReader:
    """The source's partition of one pool: a claim, what is known, and then what comes."""

    def __init__(self, lane: Lane, key: str) -> None:
        """Nothing is asked of the broker before the first read."""
        self.lane, self.key = lane, key
        self.writer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.standing = Standing()
        self.settled: dict[Partition, int] = {}
        self.begun: Iterator[Any] | None = None
        self.is_known = False
        self.inbox: Inbox | None = None
        self.has_clock = False
        self.clock_ns = 0  # the last that has come in
        self.waits = Every(PATIENCE_S)
        self.reading = Reading(lane.flow, lane.pool)
        self.judge = Judge(lane.flow, lane.topic, lane.pool)

    # --- the reader's protocol ---
    def read(self) -> list[tuple[str, Item]] | None:
        """The next items; none while nothing comes; None once the process is asked to stop."""
        self.reading.beat()
        if STOP.is_set():
            return None
        if self.begun is None:
            self.begun = self._begin()
        if not self.is_known:
            item = next(self.begun, None)
            if item is not None:
                return [(self.key, Item(self.lane.pool, item))]
            self.is_known = True
            self.reading.started()
        polled = self.poll()
        return [] if polled is None else [(self.key, Item(self.lane.pool, polled))]

    def snapshot(self) -> int | None:
        """The newest checkpoint's place: a hint for people, the folder is what counts."""
        places = self.lane.checkpoints.places()
        return places[-1] if places else None

    def close(self) -> None:
        """Let go of the consumer."""
        if self.inbox is not None:
            self.inbox.close()

    # --- a start ---
    def _begin(self) -> Iterator[Any]:
        """Claim, choose a checkpoint that is not ahead of the lane, then tell what was published since."""
        lane = self.lane
        newest = lane.checkpoints.newest(at_most=2**62)
        hint = Standing.restore(newest[1]["standing"]) if newest else self._first()
        term, end = self._claim(hint)
        state, standing = self._choose(newest, hint, end)
        metrics.journal_term(lane.flow, lane.pool).set(term)
        log.info(
            "lane begun",
            flow=lane.flow,
            pool=lane.pool,
            term=term,
            length=self.standing.length,
            checkpoint=state is not None,
        )
        if state is None and lane.makes_again and not self._is_all_there():
            log.warning(
                "inputs are gone, and no checkpoint serves: state begins anew", flow=lane.flow, pool=lane.pool
            )
            yield Begin(term, self.writer, None, self.standing.state())
            self.inbox = self._open(end, self.settled, None)
            return
        yield Begin(term, self.writer, state, standing.state())
        done = dict(state["positions"]) if state else {}
        start = done if lane.makes_again else self.settled
        self.inbox = self._open(end, start, state)
        yield from self._since(standing, done, end)

    def _is_all_there(self) -> bool:
        """Whether the lane and its inputs still have their first records: else nothing is made again from them."""
        lane = self.lane
        at = {lane.own: EARLIEST} | {lane.live.partition(topic, lane.pool): EARLIEST for topic in lane.inputs}
        inbox = lane.inbox(at, "first")
        try:
            return not any(inbox.positions.values())
        finally:
            inbox.close()

    def _first(self) -> Standing:
        """A lane read from its beginning, or from where retention has cut it."""
        inbox = self.lane.inbox({self.lane.own: EARLIEST}, "first")
        record = inbox.positions[self.lane.own]
        inbox.close()
        return Standing(record=record, is_late=record > 0)

    def _claim(self, hint: Standing) -> tuple[int, int]:
        """Read to the lane's end, claim the next term, read up to the claim. The term, and the record behind it."""
        lane = self.lane
        self.standing = Standing.restore(hint.state())
        inbox = lane.inbox({lane.own: hint.record}, "claim")
        try:
            self._read_to(inbox, inbox.end(lane.own))
            term = self.standing.term + 1
            claim = EntryBatch(
                lane.pool, self.standing.length, en.empty(0), {}, term, self.writer, claim=True
            )
            outbox = Outbox(lane.live.kafka, f"{lane.flow}-{lane.pool}-claim")
            told = headers(lane.topic, f"{term}:{self.writer}", lane.pool, 0, ARROW)
            outbox.send(lane.topic, lane.number, lane.pool, encode_entries(claim), told)
            outbox.flush()
            self._read_to(inbox, inbox.end(lane.own))
        finally:
            inbox.close()
        if self.standing.writer != self.writer:
            raise LaneTaken(
                f"{lane.topic}, pool {lane.pool}: {self.standing.writer} has claimed the lane before this start."
            )
        self.settled = dict(self.standing.settled)
        return term, self.standing.record

    def _read_to(self, inbox: Inbox, end: int) -> None:
        """Judge the own lane's records up to an offset, by what they say of themselves."""
        while inbox.positions[self.lane.own] < end:
            inbox.fetch(READ_S)
            for each in inbox.take([self.lane.own]).get(self.lane.own, ()):
                judge(self.standing, self.lane.pool, each.offset, each.value)
            if STOP.is_set():
                return

    def _choose(self, newest: tuple[int, Any] | None, hint: Standing, end: int) -> tuple[Any, Standing]:
        """The newest checkpoint of what the lane holds, and how the lane stood at it."""
        found = newest
        while found is not None:
            place, state = found
            if self._holds(state, end):
                return state, Standing.restore(state["standing"])
            log.warning(
                "checkpoint holds what was not published",
                flow=self.lane.flow,
                pool=self.lane.pool,
                place=place,
            )
            found = self.lane.checkpoints.newest(at_most=place - 1)
        return None, (self._first() if newest else hint)

    def _holds(self, state: Mapping[str, Any], end: int) -> bool:
        """Whether the lane holds what a checkpoint has taken in.

        A writer may be killed, or lose its term, after it took the checkpoint and before its last batches counted.
        Another one may since have settled the same offsets, in other batches.
        """
        standing, positions = Standing.restore(state["standing"]), dict(state["positions"])
        if not self.standing.reaches(positions):
            return False
        own = self.lane.inbox({self.lane.own: standing.record}, "look")
        try:
            while standing.settled != positions and own.positions[self.lane.own] < end:
                own.fetch(READ_S)
                for each in own.take([self.lane.own], most=1).get(self.lane.own, ()):
                    verdict = judge(standing, self.lane.pool, each.offset, each.value)
                    if verdict is Verdict.COUNTS and [standing.term, standing.writer] != state["by"]:
                        return False
        finally:
            own.close()
        return standing.settled == positions

    def _open(self, end: int, start: Mapping[Partition, int], state: Any) -> Inbox:
        """Read the inputs from where they are not settled, and the own lane from the claim on."""
        at = {self.lane.live.partition(topic, self.lane.pool): EARLIEST for topic in self.lane.inputs}
        at |= {
            each: offset for each, offset in start.items() if each in at and each[0] not in self.lane.rereads
        }
        if state is not None:
            at |= state.get("reread", {})
        inbox = self.lane.inbox({**at, self.lane.own: end}, "in")
        for each in at:
            self.settled.setdefault(each, inbox.positions[each])
        clock = self.lane.live.partition(en.TOPIC_CLOCK, self.lane.pool)
        self.has_clock = start.get(clock, 0) > 0
        return inbox

    def _since(self, standing: Standing, done: Mapping[Partition, int], end: int) -> Iterator[Any]:
        """The batches behind the checkpoint, with the inputs they were made of where the step needs those."""
        assert self.inbox is not None, "it is opened before"
        lane = self.lane
        own = lane.inbox({lane.own: standing.record}, "since")
        try:
            while standing.record < end:
                own.fetch(READ_S)
                for each in own.take([lane.own]).get(lane.own, ()):
                    if each.offset >= end:
                        continue
                    if judge(standing, lane.pool, each.offset, each.value) is not Verdict.COUNTS:
                        continue
                    batch = decode_entries(each.value)
                    if all(done.get((one.topic, one.partition), 0) >= one.end for one in batch.settled):
                        continue
                    yield self._again(batch, standing) if lane.makes_again else Known(batch, standing.state())
        finally:
            own.close()

    def _again(self, batch: EntryBatch, standing: Standing) -> Polled:
        assert self.inbox is not None, "it is opened before"
        while not self.inbox.holds(batch.settled):
            self.inbox.fetch(READ_S)
        self.has_clock = True
        return Polled(batch.settled, self.inbox.take_ranges(batch.settled), standing.state(), batch)

    # --- what comes ---
    def poll(self) -> Polled | None:
        """What has come in, with the range of each partition that it takes up."""
        assert self.inbox is not None, "it is opened before"
        held = self.inbox.fetch(IDLE_S)
        self._hear_own()
        arrivals = self.choose(self.inbox) if held else {}
        self.reading.read(self.inbox, arrivals)
        if not arrivals:
            return None
        before = dict(self.settled)
        for at in arrivals:
            self.settled[at] = max(self.settled[at], self.inbox.positions[at])
        return Polled(ranges_of(before, self.settled), arrivals, self.standing.state())

    def choose(self, inbox: Inbox) -> dict[Partition, list[Arrived]]:
        """All that waits, up to `read_to_ns`. Before the first clock it is that alone: others are judged by it."""
        clock = self.lane.live.partition(en.TOPIC_CLOCK, self.lane.pool)
        if self.has_clock:
            inputs = [at for at in inbox.waiting if at != self.lane.own]
            return inbox.take(inputs, to_ns=self.read_to_ns(inbox, inputs))
        taken = inbox.take([clock], most=1)
        self.has_clock = bool(taken)
        return taken

    def read_to_ns(self, inbox: Inbox, inputs: Sequence[Partition]) -> int:
        """Nothing sent after what has come of a partition that is behind, nor what the next clocks are to judge.

        A clock that does not come is not waited for much longer than it should take: what is early is then refused.
        """
        clocks = inbox.waiting[self.lane.live.partition(en.TOPIC_CLOCK, self.lane.pool)]
        if clocks and clocks[-1].sent_ns > self.clock_ns:
            self.clock_ns = clocks[-1].sent_ns
            self.waits.again()
        to_ns = inbox.read_to_ns(inputs)
        if self.clock_ns and not self.waits.is_over():
            to_ns = min(to_ns, self.clock_ns + MAX_SKEW_NS)
        return to_ns

    def _hear_own(self) -> None:
        """Judge what is in the own lane by now; another's claim ends this writer."""
        assert self.inbox is not None, "it is opened before"
        for each in self.inbox.take([self.lane.own]).get(self.lane.own, ()):
            self.judge.counts(self.standing, each)
        if self.standing.writer != self.writer:
            metrics.lost_terms(self.lane.flow, self.lane.pool).inc()
            raise LaneTaken(
                f"{self.lane.topic}, pool {self.lane.pool}: {self.standing.writer} has taken the lane over; this"
                " process stops."
            )
