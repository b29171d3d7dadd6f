"""Audit beside two clearing processes that repeat each other: each entry with its events, once, cut at any place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.connectors.engine import Item
from flows.connectors.placement import keys_for
from flows.journal.codec import EventBatch, decode_entries, decode_events, encode_events
from flows.journal.terms import Standing
from flows.lanes import audit
from flows.lanes.audit import Begin, Blocks, Cut, LaneGapError, Letters, Pair, Reader
from tests.lanes.memory import Memory, Record
from tests.lanes.processes import POOL, Process, live, records

pytestmark = pytest.mark.compiled


class Inserting:
    """Takes all inserts."""

    def __init__(self) -> None:
        self.writer = self
        self.stored_to: dict[str, int] = {}

    def insert_block(self, *_: object) -> None: ...

    def insert_dead_letters(self, *_: object) -> None: ...


class Database:
    """Says how far it has come."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.writer = self
        self.read_to: dict[str, int] = {}
        self.stored_to: dict[str, int] = {}

    def next_offset(self, _pool: str) -> int:
        return self.first


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """A lane whose events two processes have published beside each other."""
    folder: Path = tmp_path_factory.mktemp("lane")
    with pytest.MonkeyPatch.context() as patch:
        memory = Memory(random.Random(5)).install(patch)
        sent = records()
        flows = [Process(memory, live(folder), flow) for flow in ("market", "intake", "clearing")]
        flows.append(Process(memory, live(folder / "other"), "clearing"))
        for start in range(0, len(sent) + 400, 20):
            for _, topic, partition, value in sent[start : start + 20]:
                memory.append(topic, partition, value)
            for each in flows:
                each.turn()
                each.commit()
        yield memory


def test_events_are_there_twice(lane: Memory) -> None:
    batches = [decode_events(each.data) for each in lane.logs["events", 0]]
    ends = [each.end_offset for each in batches]
    assert ends != sorted(ends) or any(
        one.first_offset < end for one, end in zip(batches[1:], ends, strict=False)
    )


