"""Batches as bytes: Arrow IPC with one int64 column a field, and what a batch says of itself in the schema's metadata.

The same bytes are a Kafka record's value and a frame of a file (`flows.connectors.files`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, TypeVar

import msgspec
import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

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
# On one thread: handing the columns of a small batch to others costs more than packing them.
_QUICK: Final = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_PACKED: Final = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
_READING: Final = pa.ipc.IpcReadOptions(use_threads=False)

LARGE_BYTES: Final = 1 << 19
"""Of rows before they are packed: from here on zstd costs less time than lz4, and half the bytes. Below, its start costs."""

_TEXT: Final = "text"


def _columns(names: Sequence[str]) -> list[pa.Field]:
    return [pa.field(name, pa.int64(), nullable=False) for name in names]


_ENTRIES: Final = pa.schema([*_columns(ENTRY_COLUMNS), pa.field(_TEXT, pa.utf8(), nullable=False)])
_EVENTS: Final = pa.schema(_columns(events.COLUMNS))

_NOT_OURS: Final = (
    *(pa.ArrowException, msgspec.MsgspecError, OSError, ValueError, KeyError, TypeError, IndexError),
    OverflowError,
)
"""What reading bytes raises that nobody of ours wrote."""


class NoBatchError(ValueError):
    """These bytes are no batch: whoever wrote them is no writer of ours."""


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
class AboutEvents:
    """What a batch of events says of itself."""

    pool: str
    first_offset: Annotated[int, msgspec.Meta(ge=0)]
    end_offset: Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events of whole entries of one pool: ``first_offset`` up to, not including, ``end_offset``."""

    pool: str
    first_offset: int
    end_offset: int
    rows: Rows


def encode_entries(batch: EntryBatch) -> bytes:
    """A batch of entries as one Arrow stream."""
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
    return _encode(batch.rows, _ENTRIES, about, _texts(batch.texts, len(batch.rows)))


def decode_entries(data: bytes) -> EntryBatch:
    """What `encode_entries` wrote. NoBatchError."""
    rows, schema, texts = _decode(data, _ENTRIES)
    about = _about(schema)
    if about.count != len(rows):
        raise NoBatchError(f"{about.count} entries are announced, and there are {len(rows)}")
    return EntryBatch(
        pool=about.pool,
        first_offset=about.first_offset,
        rows=rows,
        texts={place: text for place, text in enumerate(texts) if text},
        term=about.term,
        writer=about.writer,
        settled=about.settled,
        claim=about.claim,
    )


STRANGER: Final = About("", 0, 0, 0, "", (), claim=False)
"""What a record says of itself that is no batch: somebody else wrote it. It has no writer, so it never counts."""


def about_of(data: bytes) -> About:
    """What a batch of entries says of itself, its rows unread; `STRANGER` for what is none."""
    try:
        return _about(_schema(data))
    except NoBatchError:
        return STRANGER


def about_events(data: bytes) -> AboutEvents:
    """What a batch of events says of itself, its rows unread; for what is none, that it has no pool and no events."""
    try:
        return _told(_schema(data), AboutEvents)
    except NoBatchError:
        return AboutEvents("", 0, 0)


def end_of_events(data: bytes) -> int:
    """One past the last entry whose events a batch holds, its rows unread; 0 for what is no batch of events."""
    return about_events(data).end_offset


def encode_events(batch: EventBatch) -> bytes:
    """A batch of events as one Arrow stream."""
    about = {"pool": batch.pool, "first_offset": batch.first_offset, "end_offset": batch.end_offset}
    return _encode(batch.rows, _EVENTS, about, None)


def decode_events(data: bytes) -> EventBatch:
    """What `encode_events` wrote. NoBatchError."""
    rows, schema, _ = _decode(data, _EVENTS)
    about = _told(schema, AboutEvents)
    return EventBatch(about.pool, about.first_offset, about.end_offset, rows)


def _encode(rows: Rows, of: pa.Schema, about: dict[str, object], texts: pa.Array | None) -> bytes:
    """Columns are slices of one buffer: to make an array of each apart costs more than all else of a small batch."""
    count, columns = len(rows), pa.py_buffer(np.ascontiguousarray(rows.T))
    arrays = [
        pa.Array.from_buffers(pa.int64(), count, [None, columns.slice(place * count * 8, count * 8)])
        for place in range(rows.shape[1])
    ]
    if texts is not None:
        arrays.append(texts)
    schema = of.with_metadata({b"marginline": orjson.dumps(about)})
    sink, options = pa.BufferOutputStream(), _PACKED if rows.nbytes >= LARGE_BYTES else _QUICK
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return bytes(sink.getvalue())


def _texts(texts: Mapping[int, str], count: int) -> pa.Array:
    """A text a row; most batches have none at all."""
    if texts:
        return pa.array([texts.get(place, "") for place in range(count)], pa.utf8())
    return pa.Array.from_buffers(
        pa.utf8(), count, [None, pa.py_buffer(np.zeros(count + 1, np.int32)), pa.py_buffer(b"")]
    )


# ---- reading ---------------------------------------------------------------------------------------------------------
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class _Told(msgspec.Struct, frozen=True):
    """The metadata of a batch of entries."""

    pool: str
    first_offset: _Count
    count: _Count
    term: _Count
    writer: str
    settled: tuple[tuple[_Count, _Count, _Count, _Count], ...]
    claim: bool = False


_Kind = TypeVar("_Kind")


def _schema(data: bytes) -> pa.Schema:
    try:
        return pa.ipc.open_stream(data).schema
    except _NOT_OURS as error:
        raise NoBatchError(f"no Arrow stream: {error}") from error


def _told(schema: pa.Schema, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(schema.metadata[b"marginline"], type=kind)
    except _NOT_OURS as error:
        raise NoBatchError(f"it does not say what it holds: {error}") from error


def _about(schema: pa.Schema) -> About:
    told = _told(schema, _Told)
    settled = tuple(Settled(*each) for each in told.settled)
    return About(told.pool, told.first_offset, told.count, told.term, told.writer, settled, told.claim)


def _decode(data: bytes, of: pa.Schema) -> tuple[Rows, pa.Schema, list[str]]:
    """Rows, what is said of them, and the texts where there are any."""
    try:
        table = pa.ipc.open_stream(data, options=_READING).read_all()
        table.validate(full=True)  # else a stranger's lengths would be believed
    except _NOT_OURS as error:
        raise NoBatchError(f"no Arrow stream: {error}") from error
    if not table.schema.equals(of) or any(column.null_count for column in table.columns):
        raise NoBatchError("its columns are others")
    has_texts = of.names[-1] == _TEXT
    columns = np.empty((len(of) - has_texts, table.num_rows), np.int64)
    for place, column in enumerate(columns):
        _read(table.column(place), column)
    texts = table.column(_TEXT).to_pylist() if has_texts and _says_something(table.column(_TEXT)) else []
    return np.ascontiguousarray(columns.T), table.schema, texts


def _read(column: pa.ChunkedArray, into: NDArray[np.int64]) -> None:
    """Integers as they lie there: pyarrow's own way, at its first call, loads pandas, and that takes a second."""
    start = 0
    for piece in column.chunks:
        end = start + len(piece)
        if end > start:
            into[start:end] = np.frombuffer(piece.buffers()[1], np.int64, end - start, piece.offset * 8)
        start = end


def _says_something(texts: pa.ChunkedArray) -> bool:
    return any((letters := piece.buffers()[2]) is not None and letters.size for piece in texts.chunks)
