"""The price path of each asset, read back from a recording's own quotes: what generated accounts trade at.

Only lines that intake would admit count, so that a recording with bad lines gives the accounts of one without them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson

from flows.recording.files import RecordingError, read_lines, topic_file
from flows.recording.manifest import SECOND_NS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from flows.recording.manifest import Recording

    Floats = NDArray[np.float64]

_FIELDS: Final = frozenset(("source", "asset", "price", "confidence", "number", "time_ns", "sent_ns"))
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_LONGEST: Final = 1_000  # bytes; a quote takes some 150
_AHEAD_NS: Final = 2 * SECOND_NS
_BEHIND_NS: Final = 600 * SECOND_NS


def index_paths(recording: Recording, folder: Path) -> dict[str, Floats]:
    """Price of each asset at each second since the start, by the first source that quotes it."""
    first, last = recording.start_s, recording.end_s
    first_source = {asset: each.id for each in reversed(recording.sources) for asset in each.assets}
    wanted = {f'"{source}"'.encode() for source in first_source.values()}
    paths = {asset: np.zeros(last - first) for asset in first_source}
    held: dict[str, list[tuple[int, str]]] = {asset: [] for asset in first_source}
    sent_before = first * SECOND_NS
    for line in read_lines(topic_file(folder, "oracle-prices")):
        if len(line) > _LONGEST or not any(source in line for source in wanted):
            continue
        quote = _admitted(line, sent_before, last * SECOND_NS)
        if quote is None:
            continue
        sent_before = quote["sent_ns"]
        asset = quote["asset"]
        if first_source.get(asset) == quote["source"]:
            held[asset].append((quote["time_ns"], quote["price"]))
    for asset, quotes in held.items():
        if not quotes:
            raise RecordingError(f"{topic_file(folder, 'oracle-prices')}: no quote for {asset} by {first_source[asset]}")
        times = np.array([time for time, _ in quotes])
        values = np.array([price for _, price in quotes]).astype(np.float64)
        place = np.searchsorted(times, (np.arange(first, last)) * SECOND_NS, side="right") - 1
        paths[asset] = values[np.maximum(place, 0)]
    return paths


def _admitted(line: bytes, sent_before: int, end_ns: int) -> dict[str, object] | None:
    """The quote in a line, or none where intake would not take it."""
    try:
        quote = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(quote, dict) or quote.keys() != _FIELDS:
        return None
    time_ns, sent_ns, price, width = quote["time_ns"], quote["sent_ns"], quote["price"], quote["confidence"]
    if type(time_ns) is not int or type(sent_ns) is not int or type(quote["number"]) is not int:
        return None
    if not sent_before <= sent_ns < end_ns or not -_AHEAD_NS <= sent_ns - time_ns <= _BEHIND_NS:
        return None
    for amount in (price, width):
        if type(amount) is not str or not _AMOUNT.fullmatch(amount) or not amount.strip("0."):
            return None
    return quote