def whole(lane: Memory) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The journal, and its events once."""
    standing, end = Standing(), 0
    entries, events = [], []
    for each in lane.logs["journal", 0]:
        batch = decode_entries(each.data)
        if standing.take(batch.about, each.number):
            entries.append(batch.rows)
    for each in lane.logs["events", 0]:
        batch_ = decode_events(each.data)
        events.append(batch_.rows[batch_.rows[:, 0] >= end])
        end = max(end, batch_.end_offset)
    return np.concatenate(entries), np.concatenate(events)


def read(lane: Memory, folder: Path, first: int, turns: int = 80) -> list[Any]:
    """What a start reads where the database has the entries before ``first``."""
    of = live(folder)
    key = keys_for([pool.id for pool in of.venue.pools])[POOL]
    reader = Reader(of, Database(first), key)  # type: ignore[arg-type]
    lane.adopt()
    return [item.body for _ in range(turns) for _, item in reader.read() or ()]


@given(seed=st.integers(0, 99), share=st.floats(0, 1))
@settings(max_examples=12)
def test_each_entry_comes_once_with_its_events(
    lane: Memory, tmp_path_factory: pytest.TempPathFactory, seed: int, share: float
) -> None:
    entries, events = whole(lane)
    lane.dice = random.Random(seed)
    first = int(share * len(entries))
    folder = tmp_path_factory.mktemp("state")
    begin, *pairs = read(lane, folder, first)
    assert begin == Begin(first, 0)
    assert all(isinstance(each, Pair) for each in pairs)
    assert np.array_equal(np.concatenate([each.batch.rows for each in pairs]), entries)
    assert np.array_equal(np.concatenate([each.events for each in pairs]), events)
    # What the database has already is cut off; the blocks go on behind it, and leave nothing out.
    step = Cut(live(folder), POOL)
    made = [one for each in [begin, *pairs] for one in step.apply(each)] + list(step.end())
    blocks = [block for each in made if isinstance(each, Blocks) for block in each.blocks]
    assert np.array_equal(np.concatenate([entries[:0], *(each.entries for each in blocks)]), entries[first:])
    assert np.array_equal(
        np.concatenate([events[:0], *(each.events for each in blocks)]), events[events[:, 0] >= first]
    )
    ends = [first, *(each.end_offset for each in blocks)]
    assert [each.first_offset for each in blocks] == ends[:-1]


def test_a_note_of_places_is_read_on_from(lane: Memory, tmp_path: Path) -> None:
    entries, events = whole(lane)
    begin, *pairs = read(lane, tmp_path, 0)
    at = pairs[len(pairs) // 2]
    end = at.batch.first_offset + len(at.batch.rows)
    audit.places_of(live(tmp_path), POOL).save(at.place["journal"]["length"], at.place | {"letters": 0})
    begin, *rest = read(lane, tmp_path, end)
    assert begin == Begin(end, 0)
    assert rest[0].batch.first_offset <= end, "it may read a batch again, never leave one out"
    assert sum(len(each.batch.rows) for each in rest) < len(entries)
    step = Cut(live(tmp_path), POOL)
    made = [one for each in [begin, *rest] for one in step.apply(each)] + list(step.end())
    blocks = [block for each in made if isinstance(each, Blocks) for block in each.blocks]
    assert np.array_equal(np.concatenate([each.entries for each in blocks]), entries[end:])
    assert np.array_equal(np.concatenate([each.events for each in blocks]), events[events[:, 0] >= end])


def test_events_that_are_missing_stop_it(lane: Memory, tmp_path: Path) -> None:
    log = lane.logs["events", 0]
    kept = list(log)
    last = decode_events(log[-1].data)
    gap = EventBatch(POOL, last.end_offset + 5, last.end_offset + 6, last.rows[:0])
    log.append(Record(("events", 0), len(log), encode_events(gap)))
    try:
        with pytest.raises(
            LaneGapError, match=f"begins at entry {gap.first_offset}, but they are complete up to"
        ):
            read(lane, tmp_path, 0)
    finally:
        lane.logs["events", 0] = kept


def test_dead_letters_pass_beside_the_blocks(lane: Memory, tmp_path: Path) -> None:
    value = (
        b'{"topic": "fills", "partition": 0, "offset": 7, "reason": "late", "field": "time_ns", "detail": "x",'
        b' "raw": "e30=", "raw_bytes": 2}'
    )
    lane.append("dead-letters", 0, b"somebody else's")
    lane.append("dead-letters", 0, value)
    try:
        letters = [each for each in read(lane, tmp_path, 0) if isinstance(each, Letters)]
    finally:
        lane.logs["dead-letters", 0].clear()
    [row] = [row for each in letters for row in each.rows]
    assert (row.topic, row.offset, row.raw) == ("fills", 7, b"{}")
    assert letters[-1].end == 2
    assert list(Cut(live(tmp_path), POOL).apply(letters[-1])) == letters[-1:]


def test_a_note_of_places_passes_no_letter_that_is_not_inserted(lane: Memory, tmp_path: Path) -> None:
    """Letters come behind the entries that they were read with: a kill between the two must read them again."""
    begin, *pairs = read(lane, tmp_path, 0)
    step = Cut(live(tmp_path), POOL)
    made = [one for each in [begin, *pairs] for one in step.apply(each)] + list(step.end())
    writer = audit.Writer(live(tmp_path), Inserting(), f"x:{POOL}")
    writer.pool, writer.places = POOL, audit.places_of(live(tmp_path), POOL)
    places = []
    for letters in (Letters([], 3), None):
        writer.due.last = -1e9
        writer.write([Item(POOL, begin), Item(POOL, made[1]), *([Item(POOL, letters)] if letters else [])])
        places.append(writer.places.newest(1 << 62))
    assert [place[1]["letters"] for place in places if place is not None] == [0, 0]
    writer.due.last = -1e9
    writer.write([Item(POOL, Letters([], 3)), Item(POOL, made[1])])
    place = writer.places.newest(1 << 62)
    assert place is not None
    assert place[1]["letters"] == 3


@pytest.mark.parametrize("topic", ["journal", "events"])
def test_what_strangers_write_is_passed_over(lane: Memory, tmp_path: Path, topic: str) -> None:
    before = read(lane, tmp_path, 0)
    kept = list(lane.logs[topic, 0])
    lane.append(topic, 0, b"somebody else's")
    try:
        assert [type(each) for each in read(lane, tmp_path, 0)] == [type(each) for each in before]
    finally:
        lane.logs[topic, 0] = kept
