"""Dead letters to look at, and to send again once what was wrong is mended.

    topic dead-letters -> letters, each with the last that is known of it -> chosen -> sent again -> told on dead-letters

A record is sent to the topic and partition it was refused on, with a header that says where from. That it was is a dead
letter once more, of the same origin and with `replayed_offset`: whoever lists them sees it, in Kafka and in ClickHouse.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from flows.connectors import clickhouse
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.kafka.tail import Tail
from schemas.catalogue import ARROW, BY_NAME, JSON

TOPIC: Final = "dead-letters"
REPLAYED_FROM: Final = "replayed_from"
"""Header of a record that is sent again: topic/partition/offset/row of the one that was refused."""

AT_ONCE: Final = 10_000
"""Records that are sent again in one go, at most."""

_ARROW_START: Final = b"\xff\xff\xff\xff"


@dataclass(frozen=True, slots=True)
class Letter:
    """One refused record: the letter as it was written, and where and when that was."""

    said: dict[str, Any]
    raw: bytes
    lane: int  # of the letter
    time_ns: int  # when it was refused; from ClickHouse, when its record was sent; 0 where that is not known

    @property
    def id(self) -> str:
        """topic/partition/offset, and of a bulk record /row."""
        told = "/".join(str(self.said[name]) for name in ("topic", "partition", "offset"))
        return f"{told}/{self.said['row']}" if self.said.get("row") else told

    @property
    def source(self) -> str:
        """Who sent it, as far as it can be read."""
        told = self.message().get("source")
        return told if isinstance(told, str) else ""

    @property
    def replayed_offset(self) -> int | None:
        """Where it was sent again."""
        told = self.said.get("replayed_offset")
        return told if isinstance(told, int) else None

    def message(self) -> dict[str, Any]:
        """Its record, where it is JSON and whole."""
        try:
            told = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            return {}
        return told if isinstance(told, dict) else {}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters are asked for. What is empty asks for all."""

    topic: str = ""
    reason: str = ""
    source: str = ""
    since_ns: int = 0
    until_ns: int = 0
    ids: frozenset[str] = frozenset()

    def has(self, letter: Letter) -> bool:
        """Whether it is one of them."""
        return (
            self.topic in {"", letter.said["topic"]}
            and self.reason in {"", letter.said["reason"]}
            and (not self.source or letter.source == self.source)
            and (not self.since_ns or letter.time_ns >= self.since_ns)
            and (not self.until_ns or 0 < letter.time_ns < self.until_ns)
            and (not self.ids or letter.id in self.ids)
        )

    @property
    def is_all(self) -> bool:
        """Whether nothing in particular is asked for."""
        return self == Wanted()


# ---- looking ---------------------------------------------------------------------------------------------------------
def on_topic(settings: KafkaSettings, wanted: Wanted) -> list[Letter]:
    """Letters on the topic, each once, in the order in which they were first refused."""
    tail, found = Tail(settings, "dead-letters-list"), []
    try:
        for lane in range(tail.lanes(TOPIC)):
            for held in tail.since(TOPIC, lane, 0):
                letter = _letter(held.value, lane, held.time_ms * 1_000_000)
                if letter is not None:
                    found.append(letter)
    finally:
        tail.close()
    return [each for each in _once(found) if wanted.has(each)]


def _letter(value: bytes, lane: int, time_ns: int) -> Letter | None:
    """What lies on the topic and is no letter is passed over."""
    try:
        said = orjson.loads(value)
        BY_NAME[TOPIC].model.model_validate_json(value)
        return Letter(said, base64.b64decode(said["raw"], validate=True), lane, time_ns)
    except (ValueError, binascii.Error):
        return None


def _once(letters: Iterable[Letter]) -> list[Letter]:
    """A letter may be there twice: written again after a crash, or when its record was sent again."""
    found: dict[str, Letter] = {}
    for each in letters:
        first = found.setdefault(each.id, each)
        if each.replayed_offset is not None:
            found[each.id] = replace(first, said=each.said)
    return sorted(found.values(), key=_time)


def _time(letter: Letter) -> int:
    return letter.time_ns


def in_database(target: str | Path, wanted: Wanted) -> list[Letter]:
    """Letters that ClickHouse holds."""
    client = clickhouse.connect(target, create=False)
    try:
        rows = clickhouse.ask(client, "dead_letters", topic=wanted.topic, reason=wanted.reason)
    finally:
        client.close()
    found = []
    for row in rows:
        raw = binascii.unhexlify(row.pop("raw"))
        if row["replayed_offset"] < 0:
            row["replayed_offset"] = None
        letter = Letter(row | {"raw": base64.b64encode(raw).decode()}, raw, -1, 0)
        sent_ns = letter.message().get("sent_ns")
        found.append(replace(letter, time_ns=sent_ns if isinstance(sent_ns, int) else 0))
    return [each for each in found if wanted.has(each)]


# ---- sending again ---------------------------------------------------------------------------------------------------
def hindrance(letter: Letter, *, again: bool) -> str:
    """Why a record cannot be sent again, for a person; empty if it can."""
    told, topic = letter.said, letter.said["topic"]
    if topic not in BY_NAME or BY_NAME[topic].direction != "input":
        return f"{topic} is written by a flow of ours alone; nobody else's record belongs there"
    if len(letter.raw) != told["raw_bytes"]:
        return (
            f"the letter kept {len(letter.raw):,} of its {told['raw_bytes']:,} bytes: have its producer send it again, or"
            f" take it from {topic}, partition {told['partition']}, offset {told['offset']}"
        )
    if letter.replayed_offset is not None and not again:
        return f"it was sent again already, to offset {letter.replayed_offset}; --again does it once more"
    return ""


def replay(settings: KafkaSettings, letters: Sequence[Letter]) -> Iterator[tuple[Letter, int]]:
    """Send records again; each letter with the offset that its record got. What was sent is told behind it."""
    assert len(letters) <= AT_ONCE, "the caller asks for less"
    out = Outbox(settings, "dead-letters-replay")
    offsets: list[int | None] = [None] * len(letters)
    try:
        for place, each in enumerate(letters):
            told = each.said
            content = ARROW if each.raw.startswith(_ARROW_START) else JSON
            headers = [("content-type", content.encode()), (REPLAYED_FROM, each.id.encode())]

            def heard(offset: int, place: int = place) -> None:
                offsets[place] = offset

            out.send(told["topic"], told["partition"], told["topic"], each.raw, headers, heard)
        out.flush()
        done = [(each, offset) for each, offset in zip(letters, offsets, strict=True) if offset is not None]
        for each, offset in done:
            value = orjson.dumps(each.said | {"replayed_offset": offset})
            out.send(TOPIC, each.lane, each.said["topic"], value, [("content-type", JSON.encode())])
        out.flush()
    finally:
        out.close()
    yield from done
