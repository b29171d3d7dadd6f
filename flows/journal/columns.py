"""Messages that came as columns: a field is an array, and a message is made into an object only where it is quoted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, overload

import numpy as np
import orjson
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Texts(NamedTuple):
    """A column of texts: each row's place among the distinct ones. The last of those is None, for rows without one."""

    codes: Ints
    values: list[str | None]

    def told(self) -> list[str | None]:
        """The texts themselves."""
        values = self.values
        return [values[code] for code in self.codes.tolist()]


Column = Texts | NDArray[Any]


class Columns:
    """Messages of one topic, a row a message."""

    def __init__(
        self, fields: Mapping[str, Column], count: int, missing: Mapping[str, NDArray[np.bool_]] | None = None
    ) -> None:
        """``fields`` in the order of the topic's schema. ``missing``: which rows have none of a column's numbers."""
        self.fields = dict(fields)
        self.count = count
        self.missing = dict(missing or {})

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> SimpleNamespace:
        return SimpleNamespace(**{name: self._value(name, row) for name in self.fields})

    def __iter__(self) -> Iterator[SimpleNamespace]:
        return (self[row] for row in range(self.count))

    def _value(self, name: str, row: int) -> Any:
        column = self.fields[name]
        if isinstance(column, Texts):
            return column.values[column.codes[row]]
        return None if name in self.missing and self.missing[name][row] else column[row].item()

    def take(self, rows: Ints) -> Columns:
        """Some of the messages."""
        fields = {
            name: Texts(each.codes[rows], each.values) if isinstance(each, Texts) else each[rows]
            for name, each in self.fields.items()
        }
        return Columns(fields, len(rows), {name: each[rows] for name, each in self.missing.items()})

    def told(self, name: str) -> list[Any]:
        """One field of all messages."""
        column = self.fields[name]
        return column.told() if isinstance(column, Texts) else column.tolist()

    def numbers(self, of: Mapping[str, int], name: str, unknown: int) -> Ints:
        """One field's texts by a table of numbers: each distinct text is looked up once."""
        column = self.fields[name]
        assert isinstance(column, Texts), "only texts are looked up"
        return np.array([of.get(each, unknown) for each in column.values], np.int64)[column.codes]  # type: ignore[arg-type]

    def line(self, row: int) -> bytes:
        """One message as JSON, without the fields that it does not have."""
        told = {name: self._value(name, row) for name in self.fields}
        return orjson.dumps({name: value for name, value in told.items() if value is not None})


class RowLines(Sequence[bytes]):
    """Messages as their JSON lines, each written only where it is asked for."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns)

    @overload
    def __getitem__(self, row: int) -> bytes: ...
    @overload
    def __getitem__(self, row: slice) -> list[bytes]: ...
    def __getitem__(self, row: int | slice) -> bytes | list[bytes]:
        if isinstance(row, slice):
            return [self.columns.line(each) for each in range(*row.indices(len(self)))]
        return self.columns.line(row)


Messages = Sequence[Any] | Columns
"""A struct a line, or columns."""


def taken(messages: Messages, rows: Ints) -> Messages:
    """Some of the messages."""
    if isinstance(messages, Columns):
        return messages if len(rows) == len(messages) else messages.take(rows)
    return [messages[row] for row in rows.tolist()]
