"""What became of every record: admitted once, refused with its origin, or market data that was taken up or superseded.

input topics, market-state -> settled ranges, entries, dead letters -> one fate a record
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson

from flows.connectors import clickhouse
from flows.connectors.kafka.clients import consumer, ends
from flows.journal import entries as en
from flows.journal.codec import EntryBatch, decode_entries
from flows.journal.conflate import is_conflation
from flows.journal.terms import Partition, Standing, Verdict, judge
from flows.lanes import intake, market
from flows.lanes.check import records
from flows.lanes.settings import Live

DATA: Final = frozenset({en.TOPIC_ORACLE_PRICES, en.TOPIC_DEPTH, en.TOPIC_TRADES})
"""Topics whose records become prices: none of them is an entry of its own."""

Origin = tuple[str, int, int, int]
"""Topic, partition, offset, and of a bulk record the row."""


@dataclass(slots=True)
class Accounted:
    """The fates of one pool's records."""

    pool: str
    fates: Counter[tuple[str, str]] = field(default_factory=Counter)  # by topic and fate
    differences: list[str] = field(default_factory=list)


def account(live: Live, database: clickhouse.Client | None = None) -> list[Accounted]:
    """Every pool, to the ends that its input partitions have now."""
    return [_account(live, pool.id, database) for pool in live.venue.pools]


def batches(live: Live, topic: str, pool: str, standing: Standing) -> Iterator[EntryBatch]:
    """The batches of a lane that count. What is no batch at all is passed over, as the flows do."""
    for each in records(live, topic, pool):
        if judge(standing, pool, each.offset, each.value) is Verdict.COUNTS:
            yield decode_entries(each.value)


def _account(live: Live, pool: str, database: clickhouse.Client | None) -> Accounted:
    told = Accounted(pool)
    journal, states = Standing(), Standing()
    rows = np.concatenate([en.empty(0), *(each.rows for each in batches(live, "journal", pool, journal))])
    made = np.concatenate([en.empty(0), *(each.rows for each in batches(live, "market-state", pool, states))])
    # A state bears the origin of the record that made it; it is an entry of the lane of market-states.
    is_state = np.isin(rows[:, en.KIND], (en.MARKET_STATE, en.ASSET_STATE))
    taken, rows = rows[is_state], rows[~is_state]
    if not is_conflation(made, taken):
        told.differences.append(f"the journal has {len(taken)} states, and {len(made)} others were published")
    letters = _letters(live, pool, told)
    for flow, inputs, standing in (
        ("market", market.INPUTS, states),
        ("intake", intake.INPUTS, journal),
    ):
        for topic in inputs:
            if topic != en.TOPIC_MARKET_STATE:
                _fates(live, flow, live.partition(topic, pool), standing, rows, letters, told)
    if database is not None:
        _compare_letters(database, pool, letters, told)
    return told


def _letters(live: Live, pool: str, told: Accounted) -> dict[Origin, str]:
    """Reasons by origin. A letter may be there twice: it is sent before the record that settles its origin."""
    found: dict[Origin, str] = {}
    for each in records(live, "dead-letters", pool):
        letter: dict[str, Any] = orjson.loads(each.value)
        origin = letter["topic"], letter["partition"], letter["offset"], letter.get("row", 0)
        if found.setdefault(origin, letter["reason"]) != letter["reason"]:
            told.fates["dead-letters", "told twice, with two reasons"] += 1
        found[origin] = letter["reason"]
    return found


def _fates(
    live: Live,
    flow: str,
    at: Partition,
    standing: Standing,
    rows: en.Rows,
    letters: dict[Origin, str],
    told: Accounted,
) -> None:
    name = en.TOPICS[at[0]]
    asker = consumer(live.kafka, "account")
    try:
        low, end = ends(asker, live.kafka.topic(name), at[1])
    finally:
        asker.close()
    if (done := standing.settled.get(at, low)) != end:
        told.differences.append(f"{flow} has settled {name}/{at[1]} to {done} of {end}")
    of = (rows[:, en.TOPIC] == at[0]) & (rows[:, en.PARTITION] == at[1])
    # The messages of a bulk record share its offset: each is known by its own number.
    told_of, times = np.unique(
        rows[of][:, [en.ORIGIN_OFFSET, en.SOURCE, en.NUMBER]], axis=0, return_counts=True
    )
    admitted = np.bincount(told_of[:, 0], minlength=end)
    refused = np.zeros(max(end, len(admitted)), np.bool_)
    dead = [(offset, row) for topic, part, offset, row in letters if (topic, part) == (name, at[1])]
    refused[[offset for offset, _ in dead]] = True
    of_many = np.zeros(len(refused), np.bool_)
    of_many[: len(admitted)] = admitted > 1
    of_many[[offset for offset, row in dead if row]] = True
    if len(admitted) > end or len(refused) > len(admitted):
        told.differences.append(f"{name}/{at[1]}: entries or dead letters of records that are not there")
        return
    fates = {
        "twice": int((times > 1).sum()),
        "admitted and refused": int(((admitted > 0) & refused & ~of_many).sum()),
        "admitted": int((admitted > 0).sum()),
        "refused": int((refused & (admitted == 0)).sum()),
    }
    neither = end - low - int(((admitted > 0) | refused)[low:].sum())
    superseded = at[0] in DATA or at[0] == en.TOPIC_CLOCK
    fates["market data" if at[0] in DATA else "known already" if superseded else "lost"] = neither
    for fate in ("twice", "admitted and refused", "lost"):
        if fates.get(fate):
            told.differences.append(f"{name}/{at[1]}: {fates[fate]} records {fate}")
    if flow == "intake" or at[0] in DATA:
        told.fates.update({(name, fate): count for fate, count in fates.items() if count})


def _compare_letters(
    client: clickhouse.Client, pool: str, letters: dict[Origin, str], told: Accounted
) -> None:
    """ClickHouse holds these dead letters, once each."""
    text = "select topic, `partition`, origin_offset, `row`, reason from dead_letters final where pool = {pool:String}"
    found = client.query(text, parameters={"pool": pool}).result_rows
    if {tuple(row[:4]): row[4] for row in found} != letters or len(found) != len(letters):
        told.differences.append(f"ClickHouse has {len(found)} other dead letters; {len(letters)} were sent")
