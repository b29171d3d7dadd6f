"""Oracle quotes: what is recorded stays as it was, what is derived follows the documented noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.recording import sources
from flows.recording.manifest import Recording, load
from flows.recording.series import PriceFiles, Seconds, minute_scale
from flows.recording.sources import asset_quotes, base_path
from tests.recording.worlds import APRIL, OCTOBER, SOURCE, short_specification

SECOND = 10**9


@pytest.fixture
def april(tmp_path: Path) -> PriceFiles:
    return PriceFiles(load(short_specification(tmp_path)), SOURCE)


def test_every_source_speaks_at_its_heartbeat_from_the_bridged_path(april: PriceFiles) -> None:
    path = april.seconds(april.recording.series[0], "ETH")
    first = april.recording.start_s
    for quotes, source in zip(asset_quotes(april, "ETH"), april.recording.sources, strict=True):
        assert np.all(np.diff(quotes.time_ns) == source.heartbeat_s * SECOND)
        assert quotes.time_ns[0] == (first + source.heartbeat_s) * SECOND
        assert np.all(np.diff(quotes.sent_ns) >= 0)
        lag = quotes.sent_ns - quotes.time_ns
        assert lag.min() > 0
        assert not (lag % 10_000_000).any()
        truth = path.value_e10[quotes.time_ns // SECOND - first - 1]
        off = np.abs(quotes.price_e10 / truth - 1)
        assert off.max() < 0.01
        assert (source.id == "binance-usdm") == (off.max() == 0), "only one source is the path itself"
        assert quotes.confidence_e10.min() > 0


def test_derived_noise_has_the_documented_size() -> None:
    recording = load(APRIL)
    files = PriceFiles(recording, SOURCE)
    base, _, _ = base_path(files, "BTC")
    scale = np.minimum(minute_scale(base, recording.calm_range_bps["BTC"]), recording.noise.scale_cap)
    meridian = asset_quotes(files, "BTC")[1]
    at = meridian.time_ns // SECOND - recording.start_s - 1
    bps = (meridian.price_e10 / base[at] - 1) * 1e4
    offset = np.median(bps)
    assert abs(offset) < 9, "three standard deviations of the offset"
    unit = (bps - offset) / scale[at]
    expected = (recording.noise.white_bps**2 + recording.noise.wander_bps**2) ** 0.5
    assert unit.std() == pytest.approx(expected, rel=0.1)
    # One step apart only the slow part is common: its share of the variance, less one step's forgetting.
    common = np.corrcoef(unit[:-1], unit[1:])[0, 1]
    assert common == pytest.approx(recording.noise.wander_bps**2 / expected**2, abs=0.1)


def test_sources_of_different_assets_are_drawn_apart(april: PriceFiles) -> None:
    bps = []
    for asset in ("BTC", "ETH"):
        base, _, _ = base_path(april, asset)
        quotes = asset_quotes(april, asset)[2]
        at = quotes.time_ns // SECOND - april.recording.start_s - 1
        bps.append(quotes.price_e10 / base[at])
    shorter = min(map(len, bps))
    assert abs(np.corrcoef(bps[0][:shorter], bps[1][:shorter])[0, 1]) < 0.3


@dataclass
class Recorded:
    """Price files whose seconds are given: three seconds of silence, a quote that is overtaken."""

    recording: Recording
    held: dict[str, Seconds]

    def seconds(self, series: Any, _asset: str) -> Seconds:
        return self.held[series.id]


def column(*values: int) -> Any:
    return np.array(values, np.int64)


def seconds(first: int, *rows: tuple[int, int, int]) -> Seconds:
    """Rows of (second, price in units, lag in ms)."""
    second, price, lag = (column(*each) for each in zip(*rows, strict=True))
    price = price * 10**10
    return Seconds(second + first, price, price, price, lag * 1_000_000)


@pytest.fixture
def october() -> Recorded:
    recording = load(OCTOBER)
    first = recording.start_s
    perp = seconds(first, (-5, 99, 5), (0, 100, 5), (1, 101, 5), (2, 102, 2_500), (3, 103, 5), (7, 104, 5))
    spot = seconds(first, (0, 200, 40), (20, 200, 40), (400, 90, 40))
    return Recorded(recording, {"perp-1s": perp, "coinbase-1s": spot})


def test_recorded_quotes_keep_their_silence_and_drop_what_was_overtaken(october: Recorded) -> None:
    first = october.recording.start_s
    found = {october.recording.sources[each.source].id: each for each in asset_quotes(october, "XLM")}  # type: ignore[arg-type]
    coinm = found["binance-coinm"]
    assert (coinm.time_ns // SECOND - first).tolist() == [1, 2, 4, 8], "the third arrived after the fourth"
    assert (coinm.price_e10 // 10**10).tolist() == [100, 101, 103, 104]
    assert (coinm.sent_ns - coinm.time_ns).tolist() == [5_000_000] * 4
    assert coinm.superseded == 1


def test_a_derived_source_is_silent_where_all_recorded_ones_are(october: Recorded) -> None:
    first = october.recording.start_s
    found = {october.recording.sources[each.source].id: each for each in asset_quotes(october, "XLM")}  # type: ignore[arg-type]
    meridian = found["meridian"]
    assert (meridian.time_ns // SECOND - first).tolist() == [5, 10, 25, 405]
    lags = set((meridian.sent_ns - meridian.time_ns).tolist())
    assert lags <= {5_000_000, 40_000_000, 2_500_000_000}, "borrowed from the same minute's recorded lags"


def test_no_quote_is_less_sure_than_its_own_price_allows(october: Recorded) -> None:
    first = october.recording.start_s
    fallen = seconds(first, (0, 10_000, 5), (60, 1_001, 5), (120, 1_000, 5))
    wide = replace(fallen, high_e10=fallen.high_e10 + 100 * 10**10)
    october.held |= {"perp-1s": wide, "coinbase-1s": fallen}
    for quotes in asset_quotes(october, "XLM"):  # type: ignore[arg-type]
        widest = quotes.price_e10 * october.recording.noise.confidence_cap_bps / 10_000
        assert np.all(quotes.confidence_e10 <= widest), "R-O1 would refuse it"


def test_the_base_path_is_the_median_of_what_is_not_stale(october: Recorded) -> None:
    base, alive, _ = base_path(october, "XLM")  # type: ignore[arg-type]
    units = base // 10**10
    assert units[0] == 150  # both speak
    assert units[90] == 200  # the perpetual's last price is over a minute old by then, the spot's is not
    assert units[200] == 200  # all stale: the last median stands
    assert units[400] == 90
    assert np.flatnonzero(alive)[:5].tolist() == [0, 1, 2, 3, 7]


def test_a_path_without_lags_needs_a_law(april: PriceFiles) -> None:
    source = april.recording.sources[0].model_copy(update={"lag": None})
    with pytest.raises(ValueError, match="needs a lag law"):
        sources._drawn_lag(april.recording, source, "BTC", np.ones(3))


def test_the_scale_is_the_minute_over_the_calm_one() -> None:
    path = np.array([10_000] * 60 + [10_000, 10_070] + [10_030] * 58 + [10_000])
    scale = minute_scale(path, 7.0)
    assert scale[:60].tolist() == [0.25] * 60
    assert scale[60:120].tolist() == pytest.approx([10.0] * 60)
    assert scale[120] == 0.25
