"""recording.toml: strict, one readable line for each fault, and the shipped recording is what its manifest says."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.recording.files import MARKET_TOPICS, SHIPPED, SPECS, RecordingError, digest, topic_file
from flows.recording.manifest import load, specification
from flows.registry.load import load as load_venue
from tests.recording.worlds import APRIL, OCTOBER, PROJECT

FAULTS = {
    "unknown_key": ('name = "', 'colour = "red"\nname = "', "colour: Extra inputs are not permitted"),
    "bad_name": ('name = "crash-2025-04-07"', 'name = "A B"', "name: String should match pattern"),
    "no_series": (
        'series = "perp-3m"\nlag',
        'series = "perp"\nlag',
        "no series is called 'perp'; there are perp-3m",
    ),
    "unquoted_asset": ('asset = "BTC"', 'asset = "DOGE"', "BTC-PERP: no source quotes DOGE"),
    "no_calm_range": ("BTC = 7.0", "BTC = 0", "calm_range_bps has no range over 0 for BTC"),
    "end_before_start": ("end = 2025-04-07", "end = 2025-04-05", "start comes first"),
    "share_over_one": ("long_share = 0.62", "long_share = 1.62", "accounts.long_share: Input should be less"),
    "no_toml": ("[noise]", "[noise", "is no TOML"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_one_line_that_says_where(tmp_path: Path, case: str) -> None:
    before, after, said = FAULTS[case]
    text = APRIL.read_text("utf-8")
    assert before in text
    path = tmp_path / "recording.toml"
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(RecordingError) as caught:
        load(tmp_path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("path", [APRIL, OCTOBER], ids=["april", "october"])
def test_specifications_fit_their_venues(path: Path) -> None:
    recording = load(path)
    venue = load_venue(PROJECT / "venues" / recording.venue)
    assert recording.settlement == venue.settlement
    markets = {market.id: market for pool in venue.pools for market in pool.markets}
    assert {(each.id, each.asset) for each in recording.markets} == {
        (name, market.index_asset) for name, market in markets.items()
    }
    sent = {each.id: set(each.assets) for each in recording.sources}
    beats = {each.id: each.heartbeat_s * 10**9 for each in recording.sources}
    for market in markets.values():
        assert {source for source, assets in sent.items() if market.index_asset in assets} == set(
            market.sources
        )
        assert [beats[source] for source in market.sources] == list(market.heartbeat_ns)
        assert len(market.sources) >= 3
    producers = dict(zip(venue.producers, venue.producer_topics, strict=True))
    assert {"trades", "depth"} <= set(producers[recording.market_source])
    for source in sent:
        assert "oracle-prices" in producers[source]
    wanted = {"wallet": "collateral", "engine": "fills", "gateway": "order-checks"}
    assert all(topic in producers[source] for source, topic in wanted.items())


def test_the_shipped_recording_is_what_its_manifest_says() -> None:
    folder = SHIPPED / "crash-2025-04-07"
    recording = load(folder)
    assert specification(folder / "recording.toml") == (SPECS / "crash-2025-04-07.toml").read_text("utf-8")
    for topic in MARKET_TOPICS:
        written, facts = digest(topic_file(folder, topic)), recording.files[topic]
        assert (written.lines, written.sha256) == (facts.lines, facts.sha256)
    assert sum(each.stat().st_size for each in folder.iterdir()) < 15_000_000
    assert "MIT License" in (folder / "NOTICE").read_text("utf-8")
    assert len(recording.markets) >= 10
    assert recording.end_s - recording.start_s == 10 * 3600
