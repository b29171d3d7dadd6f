"""The recording of 2025-10-10, where its price files are: MARGINLINE_PRICES names their folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from flows.recording.build import build
from flows.recording.files import read_lines, topic_file
from flows.recording.manifest import load
from flows.recording.validate import validate
from flows.registry.load import load as load_venue
from tests.recording.worlds import OCTOBER, PRICES, PROJECT, where_prices_are


@pytest.mark.slow
@where_prices_are
def test_silences_outages_and_falls_are_as_they_were(tmp_path: Path) -> None:
    pools = load_venue(PROJECT / "venues" / "crash-2025-10-10.toml").pools
    recording = load(OCTOBER)
    built = build(recording, OCTOBER, PRICES, tmp_path / "october", pools, level=1)
    assert built.superseded > 0
    verdict = validate(built.folder, pools)
    assert verdict.ok
    assert any("gemini said nothing of BTC for 826 s" in each for each in verdict.silences)
    quotes = [orjson.loads(line) for line in read_lines(topic_file(built.folder, "oracle-prices"))]
    low = {
        source: min(
            float(each["price"]) for each in quotes if (each["asset"], each["source"]) == ("AVAX", source)
        )
        for source in ("coinbase", "binance-coinm")
    }
    assert low == {"coinbase": 17.00, "binance-coinm": 6.02}
    lag = np.array([each["sent_ns"] - each["time_ns"] for each in quotes if each["source"] == "gemini"])
    assert lag.max() > 60 * 10**9
