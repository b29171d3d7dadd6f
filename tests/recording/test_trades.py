"""Trades: derived ones add up to their bars, recorded ones are the ticks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.recording.manifest import load
from flows.recording.series import E10, PriceFiles, base_volume
from flows.recording.trades import market_trades
from flows.registry.load import load as load_venue
from tests.recording.worlds import OCTOBER, PROJECT, SOURCE, pools, short_specification

SECOND = 10**9


@pytest.mark.parametrize("place", range(12))
def test_derived_trades_give_back_each_bar(tmp_path: Path, place: int) -> None:
    recording = load(short_specification(tmp_path))
    files = PriceFiles(recording, SOURCE)
    market = recording.markets[place]
    parameters = next(each for pool in pools() for each in pool.markets if each.id == market.id)
    trades = market_trades(files, place, parameters)
    bars = files.columns(recording.series[0], market.asset)
    volumes = base_volume(recording.series[0], bars) * market.share_ppm / 10**6 * parameters.lot_scale
    in_bar = (trades.time_ns - bars["ts_ns"][0]) // (180 * SECOND)
    for bar, volume in enumerate(volumes.tolist()):
        mine = in_bar == bar
        ticks = trades.price_ticks[mine] * (E10 // parameters.tick_scale)
        told = [int(each[bar]) for each in (bars[f"{name}_e10"] for name in ("open", "high", "low", "close"))]
        assert [int(each) for each in (ticks[0], ticks.max(), ticks.min(), ticks[-1])] == told
        lots = trades.lots[mine]
        assert lots.min() >= 1
        assert abs(int(lots.sum()) - volume) <= len(lots)
    assert set(trades.buys.tolist()) == {0, 1}


def tick_file(folder: Path, start_s: int) -> None:
    """Four ticks of AVAX: two of one moment, price and side; one on the other side; one later and overtaken."""
    start = (start_s + 120) * SECOND
    columns = {
        "asset": ["AVAX"] * 4,
        "ts_ns": [start, start, start, start + SECOND],
        "lag_us": [5_000, 5_000, 2_000_000, 5_000],
        "price_e10": [267_000_000_000, 267_000_000_000, 267_000_000_000, 266_900_000_000],
        "contracts": [30, 50, 1, 40],
        "side": ["sell", "sell", "buy", "sell"],
    }
    pq.write_table(pa.table(columns), folder / "oct10_2025_perp_ticks_2045_2200.parquet")
    seconds = range(start_s, start_s + 200, 10)
    bars = {
        "asset": ["AVAX"] * len(seconds),
        "ts_ns": [each * SECOND for each in seconds],
        **{f"{name}_e10": [268_000_000_000] * len(seconds) for name in ("open", "high", "low", "close")},
        "volume_e8": [10 * 10**8] * len(seconds),
        "last_lag_us": [5_000] * len(seconds),
    }
    pq.write_table(pa.table(bars), folder / "oct10_2025_perp_1s.parquet")


def test_recorded_ticks_of_one_moment_price_and_side_are_one_trade(tmp_path: Path) -> None:
    recording = load(OCTOBER)
    tick_file(tmp_path, recording.start_s)
    parameters = load_venue(PROJECT / "venues" / "crash-2025-10-10.toml").market("AVAX-PERP")
    assert parameters is not None
    trades = market_trades(PriceFiles(recording, tmp_path), 0, parameters)
    ticks = trades.time_ns >= (recording.start_s + 120) * SECOND
    assert trades.price_ticks[ticks].tolist() == [2670, 2670, 2669]
    assert trades.buys[ticks].tolist() == [0, 1, 0]
    # 80 contracts of 10 USD at 26.70 are 29.96 AVAX; one contract is under half a lot, yet it traded.
    assert trades.lots[ticks].tolist() == [30, 1, 15]
    assert np.all(np.diff(trades.sent_ns) >= 0)
    early = trades.time_ns[~ticks]
    assert len(early) == 12, "before the ticks begin the bars speak"
    assert set(trades.lots[~ticks].tolist()) == {round(10 * 10 / 26.8)}
