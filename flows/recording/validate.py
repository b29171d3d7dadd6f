"""Validate a recording: every line as intake would judge it, and the whole against its manifest.

A bad line does not stop a replay: it ends as a dead letter. Here its reason, place and text are told before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import ValidationError

from flows.journal.decimals import parse_decimals, scaled
from flows.recording.files import MARKET_TOPICS, RecordingError, digest, read_lines, topic_file
from flows.recording.manifest import load, utc
from flows.rules.scale.time import SECOND_NS
from schemas.catalogue import BY_NAME
from schemas.dead_letter import Reason
from schemas.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from flows.recording.manifest import Recording
    from flows.registry.parameters import MarketParameters, PoolParameters

SHOWN: Final = 20
"""Findings that are kept with their text; the rest is counted."""

NUMBER_WINDOW: Final = 65_536
LATE_NS: Final = 600 * SECOND_NS
_BATCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One bad line."""

    topic: str
    line: int  # from 1
    reason: str
    field: str
    detail: str


@dataclass(slots=True)
class Verdict:
    """What validation found."""

    lines: dict[str, int] = field(default_factory=dict)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # topics that are not what building wrote
    silences: list[str] = field(default_factory=list)  # facts about the data, no faults of the files

    @property
    def ok(self) -> bool:
        """Whether every line is good and every file is what building wrote."""
        return not self.reasons and not self.changed

    def add(self, finding: Finding) -> None:
        """Count a finding and keep the first ones."""
        self.reasons[finding.topic, finding.reason] += 1
        if len(self.findings) < SHOWN:
            self.findings.append(finding)


def validate(
    folder: Path,
    pools: Iterable[PoolParameters],
    progress: Callable[[str, int], None] = lambda _topic, _line: None,
) -> Verdict:
    """Read all of a recording; ``progress`` hears of each topic and how far it is."""
    recording = load(folder)
    markets = {market.id: market for pool in pools for market in pool.markets}
    verdict = Verdict()
    for topic in MARKET_TOPICS:
        path = topic_file(folder, topic)
        if not path.is_file():
            raise RecordingError(f"{path}: not there; a recording has {', '.join(MARKET_TOPICS)}")
        _Topic(recording, markets, topic, verdict).read(path, progress)
        facts = recording.files.get(topic)
        if facts is not None and digest(path).sha256 != facts.sha256:
            verdict.changed.append(topic)
    return verdict


