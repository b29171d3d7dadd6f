"""Dead letters: what was refused, why, where it came from, and the record itself, whole or cut."""

from __future__ import annotations

import base64
from typing import Final, NamedTuple

import orjson

from flows.journal.entries import TOPICS
from schemas.dead_letter import RAW_BYTES_KEPT, Reason
from schemas.explain import Refusal

REASONS: Final = tuple(Reason)
"""A fault in a column is its reason's place here, plus 1; 0 is none."""

NONE: Final = 0


def code(reason: Reason) -> int:
    """The reason's number in a column of faults."""
    return REASONS.index(reason) + 1


class DeadLetter(NamedTuple):
    """One refused record: topic ``dead-letters``."""

    topic: str
    partition: int
    offset: int
    reason: Reason
    field: str
    detail: str
    raw: bytes  # cut after 4,096
    raw_bytes: int  # length of the whole record
    row: int = 0  # of a bulk record: which of its messages

    def line(self) -> bytes:
        """As JSON, without a line end."""
        return orjson.dumps(self._asdict() | {"raw": base64.b64encode(self.raw).decode("ascii")})


def dead_letter(
    topic: int,
    partition: int,
    offset: int,
    why: Refusal,
    line: bytes,
    length: int | None = None,
    row: int = 0,
) -> DeadLetter:
    """Refuse one line of a topic; ``length`` is its true one, if it was cut; ``row`` its place in a bulk record."""
    size = len(line) if length is None else length
    kept = line[:RAW_BYTES_KEPT]
    return DeadLetter(TOPICS[topic], partition, offset, why.reason, why.field, why.detail, kept, size, row)
