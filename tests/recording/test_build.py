"""Building: the same bytes every time, whole or not at all, and every refusal one line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from flows.recording import build as building
from flows.recording.files import MARKET_TOPICS, RecordingError, digest, read_lines, topic_file
from flows.recording.manifest import load, specification
from tests.recording.worlds import APRIL, SOURCE, pools, short_recording, short_specification


def test_building_twice_gives_the_same_bytes(tmp_path: Path, recorded: Path) -> None:
    again = short_recording(tmp_path)[1].folder
    names = sorted(each.name for each in recorded.iterdir())
    assert names == sorted(["recording.toml", "NOTICE", *(f"{topic}.ndjson.zst" for topic in MARKET_TOPICS)])
    for name in names:
        assert (again / name).read_bytes() == (recorded / name).read_bytes(), name


def test_another_seed_draws_other_noise_from_the_same_bars(tmp_path: Path, recorded: Path) -> None:
    other = short_recording(tmp_path, seed='"another"')[1].folder
    for topic in MARKET_TOPICS:
        assert digest(topic_file(other, topic)).sha256 != digest(topic_file(recorded, topic)).sha256
    traded = [
        {each["price"] for each in map(orjson.loads, read_lines(topic_file(folder, "trades")))}
        for folder in (other, recorded)
    ]
    assert len(traded[0] & traded[1]) > 100, "opens, highs, lows and closes are the bars' own"


def test_lines_are_in_order_and_numbers_rise_by_one(recorded: Path) -> None:
    recording = load(recorded)
    for topic in MARKET_TOPICS:
        last, numbers = recording.start_s * 10**9, {}
        for line in map(orjson.loads, read_lines(topic_file(recorded, topic))):
            assert last <= line["sent_ns"] < recording.end_s * 10**9
            assert line["number"] == numbers.get(line["source"], 0) + 1
            last, numbers[line["source"]] = line["sent_ns"], line["number"]


def test_the_manifest_is_its_specification_and_what_was_written(recorded: Path) -> None:
    recording = load(recorded)
    assert specification(recorded / "recording.toml") == (recorded.parent / "short.toml").read_text("utf-8")
    for topic in MARKET_TOPICS:
        written, facts = digest(topic_file(recorded, topic)), recording.files[topic]
        assert (written.lines, written.size, written.sha256) == (facts.lines, facts.bytes, facts.sha256)


def test_a_csv_of_the_same_bars_makes_the_same_recording(tmp_path: Path, recorded: Path) -> None:
    table = pq.read_table(SOURCE / "apr2025_excerpt_24h_3m.parquet")
    pa_csv.write_csv(table, tmp_path / "bars.csv")
    path = short_specification(tmp_path, file='"bars.csv"')
    built = building.build(load(path), path, tmp_path, tmp_path / "out", pools(), level=1)
    assert built.files == {topic: digest(topic_file(recorded, topic)) for topic in MARKET_TOPICS}


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(RecordingError, match="out: exists already"):
        building.build(load(APRIL), APRIL, SOURCE, out, pools())
    assert list(out.iterdir()) == []


def test_a_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(building, "market_books", fail)
    path = short_specification(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        building.build(load(path), path, SOURCE, tmp_path / "made" / "out", pools(), level=1)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_market_that_the_venue_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"market BTC-PERP is not in crash-2025-04-07\.toml"):
        building.build(load(APRIL), APRIL, SOURCE, tmp_path / "out", pools()[1:])


def test_a_missing_price_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"apr2025_excerpt_24h_3m\.parquet: not there; series perp-3m"):
        building.build(load(APRIL), APRIL, tmp_path, tmp_path / "out", pools())
    assert not (tmp_path / "out").exists()


BAD_TABLES = {
    "no_symbol_column": (lambda t: t.drop_columns(["market"]), "has no column market"),
    "no_close": (lambda t: t.drop_columns(["close_e10"]), "has no column close_e10 of integers"),
    "no_xmr": (lambda t: t.filter([each != "XMRUSDT" for each in t["market"].to_pylist()]), "no rows for XMR"),
    "high_below_close": (lambda t: t.set_column(3, "high_e10", t["low_e10"]), "contradicts itself"),
    "backwards": (lambda t: t.take(list(range(len(t)))[::-1]), "not in order of ts_ns"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TABLES)
def test_price_files_that_cannot_be_used_say_why(tmp_path: Path, case: str) -> None:
    change, said = BAD_TABLES[case]
    table = change(pq.read_table(SOURCE / "apr2025_excerpt_24h_3m.parquet"))
    pq.write_table(table, tmp_path / "apr2025_excerpt_24h_3m.parquet")
    with pytest.raises(RecordingError, match=said) as caught:
        building.build(load(APRIL), APRIL, tmp_path, tmp_path / "out", pools(), level=1)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "apr2025_excerpt_24h_3m.parquet").write_bytes(b"nothing of the kind")
    with pytest.raises(RecordingError, match="cannot be read as parquet"):
        building.build(load(APRIL), APRIL, tmp_path, tmp_path / "out", pools())
