"""The fast reading takes exactly what the schemas take, and says of each line what is in it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example as tried
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from flows.journal import entries as en
from flows.journal.wire import BEYOND, FORMS, NUMBER, SENT_NS, TIME_NS, read
from schemas.catalogue import BY_NAME
from schemas.dead_letter import LARGEST_RECORD_BYTES, Reason
from schemas.explain import explain
from tests.schemas.messages import example, raw

TOPICS = list(FORMS)
DAY_NS = 86_400 * 10**9

TEXTS = st.sampled_from(
    [
        *(
            "",
            "a",
            "alice",
            "alice\n",
            "Alice",
            "-x",
            "a" * 40,
            "a" * 41,
            "a.b",
            "alice:BTC-PERP",
            "bob:ETH-PERP",
        ),
        *(
            "alice:BTC-PERP\n",
            "alice:",
            ":BTC-PERP",
            "BTC",
            "BTC-PERP",
            "BTC-PERP\n",
            "btc-perp",
            "B" * 13,
            "majors",
        ),
        *(
            "majors:1:2",
            "majors:1",
            "majors:1:2:3",
            "majors:" + "9" * 17 + ":1",
            "\u0661",
            "\ud800",
            "\x00",
            "é",
        ),
        *(
            "0",
            "0.0",
            "1",
            "-1",
            "+1",
            "1.",
            ".5",
            "1e3",
            "NaN",
            "Infinity",
            "1.123456789",
            "1.1234567891",
            " 1",
        ),
        *("999999999999", "1000000000000", "9223372035.999999999", "9223372036", "00000.1", "1_000", "0x1"),
        *("buy", "sell", "buyer", "seller", "deposit", "withdrawal", "transfer", "true"),
    ]
)
BOUNDS = (1_420_070_400 * 10**9, 4_102_444_800 * 10**9, 2**53, 1_743_985_802_120_000_001, 1_000_001)
NUMBERS = st.sampled_from(
    [
        *(each - step for each in BOUNDS for step in (0, 1)),
        *(0, 1, -1, 2**63, 10**25, -(2**63), 1.0, 0.5, 1e300, -0.0, float("nan"), float("inf")),
        1_743_985_800_000_000_000,
    ]
)
LEVELS = st.lists(st.lists(TEXTS | st.none(), max_size=3) | TEXTS, max_size=3)
VALUES = TEXTS | NUMBERS | st.none() | st.booleans() | LEVELS | st.just({}) | st.just([["1", "1"]] * 51)


@st.composite
def lines(draw: st.DrawFn, topic: str) -> bytes:
    """A valid message with some of its fields changed, left out or added, and sometimes its text broken."""
    message: dict[str, Any] = example(topic)
    fields = [*BY_NAME[topic].model.model_fields, "colour"]
    for field in draw(st.lists(st.sampled_from(fields), max_size=3, unique=True)):
        if draw(st.booleans()):
            message[field] = draw(VALUES)
        else:
            message.pop(field, None)
    text = json.dumps(message, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(text)))
    return draw(
        st.sampled_from(
            [text] * 12 + [text[:cut], text[:cut] + b"\xff" + text[cut:], text + text, b" " + text + b"\r"]
        )
        | st.binary(max_size=3).map(lambda more: text[:cut] + more + text[cut:])
    )


def taken(topic: str, line: bytes) -> bool:
    """Whether the schema takes a line."""
    try:
        BY_NAME[topic].model.model_validate_json(line)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("topic", TOPICS)
@given(data=st.data())
@settings(max_examples=60)
def test_what_is_taken_is_what_the_schema_takes(topic: str, data: st.DataObject) -> None:
    written = data.draw(st.lists(lines(topic), min_size=1, max_size=6))
    found = read(topic, written)
    for row, line in enumerate(written):
        is_good = found.messages[row] is not None
        assert is_good == (row not in found.refused)
        assert is_good == (explain(topic, line) is None), line
        assert is_good == taken(topic, line), line


@pytest.mark.parametrize("topic", TOPICS)
@given(data=st.data())
@settings(max_examples=25)
def test_a_line_is_read_as_if_it_were_alone(topic: str, data: st.DataObject) -> None:
    written = data.draw(st.lists(lines(topic), min_size=1, max_size=6))
    together = read(topic, written)
    start = data.draw(st.integers(0, len(written)))
    end = data.draw(st.integers(start, len(written)))
    cut = together.cut(start, end)
    alone = [read(topic, [line]) for line in written[start:end]]
    assert cut.messages == [each.messages[0] for each in alone]
    assert cut.refused == {row: each.refused[0] for row, each in enumerate(alone) if each.refused}
    for column in ("common", "amounts", "sides", "levels"):
        joined = [row for each in alone for row in getattr(each, column).tolist()]
        assert getattr(cut, column).tolist() == joined
    assert np.diff(cut.level_from).tolist() == cut.sides.sum(axis=1).tolist()


def test_no_line_hides_in_another() -> None:
    line = raw("oracle-prices")
    broken = [line + b"," + line, line[:40], line[40:], b"", line]
    found = read("oracle-prices", broken)
    assert [message is not None for message in found.messages] == [False, False, False, False, True]


@pytest.mark.parametrize("topic", TOPICS)
def test_columns_are_what_the_message_says(topic: str) -> None:
    found = read(topic, [b"{}", raw(topic, number=7)])
    told = example(topic, number=7)
    assert found.common[0].tolist() == [0, 0, 0]
    assert found.common[1, [NUMBER, TIME_NS, SENT_NS]].tolist() == [7, told["time_ns"], told["sent_ns"]]
    for column, field in enumerate(FORMS[topic].amounts):
        whole, _, part = told[field].partition(".")
        assert found.amounts[1, column] == int(whole) * 10**9 + int(part.ljust(9, "0"))


def test_the_levels_of_a_book_stand_behind_those_of_the_book_before() -> None:
    one = raw("depth", bids=[["2", "0.5"], ["1", "9999999999"]], asks=[])
    two = raw("depth", bids=[], asks=[["3", "1"]])
    found = read("depth", [one, b"x", two])
    assert found.sides.tolist() == [[2, 0], [0, 0], [0, 1]]
    nano = 10**9
    assert found.levels.tolist() == [[2 * nano, nano // 2], [nano, BEYOND], [3 * nano, nano]]
    assert found.level_from.tolist() == [0, 2, 2, 3]


def test_an_amount_beyond_int64_is_taken_and_marked() -> None:
    found = read("trades", [raw("trades", price="9223372035.999999999", quantity="9223372036")])
    assert found.amounts.tolist() == [[9_223_372_035_999_999_999, BEYOND]]


def test_of_a_field_told_twice_the_last_counts() -> None:
    line = raw("trades")[:-1]
    found = read(
        "trades", [line + b', "number": 5}', b'{"number": [],' + line[1:] + b"}", line + b', "number": []}']
    )
    assert [message.number for message in found.messages[:2]] == [5, example("trades")["number"]]
    assert found.refused[2].reason == Reason.WRONG_TYPE


@pytest.mark.parametrize(
    ("size", "length", "told"),
    [
        (LARGEST_RECORD_BYTES, None, None),
        (LARGEST_RECORD_BYTES + 1, None, LARGEST_RECORD_BYTES + 1),
        (LARGEST_RECORD_BYTES + 1, 10_000_000, 10_000_000),
    ],
)
def test_a_line_over_a_mebibyte_is_not_read(size: int, length: int | None, told: int | None) -> None:
    line = raw("trades").ljust(size)
    found = read("trades", [raw("trades"), line, raw("trades")], {} if length is None else {1: length})
    if told is None:
        assert not found.refused
    else:
        assert found.refused[1].reason == Reason.TOO_LARGE
        assert found.refused[1].detail == f"{told} bytes, {LARGEST_RECORD_BYTES} are allowed"
    assert found.messages[0] == found.messages[2]


def test_topics_are_read_in_the_order_of_the_journal() -> None:
    assert [en.TOPICS[number] for number in range(len(TOPICS))] == TOPICS


@given(st.binary(max_size=40))
@tried(b"")
@tried(b"[" * 100_000)
@tried(b'{"a":' * 5_000)
@settings(max_examples=60)
def test_nothing_ever_raises(line: bytes) -> None:
    assert read("fills", [line]).messages == [None]
