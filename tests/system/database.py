"""What a run's database holds, counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from flows import replay
from flows.connectors import clickhouse

KEYS = {
    "journal": "pool, journal_offset",
    "events": "pool, journal_offset, event_index",
    "accounts": "pool, account",
    "parameters": "pool, journal_offset",
    "dead_letters": "pool, topic, partition, origin_offset, `row`",
}
"""Each table, and what names a row of it."""


def rows_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Rows of each table, as they lie there and without repeats."""
    with_key = "select count(), uniqExact({}) from {}"
    return {table: tuple(asked(folder, with_key.format(key, table))[0]) for table, key in KEYS.items()}


def asked(folder: Path, text: str) -> list[Any]:
    """Rows that answer a question to an embedded database."""
    client = clickhouse.connect(folder, create=False)
    try:
        return list(client.query(text).result_rows)
    finally:
        client.close()


def assert_holds_once(folder: Path, summary: dict[str, Any], done: replay.Done) -> None:
    """Every entry, event, account and dead letter of a run, once: counted as they lie, not as they are merged.

    Of dead letters a repeat lies there until it is merged, and replaces itself.
    """
    opened = summary["event_counts"]["account-opened"]
    expected = {
        "journal": summary["journal_entries"],
        "events": summary["events"],
        "accounts": opened,
        "parameters": len(done.run.venue.pools),
        "dead_letters": sum(summary["dead_letters"].values()),
    }
    found = rows_of(folder)
    lies, differ = found.pop("dead_letters")
    assert differ == expected.pop("dead_letters") <= lies
    assert found == {table: (count, count) for table, count in expected.items()}
    by_type = Counter(dict(asked(folder, "select type, count() from events group by type")))
    assert by_type == Counter({kind: count for kind, count in summary["event_counts"].items() if count})
