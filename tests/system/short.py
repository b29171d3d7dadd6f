"""A short recording cut out of the one that ships: a fall with every rung down to ADL, and a whole hour struck.

The lines are the shipped ones; only start and end of the description are moved. So accounts open their book at the top of
the fall, and a replay of some hundred of them takes a second.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from flows import replay
from flows.connectors.clickhouse import FOLDER
from flows.connectors.settings import Run, events_of, journal_of, venue_of
from flows.journal import entries as en
from flows.recording import files, manifest
from flows.recording.accounts import write_accounts
from flows.rules.scale.time import SECOND_NS

SHIPPED: Final = "crash-2025-04-07"
NAME: Final = "short-fall"
START: Final = datetime(2025, 4, 7, 6, 44, 30, tzinfo=UTC)
END: Final = datetime(2025, 4, 7, 7, 0, 30, tzinfo=UTC)
ACCOUNTS: Final = 300
TOPICS: Final = (*files.MARKET_TOPICS, *files.ACCOUNT_TOPICS)

SENT: Final = re.compile(rb'"sent_ns":([0-9]+)')


@dataclass(frozen=True, slots=True)
class Short:
    """A recording, and the account topics that go with it."""

    folder: Path
    topics: Path

    def file(self, topic: str) -> Path:
        """Where a topic's lines are."""
        return files.topic_file(self.folder if topic in files.MARKET_TOPICS else self.topics, topic)


def make(folder: Path) -> Short:
    """Cut it into ``folder``."""
    shipped, target = files.find(SHIPPED), folder / NAME
    target.mkdir(parents=True)
    facts = {}
    for topic in files.MARKET_TOPICS:
        lines = filter(_is_within, files.read_lines(files.topic_file(shipped, topic)))
        written = files.write_lines(files.topic_file(target, topic), [list(lines)], level=1)
        facts[topic] = manifest.FileFacts(lines=written.lines, bytes=written.size, sha256=written.sha256)
    text = manifest.specification(shipped / files.MANIFEST)
    text = _changed(text, name=f'"{NAME}"', start=_toml(START), end=_toml(END))
    (target / files.MANIFEST).write_text(text + manifest.facts_text(facts), "utf-8")
    return Short(target, folder / "topics")


def described_as(short: Short, to: Path, **changes: str) -> Path:
    """A copy of the recording in which values of recording.toml are others, by key."""
    shutil.copytree(short.folder, to)
    path = to / files.MANIFEST
    path.write_text(_changed(path.read_text("utf-8"), **changes), "utf-8")
    return to


def with_accounts(short: Short) -> Short:
    """The account topics too, as a replay of `ACCOUNTS` accounts would generate them."""
    short.topics.mkdir()
    described = manifest.load(short.folder)
    write_accounts(described, short.folder, venue_of(described.venue).pools, ACCOUNTS, short.topics)
    return short


def asked(short: Short, out: Path, **settings: Any) -> replay.Replay:
    """A replay of it without a database, unless ``settings`` say otherwise."""
    return replace(replay.Replay(str(short.folder), ACCOUNTS, out, database=False), **settings)


def moved(run: Run, folder: Path) -> Run:
    """The same run, read from another folder."""
    return replace(run, folder=folder)


def copy_of(folder: Path, to: Path) -> None:
    """A run's own files, without its database."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(FOLDER))


def without_answers(rows: en.Rows) -> en.Rows:
    """What intake admitted: a journal's entries but for the paper venue's."""
    admitted: en.Rows = rows[rows[:, en.TOPIC] != en.TOPIC_PAPER]
    return admitted


def journal_rows(run: Run, pool: str) -> tuple[en.Rows, dict[int, str]]:
    """All of a pool's journal: its rows, and its texts by offset."""
    batches = list(journal_of(run, pool))
    texts = {each.first_offset + place: text for each in batches for place, text in each.texts.items()}
    return np.concatenate([each.rows for each in batches]), texts


def event_rows(run: Run, pool: str) -> en.Rows:
    """All of a pool's events."""
    return np.concatenate([each.rows for each in events_of(run, pool)])


def _changed(text: str, **values: str) -> str:
    for key, value in values.items():
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text, count=1)
        assert count == 1, key
    return text


def _is_within(line: bytes) -> bool:
    sent = SENT.search(line)
    assert sent is not None, "every line of a recording tells when it was sent"
    return START.timestamp() * SECOND_NS <= int(sent[1]) < END.timestamp() * SECOND_NS


def _toml(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def without_clock(summary: dict[str, Any]) -> dict[str, Any]:
    """What two runs of one recording share."""
    return {key: value for key, value in summary.items() if key not in {"wall_s", "entries_per_s"}}
