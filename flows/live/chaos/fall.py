"""What is played while things go wrong: the first minutes of a crash with some hundred accounts, as Kafka records.

recording -> the minutes of the fall -> accounts that open at its top -> records in the order of their sending
"""

from __future__ import annotations

import heapq
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from flows.recording import files, manifest
from flows.recording.accounts import write_accounts
from flows.registry.load import Venue
from flows.rules.scale.time import SECOND_NS

RECORDING: Final = "crash-2025-04-07"
VENUE: Final = "crash-2025-04-07.toml"
START: Final = datetime(2025, 4, 7, 6, 44, 30, tzinfo=UTC)
END: Final = datetime(2025, 4, 7, 6, 48, 30, tzinfo=UTC)
ACCOUNTS: Final = 300
"""Of so many some are called, liquidated, offered and taken over within these minutes; of 800 nobody is."""

_SENT: Final = re.compile(rb'"sent_ns":([0-9]+)')
_MARKET: Final = re.compile(rb'"market":"([^"]+)"')
_POOL: Final = re.compile(rb'"pool":"([^"]+)"')


class Sent(NamedTuple):
    """One record, and when it is sent in the time of the recording."""

    at_ns: int
    topic: str
    lane: int
    value: bytes


def cut(folder: Path) -> Path:
    """The minutes of the fall and their accounts, as files in ``folder``: made once, and kept for the next run."""
    ready = folder / ".ready"
    if ready.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    shipped = files.find(RECORDING)
    facts = {}
    for topic in files.MARKET_TOPICS:
        lines = [line for line in files.read_lines(files.topic_file(shipped, topic)) if _is_within(line)]
        written = files.write_lines(files.topic_file(folder, topic), [lines], level=1)
        facts[topic] = manifest.FileFacts(lines=written.lines, bytes=written.size, sha256=written.sha256)
    text = manifest.specification(shipped / files.MANIFEST)
    for key, value in {"start": _toml(START), "end": _toml(END)}.items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text, count=1)
    (folder / files.MANIFEST).write_text(text + manifest.facts_text(facts), "utf-8")
    ready.touch()
    return folder


def records(venue: Venue, folder: Path) -> list[Sent]:
    """All records of the fall, with a clock at each whole second, in the order of their sending."""
    if not files.topic_file(folder, "fills").exists():
        write_accounts(manifest.load(folder), folder, venue.pools, ACCOUNTS, folder)
    pools = {pool.id: lane for lane, pool in enumerate(venue.pools)}
    markets = {market.id: lane for lane, pool in enumerate(venue.pools) for market in pool.markets}
    told = [
        Sent(_sent_ns(line), topic, _lane(topic, line, pools, markets), line)
        for topic in (*files.MARKET_TOPICS, *files.ACCOUNT_TOPICS)
        for line in files.read_lines(files.topic_file(folder, topic))
    ]
    told.sort(key=lambda each: each.at_ns)
    first, last = told[0].at_ns // SECOND_NS + 1, told[-1].at_ns // SECOND_NS + 1
    clocks = [clock(second) for second in range(first, last + 1)]
    return list(heapq.merge(told, clocks, key=lambda each: each.at_ns))


def clock(second: int) -> Sent:
    """The venue's clock at a whole second since 1970."""
    at_ns = second * SECOND_NS
    said = {"source": "clock", "number": second, "time_ns": at_ns, "sent_ns": at_ns}
    return Sent(at_ns, "clock", 0, orjson.dumps(said))


def opening(told: list[Sent]) -> int:
    """Place of the first fill: everything before it only opens markets and accounts."""
    return next(place for place, each in enumerate(told) if each.topic == "fills")


def _lane(topic: str, line: bytes, pools: dict[str, int], markets: dict[str, int]) -> int:
    if topic == "oracle-prices":
        return 0
    known, pattern = (pools, _POOL) if topic == "collateral" else (markets, _MARKET)
    found = pattern.search(line)
    assert found is not None, "a recording's line names its pool or its market"
    return known[found[1].decode()]


def _sent_ns(line: bytes) -> int:
    found = _SENT.search(line)
    assert found is not None, "every line of a recording tells when it was sent"
    return int(found[1])


def _is_within(line: bytes) -> bool:
    return START.timestamp() * SECOND_NS <= _sent_ns(line) < END.timestamp() * SECOND_NS


def _toml(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
