"""CloudEvents in Kafka's binary mode: what a record is, from whom and of when, in its headers; the value stays bare.

ce_specversion 1.0   ce_type marginline.TOPIC   ce_source WHO   ce_id unique for WHO   ce_time   content-type
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

SPECIFICATION: Final = b"1.0"

_SECOND_NS: Final = 1_000_000_000


def headers(topic: str, id: str, source: str, time_ns: int, content_type: str) -> list[tuple[str, bytes]]:  # noqa: A002 - CloudEvents' own name
    """Headers of one record. ``topic`` without prefix; ``source`` a producer, or the pool whose event it is."""
    second, part = divmod(time_ns, _SECOND_NS)
    return [
        ("ce_specversion", SPECIFICATION),
        ("ce_type", f"marginline.{topic}".encode()),
        ("ce_source", source.encode()),
        ("ce_id", id.encode()),
        ("ce_time", f"{_to_the_second(second)}.{part:09d}Z".encode()),
        ("content-type", content_type.encode()),
    ]


@lru_cache(maxsize=16)
def _to_the_second(second: int) -> str:
    """Records of one second come together: the calendar is asked once."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
