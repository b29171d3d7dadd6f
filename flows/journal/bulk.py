"""Bulk records as messages: an Arrow stream's columns, judged as the same messages would be one by one.

    bytes -> stream, columns -> columns judged at once -> rows; a row that looks bad is explained by schemas, as JSON

What cannot be read as a whole is one refusal. What is wrong with a row is that row's alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.journal.columns import Columns, RowLines, Texts
from flows.journal.wire import (
    CONTRADICTS,
    FORMS,
    Ints,
    Read,
    integers,
    parsed,
    read,
)
from schemas import message as form
from schemas.bulk import TEXT, bulk_schema, fits
from schemas.catalogue import BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import Refusal, explain

_BOUNDS: Final = {
    "number": (0, form.LARGEST_NUMBER),
    "time_ns": (form.FIRST_NS, form.LAST_NS - 1),
    "sent_ns": (form.FIRST_NS, form.LAST_NS - 1),
    "minimum_bonus_ppm": (0, 1_000_000),
}
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2
_NOT_READ: Final = (pa.ArrowException, struct.error, ValueError, TypeError, LookupError, OSError, MemoryError)
"""What a stream raises that is none."""


class Bulk(NamedTuple):
    """The messages of some bulk records that follow each other."""

    read: Read
    lines: Sequence[bytes]


# ---- a record as a table ---------------------------------------------------------------------------------------------
def table_of(topic: str, data: bytes) -> pa.Table | Refusal:
    """A bulk record's columns, as `bulk_schema` has them; or why the record is none."""
    if len(data) > LARGEST_RECORD_BYTES:
        return Refusal(Reason.TOO_LARGE, "", f"{len(data)} bytes, {LARGEST_RECORD_BYTES} are allowed")
    try:
        if any(_is_compressed(each) for each in _heads(data)):
            detail = "its buffers are compressed: leave that to the producer's compression.type"
            return Refusal(Reason.NOT_ARROW, "", detail)
        table = pa.ipc.open_stream(data).read_all()
        if (why := _against_schema(topic, table.schema)) is not None:
            return why
        table.validate(full=True)
        return _in_order(topic, table)
    except _NOT_READ as error:
        said = " ".join(str(error).split())
        return Refusal(Reason.NOT_ARROW, "", f"no Arrow stream: {said[:200]}")


def _heads(data: bytes) -> Iterator[bytes]:
    """What each message of a stream says of itself."""
    for each in pa.ipc.MessageReader.open_stream(pa.BufferReader(data)):
        yield each.metadata.to_pybytes()


def _is_compressed(head: bytes) -> bool:
    """Whether a message's buffers are compressed: they could be a thousand times as long as the record.

    A walk through Arrow's Message, a flatbuffer: Message.header is a RecordBatch or a DictionaryBatch, whose data is one.
    """
    message = struct.unpack_from("<I", head)[0]
    kind = _slot(head, message, 1)
    header = _table(head, message, 2)
    if header is None or not kind or head[kind] not in {_RECORD_BATCH, _DICTIONARY_BATCH}:
        return False
    batch = _table(head, header, 1) if head[kind] == _DICTIONARY_BATCH else header
    return batch is not None and _slot(head, batch, 3) != 0


def _slot(head: bytes, table: int, field: int) -> int:
    """Where a flatbuffer table has a field; 0 where it has none."""
    names = table - struct.unpack_from("<i", head, table)[0]
    if 4 + 2 * field >= struct.unpack_from("<H", head, names)[0]:
        return 0
    offset = struct.unpack_from("<H", head, names + 4 + 2 * field)[0]
    return table + int(offset) if offset else 0


def _table(head: bytes, table: int, field: int) -> int | None:
    """Where a table lies that another one has as a field."""
    at = _slot(head, table, field)
    return at + int(struct.unpack_from("<I", head, at)[0]) if at else None


def _against_schema(topic: str, found: pa.Schema) -> Refusal | None:
    """What is wrong with the columns."""
    wanted = bulk_schema(topic)
    for name in found.names:
        if name not in wanted.names or found.names.count(name) > 1:
            return Refusal(
                Reason.UNKNOWN_FIELD,
                form.quoted(name)[1:-1],
                "this topic has no such column, or it is told twice",
            )
    for field in wanted:
        if field.name not in found.names:
            if not field.nullable:
                return Refusal(Reason.MISSING_FIELD, field.name, f"the column {field.name} is missing")
        elif not fits(found.field(field.name).type, field.type):
            is_ = f"the column {field.name} is {str(found.field(field.name).type)[:80]}, not {field.type}"
            return Refusal(Reason.WRONG_TYPE, field.name, is_)
    return None


def _in_order(topic: str, table: pa.Table) -> pa.Table:
    """Columns in the schema's order, texts as dictionaries; those left out are without values."""
    arrays = []
    for field in bulk_schema(topic):
        if field.name not in table.schema.names:
            arrays.append(pa.nulls(table.num_rows, pa.utf8()).dictionary_encode())
            continue
        column = table.column(field.name)
        if field.type == TEXT:
            if not pa.types.is_dictionary(column.type):
                column = column.cast(pa.utf8()).dictionary_encode()
            column = column.cast(TEXT)
        arrays.append(column)
    return pa.table(arrays, names=bulk_schema(topic).names)


