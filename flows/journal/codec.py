"""Batches as bytes: Arrow IPC with one int64 column a field, and what a batch says of itself in the schema's metadata.

The same bytes are a Kafka record's value and a frame of a file (`flows.connectors.files`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa

from flows.journal import entries, events
from flows.journal.entries import Rows

ENTRY_COLUMNS: Final = (
    "kind",
    "time_ns",
    "topic",
    "partition",
    "origin_offset",
    "source",
    "number",
    *(f"payload_{place}" for place in range(entries.WIDTH - entries.PAYLOAD)),
)
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Settled:
    """A range of an input partition's offsets that a batch settles: entries, dead letters and other pools' records."""

    topic: int
    partition: int
    first: int
    end: int  # one past the last


@dataclass(frozen=True, slots=True)
class About:
    """What a batch says of itself: enough to judge whether it counts (`flows.journal.terms`)."""

    pool: str
    first_offset: int
    count: int
    term: int
    writer: str
    settled: tuple[Settled, ...]
    claim: bool


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """Entries of one pool's journal, without a gap."""

    pool: str
    first_offset: int
    rows: Rows
    texts: Mapping[int, str] = field(default_factory=dict)  # by place in rows
    term: int = 1
    writer: str = "replay"
    settled: tuple[Settled, ...] = ()
    claim: bool = False  # of a new term: no entries, no offsets settled

    @property
    def about(self) -> About:
        """Without the rows."""
        return About(
            self.pool, self.first_offset, len(self.rows), self.term, self.writer, self.settled, self.claim
        )


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events of whole entries of one pool: ``first_offset`` up to, not including, ``end_offset``."""

    pool: str
    first_offset: int
    end_offset: int
    rows: Rows


def encode_entries(batch: EntryBatch) -> bytes:
    """A batch of entries as one Arrow stream."""
    texts = (
        [batch.texts.get(place, "") for place in range(len(batch.rows))]
        if batch.texts
        else [""] * len(batch.rows)
    )
    about: dict[str, object] = {
        "pool": batch.pool,
        "term": batch.term,
        "writer": batch.writer,
        "first_offset": batch.first_offset,
        "count": len(batch.rows),
        "settled": [[each.topic, each.partition, each.first, each.end] for each in batch.settled],
    }
    if batch.claim:
        about["claim"] = True
    return _encode(batch.rows, ENTRY_COLUMNS, about, pa.array(texts, pa.utf8()))


def decode_entries(data: bytes) -> EntryBatch:
    """What `encode_entries` wrote."""
    rows, about, table = _decode(data, len(ENTRY_COLUMNS))
    texts = {place: text for place, text in enumerate(table.column("text").to_pylist()) if text}
    settled = tuple(Settled(*each) for each in about["settled"])
    return EntryBatch(
        pool=about["pool"],
        first_offset=about["first_offset"],
        rows=rows,
        texts=texts,
        term=about["term"],
        writer=about["writer"],
        settled=settled,
        claim=about.get("claim", False),
    )


def about_of(data: bytes) -> About:
    """What a batch of entries says of itself, its rows unread."""
    found = orjson.loads(pa.ipc.open_stream(data).schema.metadata[b"marginline"])
    return About(
        pool=found["pool"],
        first_offset=found["first_offset"],
        count=found["count"],
        term=found["term"],
        writer=found["writer"],
        settled=tuple(Settled(*each) for each in found["settled"]),
        claim=found.get("claim", False),
    )


def end_of_events(data: bytes) -> int:
    """One past the last entry whose events a batch holds, its rows unread."""
    return int(orjson.loads(pa.ipc.open_stream(data).schema.metadata[b"marginline"])["end_offset"])


def encode_events(batch: EventBatch) -> bytes:
    """A batch of events as one Arrow stream."""
    about = {"pool": batch.pool, "first_offset": batch.first_offset, "end_offset": batch.end_offset}
    return _encode(batch.rows, events.COLUMNS, about, None)


def decode_events(data: bytes) -> EventBatch:
    """What `encode_events` wrote."""
    rows, about, _ = _decode(data, len(events.COLUMNS))
    return EventBatch(about["pool"], about["first_offset"], about["end_offset"], rows)


def _encode(rows: Rows, names: tuple[str, ...], about: dict[str, object], texts: pa.Array | None) -> bytes:
    columns = np.ascontiguousarray(rows.T)
    arrays = [pa.array(column) for column in columns]
    fields = [pa.field(name, pa.int64(), nullable=False) for name in names]
    if texts is not None:
        arrays.append(texts)
        fields.append(pa.field("text", pa.utf8(), nullable=False))
    schema = pa.schema(fields, metadata={b"marginline": orjson.dumps(about)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    return bytes(sink.getvalue())


def _decode(data: bytes, width: int) -> tuple[Rows, dict[str, Any], pa.Table]:
    table = pa.ipc.open_stream(data).read_all()
    about = orjson.loads(table.schema.metadata[b"marginline"])
    rows = np.empty((table.num_rows, width), np.int64)
    for place in range(width):
        rows[:, place] = table.column(place).to_numpy()
    return rows, about, table
