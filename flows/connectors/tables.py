"""Journal entries, events and dead letters as columns: what the tables of infra/clickhouse/migrations take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from flows.journal import entries as journal
from flows.journal import events as decided
from flows.journal.codec import ENTRY_COLUMNS
from flows.journal.entries import Rows


class DeadLetterRow(NamedTuple):
    """A refused record, as the table keeps it."""

    topic: str
    partition: int
    offset: int
    reason: str
    field: str
    detail: str
    raw: bytes
    raw_bytes: int
    row: int = 0
    replayed_offset: int | None = None


def journal_table(pool: str, first_offset: int, entries: Rows, texts: Mapping[int, str]) -> pa.Table:
    """Entries as the `journal` table has them."""
    columns = _columns(entries, ENTRY_COLUMNS)
    columns["kind"] = _names(entries[:, journal.KIND], journal.KIND_NAMES)
    columns["topic"] = _names(entries[:, journal.TOPIC], journal.TOPICS)
    written = pa.array(
        [texts.get(place, "") for place in range(len(entries))] if texts else [""] * len(entries)
    )
    offsets = pa.array(np.arange(first_offset, first_offset + len(entries), dtype=np.int64))
    return pa.table(
        {"pool": _pool(pool, len(entries)), "journal_offset": offsets, **columns, "text": written}
    )


def events_table(pool: str, events: Rows) -> pa.Table:
    """Events as the `events` table has them."""
    columns = _columns(events, decided.COLUMNS)
    columns["type"] = _names(events[:, decided.TYPE], decided.TYPE_NAMES)
    return pa.table({"pool": _pool(pool, len(events)), **columns})


def accounts_table(pool: str, first_offset: int, texts: Mapping[int, str], events: Rows) -> pa.Table:
    """The accounts opened in a block, under the names that the entries which open them give.

    Genesis names none, and what it opens is the pool's own: its vault.
    """
    opened = events[events[:, decided.TYPE] == decided.ACCOUNT_OPENED]
    offset, account, owner, market = opened[
        :, [decided.OFFSET, decided.ACCOUNT, decided.COUNTER_ACCOUNT, decided.MARKET]
    ].T
    genesis = account == 0
    names = [
        "vault" if own else texts.get(place, "").split(" ")[0]
        for own, place in zip(genesis.tolist(), (offset - first_offset).tolist(), strict=True)
    ]
    return pa.table(
        {
            "pool": _pool(pool, len(opened)),
            "account": account,
            "name": pa.array(names, pa.utf8()),
            "owner": owner,
            "isolated_market": market,
            "opened_offset": offset,
        }
    )


def parameters_table(pool: str, first_offset: int, entries: Rows, texts: Mapping[int, str]) -> pa.Table:
    """The parameter sets a block brings into force: genesis."""
    places = np.flatnonzero(entries[:, journal.KIND] == journal.GENESIS).tolist()
    return pa.table(
        {
            "pool": _pool(pool, len(places)),
            "journal_offset": pa.array([first_offset + place for place in places], pa.int64()),
            "text": pa.array([texts[place] for place in places], pa.utf8()),
        }
    )


def dead_letters_table(pool: str, dead_letters: Sequence[DeadLetterRow]) -> pa.Table:
    """Refused records as the `dead_letters` table has them."""
    topic, partition, offset, reason, field, detail, raw, raw_bytes, row, replayed = zip(
        *dead_letters, strict=True
    )
    return pa.table(
        {
            "pool": _pool(pool, len(dead_letters)),
            "topic": pa.array(topic, pa.utf8()),
            "partition": pa.array(partition, pa.int64()),
            "origin_offset": pa.array(offset, pa.int64()),
            "reason": pa.array([str(each) for each in reason], pa.utf8()),
            "field": pa.array(field, pa.utf8()),
            "detail": pa.array(detail, pa.utf8()),
            "raw": pa.array(raw, pa.binary()),
            "raw_bytes": pa.array(raw_bytes, pa.int64()),
            "row": pa.array(row, pa.int64()),
            "replayed_offset": pa.array([-1 if each is None else each for each in replayed], pa.int64()),
        }
    )


def _columns(rows: Rows, names: Sequence[str]) -> dict[str, pa.Array]:
    """Each column of row-major rows as an Arrow array: one transposing copy, then none."""
    return {name: pa.array(column) for name, column in zip(names, np.ascontiguousarray(rows.T), strict=True)}


def _names(codes: Rows, names: Sequence[str]) -> pa.Array:
    """Codes as a dictionary column, which ClickHouse takes for a LowCardinality without a look at each row."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(names))


def _pool(pool: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int8)), pa.array([pool]))
