"""The check at the end of a live run: the journal, executed again, against what was published and what ClickHouse holds.

journal -> fresh pool -> events = the topic events = the typed topics = ClickHouse
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from flows.connectors import clickhouse
from flows.connectors.kafka.inbox import EARLIEST, Inbox
from flows.journal import events as ev
from flows.journal.arrivals import Arrived
from flows.journal.canonical import Chain, canonical_events
from flows.journal.codec import EntryBatch, about_events, decode_entries, decode_events
from flows.journal.entries import Rows
from flows.journal.terms import Standing, Verdict, judge
from flows.journal.views.views import TOPICS as TYPED
from flows.journal.views.views import Views
from flows.lanes.clearing import id_of
from flows.lanes.lane import OWN, READ_S
from flows.lanes.settings import Live
from flows.pool.driver import Driver
from flows.pool.pool import Pool, PoolStoppedError
from flows.pool.skips import note_skips

ROWS_A_QUERY: Final = 100_000


@dataclass(slots=True)
class Checked:
    """What one pool's lanes came to."""

    pool: str
    entries: int = 0
    terms: int = 0
    dropped: int = 0  # batches of writers that had lost their term or of strangers, and repeats of events
    events: int = 0
    views: Counter[str] = field(default_factory=Counter)
    events_sha256: str = ""
    journal_sha256: str = ""
    in_database: int = 0  # entries
    differences: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Nothing differs."""
        return not self.differences


def check(live: Live, database: clickhouse.Client | None = None) -> list[Checked]:
    """Every pool, to the ends that its lanes have now."""
    return [_past_skips(live, pool.id, database) for pool in live.venue.pools]


def records(live: Live, topic: str, pool: str) -> Iterator[Arrived]:
    """The records of a pool's lane, from the first one to the one that is the last now."""
    at = (OWN, live.lane(pool))
    inbox = Inbox(live.kafka, f"check-{pool}-{topic}", {at: EARLIEST}, {OWN: topic})
    try:
        end = inbox.end(at)
        while inbox.positions[at] < end:
            inbox.fetch(READ_S)
            yield from (each for each in inbox.take([at]).get(at, ()) if each.offset < end)
    finally:
        inbox.close()


def journal(live: Live, pool: str, told: Checked) -> Iterator[EntryBatch]:
    """The batches that count."""
    standing = Standing()
    for each in records(live, "journal", pool):
        verdict = judge(standing, pool, each.offset, each.value)
        if verdict is Verdict.COUNTS:
            yield decode_entries(each.value)
        elif verdict is not Verdict.CLAIM:
            told.dropped += 1
    told.terms = standing.term


def _past_skips(live: Live, pool: str, database: clickhouse.Client | None) -> Checked:
    """Execute again; an entry that the pool stops at is passed over if a skip in the journal names it."""
    skips: dict[int, int] = {}
    while True:
        try:
            return _check(live, pool, database, skips)
        except PoolStoppedError as stop:
            known: dict[int, int] = {}
            for batch in journal(live, pool, Checked(pool)):
                note_skips(known, batch.rows, batch.first_offset)
            if stop.offset not in known or stop.offset in skips:
                raise
            skips[stop.offset] = known[stop.offset]


def _check(live: Live, pool: str, database: clickhouse.Client | None, skips: Mapping[int, int]) -> Checked:
    told = Checked(pool)
    driver, views, chain = Driver(Pool(live.pool(pool), skips=skips), None), Views(live.pool(pool)), Chain()
    published, stored = _Published(live, pool, told), _Stored(database, pool, told)
    digest, typed = hashlib.sha256(), {topic: hashlib.sha256() for topic in TYPED}
    for batch in journal(live, pool, told):
        driven = driver.drive(batch.rows, batch.texts)
        chain.add(batch.rows, batch.texts)
        views.open_accounts(batch.rows, batch.texts)
        for view in views.of(driven.events, batch.rows, batch.texts, batch.first_offset):
            typed[view.topic].update(view.value)
            told.views[view.topic] += 1
        digest.update(canonical_events(driven.events))
        told.events += len(driven.events)
        published.compare(driven.events, driver.length)
        stored.compare(driven.events, driver.length)
    stored.compare(np.zeros((0, ev.WIDTH), np.int64), driver.length, last=True)
    if driver.length:
        driver.pool.check()
    told.entries = driver.length
    told.events_sha256, told.journal_sha256 = digest.hexdigest(), chain.head().hex()
    _compare_views(live, pool, {topic: each.hexdigest() for topic, each in typed.items()}, told)
    if database is not None:
        told.in_database = clickhouse.Writer(database).next_offset(pool)
        if told.in_database != told.entries:
            told.differences.append(f"ClickHouse holds {told.in_database} entries of {told.entries}")
    return told