# ---- tables as messages ----------------------------------------------------------------------------------------------
def read_bulk(topic: str, tables: Sequence[pa.Table]) -> Bulk:
    """The messages of tables that `table_of` gave, a row a message."""
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    if topic == "depth":  # lists within lists: as JSON they are read as quickly
        lines = [_line(each) for each in table.to_pylist()]
        return Bulk(read(topic, lines), lines)
    columns = _columns(topic, table)
    lines_ = RowLines(columns)
    common = np.stack([integers(columns, name) for name in ("number", "time_ns", "sent_ns")], axis=1)
    amounts, doubtful = _amounts(topic, columns)
    texts = {
        name: table.column(name).chunk(0).dictionary
        for name, each in columns.fields.items()
        if isinstance(each, Texts) and table.num_rows
    }
    doubtful |= _out_of_form(topic, columns, texts)
    doubtful |= _contradicting(topic, columns, texts, doubtful)
    refused: dict[int, Refusal] = {}
    for row in np.flatnonzero(doubtful).tolist():
        if (why := explain(topic, lines_[row])) is not None:
            refused[row] = why
    out = list(refused)
    common[out], amounts[out] = 0, 0
    count = table.num_rows
    none = np.zeros((0, 2), np.int64)
    found = Read(
        columns, refused, common, amounts, np.zeros((count, 2), np.int64), none, np.zeros(count + 1, np.int64)
    )
    return Bulk(found, lines_)


def _line(row: dict[str, Any]) -> bytes:
    return orjson.dumps({name: value for name, value in row.items() if value is not None})


def _columns(topic: str, table: pa.Table) -> Columns:
    fields: dict[str, Texts | NDArray[Any]] = {}
    missing: dict[str, NDArray[np.bool_]] = {}
    for field in bulk_schema(topic):
        column = table.column(field.name)
        array = column.chunk(0) if column.num_chunks else pa.array([], column.type)
        if field.type == TEXT:
            values = array.dictionary.to_pylist()
            codes = array.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
            fields[field.name] = Texts(codes.astype(np.int64), [*values, None])
            continue
        if array.null_count:
            missing[field.name] = array.is_null().to_numpy(zero_copy_only=False)
            array = array.fill_null(pa.scalar(0).cast(field.type))
        fields[field.name] = np.array(array.to_numpy(zero_copy_only=False))
    return Columns(fields, table.num_rows, missing)


def _amounts(topic: str, columns: Columns) -> tuple[Ints, NDArray[np.bool_]]:
    """Amounts in 1e-9, each distinct text read once, and the rows with one that is refused."""
    amounts = np.zeros((len(columns), len(FORMS[topic].amounts)), np.int64)
    doubtful = np.zeros(len(columns), np.bool_)
    for place, name in enumerate(FORMS[topic].amounts):
        column = columns.fields[name]
        assert isinstance(column, Texts), "amounts travel as text"
        values, faults = parsed([each or "" for each in column.values])
        amounts[:, place] = values[column.codes]
        doubtful |= faults[column.codes]
    return amounts, doubtful


def _out_of_form(topic: str, columns: Columns, texts: Mapping[str, pa.Array]) -> NDArray[np.bool_]:
    """Rows that want a closer look: a text not of its form, or a number out of its bounds. ``texts``: the distinct ones."""
    doubtful = np.zeros(len(columns), np.bool_)
    patterns = dict(FORMS[topic].names)
    for field in bulk_schema(topic):
        column, name = columns.fields[field.name], field.name
        if not isinstance(column, Texts):
            doubtful |= columns.missing.get(name, False)
            if name in _BOUNDS:
                low, high = _BOUNDS[name]
                doubtful |= (column < low) | (column > high)
        elif name in texts:
            fine = np.ones(len(column.values), np.bool_)
            if name in patterns:
                fits_ = pc.match_substring_regex(texts[name], pattern=f"^(?:{patterns[name].pattern})$")
                fine[:-1] = _flags(fits_, missing=True)
            elif choices := _choices(topic, name):
                fine[:-1] = _flags(pc.is_in(texts[name], value_set=pa.array(choices)), missing=True)
            if not field.nullable:
                fine[:-1] &= _flags(pc.is_valid(texts[name]), missing=False)
                fine[-1] = False
            doubtful |= ~fine[column.codes]
    # Numbers out of their bounds may wrap here; they are doubtful already.
    ahead: Ints = integers(columns, "time_ns") - integers(columns, "sent_ns")
    return doubtful | (ahead > form.SKEW_NS)


def _flags(found: pa.Array, *, missing: bool) -> NDArray[np.bool_]:
    """Arrow's answer a text."""
    return np.array(found.fill_null(missing).to_numpy(zero_copy_only=False), np.bool_)


def _contradicting(
    topic: str, columns: Columns, texts: Mapping[str, pa.Array], doubtful: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows whose fields contradict each other: only those with isolated accounts or optional fields can."""
    closer = np.zeros(len(columns), np.bool_)
    for name in ("account", "buyer", "seller", "to", "owner", "kind"):
        column = columns.fields.get(name)
        if isinstance(column, Texts) and name in texts and topic in CONTRADICTS:
            odd = np.zeros(len(column.values), np.bool_)
            if name in {"to", "owner"}:
                odd[:-1] = True
            else:
                sought = "transfer" if name == "kind" else ":"
                odd[:-1] = _flags(pc.match_substring(texts[name], sought), missing=False)
            closer |= odd[column.codes]
    for row in np.flatnonzero(closer & ~doubtful).tolist():
        closer[row] = CONTRADICTS[topic](columns[row])
    return closer


def _choices(topic: str, name: str) -> list[str]:
    """What a field may be, where that is a list."""
    told = get_args(BY_NAME[topic].model.model_fields[name].annotation)
    return list(told) if told and all(isinstance(each, str) for each in told) else []
