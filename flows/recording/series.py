"""Price files as columns of seconds: bars of a second as they are, longer bars bridged, ticks as single trades.

A file is Parquet (or CSV, also gzipped) with integer columns whose names end in their scale: ``ts_ns`` (start of the
bar or time of the trade), ``open_e10 high_e10 low_e10 close_e10`` or ``price_e10``, a volume, ``last_lag_us`` or
``lag_us`` where the way to the recorder was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from flows.recording.bridge import Bars, bridge
from flows.recording.files import RecordingError
from flows.recording.seeds import dice
from flows.rules.scale.time import SECOND_NS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from flows.recording.manifest import Recording, Series

    Column = NDArray[np.int64]

E10: Final = 10**10
LOOKBACK_S: Final = 3_600
"""Rows so long before the start are read too: they say what the price was when it began."""
_OHLC: Final = ("open_e10", "high_e10", "low_e10", "close_e10")


@dataclass(frozen=True, slots=True)
class Seconds:
    """Prices of one asset on one venue: a row for each second in which there was one."""

    second: Column  # the second's start
    value_e10: Column  # its last price
    high_e10: Column
    low_e10: Column
    lag_ns: Column | None  # as recorded; none for a bridged path

    def filled(self, first: int, last: int, age_s: int) -> Column:
        """Last value at the end of each second of [first, last), -1 where there is none or it is older than that."""
        grid = np.arange(first, last)
        place = np.searchsorted(self.second, grid, side="right") - 1
        row = np.maximum(place, 0)
        return np.where((place >= 0) & (grid - self.second[row] <= age_s), self.value_e10[row], -1)


class PriceFiles:
    """The price files of one recording in one folder, each read once."""

    def __init__(self, recording: Recording, folder: Path) -> None:
        self.recording = recording
        self.folder = folder
        self._tables: dict[str, pa.Table] = {}
        self._seconds: dict[tuple[str, str], Seconds] = {}

    def columns(self, series: Series, asset: str) -> dict[str, Column]:
        """Columns of one asset, in time order, from the look-back to the recording's end."""
        table = self._table(series)
        if series.symbol_column:
            symbol = series.symbol.format(asset=asset)
            table = table.filter(pc.equal(table[series.symbol_column], symbol))
        if table.num_rows == 0:
            raise RecordingError(
                f"{self._path(series)}: no rows for {asset} between the recording's start and end"
            )
        found = {}
        for name in table.column_names:
            if name == "side":
                found["buys"] = pc.equal(table[name], "buy").to_numpy(zero_copy_only=False).astype(np.int64)
            elif pa.types.is_integer(table[name].type):
                found[name] = table[name].to_numpy().astype(np.int64)
        if np.any(np.diff(found["ts_ns"]) < 0):
            raise RecordingError(f"{self._path(series)}: rows of {asset} are not in order of ts_ns")
        self._need(series, found)
        return found

    def seconds(self, series: Series, asset: str) -> Seconds:
        """Prices second by second; a bar of more than a second is bridged."""
        key = (series.id, asset)
        if key not in self._seconds:
            self._seconds[key] = self._make_seconds(series, asset)
        return self._seconds[key]

    def depth(self, series: Series) -> dict[str, Column]:
        """Columns of a recorded book, the whole file: it is read for its calm hours too."""
        table, names = self._read(series), ("ts_ns", "pct", "notional_usd_cents")
        for name in names:
            if name not in table.column_names:
                raise RecordingError(f"{self._path(series)}: has no column {name}")
        return {name: table[name].to_numpy().astype(np.int64) for name in names}

    def _make_seconds(self, series: Series, asset: str) -> Seconds:
        columns = self.columns(series, asset)
        start = columns["ts_ns"] // SECOND_NS
        if series.kind != "bars":
            raise RecordingError(f"series {series.id}: {series.kind} cannot serve as bars")
        opened, high, low, closed = (columns[name] for name in _OHLC)
        if series.interval_s == 1:
            lag = columns["last_lag_us"] * 1_000 if "last_lag_us" in columns else None
            return Seconds(start, closed, high, low, lag)
        grid = int(np.gcd.reduce(np.concatenate([opened, high, low, closed])))
        rng = dice(self.recording.seed, asset, series.id)
        path = bridge(Bars(start, opened, high, low, closed), series.interval_s, grid, rng).ravel()
        second = (start[:, None] + np.arange(series.interval_s)).ravel()
        return Seconds(second, path, path, path, None)

    def _path(self, series: Series) -> Path:
        return self.folder / series.file

    def _table(self, series: Series) -> pa.Table:
        if series.id not in self._tables:
            table = self._read(series)
            needed = ["ts_ns", *([series.symbol_column] if series.symbol_column else []), *series.where]
            for name in needed:
                if name not in table.column_names:
                    raise RecordingError(f"{self._path(series)}: has no column {name}")
            times = table["ts_ns"]
            # A bridged bar must lie inside; of the others the last price before the start is wanted too.
            before = 0 if series.interval_s > 1 else LOOKBACK_S
            start, end = (self.recording.start_s - before) * SECOND_NS, self.recording.end_s * SECOND_NS
            keep = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
            for name, value in series.where.items():
                keep = pc.and_(keep, pc.equal(table[name], value))
            self._tables[series.id] = table.filter(keep)
        return self._tables[series.id]

    def _read(self, series: Series) -> pa.Table:
        path = self._path(series)
        try:
            return pq.read_table(path) if path.suffix == ".parquet" else pa_csv.read_csv(path)
        except FileNotFoundError as error:
            raise RecordingError(
                f"{path}: not there; series {series.id} is read from it (--prices names the folder)"
            ) from error
        except (OSError, pa.ArrowInvalid) as error:
            raise RecordingError(
                f"{path}: cannot be read as {path.suffix[1:]}: {str(error).splitlines()[0]}"
            ) from error

    def _need(self, series: Series, columns: dict[str, Column]) -> None:
        """Refuse a file without the columns of its kind, or with bars that contradict themselves."""
        for name in ("price_e10",) if series.kind == "ticks" else _OHLC:
            if name not in columns:
                raise RecordingError(f"{self._path(series)}: has no column {name} of integers")
        if series.kind == "ticks":
            return
        opened, high, low, closed = (columns[name] for name in _OHLC)
        bad = (low <= 0) | (low > np.minimum(opened, closed)) | (high < np.maximum(opened, closed))
        bad |= columns["ts_ns"] % (series.interval_s * SECOND_NS) != 0
        if bad.any():
            at = int(columns["ts_ns"][bad][0])
            raise RecordingError(
                f"{self._path(series)}: the bar at {at} ns contradicts itself: it must start on a multiple of "
                f"{series.interval_s} s and have 0 < low <= open, close <= high"
            )


def base_volume(series: Series, columns: dict[str, Column]) -> NDArray[np.float64]:
    """Volume in units of the base asset, whatever the file counts in. Floats: it becomes lots where it is used."""
    if series.volume_unit == "base_e3":
        return columns["volume_e3"] / 10**3
    if series.volume_unit == "base_e8":
        return columns["volume_e8"] / 10**8
    prices = columns["price_e10" if series.kind == "ticks" else "close_e10"] / E10
    contracts = columns["contracts"] if series.volume_unit == "contracts" else columns["volume_e8"] / 10**8
    return contracts * series.contract / prices


def minute_scale(path: Column, calm_range_bps: float) -> NDArray[np.float64]:
    """How many times a calm minute each second's minute moves: range over open, over the calm range; at least 0.25.

    A value for each second of a path that starts on a whole minute; the same through the minute.
    """
    minutes = -(-len(path) // 60)
    padded = np.concatenate([path, np.repeat(path[-1:], minutes * 60 - len(path))]).reshape(minutes, 60)
    opened = np.maximum(padded[:, 0], 1)
    scale = (padded.max(axis=1) - padded.min(axis=1)) / opened * 10_000 / calm_range_bps
    return np.repeat(np.maximum(scale, 0.25), 60)[: len(path)]
