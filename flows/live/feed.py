"""Fills a `Board`: from the venue's topics, by a consumer of its own, and from the flows' pages of metrics. Nothing else.

events (from the first one), market-state and typed topics (from their ends) -> look -> Board
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from typing import Final

import orjson

from flows.connectors.kafka.clients import consumer, ends
from flows.connectors.kafka.inbox import EARLIEST, Inbox
from flows.connectors.kafka.settings import KafkaSettings
from flows.journal import entries as en
from flows.journal.codec import decode_entries, decode_events
from flows.journal.terms import Partition
from flows.live.board import Board
from flows.registry.load import Venue

EVENTS, LIQUIDATIONS, CALLS, ADL = 200, 201, 202, 203
TYPED: Final = {LIQUIDATIONS: "liquidations", CALLS: "margin-calls", ADL: "adl"}
NAMES: Final = {EVENTS: "events", **TYPED}

STATES_BACK: Final = 200
"""Records of market-state that a start looks back: each market has moved within them."""

MESSAGES_BACK: Final = 100
"""Messages of each typed topic with which the log begins."""

WORK_S: Final = 0.25
"""How long one look may work; what is left waits for the next one."""

PAGES_S: Final = 2.0
"""Seconds between two looks at the flows' pages."""

PAGE_S: Final = 2.0
"""How long a page may take: on a machine that is busy elsewhere a thread waits for its turn."""


class Feed:
    """Reads for one board."""

    def __init__(self, board: Board, settings: KafkaSettings, venue: Venue, pages: Mapping[str, str]) -> None:
        """``pages``: host:port of each flow's metrics."""
        self.board, self.pages = board, pages
        self.pools = [pool.id for pool in venue.pools]
        self.inbox = Inbox(settings, "view", _start(settings, len(self.pools)), NAMES)
        self.pages_at_s = 0.0

    def look(self) -> None:
        """Fold what has come in."""
        end = time.monotonic() + WORK_S
        while self.inbox.fetch(0.02, 2_000) and time.monotonic() < end:
            self._fold()
        self._fold()
        if time.monotonic() - self.pages_at_s >= PAGES_S:
            self.pages_at_s = time.monotonic()
            self._look_at_pages()

    def close(self) -> None:
        """Let go of the consumer."""
        self.inbox.close()

    def _fold(self) -> None:
        for (topic, lane), arrived in self.inbox.take(most=500).items():
            pool = self.board.pools[self.pools[lane]]
            for each in arrived:
                if topic == EVENTS:
                    batch = decode_events(each.value)
                    pool.add_events(batch.end_offset, batch.rows)
                elif topic == en.TOPIC_MARKET_STATE:
                    pool.add_states(decode_entries(each.value).rows)
                else:
                    self.board.add_message(TYPED[topic], orjson.loads(each.value))

    def _look_at_pages(self) -> None:
        for flow, address in self.pages.items():
            page = get(address, "/metrics")
            if page is None:
                self.board.flows[flow].no_page()
            else:
                self.board.flows[flow].take_page(page, time.time())


def get(address: str, path: str) -> str | None:
    """A page, if somebody answers and is well."""
    connection = http.client.HTTPConnection(address, timeout=PAGE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == http.client.OK else None


def _start(settings: KafkaSettings, lanes: int) -> dict[Partition, int]:
    """Where each lane of each topic is read from."""
    back = {en.TOPIC_MARKET_STATE: STATES_BACK, **dict.fromkeys(TYPED, MESSAGES_BACK)}
    names = NAMES | {en.TOPIC_MARKET_STATE: en.TOPICS[en.TOPIC_MARKET_STATE]}
    client = consumer(settings, "view-ends")
    start: dict[Partition, int] = {}
    try:
        for lane in range(lanes):
            start[EVENTS, lane] = EARLIEST
            for topic, records in back.items():
                low, high = ends(client, settings.topic(names[topic]), lane)
                start[topic, lane] = max(low, high - records)
    finally:
        client.close()
    return start
