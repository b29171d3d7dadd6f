"""Bulk records say what the same messages say one by one; what is none is one refusal, and nothing ever raises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.journal import entries as en
from flows.journal.admission import Admission, in_order
from flows.journal.arrivals import Arrived, gather
from flows.journal.bulk import read_bulk, table_of
from flows.journal.dead_letters import DeadLetter
from flows.journal.wire import FORMS, read
from flows.pricing.decode import Router
from schemas.bulk import TOPICS, bulk_schema
from schemas.catalogue import ARROW, BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import Refusal
from tests.journal.small import START, recording, venue
from tests.journal.test_wire import TEXTS
from tests.schemas.messages import example

INTEGERS = ("number", "time_ns", "sent_ns", "minimum_bonus_ppm")
BOUNDS = (1_420_070_400 * 10**9, 4_102_444_800 * 10**9, 2**53, 1_743_985_802_120_000_001, 1_000_001)
NUMBERS = st.sampled_from(
    [*(each - step for each in BOUNDS for step in (0, 1)), 0, 1, -1, 2**63 - 1, -(2**63)]
)
LEVELS = st.lists(st.lists(TEXTS.filter(str.isascii), max_size=3), max_size=3)


def stream(topic: str, messages: Sequence[dict[str, Any]], plain: bool = False, **columns: pa.Array) -> bytes:
    """Messages as a producer would send them."""
    arrays = {}
    for field in bulk_schema(topic):
        kind = pa.utf8() if plain and pa.types.is_dictionary(field.type) else field.type
        arrays[field.name] = pa.array([each.get(field.name) for each in messages], kind)
    return written(pa.table(arrays | columns))


def written(table: pa.Table, **options: Any) -> bytes:
    """A table as a stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def line(message: dict[str, Any]) -> bytes:
    """The same as JSON: without what is missing."""
    return json.dumps({name: value for name, value in message.items() if value is not None}).encode()


@st.composite
def messages(draw: st.DrawFn, topic: str) -> list[dict[str, Any]]:
    """Valid messages with some of their fields changed or left out, as far as columns can carry them."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        message = example(topic)
        for field in draw(
            st.lists(st.sampled_from(list(BY_NAME[topic].model.model_fields)), max_size=3, unique=True)
        ):
            if field in INTEGERS:
                message[field] = draw(NUMBERS | st.none())
            elif field == "reduce_only":
                message[field] = draw(st.booleans() | st.none())
            elif field in {"bids", "asks"}:
                message[field] = draw(LEVELS)
            else:
                message[field] = draw(TEXTS.filter(lambda each: each != "\ud800") | st.none())
        found.append(message)
    return found


@pytest.mark.parametrize("topic", TOPICS)
@given(data=st.data())
@settings(max_examples=50)
def test_a_batch_says_what_its_messages_say_one_by_one(topic: str, data: st.DataObject) -> None:
    told = data.draw(messages(topic))
    tables = []
    cut = data.draw(st.integers(0, len(told)))
    for piece in (told[:cut], told[cut:]):
        table = table_of(topic, stream(topic, piece, plain=data.draw(st.booleans())))
        assert not isinstance(table, Refusal), table
        tables.append(table)
    bulk, lines = read_bulk(topic, tables)
    alone = read(topic, [line(each) for each in told])
    assert bulk.refused == alone.refused
    for name in ("common", "amounts", "sides", "levels", "level_from"):
        assert getattr(bulk, name).tolist() == getattr(alone, name).tolist(), name
    assert [json.loads(each) for each in lines] == [json.loads(line(each)) for each in told]
    good = [row for row in range(len(told)) if row not in bulk.refused]
    fields = ["source", "number", *(field for field, _ in FORMS[topic].names)]
    for row in good:
        for field in fields:
            assert getattr(bulk.messages[row], field) == getattr(alone.messages[row], field)


# ---- what is none --------------------------------------------------------------------------------------------------------
def refusal(topic: str, data: bytes) -> tuple[str, str]:
    """Reason and field of a whole record's refusal."""
    found = table_of(topic, data)
    assert isinstance(found, Refusal)
    assert "\n" not in found.detail
    assert len(found.detail) < 300
    return found.reason.value, found.field


