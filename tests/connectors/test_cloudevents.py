"""Headers say what CloudEvents wants said: the time to the nanosecond, in UTC."""

from __future__ import annotations

from flows.connectors.cloudevents import headers


def test_a_record_says_what_it_is_from_whom_and_of_when() -> None:
    assert headers("fills", "fills:7", "engine", 1_743_985_800_000_000_012, "application/json") == [
        ("ce_specversion", b"1.0"),
        ("ce_type", b"marginline.fills"),
        ("ce_source", b"engine"),
        ("ce_id", b"fills:7"),
        ("ce_time", b"2025-04-07T00:30:00.000000012Z"),
        ("content-type", b"application/json"),
    ]