class _Published:
    """The topic ``events`` beside the execution: rows of entries that are news."""

    def __init__(self, live: Live, pool: str, told: Checked) -> None:
        self.records, self.told = records(live, "events", pool), told
        self.end = 0
        self.rows: Rows = np.zeros((0, ev.WIDTH), np.int64)

    def compare(self, events: Rows, end: int) -> None:
        """The events of all entries before ``end`` are published, and they are these."""
        while self.end < end:
            record = next(self.records, None)
            if record is None:
                self.told.differences.append(f"events of the entries {self.end} to {end} are not published")
                self.end = 1 << 62
                return
            if about_events(record.value).pool != self.told.pool:  # a stranger's
                self.told.dropped += 1
                continue
            batch = decode_events(record.value)
            if batch.first_offset > self.end:
                self.told.differences.append(f"events of the entries from {self.end} on are missing")
            if batch.end_offset <= self.end:
                self.told.dropped += 1
                continue
            news = batch.rows[batch.rows[:, ev.OFFSET] >= self.end]
            self.rows = np.concatenate([self.rows, news])
            self.end = batch.end_offset
        cut = int(np.searchsorted(self.rows[:, ev.OFFSET], end))
        found, self.rows = self.rows[:cut], self.rows[cut:]
        if self.end < 1 << 62 and not np.array_equal(found, events):
            self.told.differences.append(f"events before entry {end} are published otherwise")


def _compare_views(live: Live, pool: str, expected: dict[str, str], told: Checked) -> None:
    """Each typed topic holds each of its messages, in order; a repeat bears an id that was there."""
    for topic in TYPED:
        last, count, digest = (-1, -1), 0, hashlib.sha256()
        for each in records(live, topic, pool):
            place = id_of(each.value)
            if place <= last:
                told.dropped += 1
                continue
            last, count = place, count + 1
            digest.update(each.value)
        if count != told.views[topic]:
            told.differences.append(f"{topic} has {count} messages, and {told.views[topic]} were decided")
        elif digest.hexdigest() != expected[topic]:
            told.differences.append(f"{topic} says otherwise than was decided")


class _Stored:
    """ClickHouse beside the execution: it holds the same events, once each. Many entries are asked for at once."""

    def __init__(self, client: clickhouse.Client | None, pool: str, told: Checked) -> None:
        self.client, self.pool, self.told = client, pool, told
        self.first = self.rows = 0
        self.waiting: list[Rows] = []

    def compare(self, events: Rows, end: int, *, last: bool = False) -> None:
        """The events of the entries before ``end``, which go on behind the ones before."""
        if self.client is None:
            return
        self.waiting.append(events)
        self.rows += len(events)
        if last or self.rows >= ROWS_A_QUERY:
            self._ask(self.client, np.concatenate(self.waiting), end)
            self.waiting, self.rows, self.first = [], 0, end

    def _ask(self, client: clickhouse.Client, events: Rows, end: int) -> None:
        columns = ", ".join(ev.COLUMNS)
        text = (
            f"select {columns} from events final where pool = {{pool:String}} and journal_offset >= {{first:Int64}}"  # noqa: S608 - our own columns
            " and journal_offset < {end:Int64} order by journal_offset, event_index"
        )
        bound = {"pool": self.pool, "first": self.first, "end": end}
        rows = client.query(text, parameters=bound).result_rows
        types = {name: code for code, name in enumerate(ev.TYPE_NAMES)}
        found = np.array([[*row[:2], types[row[2]], *row[3:]] for row in rows], np.int64).reshape(
            -1, ev.WIDTH
        )
        if not np.array_equal(found, events):
            self.told.differences.append(
                f"ClickHouse has other events for the entries {self.first} to {end}: {len(found)} of {len(events)}"
            )
