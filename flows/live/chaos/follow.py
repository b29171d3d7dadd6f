"""How far the lanes have come, read from the broker beside the flows: is all settled, and do events follow what is sent?

journal, events, market-state, dead-letters -> where each stands
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Final

from flows.connectors.kafka.clients import consumer, ends
from flows.connectors.kafka.errors import KafkaFailure, KafkaUnreachable
from flows.connectors.kafka.inbox import EARLIEST, Inbox
from flows.journal import entries as en
from flows.journal.arrivals import Arrived
from flows.journal.codec import about_of, end_of_events
from flows.journal.terms import Standing
from flows.lanes import intake, market
from flows.lanes.settings import Live

JOURNAL, EVENTS, STATES, LETTERS = 100, 101, 102, 103
NAMES: Final = {JOURNAL: "journal", EVENTS: "events", STATES: "market-state", LETTERS: "dead-letters"}


class Follow:
    """One consumer of every lane that the flows write."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.pools = [pool.id for pool in live.venue.pools]
        lanes = range(len(self.pools))
        self.inbox = Inbox(
            live.kafka, "follow", {(topic, lane): EARLIEST for topic in NAMES for lane in lanes}, NAMES
        )
        self.asker = consumer(live.kafka, "follow-ends")
        self.journal = [Standing() for _ in lanes]
        self.states = [Standing() for _ in lanes]
        self.events_end = [0 for _ in lanes]
        self.letters = 0
        self._times: list[deque[tuple[int, int]]] = [deque() for _ in lanes]  # the entry behind, event time
        self._followed_ns = [0 for _ in lanes]
        self._priced_ns = [0 for _ in lanes]

    def look(self, seconds: float = 0.02) -> None:
        """Take in what is new. A broker that is away has nothing new."""
        with suppress(KafkaFailure):
            self.inbox.fetch(seconds)
        for (topic, lane), found in self.inbox.take().items():
            for each in found:
                # What cannot be read is not the flows' own.
                with suppress(ValueError, KeyError, TypeError, OSError):
                    self._take(topic, lane, each)
        for lane, times in enumerate(self._times):
            while times and times[0][0] <= self.events_end[lane]:
                self._followed_ns[lane] = times.popleft()[1]

    def _take(self, topic: int, lane: int, each: Arrived) -> None:
        if topic == LETTERS:
            self.letters += 1
        elif topic == EVENTS:
            self.events_end[lane] = max(self.events_end[lane], end_of_events(each.value))
        elif topic == STATES:
            if self.states[lane].take(about_of(each.value), each.offset):
                self._priced_ns[lane] = max(self._priced_ns[lane], each.told_ns)
        elif self.journal[lane].take(about_of(each.value), each.offset) and each.told_ns:
            self._times[lane].append((self.journal[lane].length, each.told_ns))

    @property
    def followed_ns(self) -> int:
        """Event time up to which every pool is priced and its events are published."""
        return min(*self._followed_ns, *self._priced_ns)

    def behind(self) -> str:
        """What is not yet done of all that lies in the input topics; empty once nothing is left."""
        self.look()
        try:
            return self._behind()
        except KafkaUnreachable as error:
            return str(error)

    def _behind(self) -> str:
        for lane, pool in enumerate(self.pools):
            for flow, inputs, standing in (
                ("market", market.INPUTS, self.states[lane]),
                ("intake", intake.INPUTS, self.journal[lane]),
            ):
                for topic in inputs:
                    at = self.live.partition(topic, pool)
                    end = self._end(en.TOPICS[topic], at[1])
                    if (done := standing.settled.get(at, 0)) < end:
                        return f"{flow}, pool {pool}: {en.TOPICS[topic]} is settled to {done} of {end}"
            if self.events_end[lane] < self.journal[lane].length:
                return (
                    f"clearing, pool {pool}: {self.events_end[lane]} of {self.journal[lane].length} entries"
                )
        return ""

    def _end(self, topic: str, partition: int) -> int:
        return ends(self.asker, self.live.kafka.topic(topic), partition)[1]

    def close(self) -> None:
        """Let go of the consumers."""
        self.inbox.close()
        self.asker.close()
