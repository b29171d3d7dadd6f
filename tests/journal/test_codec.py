"""Batches as bytes and back, and the canonical bytes that hashes are made of."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from itertools import pairwise

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.connectors.kafka.clients import LARGEST_MESSAGE_BYTES
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.canonical import (
    CHAIN_BLOCK,
    CHAIN_START,
    Chain,
    canonical_entries,
    canonical_events,
    combined,
)
from flows.journal.codec import (
    ENTRY_COLUMNS,
    LARGE_BYTES,
    STRANGER,
    AboutEvents,
    EntryBatch,
    EventBatch,
    NoBatchError,
    Settled,
    about_events,
    about_of,
    decode_entries,
    decode_events,
    encode_entries,
    encode_events,
    end_of_events,
)


def rows_of(count: int, width: int, seed: int = 1) -> en.Rows:
    return np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, (count, width), endpoint=True)


texts_at = st.dictionaries(st.integers(0, 11), st.text("ab\u00e9:-", max_size=5), max_size=4)


def test_columns_are_named_without_a_gap() -> None:
    assert len(ENTRY_COLUMNS) == en.WIDTH
    assert len(ev.COLUMNS) == ev.WIDTH
    assert len(dict.fromkeys(ENTRY_COLUMNS)) == en.WIDTH


@given(st.integers(0, 12), texts_at)
@settings(max_examples=40)
def test_entries_come_back(count: int, texts: dict[int, str]) -> None:
    within = {place: text for place, text in texts.items() if place < count and text}
    settled = (Settled(4, 0, 10, 20), Settled(8, 0, 0, 1))
    batch = EntryBatch("majors", 88_412, rows_of(count, en.WIDTH), within, 3, "writer", settled)
    found = decode_entries(encode_entries(batch))
    assert found.rows.tolist() == batch.rows.tolist()
    assert (found.pool, found.first_offset, found.texts, found.term) == ("majors", 88_412, within, 3)
    assert (found.writer, found.settled) == ("writer", settled)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_events_come_back(count: int) -> None:
    batch = EventBatch("alts", 7, 19, rows_of(count, ev.WIDTH))
    found = decode_events(encode_events(batch))
    assert found.rows.tolist() == batch.rows.tolist()
    assert (found.pool, found.first_offset, found.end_offset) == ("alts", 7, 19)


def told(rows: en.Rows, texts: dict[int, str]) -> bytes:
    """The sentence of the design: columns as int64, then the text's length and bytes."""
    whole = b""
    for place, row in enumerate(rows.tolist()):
        text = texts.get(place, "").encode()
        whole += b"".join(value.to_bytes(8, "little", signed=True) for value in (*row, len(text))) + text
    return whole


@given(st.integers(0, 12), texts_at)
@settings(max_examples=40)
def test_canonical_bytes_are_columns_then_text(count: int, texts: dict[int, str]) -> None:
    rows = rows_of(count, en.WIDTH)
    within = {place: text for place, text in texts.items() if place < count}
    assert b"".join(canonical_entries(rows, within)) == told(rows, within)


def test_canonical_events_are_their_columns() -> None:
    rows = rows_of(3, ev.WIDTH)
    assert canonical_events(rows) == b"".join(
        value.to_bytes(8, "little", signed=True) for value in rows.ravel().tolist()
    )


CHAINED = rows_of(2 * CHAIN_BLOCK + 5, en.WIDTH)
CHAINED_TEXTS = {0: "alice", CHAIN_BLOCK - 1: "bob", CHAIN_BLOCK: "carol", 2 * CHAIN_BLOCK + 4: "dave"}


def links() -> list[bytes]:
    """The chain's hashes, block by block."""
    found = [CHAIN_START]
    for start in range(0, len(CHAINED), CHAIN_BLOCK):
        rows = CHAINED[start : start + CHAIN_BLOCK]
        texts = {
            place - start: text for place, text in CHAINED_TEXTS.items() if start <= place < start + len(rows)
        }
        found.append(hashlib.sha256(found[-1] + told(rows, texts)).digest())
    return found


def added(chain: Chain, start: int, end: int) -> None:
    texts = {place - start: text for place, text in CHAINED_TEXTS.items() if start <= place < end}
    chain.add(CHAINED[start:end], texts)


def test_the_chain_does_not_know_how_batches_were_cut() -> None:
    hashes = links()
    for cuts in (
        [],
        [1],
        [CHAIN_BLOCK - 1, CHAIN_BLOCK + 1],
        [CHAIN_BLOCK, 2 * CHAIN_BLOCK],
        [CHAIN_BLOCK, CHAIN_BLOCK],
    ):
        chain = Chain()
        places = [0, *cuts, len(CHAINED)]
        for start, end in pairwise(places):
            added(chain, start, end)
        assert (chain.length, chain.head()) == (len(CHAINED), hashes[-1])
        assert chain.whole() == (2 * CHAIN_BLOCK, hashes[2])


def test_a_chain_goes_on_from_its_whole_blocks() -> None:
    first = Chain()
    assert (first.head(), first.whole()) == (CHAIN_START, (0, CHAIN_START))
    added(first, 0, CHAIN_BLOCK)
    assert first.head() == links()[1]
    added(first, CHAIN_BLOCK, CHAIN_BLOCK + 9)
    rest = Chain(*first.whole())
    added(rest, CHAIN_BLOCK, len(CHAINED))
    assert rest.head() == links()[-1]
    with pytest.raises(AssertionError, match="at the end of a block"):
        Chain(5)


