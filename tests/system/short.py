"""A short recording cut out of the one that ships: a fall, a liquidation of every kind but one, and a whole hour struck.

The lines are the shipped ones; only the description's start and end are moved. So a replay of some hundred accounts takes
a second or two, and accounts open their book at the top of the fall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flows.connectors.settings import venue_of
from flows.recording import files, manifest
from flows.recording.accounts import write_accounts
from flows.recording.manifest import SECOND_NS

SHIPPED: Final = "crash-2025-04-07"
NAME: Final = "short-fall"
START: Final = datetime(2025, 4, 7, 6, 44, 30, tzinfo=UTC)
END: Final = datetime(2025, 4, 7, 7, 0, 30, tzinfo=UTC)
ACCOUNTS: Final = 300

SENT: Final = re.compile(rb'"sent_ns":([0-9]+)')


@dataclass(frozen=True, slots=True)
class Short:
    """The short recording, and the account topics of `ACCOUNTS` accounts beside it."""

    folder: Path
    topics: Path

    @property
    def described(self) -> manifest.Recording:
        """Its recording.toml."""
        return manifest.load(self.folder)


def make(folder: Path, venue: str | None = None) -> Short:
    """Cut it into ``folder``; ``venue`` names another file of venue settings."""
    shipped = files.find(SHIPPED)
    target = folder / NAME
    target.mkdir(parents=True)
    facts = {}
    for topic in files.MARKET_TOPICS:
        lines = [line for line in files.read_lines(files.topic_file(shipped, topic)) if _is_within(line)]
        written = files.write_lines(files.topic_file(target, topic), [lines], level=1)
        facts[topic] = manifest.FileFacts(lines=written.lines, bytes=written.size, sha256=written.sha256)
    text = manifest.specification(shipped / files.MANIFEST)
    for key, value in (("name", f'"{NAME}"'), ("start", _toml(START)), ("end", _toml(END))):
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text, count=1)
    if venue is not None:
        text = re.sub(r"(?m)^venue = .*$", f'venue = "{venue}"', text, count=1)
    (target / files.MANIFEST).write_text(text + manifest.facts_text(facts), "utf-8")
    short = Short(target, folder / "topics")
    short.topics.mkdir()
    write_accounts(short.described, target, venue_of(short.described.venue).pools, ACCOUNTS, short.topics)
    return short


def _is_within(line: bytes) -> bool:
    sent = SENT.search(line)
    assert sent is not None, "every line of a recording tells when it was sent"
    return START.timestamp() * SECOND_NS <= int(sent[1]) < END.timestamp() * SECOND_NS


def _toml(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def topics_of(short: Short) -> Iterator[tuple[str, Path]]:
    """All six topics and their files."""
    for topic in files.MARKET_TOPICS:
        yield topic, files.topic_file(short.folder, topic)
    for topic in files.ACCOUNT_TOPICS:
        yield topic, files.topic_file(short.topics, topic)
