"""Bulk records: many messages of an input topic as one Arrow stream, a column a field. Columns follow the topic's model.

A record says that it is one by its header ``content-type: application/vnd.apache.arrow.stream``.
"""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import Any, Final, get_args, get_origin

import pyarrow as pa

from schemas.catalogue import ARROW, BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES

TOPICS: Final = (
    "oracle-prices",
    "trades",
    "depth",
    "collateral",
    "fills",
    "order-checks",
    "liquidation-bids",
)
"""Topics that take them. A clock is one message, and a command is signed as the text that it is."""

TEXT: Final = pa.dictionary(pa.int32(), pa.utf8())
"""Texts, amounts among them. Plain utf8 is taken, too: a column of few distinct texts is shorter and quicker this way."""

LEVELS: Final = pa.list_(pa.list_(pa.utf8()))


@cache
def bulk_schema(topic: str) -> pa.Schema:
    """Columns of a topic's bulk records: in any order; nullable ones may be left out."""
    fields = BY_NAME[topic].model.model_fields
    return pa.schema(
        [
            pa.field(name, _type(field.annotation), nullable=not field.is_required())
            for name, field in fields.items()
        ]
    )


def _type(annotation: Any) -> pa.DataType:
    """How a field of JSON is carried."""
    kinds = [each for each in (get_args(annotation) or (annotation,)) if each is not NoneType]
    if get_origin(annotation) is tuple:
        return LEVELS
    return {bool: pa.bool_(), int: pa.int64()}.get(kinds[0], TEXT)


def fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column may stand for one of the schema."""
    if wanted == TEXT:
        return _is_text(found) or (pa.types.is_dictionary(found) and _is_text(found.value_type))
    if wanted == LEVELS:
        return _is_list(found) and _is_list(found.value_type) and _is_text(found.value_type.value_type)
    return bool(found == wanted)


def _is_text(found: pa.DataType) -> bool:
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found))


def _is_list(found: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(found) or pa.types.is_large_list(found) or pa.types.is_fixed_size_list(found)
    )


_PAGE: Final = """
## Bulk records

A record of {topics} may be many messages instead of one: an Arrow stream with a column a field, told by the header
`content-type: {arrow}`. Give it the header `sent_ns` too, decimal digits, the time at which the
record was sent: without it no reader can tell whether another partition is behind it.

- Columns are named as the fields above and may come in any order. Optional ones may be left out; a null is a field that
  a message does not have.
- Texts, amounts among them, are `utf8` or a dictionary of it, the shorter and quicker one; whole numbers are `int64`,
  `reduce_only` is `bool`, the sides of a book are lists of lists of two texts.
- At most {most:,} bytes, and its buffers are not compressed: leave that to the producer's `compression.type`.
- Every message is judged as if it had come alone, by its own `source`, `number` and times. One that is refused is a dead
  letter with its `row`, and its `raw` is that message as JSON. A record that cannot be read as a whole is one dead
  letter: `not_arrow`, `too_large`, or the fault of a column.
- In the journal all its messages bear the offset of their record.

```python
columns = {{"source": ["engine"] * 2, "number": [1, 2], "price": ["60000.0"] * 2, ...}}
table = pyarrow.table({{name: pyarrow.array(column) for name, column in columns.items()}})
sink = pyarrow.BufferOutputStream()
with pyarrow.ipc.new_stream(sink, table.schema) as writer:
    writer.write_table(table)
producer.produce("fills", sink.getvalue().to_pybytes(), partition=lane, headers={{"content-type": "{arrow}", "sent_ns": ...}})
```
""".strip()


def page() -> str:
    """What the reference says of them."""
    topics = ", ".join(f"`{topic}`" for topic in TOPICS)
    return _PAGE.format(topics=topics, arrow=ARROW, most=LARGEST_RECORD_BYTES)
