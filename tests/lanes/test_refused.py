"""Which dead letters are meant, and which cannot be sent again."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from flows.lanes.refused import Letter, Wanted, _letter, _once, hindrance

RAW = b'{"source": "engine", "sent_ns": 7}'


def letter(raw: bytes = RAW, time_ns: int = 50, lane: int = 1, **changes: Any) -> Letter:
    """A letter of a fill."""
    said: dict[str, Any] = {
        "topic": "fills",
        "partition": 1,
        "offset": 9,
        "reason": "late",
        "field": "time_ns",
        "detail": "x",
        "raw": base64.b64encode(raw).decode(),
        "raw_bytes": len(raw),
    }
    return Letter(said | changes, raw, lane, time_ns)


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        (Wanted(), True),
        (Wanted(topic="fills", reason="late", source="engine", since_ns=50, until_ns=51), True),
        (Wanted(topic="trades"), False),
        (Wanted(reason="early"), False),
        (Wanted(source="engin"), False),
        (Wanted(since_ns=51), False),
        (Wanted(until_ns=50), False),
        (Wanted(ids=frozenset({"fills/1/9"})), True),
        (Wanted(ids=frozenset({"fills/1/8"})), False),
    ],
)
def test_which_are_asked_for(wanted: Wanted, has: bool) -> None:
    assert wanted.has(letter()) == has
    assert wanted.is_all == (wanted == Wanted())


def test_a_row_of_a_bulk_record_has_a_name_of_its_own() -> None:
    assert [letter(row=row).id for row in (0, 3)] == ["fills/1/9", "fills/1/9/3"]


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"[1]", b'{"source": 5}', b'{"source": "eng'])
def test_whose_it_is_may_not_be_known(raw: bytes) -> None:
    assert not letter(raw).source
    assert not Wanted(source="engine").has(letter(raw))


@pytest.mark.parametrize(
    ("changes", "again", "why"),
    [
        ({}, False, ""),
        ({"raw_bytes": 5_000}, False, "the letter kept 34 of its 5,000 bytes"),
        ({"topic": "market-state"}, False, "market-state is written by a flow of ours alone"),
        ({"topic": "journal"}, False, "journal is written by a flow of ours alone"),
        ({"topic": "colours"}, False, "colours is written by a flow of ours alone"),
        ({"replayed_offset": 12}, False, "it was sent again already, to offset 12"),
        ({"replayed_offset": 12}, True, ""),
        ({"replayed_offset": 12, "raw_bytes": 35}, True, "the letter kept 34 of its 35 bytes"),
    ],
)
def test_what_cannot_be_sent_again(changes: dict[str, Any], again: bool, why: str) -> None:
    told = hindrance(letter(**changes), again=again)
    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_of_a_letter_that_is_there_twice_the_first_time_and_the_last_word_count() -> None:
    again = letter(time_ns=90, replayed_offset=12)
    repeated = letter(time_ns=95)
    [found] = _once([letter(), again, repeated])
    assert (found.time_ns, found.replayed_offset) == (50, 12), "a flow that repeats itself takes nothing back"
    assert [each.time_ns for each in _once([letter(time_ns=9, offset=1), letter(time_ns=3, offset=2)])] == [
        3,
        9,
    ]


@pytest.mark.parametrize(
    "value",
    [b"", b"{}", b"[]", b"\xff", orjson.dumps(letter().said | {"raw": "%%"}), orjson.dumps({"topic": 5})],
)
def test_what_is_no_letter_is_passed_over(value: bytes) -> None:
    assert _letter(value, 0, 0) is None
    found = _letter(orjson.dumps(letter().said), 1, 50)
    assert found is not None
    assert (found.raw, found.lane, found.time_ns, found.id) == (RAW, 1, 50, "fills/1/9")