class _Topic:
    """One topic's file, line by line."""

    def __init__(
        self, recording: Recording, markets: dict[str, MarketParameters], topic: str, verdict: Verdict
    ) -> None:
        self.recording, self.markets, self.topic, self.verdict = recording, markets, topic, verdict
        self.model = BY_NAME[topic].model
        self.sources = (
            {each.id for each in recording.sources} if topic == "oracle-prices" else {recording.market_source}
        )
        self.span = (recording.start_s * SECOND_NS, recording.end_s * SECOND_NS)
        self.sent_before = self.span[0]
        self.number: dict[str, int] = {}
        self.last: dict[tuple[str, str], int] = {}
        self.gap: dict[tuple[str, str], tuple[int, int]] = {}
        self.waiting: list[
            tuple[int, MarketParameters, str, int, str]
        ] = []  # amounts whose grid is still to check

    def read(self, path: Path, progress: Callable[[str, int], None]) -> None:
        """Judge every line, then tell the silences."""
        line = 0
        for line, raw in enumerate(read_lines(path), start=1):
            self._judge(line, raw)
            if line % _BATCH == 0:
                self._check_grids()
                progress(self.topic, line)
        self._check_grids()
        self.verdict.lines[self.topic] = line
        progress(self.topic, line)
        self._tell_silences()

    def _bad(self, line: int, reason: Reason, where: str, detail: str) -> None:
        self.verdict.add(Finding(self.topic, line, reason.value, where, detail))

    def _judge(self, line: int, raw: bytes) -> None:
        try:
            message: Any = self.model.model_validate_json(raw)
        except ValidationError:
            refusal = explain(self.topic, raw)
            reason, where, detail = refusal or (Reason.BAD_VALUE, "", "refused by its schema")
            self._bad(line, reason, where, detail)
            return
        asset = message.asset if self.topic == "oracle-prices" else message.market
        fault = self._fault(message, asset)
        if fault is not None:
            self._bad(line, *fault)
            return
        self.number[message.source] = message.number
        self.sent_before = message.sent_ns
        self._note_gap((message.source, asset), message.sent_ns)
        self._note_amounts(line, message)

    def _fault(self, message: Any, asset: str) -> tuple[Reason, str, str] | None:
        """What is wrong with a message that its schema has nothing against."""
        if message.source not in self.sources:
            return Reason.UNKNOWN_PRODUCER, "source", f"{message.source} is no source here"
        known = self.recording.assets if self.topic == "oracle-prices" else self.markets
        if asset not in known:
            reason = Reason.UNKNOWN_ASSET if self.topic == "oracle-prices" else Reason.UNKNOWN_MARKET
            return reason, reason.value.partition("_")[2], f"{asset} is not in the recording's venue"
        last = self.number.get(message.source)
        if last is not None and message.number <= last:
            return Reason.DUPLICATE, "number", f"{message.number} follows {last}: numbers of a source rise"
        if last is not None and message.number > last + NUMBER_WINDOW:
            return (
                Reason.NUMBER_JUMP,
                "number",
                f"{message.number} follows {last}: at most {NUMBER_WINDOW} are skipped",
            )
        if message.sent_ns < self.sent_before:
            return (
                Reason.TIME_ORDER,
                "sent_ns",
                f"{message.sent_ns} follows {self.sent_before}: lines are in order",
            )
        if message.sent_ns >= self.span[1]:
            return (
                Reason.TIME_ORDER,
                "sent_ns",
                f"{message.sent_ns} is not before the recording's end {self.span[1]}",
            )
        if message.sent_ns - message.time_ns > LATE_NS:
            return (
                Reason.LATE,
                "time_ns",
                f"{message.time_ns} was sent at {message.sent_ns}: 10 min are allowed",
            )
        return None

    def _note_gap(self, key: tuple[str, str], sent_ns: int) -> None:
        before = self.last.get(key, self.span[0])
        if sent_ns - before > self.gap.get(key, (0, 0))[0]:
            self.gap[key] = (sent_ns - before, before)
        self.last[key] = sent_ns

    def _note_amounts(self, line: int, message: Any) -> None:
        """Prices on the tick, quantities on the lot: checked many at once."""
        if self.topic == "oracle-prices":
            return
        market = self.markets[message.market]
        pairs: tuple[tuple[str, str], ...]
        if self.topic == "trades":
            pairs = (("price", message.price), ("quantity", message.quantity))
        else:
            levels = [
                *(("bids", *level) for level in message.bids),
                *(("asks", *level) for level in message.asks),
            ]
            pairs = tuple((side, text) for side, *level in levels for text in level)
        for place, (name, text) in enumerate(pairs):
            scale = market.lot_scale if place % 2 else market.tick_scale
            self.waiting.append((line, market, name, scale, text))

    def _check_grids(self) -> None:
        """Check the amounts that wait."""
        values, _ = parse_decimals([text for *_, text in self.waiting])
        _, whole = scaled(values, np.array([scale for *_, scale, _ in self.waiting], np.int64))
        told: set[int] = set()
        for place in np.flatnonzero(~whole).tolist():
            line, market, name, scale, text = self.waiting[place]
            if line not in told:
                told.add(line)
                self._bad(line, Reason.TOO_PRECISE, name, f"{text} is no multiple of {market.id}'s 1/{scale}")
        self.waiting.clear()

    def _tell_silences(self) -> None:
        """Tell the longest silence of each source that counts as stale, and of each book."""
        beats = {each.id: each.heartbeat_s for each in self.recording.sources}
        keys = sorted(self.gap)
        for source, asset in keys:
            longest, since = self.gap[source, asset]
            longest = max(longest, self.span[1] - self.last[source, asset])
            allowed = {"oracle-prices": 3 * beats.get(source, 1), "depth": 5, "trades": 60}[self.topic]
            if longest > (allowed + 1) * SECOND_NS:
                self.verdict.silences.append(
                    f"{self.topic}: {source} said nothing of {asset} for {longest // SECOND_NS} s from {utc(since)} on"
                )
