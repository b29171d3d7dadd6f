"""The price path of each asset, read back from a recording's own quotes: what generated accounts trade at.

Only lines that intake would admit count, so that a recording with bad lines gives the accounts of one without them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import numpy as np

from flows.recording.files import RecordingError, read_texts, topic_file
from flows.rules.scale.time import SECOND_NS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from flows.recording.manifest import Recording

    Floats = NDArray[np.float64]

_LONGEST: Final = 1_000  # bytes; a quote takes some 150
_AHEAD_NS: Final = 2 * SECOND_NS
_BEHIND_NS: Final = 600 * SECOND_NS

_Amount = Annotated[str, msgspec.Meta(pattern=r"^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,9})?\Z")]


class _Quote(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An oracle quote as the wire has it."""

    source: str
    asset: str
    price: _Amount
    confidence: _Amount
    number: Annotated[int, msgspec.Meta(ge=0)]
    time_ns: int
    sent_ns: int


def index_paths(recording: Recording, folder: Path) -> dict[str, Floats]:
    """Price of each asset at each second since the start, by the first source that quotes it."""
    first, last = recording.start_s, recording.end_s
    source_of = {asset: each.id for each in reversed(recording.sources) for asset in each.assets}
    times: dict[str, list[int]] = {asset: [] for asset in source_of}
    prices: dict[str, list[str]] = {asset: [] for asset in source_of}
    named = re.compile("|".join(f'"{re.escape(each)}"' for each in sorted(set(source_of.values()))).encode())
    decode = msgspec.json.Decoder(_Quote).decode
    sent_before, end_ns = first * SECOND_NS, last * SECOND_NS
    for text in read_texts(topic_file(folder, "oracle-prices")):
        for line in text.split(b"\n"):
            if len(line) > _LONGEST or not named.search(line):
                continue
            try:
                quote = decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            sent_ns = quote.sent_ns
            if not sent_before <= sent_ns < end_ns or not -_AHEAD_NS <= sent_ns - quote.time_ns <= _BEHIND_NS:
                continue
            sent_before = sent_ns
            if source_of.get(quote.asset) == quote.source:
                times[quote.asset].append(quote.time_ns)
                prices[quote.asset].append(quote.price)
    paths = {}
    for asset, quoted in times.items():
        if not quoted:
            raise RecordingError(
                f"{topic_file(folder, 'oracle-prices')}: no quote for {asset} by {source_of[asset]}"
            )
        place = np.searchsorted(np.array(quoted), np.arange(first, last) * SECOND_NS, side="right") - 1
        paths[asset] = np.array(prices[asset]).astype(np.float64)[np.maximum(place, 0)]
    return paths