def test_pools_are_combined_by_their_ids() -> None:
    told_hash = hashlib.sha256(b"one" + b"two").hexdigest()
    assert combined({"b": b"two", "a": b"one"}) == combined({"a": b"one", "b": b"two"}) == told_hash


# ---- bytes that are none of ours -------------------------------------------------------------------------------------
GOOD_ENTRIES = encode_entries(
    EntryBatch("majors", 7, rows_of(9, en.WIDTH), {2: "caf\u00e9"}, 3, "w", (Settled(4, 0, 1, 2),))
)
GOOD_EVENTS = encode_events(EventBatch("majors", 7, 9, rows_of(4, ev.WIDTH)))


def stream(columns: dict[str, pa.Array], said: bytes | None) -> bytes:
    """An Arrow stream that somebody else made."""
    table = pa.table(columns).replace_schema_metadata(None if said is None else {b"marginline": said})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


COLUMN = {"a": pa.array([1])}
ABOUT = {"pool": "majors", "first_offset": 0, "count": 1, "term": 1, "writer": "w", "settled": []}

STRANGE: dict[str, bytes] = {
    "nothing": b"",
    "zeros": b"\x00" * 64,
    "a_file_s_head": b"ARROW1\x00\x00",
    "json": b'{"pool":"majors"}',
    "a_length_beyond_the_end": b"\xff\xff\xff\xff\x10\x00\x00\x00",
    "half": GOOD_ENTRIES[: len(GOOD_ENTRIES) // 2],
    "says_nothing": stream(COLUMN, None),
    "says_no_json": stream(COLUMN, b"{"),
    "says_a_list": stream(COLUMN, b"[]"),
    "other_columns": stream(COLUMN, orjson.dumps(ABOUT)),
    **{
        f"{name}_is_{value!r}": stream(COLUMN, orjson.dumps({**ABOUT, name: value}))
        for name, value in [
            *(("term", -1), ("term", "1"), ("term", 1.5), ("term", None), ("count", -1), ("pool", 5)),
            *(("first_offset", 1 << 63), ("settled", [[1, 2, 3]]), ("settled", [[1, 2, 3, "4"]])),
            *(("settled", 7), ("writer", []), ("claim", "yes")),
        ]
    },
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE)
def test_what_is_no_batch_is_said_to_be_none(data: bytes) -> None:
    for read in (decode_entries, decode_events):
        with pytest.raises(NoBatchError):
            read(data)


@pytest.mark.parametrize("name", [name for name in STRANGE if name not in {"other_columns", "half"}])
def test_it_is_seen_without_reading_the_rows(name: str) -> None:
    assert about_of(STRANGE[name]) is STRANGER
    assert about_events(STRANGE[name]) == AboutEvents("", 0, 0)
    assert end_of_events(STRANGE[name]) == 0


def test_entries_are_no_events() -> None:
    for read, data in ((decode_events, GOOD_ENTRIES), (decode_entries, GOOD_EVENTS)):
        with pytest.raises(NoBatchError):
            read(data)


@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=200)
def test_damaged_bytes_are_no_batch_or_some_batch_and_nothing_else(damage: list[tuple[int, int]]) -> None:
    for good, reads in ((GOOD_ENTRIES, (decode_entries, about_of)), (GOOD_EVENTS, (decode_events,))):
        data = bytearray(good)
        for place, byte in damage:
            data[place % len(data)] = byte
        for read in reads:
            with suppress(NoBatchError):
                read(bytes(data))


def test_events_of_one_entry_that_deleverages_everybody_fit_into_a_record() -> None:
    """As seen on 50,000 accounts: 17 bankrupts at one price, each against 9,000 winners, three events each."""
    count = 470_000
    rows = np.zeros((count, ev.WIDTH), np.int64)
    place = np.arange(count)
    rows[:, ev.OFFSET], rows[:, ev.INDEX] = 310_234, place
    rows[:, ev.TYPE] = np.where(place % 3 == 0, ev.ADL, ev.POSITION)
    dice = np.random.Generator(np.random.PCG64(5))
    winner = np.repeat(np.sort(dice.integers(1, 50_000, count // 3 + 1)), 3)[:count]
    rows[:, ev.ACCOUNT], rows[:, ev.COUNTER_ACCOUNT] = winner, 7
    rows[:, ev.LOTS], rows[:, ev.QUANTA] = winner % 5, winner % 5 * 11_300_000
    rows[:, ev.BALANCE_QUANTA] = 100_000_000_000 - winner % 977 * 1_000
    rows[:, ev.POSITION_LOTS], rows[:, ev.POSITION_COST_QUANTA] = winner % 443, winner % 443 * 11_300_000
    batch = EventBatch("alts", 310_234, 310_235, rows)
    data = encode_events(batch)
    assert len(data) < LARGEST_MESSAGE_BYTES // 4, "and four times as many would"
    assert np.array_equal(decode_events(data).rows, rows)


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_batch_is_the_same_however_it_is_packed(more: int) -> None:
    count = LARGE_BYTES // (en.WIDTH * 8) + more
    rows = np.arange(count * en.WIDTH, dtype=np.int64).reshape(count, en.WIDTH)
    batch = EntryBatch("majors", 5, rows, {3: "alice"})
    found = decode_entries(encode_entries(batch))
    assert np.array_equal(found.rows, rows)
    assert found.texts == {3: "alice"}