def fills(**columns: Any) -> pa.Table:
    """A table of one fill with columns changed, added, or left out (None)."""
    table = {
        field.name: pa.array([example("fills").get(field.name)], field.type) for field in bulk_schema("fills")
    }
    return pa.table({name: each for name, each in (table | columns).items() if each is not None})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("not_arrow", "")),
        (b"{}", ("not_arrow", "")),
        (b"\xff" * 100, ("not_arrow", "")),
        (written(fills())[:-90], ("not_arrow", "")),
        (b" " * (LARGEST_RECORD_BYTES + 1), ("too_large", "")),
        (written(fills(price=None)), ("missing_field", "price")),
        (written(fills(colour=pa.array([1]))), ("unknown_field", "colour")),
        (written(fills(price=pa.array([1.5]))), ("wrong_type", "price")),
        (written(fills(number=pa.array([1], pa.int32()))), ("wrong_type", "number")),
        (written(fills(number=pa.array([1], pa.uint64()))), ("wrong_type", "number")),
        (written(fills(price=pa.array([b"1"], pa.binary()))), ("wrong_type", "price")),
        (written(fills(price=pa.nulls(1))), ("wrong_type", "price")),
        (written(fills(), compression="lz4"), ("not_arrow", "")),
        (written(fills(), compression="zstd"), ("not_arrow", "")),
        (written(pa.table([[1], [2]], names=["number", "number"])), ("unknown_field", "number")),
    ],
)
def test_what_is_no_batch_of_the_topic_is_one_refusal(data: bytes, expected: tuple[str, str]) -> None:
    assert refusal("fills", data) == expected


def test_compressed_buffers_are_refused_before_they_are_opened() -> None:
    huge = fills(buyer=pa.array(["a" * (64 << 20)]))
    data = written(huge, compression="zstd")
    assert len(data) < LARGEST_RECORD_BYTES
    before = pa.total_allocated_bytes()
    assert refusal("fills", data) == ("not_arrow", "")
    assert pa.total_allocated_bytes() - before < 1 << 20
    found = table_of("fills", data)
    assert isinstance(found, Refusal)
    assert found.detail == "its buffers are compressed: leave that to the producer's compression.type"


def test_a_text_that_is_not_utf8_is_no_batch() -> None:
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff"))
    assert refusal("fills", written(fills(buyer=bad))) == ("not_arrow", "")


def test_optional_columns_may_be_left_out_and_large_texts_are_texts() -> None:
    table = table_of("fills", written(fills(liquidation=None, buyer=pa.array(["alice"], pa.large_utf8()))))
    found, _ = read_bulk("fills", [table])
    assert not found.refused
    assert (found.messages[0].buyer, found.messages[0].liquidation) == ("alice", None)


def test_no_rows_are_no_messages() -> None:
    table = table_of("fills", stream("fills", []))
    found, lines = read_bulk("fills", [table])
    assert (len(found.messages), len(lines), found.refused) == (0, 0, {})


