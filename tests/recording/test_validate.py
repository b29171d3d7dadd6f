"""Validation finds every kind of bad line, and says where."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from flows.recording.files import MARKET_TOPICS, RecordingError, read_lines, topic_file, write_lines
from flows.recording.inspect import inspect
from flows.recording.validate import validate
from tests.recording.worlds import pools

DAY = 86_400 * 10**9


def test_what_was_built_is_good(recorded: Path) -> None:
    heard: list[str] = []
    verdict = validate(recorded, pools(), lambda topic, _line: heard.append(topic))
    assert verdict.ok
    assert verdict.findings == []
    assert verdict.silences == []
    assert list(verdict.lines) == list(dict.fromkeys(heard)) == ["oracle-prices", "trades", "depth"]
    assert all(verdict.lines.values())


def with_field(**changes: Any) -> Any:
    """A line's bytes with some fields replaced; a callable gets the old value."""

    def change(raw: bytes) -> bytes:
        message = orjson.loads(raw)
        for name, value in changes.items():
            message[name] = value(message[name]) if callable(value) else value
        return orjson.dumps(message)

    return change


def without(name: str) -> Any:
    return lambda raw: orjson.dumps({k: v for k, v in orjson.loads(raw).items() if k != name})


BAD_LINES = {
    "truncated": ("trades", lambda raw: raw[:40], "not_json", ""),
    "not_utf8": ("trades", lambda raw: raw.replace(b"PERP", b"\xff\xfe"), "not_utf8", ""),
    "list": ("trades", lambda raw: b"[" + raw + b"]", "not_object", ""),
    "large": ("trades", lambda raw: raw[:-1] + b',"x":"' + b"x" * 2**20 + b'"}', "too_large", ""),
    "missing": ("depth", without("asks"), "missing_field", "asks"),
    "unknown": ("oracle-prices", lambda raw: raw[:-1] + b',"venue":"x"}', "unknown_field", "venue"),
    "type": ("oracle-prices", with_field(price=1), "wrong_type", "price"),
    "float": ("oracle-prices", lambda raw: raw.replace(b'"number":', b'"number":1.5e400,"n":'), "", ""),
    "negative": ("trades", with_field(price="-1"), "not_positive", "price"),
    "nan": ("trades", with_field(price="NaN"), "bad_value", "price"),
    "off_tick": ("trades", with_field(price=lambda p: p + "01"), "too_precise", "price"),
    "off_lot": ("trades", with_field(quantity=lambda q: q + "00001"), "too_precise", "quantity"),
    "off_tick_level": ("depth", with_field(bids=[["1.123456", "1"]]), "too_precise", "bids"),
    "market": ("trades", with_field(market="DOGE-PERP"), "unknown_market", "market"),
    "asset": ("oracle-prices", with_field(asset="DOGE"), "unknown_asset", "asset"),
    "source": ("oracle-prices", with_field(source="nobody"), "unknown_producer", "source"),
    "past": ("trades", with_field(sent_ns=lambda t: t - DAY, time_ns=lambda t: t - DAY), "time_order", "sent_ns"),
    "future": ("trades", with_field(sent_ns=lambda t: t + DAY, time_ns=lambda t: t + DAY), "time_order", "sent_ns"),
    "late": ("trades", with_field(time_ns=lambda t: t - 601 * 10**9), "late", "time_ns"),
    "early": ("trades", with_field(time_ns=lambda t: t + 3 * 10**9), "early", "time_ns"),
    "number_jump": ("trades", with_field(number=lambda n: n + 70_000), "number_jump", "number"),
    "unordered_book": ("depth", with_field(bids=lambda levels: levels[::-1]), "bad_value", "bids"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_is_found_and_named(tmp_path: Path, opening: Path, case: str) -> None:
    topic, change, reason, field = BAD_LINES[case]
    verdict = validate(changed(tmp_path, opening, topic, {100: change}), pools())
    assert [(each.topic, each.line) for each in verdict.findings] == [(topic, 101)]
    if reason:
        assert (verdict.findings[0].reason, verdict.findings[0].field) == (reason, field)
    assert sum(verdict.reasons.values()) == 1
    assert topic in verdict.changed
    assert not verdict.ok


@pytest.fixture(scope="module")
def opening(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first lines of the short recording: enough for a bad one among them."""
    folder = tmp_path_factory.mktemp("opening") / "recording"
    shutil.copytree(recorded, folder)
    for topic in MARKET_TOPICS:
        write_lines(topic_file(folder, topic), [list(islice(read_lines(topic_file(recorded, topic)), 250))])
    return folder


def changed(tmp_path: Path, source: Path, topic: str, changes: dict[int, Any]) -> Path:
    """A copy of the recording with some lines changed, by place from 0."""
    folder = tmp_path / "changed"
    shutil.copytree(source, folder)
    lines = list(read_lines(topic_file(source, topic)))
    for place, change in changes.items():
        lines[place] = change(lines[place])
    write_lines(topic_file(folder, topic), [lines])
    return folder


def test_a_repeated_line_is_a_duplicate(tmp_path: Path, opening: Path) -> None:
    lines = list(read_lines(topic_file(opening, "depth")))
    verdict = validate(changed(tmp_path, opening, "depth", {200: lambda _: lines[199]}), pools())
    assert [each.reason for each in verdict.findings] == ["duplicate"]


def test_a_source_that_stops_is_told_as_silence(tmp_path: Path, recorded: Path) -> None:
    folder = tmp_path / "silent"
    shutil.copytree(recorded, folder)
    path = topic_file(folder, "oracle-prices")
    lines = list(read_lines(path))
    kept = [
        each for place, each in enumerate(lines) if place < 2_000 or b'"northgate","asset":"BTC"' not in each
    ]
    write_lines(path, [kept])
    verdict = validate(folder, pools())
    assert len(verdict.silences) == 1
    assert verdict.silences[0].startswith("oracle-prices: northgate said nothing of BTC for ")


def test_a_missing_topic_is_named(tmp_path: Path, recorded: Path) -> None:
    folder = tmp_path / "part"
    shutil.copytree(recorded, folder)
    topic_file(folder, "depth").unlink()
    with pytest.raises(RecordingError, match=r"depth\.ndjson\.zst: not there"):
        validate(folder, pools())


def test_inspection_counts_what_there_is(tmp_path: Path, recorded: Path) -> None:
    seen = inspect(changed(tmp_path, recorded, "trades", {5: lambda raw: raw[:9]}))
    assert seen.skipped == 1
    assert seen.quotes["BTC", "binance-usdm"].lines == 899
    assert seen.quotes["BTC", "binance-usdm"].opened == 78_034.4
    assert seen.quotes["BTC", "northgate"].lines == 299
    assert seen.quotes["BTC", "northgate"].longest_silence_s < 9
    book = seen.books["ETH-PERP"]
    assert book.snapshots == 179
    assert 1e6 < book.least < book.median < 2e7
    assert 0 < book.widest_bps < 100
    assert seen.trades["ETH-PERP"].volume > 1e6