@given(data=st.data())
@settings(max_examples=150)
def test_nothing_ever_raises(data: st.DataObject) -> None:
    good = bytearray(
        stream("fills", [example("fills"), example("fills", number=7)], plain=data.draw(st.booleans()))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    table = table_of("fills", bytes(good))
    if not isinstance(table, Refusal):
        read_bulk("fills", [table])


# ---- to the journal --------------------------------------------------------------------------------------------------------
Outcome = tuple[list[list[int]], dict[int, str], list[tuple[Any, ...]]]


def admitted(topic: str, records: list[Arrived]) -> Outcome:
    """Entries, their texts and dead letters of one partition's records, on the first pool's lane."""
    of = venue()
    clock = [
        Arrived(
            0, line({"source": "c", "number": 1, "time_ns": START + 5 * 10**9, "sent_ns": START + 5 * 10**9})
        )
    ]
    piece = gather({(en.TOPICS.index(topic), 0): records, (en.TOPIC_CLOCK, 0): clock}, START)
    routed = Router(of, 0, 0).route(piece.slice)[0]
    states = en.empty(1)
    states[0, [en.KIND, en.MarketState.MARKET, en.MarketState.MARK_TICKS]] = en.MARKET_STATE, 0, 600_000
    door = Admission(of.pools[0])
    door.open_markets[:] = True
    for name in ("alice", "bob"):
        door._open(name, name)
    merged = in_order(
        routed.clocks, routed.clock_places, states[:0], np.zeros(0, np.int64), routed.items, routed.dead
    )
    found = door.admit(merged)
    rows = found.rows.copy()
    rows[:, en.ORIGIN_OFFSET] = 0
    return (
        rows.tolist(),
        found.texts,
        [(each.reason, each.field, each.detail, each.raw_bytes) for each in found.dead],
    )


@pytest.mark.parametrize("topic", ["fills", "collateral", "order-checks", "liquidation-bids"])
@given(data=st.data())
@settings(max_examples=40)
def test_entries_and_refusals_are_the_same(topic: str, data: st.DataObject) -> None:
    markets = [each.id for each in venue().pools[0].markets]
    told = data.draw(messages(topic))
    for number, message in enumerate(told):
        if data.draw(st.booleans()):
            message.update(
                number=data.draw(st.integers(1, 4)), time_ns=START + number, sent_ns=START + 10**9 * number
            )
        if "market" in message and data.draw(st.booleans()):
            message["market"] = data.draw(st.sampled_from(markets))
        if data.draw(st.booleans()):
            message["source"] = {"fills": "engine", "collateral": "wallet", "order-checks": "gateway"}.get(
                topic, "bidders"
            )
    lines = [
        json.dumps({k: v for k, v in each.items() if v is not None}, separators=(",", ":")).encode()
        for each in told
    ]
    alone = admitted(topic, [Arrived(9 + place, each) for place, each in enumerate(lines)])
    cut = data.draw(st.integers(0, len(told)))
    mixed = [Arrived(9 + place, each) for place, each in enumerate(lines[:cut])]
    mixed.append(Arrived(9 + cut, stream(topic, told[cut:]), 0, is_bulk=True))
    found = admitted(topic, mixed)
    assert found[:2] == alone[:2]
    assert [each[:3] for each in found[2]] == [each[:3] for each in alone[2]]


def test_rows_bear_their_records_offset_and_letters_their_row() -> None:
    good = [json.loads(each) for each in recording()["fills"] if b"BTC-PERP" in each][:3]
    bad = [good[0] | {"price": "x"}, good[1] | {"buyer": "nobody"}]
    records = [
        Arrived(5, line(good[0])),
        Arrived(6, stream("fills", [good[1], *bad, good[2]]), 0, is_bulk=True),
        Arrived(7, b"none", 0, is_bulk=True),
        Arrived(8, stream("fills", bad[:1]), 0, is_bulk=True),
    ]
    piece = gather({(en.TOPIC_FILLS, 0): records}, START + 9 * 10**9)
    offsets = [part.offsets.tolist() for part in piece.slice.parts]
    assert offsets == [[5], [6, 6, 6, 6], [7], [8]]
    letters: list[DeadLetter] = [letter for _, letter in Router(venue(), 0, 0).route(piece.slice)[0].dead]
    told = [(each.offset, each.row, each.reason) for each in letters]
    assert told == [(6, 1, Reason.BAD_VALUE), (7, 0, Reason.NOT_ARROW), (8, 0, Reason.BAD_VALUE)]
    assert json.loads(letters[0].raw) == bad[0]
    assert letters[1].raw == b"none"


def test_a_bulk_record_on_a_topic_that_takes_none_is_read_as_a_line() -> None:
    piece = gather({(en.TOPIC_COMMANDS, 0): [Arrived(3, stream("fills", []), 0, is_bulk=True)]}, START)
    assert piece.slice.parts[0].read.refused[0].reason in {Reason.NOT_UTF8, Reason.NOT_JSON}


# ---- the schema ------------------------------------------------------------------------------------------------------------
def test_columns_are_the_fields_of_the_messages() -> None:
    assert ARROW == "application/vnd.apache.arrow.stream"
    for topic in TOPICS:
        model = BY_NAME[topic].model
        assert bulk_schema(topic).names == list(model.model_fields)
    kinds = {field.name: (str(field.type), field.nullable) for field in bulk_schema("fills")}
    text = "dictionary<values=string, indices=int32, ordered=0>"
    assert kinds == {
        "source": (text, False),
        "number": ("int64", False),
        "time_ns": ("int64", False),
        "sent_ns": ("int64", False),
        **dict.fromkeys(("market", "buyer", "seller", "taker", "quantity", "price"), (text, False)),
        "liquidation": (text, True),
    }
    assert str(bulk_schema("order-checks").field("reduce_only").type) == "bool"
    assert str(bulk_schema("depth").field("bids").type) == "list<item: list<item: string>>"
